"""What extends or implements a type, and what a type extends or implements."""

from __future__ import annotations

from pathlib import Path

import pytest

from codebase_gardener.knowledge.answers.answering import answer_from_graph
from codebase_gardener.knowledge.answers.graph import Graph
from samples.written_graph import graph_of, said

PYTHON = {
    "pkg/__init__.py": "from .a import Base\n",
    "pkg/a.py": "class Base:\n    pass\n\n\nclass Inner(Base, metaclass=type):\n    class Deep(Base):\n        pass\n",
    "pkg/b.py": (
        "import abc\n\nfrom pkg import Base as B\n\n\nclass Far(B, abc.ABC):\n    pass\n\n\nclass Further(Far[int]):\n"
        "    pass\n"
        "\n\nclass Wilted(ValueError):\n    pass\n"
    ),
    "other/c.py": "class Base:\n    pass\n\n\nclass Own(Base):\n    pass\n",
    "tests/test_a.py": "from pkg import Base\n\n\nclass Fake(Base):\n    pass\n",
}
SCRIPT = {
    "package.json": '{"name": "kiln", "main": "src/index.ts"}',
    "src/index.ts": (
        'import { Base as B, type Shape } from "./base";\n'
        "export interface Round extends Shape { r: number }\n"
        "export class Pot extends B implements Shape { go() {} }\n"
        "export class Big extends Pot {}\n"
        "export class HeatError extends Error {}\n"
    ),
    "src/base.ts": "export class Base { go() {} }\nexport interface Shape { area?: number }\n",
}
GO = {
    "go.mod": "module example.org/pot\n",
    "pot.go": (
        'package pot\n\nimport "io"\n\n'
        "type Boiler interface {\n\tNamed\n\tBoil(t int, names ...string) (n int, err error)\n}\n\n"
        "type Named interface{ Name() string }\n\n"
        "type Reading interface {\n\tio.Reader\n\tName() string\n}\n\n"
        "type Hidden interface{ name() string }\n\n"
        "type Pot struct{}\n\n"
        "func (p *Pot) Boil(time int, xs ...string) (int, error) { return 0, nil }\n"
        'func (p Pot) Name() string { return "" }\n'
        'func (p Pot) name() string { return "" }\n\n'
        "type Wrap struct{ Pot }\n\n"
        "type Cold struct{}\n\n"
        "func (c Cold) Boil(time string, xs ...string) (int, error) { return 0, nil }\n"
        'func (c Cold) Name() string { return "" }\n'
    ),
    "library.go": (
        'package pot\n\nimport (\n\t"fmt"\n\t"io"\n\th "net/http"\n\t"reflect"\n)\n\n'
        "type Told interface {\n\tfmt.Stringer\n\terror\n\tio.ReadCloser\n\th.Handler\n\tCount() int\n}\n\n"
        "type Unknown interface {\n\treflect.Type\n\tCount() int\n}\n\n"
        "type Anything interface{}\n\ntype Number interface{ ~int | ~string }\n\n"
        "type Of[T any] interface{ Count() int }\n\n"
        "type Tale[T map[string]int] struct{}\n\n"
        'func (t *Tale[T]) String() string { return "" }\nfunc (t *Tale[T]) Error() string { return "" }\n'
        "func (t *Tale[T]) Read(p []byte) (n int, err error) { return 0, nil }\n"
        "func (t *Tale[T]) Close() error { return nil }\n"
        "func (t *Tale[T]) ServeHTTP(w h.ResponseWriter, r *h.Request) {}\n"
        "func (t *Tale[T]) Count() int { return 0 }\n"
    ),
    "sub/stove.go": (
        'package sub\n\nimport p "example.org/pot"\n\n'
        "type Stove interface{ Use(x p.Pot, o Opt) error }\n\n"
        "type Opt struct{}\n\ntype Pot struct{}\n\n"
        "type Gas struct{}\n\nfunc (g Gas) Use(a p.Pot, b Opt) error { return nil }\n"
        'func (g Gas) name() string { return "" }\n\n'
        "type Toy struct{}\n\nfunc (t Toy) Use(a Pot, b Opt) error { return nil }\n"
    ),
}


@pytest.fixture(scope="module")
def graphs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Graph]:
    found = {}
    for name, files in (("python", PYTHON), ("script", SCRIPT), ("go", GO)):
        folder: Path = tmp_path_factory.mktemp(name)
        graph = graph_of(files, folder)
        found[name] = graph
    return found


