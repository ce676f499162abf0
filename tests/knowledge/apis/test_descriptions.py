"""What pages say is what a reader finds: uses that are counted, dependencies."""

from codebase_gardener.knowledge.apis.catalog import api_catalog
from codebase_gardener.knowledge.apis.descriptions import (
    neighbours,
    run_time,
    shown_in,
    standing,
    used_in,
    used_passages,
)
from codebase_gardener.knowledge.apis.implementations import implementation_page
from codebase_gardener.knowledge.links.resolution import Target
from codebase_gardener.knowledge.pages.cited import PageSources
from codebase_gardener.knowledge.pages.implementation_layout import read_code_reference
from samples.pot import PACKAGE
from samples.written_context import context_of


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


def test_a_file_that_is_there_twice_shows_an_api_once() -> None:
    code = "from kiln import fire\n\n\ndef test_fire():\n    fire()\n"
    guide = "# Guide\n\n```python\nfrom kiln import fire\nfire()\n```\n"
    context = context_of(
        {
            "kiln/__init__.py": "def fire(): ...\n",
            "README.md": guide,
            "docs/index.md": guide,
            "tests/test_fire.py": code,
            "docs/checked/test_fire.py": code,
            "tests/old/test_fire.py": code,
        }
    )
    target = Target("kiln/__init__.py", "fire")
    assert len({passage.path for passage, _ in context.uses[target]}) == 2
    assert used_in(target, context).count("1") == 2


def test_where_a_name_is_called_on_unknown_things_no_page_says_that_nobody_uses_it() -> None:
    """Two types have the method, so the calls of `anything` may be of either."""
    source = """\
        pub struct Pot;
        impl Pot { pub fn glaze(&self) {} pub fn cool(&self) {} }
        pub struct Kiln;
        impl Kiln { pub fn glaze(&self) {} }
        pub fn run() { anything.glaze(); anything.x.glaze(); Kiln {}.glaze(); }
        """
    context = context_of({"Cargo.toml": "[package]\nname = 'kiln'\n", "src/lib.rs": source})

    def told(name: str) -> list[str]:
        return shown_in(Target("src/lib.rs", name), context, PageSources(context.repository))

    assert told("Pot.cool") == ["No use by its name was found in docs, examples or tests."]
    assert told("Pot.glaze")[0] == "No use that is certain was found in docs, examples or tests."
    assert "`.glaze()` is called at `src/lib.rs:L5-5`: that may be a use of it" in told("Pot.glaze")[1]


def test_an_annotation_is_of_its_function_each_line_counts_once_and_a_class_that_is_handed_on_is_used() -> (
    None
):
    source = (
        "class Stack:\n    def cool(self): ...\n\n\n"
        "def release(one: Stack) -> None:\n    ...\n\n\n"
        "class Manager:\n    def __init__(\n        self, some: list[Stack] | Stack = None\n    ) -> None:\n"
        "        if isinstance(some, Stack):\n            ...\n"
    )
    context = context_of({"kiln/__init__.py": source})
    symbol = context.repository.symbols["kiln/__init__.py", "Stack"]
    (told,) = neighbours(symbol, context, {}, PageSources(context.repository))
    assert told == (
        "The package's own code uses it 3 times in 1 file, by `release` at `kiln/__init__.py:L5-5`, "
        "`Manager.__init__` at `kiln/__init__.py:L11-11`, `Manager.__init__` at `kiln/__init__.py:L13-13`."
    )


def test_what_is_there_for_checkers_of_types_alone_is_no_dependency() -> None:
    source = (
        "import typing as t\nif t.TYPE_CHECKING:\n    from _typeshed.wsgi import StartResponse\n\n\n"
        "def run(start: StartResponse) -> None: ...\n"
    )
    context = context_of({"kiln/__init__.py": source})
    (api,) = api_catalog(context, [Target("kiln/__init__.py", "run")])
    reference = read_code_reference(implementation_page(api, context, {}))
    assert reference is not None
    assert reference.dependencies == ()


def test_an_example_and_the_function_in_it_that_uses_an_api_are_one_example() -> None:
    example = '"""Fires a pot."""\nfrom kiln import fire\n\n\ndef main():\n    fire()\n\n\nmain()\n'
    context = context_of({"kiln/__init__.py": "def fire(): ...\n", "examples/one.py": example})
    assert used_in(Target("kiln/__init__.py", "fire"), context) == "1 example"


