"""The way in: per workflow a sequence, of at most 25 boxes; what has no page of its own has a line on its Module's."""

from __future__ import annotations

import re

import pytest

from codebase_gardener.knowledge.apis.catalog import MOST_APIS
from codebase_gardener.knowledge.building import build
from codebase_gardener.knowledge.pages.mermaid import MAX_BOXES
from codebase_gardener.knowledge.pages.structure import Page
from codebase_gardener.utils.progress import Quiet
from samples.written_context import context_of

_PARTICIPANT = re.compile(r"^  participant (N\d+) as (.+)$", re.MULTILINE)
_MESSAGE = re.compile(r"^  (N\d+)->>(N\d+): (.+)$", re.MULTILINE)


def pages_of(files: dict[str, str]) -> list[Page]:
    built = build(context_of(files).repository, Quiet())
    assert built.findings == ()
    return list(built.pages)


def sequence_of(page: Page) -> tuple[list[str], list[tuple[str, str]]]:
    """The boxes of a workflow's sequence, and its messages with who is asked."""
    (section,) = [one for one in page.sections if one.heading == "Execution Diagram"]
    diagram = section.body.partition("sequenceDiagram")[2]
    actors = dict(_PARTICIPANT.findall(diagram))
    return list(actors.values()), [(actors[to], said) for _, to, said in _MESSAGE.findall(diagram)]


def modules(count: int) -> dict[str, str]:
    """A package of so many folders with a function each, and a guide that takes one after the other."""
    names = range(count)
    code = {f"pot/m{at}/x.py": f"def do_{at}(x):\n    return x\n" + "y = 1\n" * 30 for at in names}
    imports = "".join(f"from pot.m{at}.x import do_{at}\n" for at in names)
    calls = "soup = 1\n" + "".join(f"soup = do_{at}(soup)\n" for at in names)
    return {**code, "README.md": f"# Pot\n\n## Cook a soup\n\n```python\n{imports}\n{calls}```\n"}


def test_a_workflow_has_a_sequence_of_who_is_asked_for_what() -> None:
    (flow,) = [page for page in pages_of(modules(3)) if page.type == "Workflow"]
    actors, messages = sequence_of(flow)
    assert actors == ["your code", "pot/m0", "pot/m1", "pot/m2"]
    assert messages == [("pot/m0", "1. do_0"), ("pot/m1", "2. do_1"), ("pot/m2", "3. do_2")]


def test_a_sequence_of_many_modules_groups_the_rest_and_leaves_no_step_out() -> None:
    (flow,) = [page for page in pages_of(modules(30)) if page.type == "Workflow"]
    actors, messages = sequence_of(flow)
    assert len(actors) == MAX_BOXES == 25
    assert actors[-1] == "7 others"
    assert len(messages) == 30
    assert messages[-1] == ("7 others", "30. do_29")


def test_commands_are_asked_of_their_program_by_the_one_who_types() -> None:
    files = {
        "pyproject.toml": '[project]\nname = "kiln"\n[project.scripts]\nkiln = "kiln.cli:main"\n',
        "kiln/cli.py": "def main():\n    kinds.add_parser('build')\n    kinds.add_parser('fire')\n",
        "README.md": "# Kiln\n\n```console\n$ kiln build clay\n$ kiln fire pot\n```\n",
    }
    (flow,) = [page for page in pages_of(files) if page.type == "Workflow"]
    assert sequence_of(flow) == (
        ["you", "kiln"],
        [("kiln", "1. kiln build clay"), ("kiln", "2. kiln fire pot")],
    )


@pytest.mark.slow
def test_what_has_no_page_has_a_line_on_its_module() -> None:
    count = MOST_APIS + 10
    names = ", ".join(f"f{at}" for at in range(count))
    code = "".join(f"def f{at}(x):\n    return x\n\n\n" for at in range(count))
    calls = "\n".join(f"f{at}({at})" for at in range(count))
    pages = pages_of(
        {
            "pot/__init__.py": f"from .core import {names}\n",
            "pot/core.py": code,
            "docs/guide.md": f"# Pots\n\n```python\nfrom pot import {names}\n\n{calls}\n```\n",
        }
    )
    made = [page for page in pages if page.type == "Implementation"]
    assert len(made) == MOST_APIS
    told = "\n".join(page.sections[0].body for page in pages if page.type == "Module")
    assert all(re.search(rf"\bf{at}\b.*`pot/core\.py:L\d", told) for at in range(count))
