"""All APIs that get a page."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from codebase_gardener.knowledge.apis.catalog import (
    LEAST_APIS,
    LINES_AN_API,
    MOST_APIS,
    api_budget,
    api_catalog,
    is_shown,
    wrapper_apis,
)
from codebase_gardener.knowledge.apis.context import ApiContext
from codebase_gardener.knowledge.links.uses import Target
from samples.written_context import context_of


def test_external_apis_shown_beside_the_repository_s_own(context: ApiContext) -> None:
    (wrapper,) = wrapper_apis(context)
    assert wrapper.target == Target("", "transformers.AutoModel.from_pretrained")
    assert wrapper.page == "AutoModel_from_pretrained"
    assert wrapper.principle == "Auto_Model_Loading"
    assert wrapper.call == 'AutoModel.from_pretrained("x", dtype="float32")'
    assert wrapper.reasons == ("exercised by 2 passages of 2 files", "shown to users in 2 passages")


def test_a_package_that_only_a_document_imports_is_no_dependency() -> None:
    document = "```python\nimport yourapp\nfrom lib import f\nf(yourapp.Thing.load())\n```\n"
    context = context_of(
        {
            "lib/__init__.py": "def f(x): ...\n",
            "README.md": f"# A\n\n{document}",
            "docs/b.md": f"# B\n\n{document}",
        }
    )
    assert wrapper_apis(context) == ()


def test_the_catalog_takes_what_workflows_need_and_names_are_unique(context: ApiContext) -> None:
    needed = [
        Target("lib/core.py", "inner_helper"),
        Target("", "torch.optim.AdamW"),
        Target("lib/core.py", "LIMIT"),
    ]
    catalog = api_catalog(context, needed)
    assert set(needed) <= {api.target for api in catalog}
    assert len({api.page.lower() for api in catalog}) == len(catalog)
    assert len({api.principle.lower() for api in catalog}) == len(catalog)
    assert api_catalog(context, reversed(needed)) == catalog


def test_what_a_heading_of_readme_names_has_a_page_and_what_only_the_package_uses_comes_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    described = '"""Does what it says.\n\n{}\n"""'
    text = described.format("Example:\n    >>> inner(1)")
    code = f"__all__ = ['inner', 'outer']\n\n\ndef inner(x):\n    {text}\n\n\n"
    code += "def outer(x):\n    '''Does it.'''\n\n\nclass Queue:\n    def clear(self): ...\n\n    def wipe(self): ...\n"
    context = context_of(
        {
            "README.md": "# lib\n\n## outer\n\n#### [`.clear()`](#clear)\n\nEmpties it.\n\n#### .gone()\n",
            "lib/__init__.py": "",
            "lib/tools.py": code,
            "lib/use.py": "from .tools import inner\n\n_X = inner(1)\n",
            "tests/test_a.py": "from lib.tools import outer\n\n\ndef test_a():\n    outer(1)\n",
        }
    )
    found = {api.target.name: api for api in api_catalog(context)}
    assert set(found) == {"inner", "outer", "Queue.clear"}
    assert found["Queue.clear"].reasons == ("named by a heading of README",)
    monkeypatch.setattr("codebase_gardener.knowledge.apis.catalog.LEAST_APIS", 2)
    assert {api.target.name for api in api_catalog(context)} == {"Queue.clear", "outer"}


def package(count: int, shown: Iterable[int], lines: int = 0) -> dict[str, str]:
    """A package of functions of one line each, some of which a guide shows."""
    code = "".join(f"def f{at}(x): return x\n" for at in range(count)) + "y = 1\n" * lines
    calls = "\n".join(f"f{at}({at})" for at in shown)
    return {
        "pot/__init__.py": f"from .core import {', '.join(f'f{at}' for at in range(count))}\n",
        "pot/core.py": code,
        "docs/guide.md": f"# Pots\n\n```python\nfrom pot import *\n\n{calls}\n```\n",
    }


def test_a_page_for_so_many_lines_of_the_package_and_at_least_for_what_guides_show() -> None:
    lines = LINES_AN_API * (LEAST_APIS + 5)
    assert api_budget(context_of(package(1, (), lines)), shown=0) == LEAST_APIS + 5
    tests = {"tests/test_pot.py": "x = 1\n" * lines, "docs/long.md": "A word.\n" * lines}
    assert api_budget(context_of(package(1, ()) | tests), shown=0) == LEAST_APIS
    assert api_budget(context_of(package(1, ())), shown=LEAST_APIS + 9) == LEAST_APIS + 9
    assert api_budget(context_of(package(1, ())), shown=2 * MOST_APIS) == MOST_APIS == 300


def test_what_guides_show_gets_its_page_first_and_steps_before_that(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("codebase_gardener.knowledge.apis.catalog.LEAST_APIS", 2)
    files = package(4, (3,))
    files["pot/core.py"] = files["pot/core.py"].replace("def f0(x): return x", 'def f0(x):\n    """Well."""')
    files["tests/test_pot.py"] = "from pot import f0, f1\n\n\ndef test_it():\n    f0(f1(1))\n"
    context = context_of(files)
    assert is_shown(Target("pot/core.py", "f3"), context)
    assert {api.target.name for api in api_catalog(context)} == {"f3", "f0"}
    needed = [Target("pot/core.py", "f2")]
    assert {api.target.name for api in api_catalog(context, needed)} == {"f2", "f3"}


def test_three_hundred_pages_win_over_what_guides_show() -> None:
    context = context_of(package(MOST_APIS + 20, range(MOST_APIS + 20)))
    assert len(api_catalog(context)) == MOST_APIS
