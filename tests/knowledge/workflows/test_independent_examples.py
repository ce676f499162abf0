"""Blocks of one section that take nothing from each other are examples of their own."""

from __future__ import annotations

import time

import pytest

from codebase_gardener.knowledge.links.uses import Target
from codebase_gardener.knowledge.workflows.independent_examples import (
    CodePart,
    examples,
    is_built_up,
    is_listing,
    paragraphs,
)
from samples.pottery import CORE, mined, steps


def _parts(*blocks: str) -> list[CodePart]:
    found: list[CodePart] = []
    for number, block in enumerate(blocks):
        lines = block.split("\n")
        start = 100 * number

        def takes(first: int, last: int, lines: list[str] = lines, start: int = start) -> frozenset[Target]:
            text = "\n".join(lines[first - start : last - start + 1])
            return frozenset(
                Target("a.py", name) for name in ("fire", "throw", "glaze") if f"{name}(" in text
            )

        found += paragraphs(start, lines, number, takes)
    return found


def _groups(*blocks: str, shared: tuple[str, ...] = ()) -> list[list[int]]:
    return [[part.start for part in each] for each in examples(_parts(*blocks), shared)]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("pot = throw(1)", "fire(pot)"),
        ("const pot = throw(1)", "fire(pot)"),
        ("const {pot, lid} = throw(1)", "fire(lid)"),
        ("pot, err := throw(1)", "fire(pot)"),
        ("let pot: Pot = throw(1);", "fire(&pot);"),
        ("class Pot:\n    x: int", "fire(Pot(1))"),
        (">>> pot = throw(1)", ">>> fire(pot)"),
        ("with throw(1) as pot:\n    pass", "fire(pot)"),
    ],
)
def test_who_takes_up_a_name_goes_on(first: str, second: str) -> None:
    assert _groups(first, second) == [[0, 100]]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("pot = throw(1)", "pot = throw(2)\nfire(pot)"),
        ("pot = throw(1)", 'fire("pot")  # a pot'),
        ("sampled := Sample(1)\nsampled.Info()", "sampled := Sample(2)\nsampled.Debug()"),
        ("class Pot:\n    pass", "class Pot:\n    lid: int"),
        ("x = fire(1)", "y = throw(x=2)"),
    ],
)
def test_who_takes_nothing_is_an_example_of_its_own(first: str, second: str) -> None:
    assert _groups(first, second) == [[0], [100]]


def test_what_stands_elsewhere_in_the_document_holds_together() -> None:
    assert _groups("app.fire(1)", "app.glaze(2)") == [[0], [100]]
    assert _groups("app.fire(1)", "app.glaze(2)", shared=("app",)) == [[0, 100]]


def test_a_block_is_parted_only_where_it_does_again_what_it_has_done() -> None:
    assert _groups("setup(1)\n\npot = throw(2)\n\nfire(pot)") == [[0, 2, 4]]
    assert _groups("pot = throw(2)\nfire(pot)\n\nbowl = throw(3)\nglaze(bowl)") == [[0], [3]]
    assert _groups("class A:\n    x = 1\n\n@fire\nclass A:\n    x = 2") == [[0], [3]]


def test_sections_build_on_each_other_only_where_each_takes_something_up() -> None:
    assert is_built_up(_parts("pot = throw(1)", "fire(pot)", "glaze(pot)"))
    assert not is_built_up(_parts("pot = throw(1)", "fire(1)", "glaze(pot)"))
    assert is_built_up(_parts("pot = throw(1)", "fire(1)"), next_ones={1})


def test_long_code_costs_time_by_its_length() -> None:
    started = time.perf_counter()
    _groups("\n\n".join(f"pot{n} = throw({n}, '{'x' * 50}')" for n in range(2000)))
    _groups(*(f"pot{n} = throw(pot{n - 1})" for n in range(2000)))
    _groups("a " * 100_000 + "= '" + "'" * 100_000, ". " * 100_000, "(" * 100_000)
    assert time.perf_counter() - started < 5


def _mined(between: str, *blocks: str) -> list[list[str]]:
    code = between.join(f"```python\n{block}\n```\n" for block in blocks)
    files = {"pottery/__init__.py": CORE, "docs/a.md": f"# Pots\n\n## Making pots\n\n{code}"}
    return [steps(path) for path in mined(files)]