@pytest.mark.parametrize(
    "question",
    ["subclasses of pkg.Base", "what inherits from pkg.a.Base?", "which classes extend `pkg.Base`"],
)
def test_classes_are_told_with_those_that_extend_them(graphs: dict[str, Graph], question: str) -> None:
    assert said(graphs["python"], question) == [
        ("class `Inner`: `class Inner(Base, metaclass=type)`", "pkg/a.py:L5-7"),
        ("class `Inner.Deep`: `class Deep(Base)`", "pkg/a.py:L6-7"),
        ("class `Far`: `class Far(B, abc.ABC)`", "pkg/b.py:L6-7"),
        ("class `Further`, by way of `Far`: `class Further(Far[int])`", "pkg/b.py:L10-11"),
        ("tests: class `Fake`: `class Fake(Base)`", "tests/test_a.py:L4-5"),
    ]


def test_a_base_from_outside_is_known_by_its_name(graphs: dict[str, Graph]) -> None:
    assert said(graphs["python"], "what inherits from abc.ABC")[0] == (
        "class `Far`: `class Far(B, abc.ABC)`", "pkg/b.py:L6-7",
    )  # fmt: skip
    assert said(graphs["script"], "what extends Error") == [
        ("class `HeatError`: `export class HeatError extends Error`", "src/index.ts:L5-5")
    ]
    assert said(graphs["python"], "which exceptions are there?") == [
        ("class `Wilted`: `class Wilted(ValueError)`", "pkg/b.py:L14-15")
    ]


def test_a_class_or_interface_of_typescript_says_what_it_implements(graphs: dict[str, Graph]) -> None:
    assert said(graphs["script"], "which types implement Shape") == [
        ("interface `Round`: `export interface Round extends Shape`", "src/index.ts:L2-2"),
        ("class `Pot`: `export class Pot extends B implements Shape`", "src/index.ts:L3-3"),
        ("class `Big`, by way of `Pot`: `export class Big extends Pot`", "src/index.ts:L4-4"),
    ]
    assert said(graphs["script"], "what does Pot extend") == [
        ("class `Base`", "src/base.ts:L1-1"),
        ("interface `Shape`", "src/base.ts:L2-2"),
    ]


def test_a_type_of_go_implements_what_it_has_each_method_of(graphs: dict[str, Graph]) -> None:
    go = graphs["go"]
    assert [text.partition(":")[0] for text, _ in said(go, "what implements Boiler?")] == ["type `Pot`"]
    assert [text.partition(":")[0] for text, _ in said(go, "which types implement Stove")] == ["type `Gas`"]
    assert [text.partition(":")[0] for text, _ in said(go, "what implements Hidden")] == ["type `Pot`"]


def test_what_an_interface_embeds_from_the_standard_library_counts(graphs: dict[str, Graph]) -> None:
    told = said(graphs["go"], "which types implement Told")
    assert [text for text, _ in told] == ["type `Tale`: `type Tale[T map[string]int] struct`"]


@pytest.mark.parametrize(
    ("name", "remark"),
    [
        ("Unknown", "what implements it cannot be told: it embeds `reflect.Type`, whose methods are not in the"
                    " repository"),
        ("Anything", "every type implements it: it has no methods"),
        ("Number", "what implements it cannot be told: `Number` holds `~int | ~string`"),
        ("Of", "what implements it cannot be told: `Of` has type parameters"),
    ],
)  # fmt: skip
def test_why_no_type_is_told_to_implement_an_interface(
    graphs: dict[str, Graph], name: str, remark: str
) -> None:
    [(text, anchor)] = said(graphs["go"], f"which types implement {name}")
    assert text == f"`{name}`: {remark}"
    assert anchor.startswith("library.go:L")


def test_what_only_embeds_or_cannot_be_known_is_not_told(graphs: dict[str, Graph]) -> None:
    go = graphs["go"]
    assert said(go, "what implements Reading")[0][0].startswith("nothing in the repository is known to")
    assert said(go, "subclasses of pot.Pot")[0][0].startswith("nothing in the repository is known to")


def test_what_has_no_heir_or_no_base_is_said(graphs: dict[str, Graph]) -> None:
    python = graphs["python"]
    assert said(python, "what implements Further") == [
        ("nothing in the repository is known to extend or implement `Further`", "pkg/b.py:L10-11")
    ]
    assert said(python, "what does pkg.Base inherit from") == [
        ("`Base` is not known to extend or implement anything", "pkg/a.py:L1-2")
    ]
    assert said(python, "what does Wilted inherit from") == [
        ("`Wilted` extends or implements `ValueError`, from outside", "pkg/b.py:L14-15")
    ]
    answer = answer_from_graph(python, "what implements Nothing?")
    assert answer is not None and not answer.known
