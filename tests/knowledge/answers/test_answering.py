"""Questions that a graph answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from codebase_gardener.knowledge.answers.answering import answer_from_graph
from codebase_gardener.knowledge.answers.graph import Graph
from samples.written_graph import graph_of, said

PLANTS, GROWING = "src/garden/plants.py", "src/garden/growing.py"


@pytest.mark.parametrize(
    ("question", "line"),
    [
        ("where is Plant defined?", ("class `Plant`: from garden import Plant", f"{PLANTS}:L12-30")),
        ("Where can I find the class `Plant`", ("class `Plant`: from garden import Plant", f"{PLANTS}:L12-30")),
        ("where is garden.Plant", ("class `Plant`: from garden import Plant", f"{PLANTS}:L12-30")),
        ("where is LIMIT set?", ("constant `LIMIT`: from garden.plants import LIMIT", f"{PLANTS}:L3-5")),
        ("in which file is plants.py", (f"file `{PLANTS}`", f"{PLANTS}:L1-30")),
        ("what is prune()?", ("`def prune(plant: Plant, by: int = 1) -> Plant`", f"{GROWING}:L16-18")),
        ("what does prune do?", ("Cut it back.", f"{GROWING}:L17-17")),
        ("what is grow?",
         ("shown in 1 section of the README, 1 test, first: Garden: Growing a plant", "README.md:L8-8")),
        ("what does Plant take?", ("takes `height`: `int` = `10`: In centimetres.", f"{PLANTS}:L20-20")),
        ("which parameters does prune have", ("takes `by`: `int` = `1`", f"{GROWING}:L16-16")),
        ("what does LIMIT return?", ("`LIMIT = ( 3 )`", f"{PLANTS}:L3-5")),
        ("what does prune take and return?", ("returns `Plant`", f"{GROWING}:L16-18")),
        ("what is the default of by in prune", ("`by` of `prune`: `int` = `1`", f"{GROWING}:L16-16")),
        ("what is the default of height in prune", ("`prune` has no parameter `height`", f"{GROWING}:L16-18")),
        ("who calls prune?", ("`grow`", f"{GROWING}:L12-12")),
        ("where is grow used", ("test: Growing", "tests/test_growing.py:L5-5")),
        ("what raises WiltedError?", ("`prune`: `raise WiltedError`", f"{GROWING}:L18-18")),
        ("when is a WiltedError raised?",
         ('`Plant.save`: `raise WiltedError("no path") # never raise NothingError`', f"{PLANTS}:L30-30")),
        ("what does the method save of Plant raise?",
         ("raises `OSError`, as its docstring says: The disk is full.", f"{PLANTS}:L24-28")),
        ("is grow deprecated?", ("`grow`: deprecated since version 2.0 Use `prune`.", f"{GROWING}:L7-11")),
        ("which function should I call instead of grow?",
         ("`grow`: deprecated since version 2.0 Use `prune`.", f"{GROWING}:L7-11")),
        ("which version of numpy is needed?", ("numpy >=1.20 is required", "pyproject.toml:L5-5")),
        ("which python version does it need", ("Python >=3.11", "pyproject.toml:L4-4")),
        ("what version is this?", ("garden 2.1 is the package", "pyproject.toml:L2-2")),
        ("which extra brings clay?", ("clay >=2 comes with the extra [pot]", "pyproject.toml:L8-8")),
        ("which extras are there", ("the extra [pot] brings `clay>=2`", "pyproject.toml:L8-8")),
    ],
)  # fmt: skip
def test_a_question_is_answered_by_a_line_with_its_anchor(
    graph: Graph, question: str, line: tuple[str, str]
) -> None:
    assert line in said(graph, question)


def test_a_name_that_is_there_several_times_is_listed_each_with_its_place(graph: Graph) -> None:
    assert [anchor for _, anchor in said(graph, "where is save?")] == [
        "src/garden/shed.py:L4-5", f"{PLANTS}:L23-30",
    ]  # fmt: skip
    texts = [text for text, _ in said(graph, "what does save do?")]
    assert texts[0] == "function `save`"
    assert "method `Plant.save`" in texts
    assert [anchor for _, anchor in said(graph, "where is Plant.save")] == [f"{PLANTS}:L23-30"]


def test_a_name_is_understood_as_documents_write_it(tmp_path: Path) -> None:
    files = {
        "README.md": "# A\n\n```python\nfrom pkg import Base\n\ndb = Base()\ndb.search('x')\n```\n",
        "pkg/__init__.py": "from .table import Base\n",
        "pkg/table.py": (
            "class Table:\n    def search(self, text: str) -> list[str]: ...\n\n\n"
            "class Base:\n    def table(self) -> Table: ...\n\n"
            "    def __getattr__(self, name):\n        return getattr(self.table(), name)\n\n\n"
            "class Query:\n    def search(self) -> int: ...\n"
        ),
    }
    graph = graph_of(files, tmp_path)
    told = said(graph, "what does db.search return?")
    assert told[0] == ("method `Table.search`", "pkg/table.py:L2-2")
    assert ("  returns `list[str]`", "pkg/table.py:L2-2") in told
    assert said(graph, "where is db.search defined?")[0][0].startswith("method `Table.search`")
    assert said(graph, "what does db.find return?")[0][0] == "the repository has no `db.find`"


def test_what_a_class_raises_is_what_making_an_instance_raises(tmp_path: Path) -> None:
    files = {
        "pkg/__init__.py": "from .chains import Chain, Sized\n",
        "pkg/chains.py": (
            "from dataclasses import dataclass\n\n\n"
            "class Chain:\n    def __init__(self, *parts):\n        if not parts:\n"
            "            raise ValueError('no part')\n\n    def run(self):\n        raise OSError('late')\n\n\n"
            "class Long(Chain):\n    pass\n\n\n"
            "@dataclass\nclass Sized(Chain):\n    size: int\n\n    def __post_init__(self):\n"
            "        raise TypeError('odd')\n\n\n"
            "class Empty:\n    def run(self):\n        raise OSError('late')\n"
        ),
        "index.js": "export class Pot {\n  constructor() {\n    throw new RangeError('full');\n  }\n}\n",
    }
    graph = graph_of(files, tmp_path)
    for name, line in (
        ("Chain", ("raises `ValueError`: `raise ValueError('no part')`", "pkg/chains.py:L7-7")),
        ("Long", ("raises `ValueError`: `raise ValueError('no part')`", "pkg/chains.py:L7-7")),
        ("Sized", ("raises `TypeError`: `raise TypeError('odd')`", "pkg/chains.py:L22-22")),
        ("Pot", ("raises `RangeError`: `throw new RangeError('full');`", "index.js:L3-3")),
        ("Empty", ("`Empty` itself raises nothing; what it calls may", "pkg/chains.py:L25-27")),
    ):
        assert said(graph, f"what does {name} raise?") == [line]


@pytest.mark.parametrize("written", ["wilted error", "WILTEDERROR", "wilted_error", "`WiltedError`"])
def test_a_name_is_found_however_it_is_written(graph: Graph, written: str) -> None:
    assert said(graph, f"where is {written}?")[0][1] == f"{PLANTS}:L8-9"


def test_a_name_that_is_not_there_brings_the_nearest(graph: Graph) -> None:
    answer = answer_from_graph(graph, "where is prun defined?")
    assert answer is not None
    assert not answer.known
    assert answer.lines[0].text == "the repository has no `prun`"
    assert answer.near[0] == "prune"
    assert answer.lines[1].anchor == f"{GROWING}:L16-18"
    missing = answer_from_graph(graph, "what does Plant.water take?")
    assert missing is not None
    assert not missing.known
    assert ("class `Plant`", f"{PLANTS}:L12-30") in [(line.text, line.anchor) for line in missing.lines]


def test_an_error_that_only_a_comment_names_is_raised_by_nothing(graph: Graph) -> None:
    answer = answer_from_graph(graph, "what raises NothingError?")
    assert answer is not None
    assert not answer.known


@pytest.mark.parametrize("question", ["why do plants wilt?", "what is the best season", "plants " * 200])
def test_other_questions_are_left_to_others(graph: Graph, question: str) -> None:
    assert answer_from_graph(graph, question) is None


def test_the_packaging_file_nearest_to_the_root_says_the_version(tmp_path: Path) -> None:
    project = '[project]\nname = "{}"\nversion = "{}"\nrequires-python = ">=3.{}"\n'
    files = {
        "examples/a/pyproject.toml": project.format("a", "9", 8),
        "pyproject.toml": project.format("garden", "2", 11),
    }
    graph = graph_of(files, tmp_path)
    assert said(graph, "which python version is needed") == [("Python >=3.11", "pyproject.toml:L4-4")]
    assert said(graph, "what version is this")[0] == ("garden 2 is the package", "pyproject.toml:L2-2")
    assert said(graph, "which extras are there") == [("no packaging file names an extra", "")]


def test_a_constant_of_another_language_is_found_by_the_name_that_users_know(tmp_path: Path) -> None:
    files = {
        "package.json": '{"name": "kiln", "main": "index.js"}',
        "src/marks.js": '/** Marks a pot that may be fired. */\nexport const MARK = Symbol("m")\n',
        "index.js": 'export { MARK as mark } from "./src/marks.js"\n',
    }
    graph = graph_of(files, tmp_path)
    assert said(graph, "where is mark defined?") == [
        ('constant `MARK`: import { mark } from "kiln";', "src/marks.js:L2-2")
    ]
    assert said(graph, "what is MARK")[:2] == [
        ('`export const MARK = Symbol("m")`', "src/marks.js:L2-2"),
        ("Marks a pot that may be fired.", "src/marks.js:L1-1"),
    ]


def test_a_comment_that_says_deprecated_is_told(tmp_path: Path) -> None:
    source = "package pot\n\n// Boil heats.\n//\n// Deprecated: Use Stew instead.\nfunc Boil() {}\n"
    graph = graph_of({"go.mod": "module example.org/pot\n", "pot.go": source}, tmp_path)
    told = said(graph, "what should I use instead of Boil?")
    assert [text for text, _ in told] == ["`Boil`: Deprecated: Use Stew instead."]


def test_a_command_of_a_program_is_known_by_its_name(tmp_path: Path) -> None:
    files = {
        "pyproject.toml": '[project]\nname = "pot"\n[project.scripts]\npot = "pot.main:cli"\n',
        "pot/main.py": 'def cli(subparsers):\n    subparsers.add_parser("stir", help="Stirs the stew.")\n',
    }
    graph = graph_of(files, tmp_path)
    for question in ("what is pot stir?", "what does pot stir do?", "what is the stir command?"):
        assert said(graph, question) == [
            ("`pot stir`", "pot/main.py:L2-2"),
            ("Stirs the stew.", "pot/main.py:L2-2"),
        ]
    assert said(graph, "where is pot stir defined?") == [("command `pot stir`", "pot/main.py:L2-2")]
    assert answer_from_graph(graph, "what does pot stir take?") is None


def test_fields_of_a_type_are_told_and_found_by_their_names(tmp_path: Path) -> None:
    source = "package pot\n\n// Pot cooks.\ntype Pot struct {\n\t// Heat in degrees.\n\tHeat int\n}\n\n"
    source += "type Lid struct{}\n"
    graph = graph_of({"go.mod": "module example.org/pot\n", "pot.go": source}, tmp_path)
    assert said(graph, "what fields does Pot have?") == [
        ("`type Pot struct`", "pot.go:L4-7"),
        ("has the field `Heat`: `int`: Heat in degrees.", "pot.go:L5-6"),
    ]
    assert said(graph, "where is Pot.Heat defined?") == [("field `Pot.Heat`", "pot.go:L6-6")]
    assert said(graph, "what does Lid take?")[1:] == [("has no public field", "pot.go:L9-9")]


def test_a_helper_of_tests_that_calls_is_told(tmp_path: Path) -> None:
    test = 'package pot\n\nimport "testing"\n\nfunc check(t *testing.T, p *Pot) {\n\tp.Boil()\n}\n\n'
    test += "func TestBoil(t *testing.T) {\n\tvar p *Pot\n\tp.Boil()\n\tcheck(t, p)\n}\n"
    files = {
        "go.mod": "module example.org/pot\n",
        "pot.go": "package pot\n\ntype Pot struct{}\n\nfunc (p *Pot) Boil() {}\n",
        "pot_test.go": test,
    }
    graph = graph_of(files, tmp_path)
    assert ("test: `check`", "pot_test.go:L6-6") in said(graph, "who calls Boil?")


def test_what_may_use_a_method_is_told_where_its_name_is_called_on_unknown_things(tmp_path: Path) -> None:
    source = "pub struct Pot;\nimpl Pot { pub fn glaze(&self) {} }\npub struct Jar;\n"
    source += (
        "impl Jar { pub fn glaze(&self) {} pub fn empty_out(&self) {} }\npub fn run() { anything.glaze(); }\n"
    )
    files = {"Cargo.toml": "[package]\nname = 'kiln'\nversion = '1.0.0'\n", "src/lib.rs": source}
    graph = graph_of(files, tmp_path)
    called = "`.glaze()` is called on things of unknown type, in 1 place: it may be `Pot.glaze`"
    assert said(graph, "who calls Pot.glaze?") == [(called, "src/lib.rs:L5-5")]
    nobody = "nothing in the repository is known to use `Jar.empty_out`"
    assert said(graph, "who calls Jar.empty_out?") == [(nobody, "src/lib.rs:L4-4")]


@pytest.mark.parametrize(
    ("path", "lines"),
    [
        (
            "src/lib.rs",
            (
                "pub struct Pot;",
                "impl Pot { pub fn throw(text: &str) -> Self { Pot } }",
                "pub struct Jar;",
                "impl Jar { pub fn throw(&self, n: u8) {} }",
                "pub fn run() { x.throw(1); }",
            ),
        ),
        (
            "index.js",
            (
                "export class Pot {",
                "  static throw(text) {}",
                "}",
                "export function run(x) {",
                "  x.throw(1);",
                "}",
            ),
        ),
        (
            "kiln.py",
            (
                "class Pot:",
                "    @classmethod",
                "    def throw(cls, text): ...",
                "def run(x):",
                "    x.throw(1)",
            ),
        ),
    ],
)
def test_what_is_called_on_its_type_is_not_called_on_unknown_things(
    tmp_path: Path, path: str, lines: tuple[str, ...]
) -> None:
    files = {
        "Cargo.toml": "[package]\nname = 'kiln'\nversion = '1.0.0'\n",
        "package.json": '{"name": "kiln", "version": "1.0.0", "main": "index.js"}',
        "pyproject.toml": '[project]\nname = "kiln"\nversion = "1.0.0"\n',
        path: "\n".join(lines) + "\n",
    }
    told = said(graph_of(files, tmp_path), "who calls Pot.throw?")
    assert told
    assert all("unknown type" not in text for text, _ in told)


def test_a_language_is_known_by_its_short_name_and_an_error_that_is_handed_on_by_its_users(
    tmp_path: Path,
) -> None:
    files = {
        "package.json": '{"name": "kiln", "version": "1.0.0", "main": "index.js", "engines": {"node": ">=22"}}',
        "index.js": (
            "export class HeatError extends Error {}\n\n"
            "export function fire(pot) {\n  pot.fail(new HeatError('hot'));\n}\n"
        ),
    }
    graph = graph_of(files, tmp_path)
    assert ("Node.js >=22", "package.json:L1-1") in said(graph, "Which Node version is required?")
    assert said(graph, "what throws HeatError?") == [
        ("no line of the repository raises `HeatError` by its name", "index.js:L1-1"),
        ("used by `fire`", "index.js:L4-4"),
    ]
    assert answer_from_graph(graph, "What is the default of throwErrors?") is None


@pytest.mark.parametrize(
    "question",
    ["difference between Plant and the class Tree", "what's the difference between `Plant` and `Tree`?",
     "How does Plant differ from Tree?", "Plant vs Tree"],
)  # fmt: skip
def test_of_two_names_whose_difference_is_asked_for_both_are_told(tmp_path: Path, question: str) -> None:
    code = "class Plant:\n    '''It grows.'''\n\n\nclass Tree(Plant):\n    '''It grows old.'''\n"
    graph = graph_of({"src/garden/__init__.py": code}, tmp_path)
    told = [text for text, _ in said(graph, question)]
    assert [text for text in told if text.startswith("class")] == ["class `Plant`", "class `Tree`"]
    assert {"  It grows.", "  It grows old.", "  extends `Plant`"} <= set(told)
    assert answer_from_graph(graph, "difference between Plant and beauty") is None


def test_the_version_of_the_repository_itself_comes_from_its_own_package_file(tmp_path: Path) -> None:
    files = {
        "package.json": '{\n  "name": "kiln",\n  "private": true,\n  "version": "5.1.0"\n}\n',
        "examples/a/package.json": '{\n  "name": "a",\n  "dependencies": {\n    "kiln": "^4.3.9"\n  }\n}\n',
        "src/index.js": "export const bake = () => 1\n",
    }
    graph = graph_of(files, tmp_path)
    own = [("kiln 5.1.0 is the package", "package.json:L2-4")]
    assert said(graph, "which version of kiln is this") == own
    assert said(graph, "what version is this") == own


def test_where_the_package_file_leaves_its_version_out_the_newest_release_is_told(tmp_path: Path) -> None:
    files = {
        "pyproject.toml": '[project]\nname = "kiln"\ndynamic = ["version"]\n',
        "CHANGELOG.md": "# Changes\n\n## 2.3.0 (2026-01-02)\n\n- Hot.\n",
        "src/kiln/__init__.py": "",
    }
    graph = graph_of(files, tmp_path)
    told = said(graph, "which version of kiln is this")
    assert any("2.3.0" in text for text, _ in told)
    assert told[-1] == ("kiln is the package", "pyproject.toml:L2-2")


def test_an_error_that_is_made_first_and_raised_then_is_raised_and_its_docstring_says_when(
    tmp_path: Path,
) -> None:
    code = """class WiltError(Exception):
    '''Raised when a plant is dry.'''