def test_alternatives_of_a_section_are_not_one_path() -> None:
    """A simple and an advanced way were told as seven steps."""
    simple = "from pottery import throw, sell\n\npot = throw(1)\nsell(pot)"
    advanced = "from pottery import throw, glaze, weigh\n\npot = throw(1)\nglaze(pot)\nweigh(pot)"
    assert _mined("\nMore advanced:\n\n", simple, advanced) == [["throw", "glaze", "weigh"]]


def test_unrelated_sections_are_no_path_of_the_whole_document() -> None:
    pages = "# Tools\n\nAll of them.\n\n" + "".join(
        f"## {name}()\n\nIt {name}s.\n\n```python\nfrom pottery import {name}\n\n{name}(1)\n```\n\n"
        for name in ("throw", "sell", "weigh")
    )
    assert mined({"pottery/__init__.py": CORE, "docs/tools.md": pages}) == ()


def test_what_the_words_between_call_the_next_is_the_next() -> None:
    first, second = "from pottery import throw\n\nthrow(1)", "from pottery import sell\n\nsell(2)"
    assert _mined("\nThen sell it:\n\n", first, second) == [["throw", "sell"]]
    assert _mined("\nA shop does so:\n\n", first, second) == []


_FIELDS = {
    "package.json": '{"name": "kiln", "version": "1.0.0", "main": "index.js"}',
    "index.js": "".join(
        f"export function {name}(a, b) {{}}\n\n" for name in ("text", "number", "list", "check")
    ),
}


def _of_fields(code: str, heading: str = "Fields") -> list[list[str]]:
    readme = f'# kiln\n\n## {heading}\n\n```js\nimport * as k from "kiln";\n\n{code}\n```\n'
    return [steps(path) for path in mined(_FIELDS | {"README.md": readme})]


@pytest.mark.parametrize(
    "code",
    [
        "k.text();\nk.number();\nk.list();",
        'k.text("Wrong!");\nk.number("Wrong, too!");\nk.list(k.number());\nk.check({ a: 1 });',
        "const a = k.text();\nconst b = k.number();",
        "console.log(k.text());\nconsole.log(k.number());",
        "k.text(null);\nk.number(null);",
    ],
)
def test_forms_that_are_listed_are_no_steps(code: str) -> None:
    assert _of_fields(code) == []


@pytest.mark.parametrize(
    ("code", "taken"),
    [
        ("const a = k.text();\nk.check(a);", ["text", "check"]),
        ("k.text(form);\nk.check(form);", ["text", "check"]),
        ('k.text("colour");\nk.check("colour").strict = true;', ["text", "check"]),
        ("k.list(k.text());", ["text", "list"]),
        ("function all() {\n  return k.list(each);\n}\n\nconst each = k.text();", ["list", "text"]),
    ],
)
def test_statements_that_take_up_the_same_thing_are_steps(code: str, taken: list[str]) -> None:
    assert _of_fields(code) == [taken]


def test_of_a_section_the_block_that_is_no_list_of_forms_is_taken() -> None:
    code = "const a = k.text();\nk.check(a);\n```\n\nNow these:\n\n```js\nk.number();\nk.list();\nk.text();"
    assert _of_fields(code) == [["text", "check"]]


def test_what_a_thing_of_the_document_does_in_two_blocks_is_two_examples() -> None:
    told = "const oven = open();\n```\n\n## More\n\nOne:\n\n```js\noven.hold(k.number());\n```\n\n"
    assert _of_fields(f"{told}Two:\n\n```js\noven.hold(k.list());") == []


@pytest.mark.parametrize("heading", ["Comparison", "kiln vs. oven", "6.6x smaller", "Compared to oven"])
def test_a_section_that_compares_with_others_shows_no_workflow(heading: str) -> None:
    code = "const a = k.text();\nk.check(a);"
    assert _of_fields(code) and not _of_fields(code, heading)


def test_many_statements_are_read_in_little_time() -> None:
    lines = tuple(f"k{at}(({'(' * 50}" for at in range(5_000)) + tuple(
        f"a.b(name{at})" for at in range(5_000)
    )
    takes = {at: frozenset([Target("a.py", str(at))]) for at in range(len(lines))}
    began = time.perf_counter()
    is_listing([CodePart(0, len(lines) - 1, 0, lines, frozenset())], takes)
    is_listing([CodePart(0, 4_999, 0, lines[5_000:], frozenset())], takes)
    assert time.perf_counter() - began < 3
