"""What a function of Go can fail with."""

from __future__ import annotations

from pathlib import Path

import pytest

from codebase_gardener.knowledge.answers.graph import Graph
from samples.written_graph import graph_of, said

FILES = {
    "go.mod": "module example.org/pot\n",
    "pot.go": (
        'package pot\n\nimport (\n\t"errors"\n\t"fmt"\n)\n\nvar ErrCold = errors.New("cold")\n\n'
        "func Boil(t int) (n int, err error) {\n"
        '\tif t < 0 {\n\t\treturn 0, fmt.Errorf(\n\t\t\t"%d: ErrNone",\n\t\t\tt,\n\t\t)\n\t}\n'
        "\t// return 0, ErrNever\n"
        "\tif t < 90 {\n\t\treturn 0, ErrCold\n\t}\n"
        "\treturn 0, pour(t)\n}\n\n"
        "func pour(t int) error {\n\treturn nil\n}\n\n"
        "func Count() int {\n\treturn 1\n}\n"
    ),
    "stove.py": "class Stove:\n    def heat(self):\n        raise ValueError('hot')\n",
}


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    folder: Path = tmp_path_factory.mktemp("errors")
    return graph_of(FILES, folder)


@pytest.mark.parametrize(
    "question",
    ["what errors does Boil return?", "which errors can `Boil` return", "what can Boil fail with",
     "can Boil fail?", "how can Boil fail", "does Boil return an error", "when does Boil return an error",
     "what does Boil raise"],
)  # fmt: skip
def test_what_a_function_of_go_makes_and_hands_on_is_told(graph: Graph, question: str) -> None:
    assert said(graph, question, "raises") == [
        ('makes or returns the error `fmt.Errorf("%d: ErrNone", t)`', "pot.go:L12-15"),
        ("makes or returns the error `ErrCold`", "pot.go:L19-19"),
        ("calls `pour`, which returns an error", "pot.go:L21-21"),
    ]


def test_what_is_not_known_of_errors_is_said(graph: Graph) -> None:
    assert said(graph, "what errors does pour return", "raises") == [
        ("returns an `error`; which one, neither its own lines nor known calls say", "pot.go:L24-26")
    ]
    assert said(graph, "can Count fail", "raises") == [("returns `int`: no `error`", "pot.go:L28-30")]


def test_what_raises_is_asked_for_as_what_returns(graph: Graph) -> None:
    assert said(graph, "what errors can Stove.heat return", "raises") == [
        ("raises `ValueError`: `raise ValueError('hot')`", "stove.py:L3-3")
    ]
    assert said(graph, "can Stove.heat fail", "raises") == [
        ("raises `ValueError`: `raise ValueError('hot')`", "stove.py:L3-3")
    ]


RUST = {
    "Cargo.toml": '[package]\nname = "pot"\nversion = "1.0.0"\n',
    "src/lib.rs": (
        "use std::fmt;\n\n"
        "/// Boils water.\n///\n/// # Errors\n///\n/// It fails where the stove\n/// is cold.\n///\n/// # Panics\n///\n"
        "/// Never.\n"
        "pub fn boil(t: i32) -> Result<i32, Cold> {\n    if t < 0 {\n        return Err(Cold::new(t));\n    }\n"
        "    pour(t)\n}\n\n"
        "pub fn pour(t: i32) -> fmt::Result<i32> {\n    Ok(t)\n}\n\n"
        "pub fn count() -> usize {\n    1\n}\n"
    ),
}


def test_what_rust_returns_as_a_result_and_documents_is_what_it_raises(tmp_path: Path) -> None:
    graph = graph_of(RUST, tmp_path)
    for question in (
        "what does boil raise",
        "what errors can boil give",
        "when does boil panic",
        "can boil fail?",
    ):
        assert said(graph, question, "raises") == [
            ("its docstring says under “Errors”: “It fails where the stove is cold.”", "src/lib.rs:L5-8"),
            ("its docstring says under “Panics”: “Never.”", "src/lib.rs:L10-12"),
            ("makes or returns the error `Cold::new(t)`", "src/lib.rs:L15-15"),
            ("calls `pour`, which returns an error", "src/lib.rs:L17-17"),
        ]
    assert said(graph, "what does pour raise", "raises") == [
        ("returns a `Result`; which one, neither its own lines nor known calls say", "src/lib.rs:L20-22")
    ]
    assert said(graph, "can count fail", "raises") == [("returns `usize`: no `Result`", "src/lib.rs:L24-26")]
