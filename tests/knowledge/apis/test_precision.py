"""What pages say is what a reader finds: counts, dependencies, titles, and which advice a workflow is given."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

from codebase_gardener.documents.plain_prose import plain_prose
from codebase_gardener.documents.remarks import remarks
from codebase_gardener.documents.rst import rst_blocks
from codebase_gardener.knowledge.apis.catalog import api_catalog, api_for
from codebase_gardener.knowledge.apis.descriptions import used_in, used_passages
from codebase_gardener.knowledge.apis.implementations import implementation_page
from codebase_gardener.knowledge.apis.names import principle_words
from codebase_gardener.knowledge.apis.principles import principle_page
from codebase_gardener.knowledge.building import build
from codebase_gardener.knowledge.heuristics.advice import insight, reasons, signals
from codebase_gardener.knowledge.heuristics.pages import heuristic_pages
from codebase_gardener.knowledge.links.resolution import Target
from codebase_gardener.knowledge.pages.implementation_layout import read_code_reference
from codebase_gardener.knowledge.pages.inline_quotes import QuotableText
from codebase_gardener.utils.progress import Progress, silent
from samples.written_context import context_of


class _Quiet:
    """A reporter that shows nothing."""

    def stage(self, title: str, unit: str) -> AbstractContextManager[Progress]:
        return nullcontext(silent)


PACKAGE = {
    "pot/__init__.py": "from .core import Config, boil, lazy, make\n",
    "pot/core.py": """
        import torch
        from transformers import PreTrainedModel
        from dataclasses import dataclass, field

        @dataclass
        class Config:
            heat: float = field(default=1.0, metadata={"help": "Consider a lower value, it is slower but never burns."})
            lid: bool = field(default=False, metadata={"help": "You should use it to save memory, but it is slower."})

        def make(config: Config) -> PreTrainedModel:
            return torch.load(config)

        def boil(pot, config):
            return pot

        def lazy(function):
            def wrapper():
                return function()
            return wrapper
    """,
    "tests/test_pot.py": """
        from pot import Config, boil, lazy, make

        def pot():
            return make(Config())

        def test_heat():
            boil(pot(), Config(heat=2.0))

        def test_own():
            boil(make(Config(heat=1.0)), Config())

        def test_lazy():
            later = lazy(test_heat)
            later()
    """,
}


def test_tests_that_reach_an_api_through_helpers_are_counted_apart() -> None:
    context = context_of(PACKAGE)
    make = Target("pot/core.py", "make")
    assert [passage.scope for passage in used_passages(make, context)] == ["test_own"]
    assert used_in(make, context) == "1 test, and 1 more test through helpers"
    assert used_in(Target("pot/core.py", "nothing"), context) == ""


def test_what_a_function_made_and_returned_is_no_api() -> None:
    context = context_of(PACKAGE)
    used = {use.target.name for passage in context.resolution.passages for use in passage.uses}
    assert "lazy" in used
    assert "lazy.wrapper" not in used


def test_dependencies_include_what_annotations_name() -> None:
    context = context_of(PACKAGE)
    apis = {api.target: api for api in api_catalog(context, [Target("pot/core.py", "make")])}
    page = implementation_page(apis[Target("pot/core.py", "make")], context, apis)
    reference = read_code_reference(page)
    assert reference
    assert reference.dependencies == ("torch", "transformers")


def test_a_workflow_links_advice_on_the_options_that_it_gives() -> None:
    block = "```python\nfrom pot import Config, boil, make\nmodel = make(Config(heat=2.0))\nboil(model, None)\n```\n"
    guide = {"README.md": f"# Pot\n\n## Boil\n\n{block}", "docs/use.md": f"# Use\n\n{block}"}
    context = context_of(PACKAGE | guide)
    advice = {one.page.title: one for one in heuristic_pages(context.repository, context.resolution).pages}
    assert set(advice) == {"Config: heat", "Config: lid"}
    assert advice["Config: heat"].options == ("heat",)
    assert Target("pot/core.py", "Config") in advice["Config: heat"].near
    built = build(context.repository, _Quiet())
    linked = {edge.target for page in built.pages if page.type == "Workflow" for edge in page.edges}
    assert any(target.endswith("Config_heat") for target in linked)
    assert not any(target.endswith("Config_lid") for target in linked)


def test_words_serve_one_part_of_an_insight() -> None:
    text = "This can reduce the memory usage by half, but may lead to numerical instability."
    assert insight(text) == {
        "action": (),
        "value": ("This can reduce the memory usage by half",),
        "cost": ("but may lead to numerical instability.",),
    }
    way = "That way you can make sure that nothing burns."
    assert insight(way)["value"] == (way,)
    assert signals("This should give you an idea of it.") == ()
    assert reasons("It would've otherwise run out of memory on the card.") == ()


def test_principles_are_named_before_a_preposition() -> None:
    assert principle_words("remove_hook_from_module", "function") == "Hook_Removal_From_Module"
    assert principle_words("create_or_update_model_card", "function") == "Model_Card_Creation_Or_Update"
    assert principle_words("is_xpu_available", "function") == "Xpu_Availability_Check"
    assert principle_words("check_if_peft_model", "function") == "Checking_If_Peft_Model"
    assert principle_words("to_dict", "function") == "Conversion_To_Dict"


def test_a_quote_marks_the_code_that_it_leaves_out() -> None:
    note = [".. note::", "", "    Two ways::", "", "        a()", "", "    Both of them work."]
    (block,) = remarks(rst_blocks(note))
    told = plain_prose(block.text)
    assert told == "Two ways: … Both of them work."
    assert QuotableText("\n".join(note)).says(told)
    assert plain_prose("in a ``<script>`` block") == "in a `<script>` block"
    assert plain_prose("Be careful. .. seealso:: - Our guide, - `object.x`, - more") == "Be careful."


def test_quotes_are_found_over_tags_links_and_joined_strings() -> None:
    tag = "<a\n href='https://x.org/a/b/c/d/e'>it</a>"
    text = f'"Enable {tag} for a big"\n    "gain, see [this](https://x.org/a/b) now"'
    assert QuotableText(text).says("Enable it for a biggain, see this now")
    assert not QuotableText(text).says("Enable it for a big loss")


def test_a_page_says_why_it_is_there_and_no_workflow_that_is_none() -> None:
    long = "def _lonely(pot):\n    return pot\n\n\ndef lonely(pot):\n" + "    pot += 1\n" * 300
    context = context_of({**PACKAGE, "pot/__init__.py": "from .core import make\n", "pot/long.py": long})
    built = build(context.repository, _Quiet())
    (page,) = [page for page in built.pages if page.id == "Implementation:o_r_lonely"]
    assert page.notes == "kept as an orphan: stands for its file (at least 300 lines)"
    assert "Why it has a page: stands for its file (at least 300 lines)." in page.description
    orphans = [page for page in built.pages if page.notes]
    assert not [page.id for page in orphans if "a step of a workflow" in page.notes + page.description]


def test_a_principle_denies_no_docstring_that_it_quotes() -> None:
    files = {"pot.py": 'def boil(a):\n    """Boil a pot."""\n\n\ndef make(a):\n    return a\n'}
    context = context_of(files)
    boil, make = (api_for(Target("pot.py", name), context, "a test") for name in ("boil", "make"))
    page = principle_page(boil, context, {})
    assert "“Boil a pot.”" in page.overview
    assert page.description == "The overview quotes its docstring, at `pot.py:L1-2`."
    assert principle_page(make, context, {}).description.startswith("No docstring and no section")


def test_further_definitions_of_a_name_are_listed() -> None:
    code = (
        "import os\nfrom typing import overload\n\n"
        'if os.name == "nt":\n    def fetch(url):\n        return 1\n'
        "else:\n    def fetch(url, timeout=3):\n        return 2\n\n"
        "@overload\ndef pick(x: int) -> int: ...\n@overload\ndef pick(x: str) -> str: ...\n"
        "def pick(x): return x\n\ndef once(): return 1\n"
    )
    context = context_of({"net.py": code})
    pages = {}
    for name in ("fetch", "pick", "once"):
        api = api_for(Target("net.py", name), context, "a test")
        pages[name] = implementation_page(api, context, {})
    assert "It is defined again at `net.py:L8-9`: `def fetch(url, timeout=3)`." in pages["fetch"].description
    assert {str(source.anchor) for source in pages["fetch"].sources} >= {"net.py:L5-6", "net.py:L8-9"}
    assert "It is defined 2 more times in this file:" in pages["pick"].description
    assert "- `net.py:L11-12`: `@overload` `def pick(x: int) -> int`" in pages["pick"].description
    assert "defined again" not in pages["once"].description