class RotError(Exception):
    '''It is wet.'''


def look(plant):
    error = WiltError(plant)
    if plant:
        raise error
    other = RotError(plant)
    return other
"""
    graph = graph_of({"src/garden/__init__.py": code}, tmp_path)
    path = "src/garden/__init__.py"
    assert said(graph, "what raises WiltError") == [
        ("`look`: `raise error`", f"{path}:L12-12"),
        ("the docstring of `WiltError` says: “Raised when a plant is dry.”", f"{path}:L2-2"),
    ]
    assert "says" not in str(said(graph, "what raises RotError"))


def test_a_stub_answers_only_where_nothing_is_defined(tmp_path: Path) -> None:
    files = {
        "pkg/__init__.py": "from ._make import boil\n",
        "pkg/_make.py": "def boil(water):\n    raise ValueError(water)\n",
        "pkg/__init__.pyi": "def boil(water: str) -> str: ...\ndef pour(water: str) -> str: ...\n",
    }
    graph = graph_of(files, tmp_path)
    assert [anchor for _, anchor in said(graph, "where is boil")] == ["pkg/_make.py:L1-2"]
    assert said(graph, "what does boil raise") == [
        ("raises `ValueError`: `raise ValueError(water)`", "pkg/_make.py:L2-2")
    ]
    assert [anchor for _, anchor in said(graph, "where is pour")] == ["pkg/__init__.pyi:L2-2"]


def test_what_a_function_makes_that_is_thrown_is_told_by_its_class(tmp_path: Path) -> None:
    files = {
        "package.json": '{"name": "pot", "main": "index.js"}',
        "index.js": (
            "export class ColdError extends Error {}\n\n"
            "export function createCold(options) {\n  if (options.now) {\n    return new ColdError(options);\n  }\n"
            "  const made = new ColdError();\n  return made;\n}\n\n"
            "/**\n * Boils it. It throws a 405 where it is cold.\n */\n"
            "export function boil() {\n  throw createCold({\n    status: 405,\n  });\n}\n"
        ),
        "pot.py": (
            "def cold(text) -> ValueError:\n    return made(text)\n\n\n"
            "def pour():\n    raise cold(\n        'no water',\n    )\n"
        ),
    }
    graph = graph_of(files, tmp_path)
    thrown = "throw createCold({status: 405,});"
    assert said(graph, "what does boil throw") == [
        (f"raises `ColdError`: `{thrown}`", "index.js:L15-17"),
        ("its docstring says: “It throws a 405 where it is cold.”", "index.js:L11-13"),
    ]
    assert said(graph, "what throws ColdError") == [(f"`boil`: `{thrown}`", "index.js:L15-17")]
    assert said(graph, "what does pour raise") == [
        ("raises `ValueError`: `raise cold('no water')`", "pot.py:L6-8")
    ]