def test_a_property_is_called_one() -> None:
    source = "class Pot:\n    @property\n    def heat(self): ...\n\n    def cool(self): ...\n"
    context = context_of({"kiln/__init__.py": source})
    sources = PageSources(context.repository)
    symbols = context.repository.symbols
    told = [
        standing(symbols["kiln/__init__.py", f"Pot.{name}"], context, sources, "")
        for name in ("heat", "cool")
    ]
    assert told[0].startswith("`Pot.heat` is a property of class `Pot`")
    assert told[1].startswith("`Pot.cool` is a method of class `Pot`")


def test_a_name_that_is_imported_without_a_definition_that_is_known_may_be_it() -> None:
    files = {
        "kiln/__init__.py": "from .core import cool\nfrom .hot import *\n",
        "kiln/hot.py": "globals().update(made())\n",
        "kiln/core.py": "def fire(): ...\n\n\ndef cool(): ...\n",
        "tests/test_kiln.py": "from kiln import fire\n\n\ndef test_it():\n    fire()\n",
    }
    context = context_of(files)
    told = {
        name: shown_in(Target("kiln/core.py", name), context, PageSources(context.repository))
        for name in ("fire", "cool")
    }
    assert told["cool"] == ["No use by its name was found in docs, examples or tests."]
    assert told["fire"][0] == "No use that is certain was found in docs, examples or tests."
    assert told["fire"][1].startswith("Something of its name is imported at `tests/test_kiln.py:L1-1`")


def test_a_method_is_one_of_a_class_only_where_the_language_has_classes() -> None:
    files = {
        "kiln/__init__.py": "class Pot:\n    def cool(self): ...\n",
        "pot.go": "package pot\n\ntype Pot struct{}\n\nfunc (p *Pot) Cool() {}\n",
    }
    context = context_of(files)
    sources, symbols = PageSources(context.repository), context.repository.symbols
    told = [
        standing(symbols[at], context, sources, "")
        for at in ((path, f"Pot.{name}") for path, name in zip(files, ("cool", "Cool"), strict=True))
    ]
    assert "a method of class `Pot`" in told[0]
    assert "a method of `Pot`" in told[1]


def test_what_only_type_checkers_read_is_told_with_what_runs() -> None:
    source = (
        "import typing\nfrom typing import TYPE_CHECKING\n\n"
        "if TYPE_CHECKING:\n    def still(pot):\n        return pot\n\n"
        "    def hot(pot):\n        '''For checkers.'''\n\n    class Kind: ...\n\nelse:\n"
        "    from typing import no_type_check as still\n\n"
        "    def hot(pot):\n        '''Heats it.'''\n        return 1\n\n"
        "if not typing.TYPE_CHECKING:\n    def cool(pot): ...\n"
    )
    context = context_of({"kiln/__init__.py": source})
    symbols = {
        name: context.repository.symbols["kiln/__init__.py", name]
        for name in ("still", "hot", "Kind", "cool")
    }
    assert {name for name, symbol in symbols.items() if symbol.left_out} == {"still", "Kind"}
    assert symbols["hot"].docstring == "Heats it."
    sources = PageSources(context.repository)
    told = {name: run_time(symbol, context, sources) for name, symbol in symbols.items()}
    assert "at run time it is `typing.no_type_check` (`kiln/__init__.py:L14-14`)" in told.pop("still")
    assert set(told.values()) == {""}


def test_a_test_reaches_what_the_fixtures_of_its_fixtures_and_their_helpers_use() -> None:
    tests = (
        "import pytest\nfrom kiln import cool, fire\n\n\ndef make():\n    return cool()\n\n\n"
        "@pytest.fixture\ndef heat():\n    return fire()\n\n\n"
        "@pytest.fixture\ndef pot(heat):\n    return make(), heat\n\n\n"
        "def test_pot(pot):\n    assert pot\n"
    )
    context = context_of(
        {"kiln/__init__.py": "def fire(): ...\n\ndef cool(): ...\n", "tests/test_a.py": tests}
    )
    for name in ("fire", "cool"):
        assert used_in(Target("kiln/__init__.py", name), context) == "1 test through helpers"
