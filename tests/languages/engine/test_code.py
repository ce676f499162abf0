"""Code of the languages that tree-sitter reads: imports, exports, names, bindings and calls."""

from __future__ import annotations

import pytest

from codebase_gardener.documents.reading import document_facts
from codebase_gardener.languages.engine.code import TreeCode, tree_code
from codebase_gardener.languages.engine.symbols import tree_symbols
from codebase_gardener.languages.table import GRAMMARS
from samples.written import facts_of

GO = """package a
import (
	"fmt"
	x "a/b/v2"
	. "c"
	"d/e/v3"
)
var A, b = 1, 2
const C = 3
func F() {
	x.Do(a.B{Q: 1})
	c, err := New()
	c.Run(1).Then()
}
type T struct{}
"""
TYPESCRIPT = """import a, { b as c } from "m";
import * as n from "./n";
import "side";
export const X = 1;
export class Y { go() { this.x.run(); } }
export { q, r as s } from "w";
export * from "z";
const v = require("v");
const { p, o: u } = require("pp");
const k = new K.L(1);
const j = await n.f(2).g();
export default k;
"""
RUST = """use a::b::{self, C, d as e};
use x::*;
pub use q::R;
pub fn f() {
    let c = A::new(1);
    c.run()?.stop();
    a::b::<T>(2);
}
pub struct S;
pub(crate) struct Hidden;
pub const K: u8 = 1;
"""
JAVA = """package p;
import a.b.C;
import static a.D.e;
import x.*;
public class M {
    public void r() {
        C c = new C<T>(1);
        c.go().stop();
        D.e();
    }
}
class Hidden {}
"""
CPP = """#include <a/b.h>
using namespace std;
using a::B;
int x = 1;
int f() {
    A::b(1);
    p->d();
    auto z = new E(1);
}
"""


def read(text: str, language: str) -> TreeCode:
    return tree_code(text, language, symbols=tree_symbols("a", text, language).symbols)


def test_each_language_with_symbols_has_a_query() -> None:
    assert set(GRAMMARS) == set(GRAMMARS)


@pytest.mark.parametrize(
    ("text", "language", "imports"),
    [
        (GO, "go", ["3 fmt::fmt", "4 a/b/v2::x", "5 c:*:*", "6 d/e/v3::e"]),
        (TYPESCRIPT, "typescript", ["1 m:default:a", "1 m:b:c", "2 ./n::n", "3 side::", "6 w:q:q", "6 w:r:s",
        "7 z:*:*",
                                    "8 v::v", "9 pp:p:p", "9 pp:o:u"]),
        (RUST, "rust", ["1 a.b::b", "1 a.b:C:C", "1 a.b:d:e", "2 x:*:*", "3 q:R:R"]),
        (JAVA, "java", ["2 a.b:C:C", "3 a.D:e:e", "4 x:*:*"]),
        (CPP, "cpp", ["1 a/b.h:*:*", "2 std:*:*", "3 a:B:B"]),
    ],
)  # fmt: skip
def test_imports(text: str, language: str, imports: list[str]) -> None:
    assert [
        f"{one.line} {one.module}:{one.name}:{one.alias}" for one in read(text, language).imports
    ] == imports


@pytest.mark.parametrize(
    ("text", "language", "calls"),
    [
        (GO, "go", ["11 F x.Do", "11 F a.B", "12 F New", "13 F c.Run().Then", "13 F c.Run"]),
        (
            TYPESCRIPT,
            "typescript",
            ["5 Y.go this.x.run", "8  require", "9  require", "10  K.L", "11  n.f().g", "11  n.f"],
        ),
        (RUST, "rust", ["5 f A.new", "6 f c.run().stop", "6 f c.run", "7 f a.b"]),
        (JAVA, "java", ["7 M.r C", "8 M.r c.go().stop", "8 M.r c.go", "9 M.r D.e"]),
        (CPP, "cpp", ["6 f A.b", "7 f p.d", "8 f E"]),
    ],
)
def test_calls_have_their_line_and_scope(text: str, language: str, calls: list[str]) -> None:
    assert [f"{one.start} {one.scope} {one.name}" for one in read(text, language).references] == calls


@pytest.mark.parametrize(
    ("text", "language", "exports", "names"),
    [
        (GO, "go", ("A", "C", "F", "T"), ("A", "b", "C")),
        (TYPESCRIPT, "typescript", ("X", "Y", "q", "s", "default"), ("X", "v", "k", "j")),
        ("module.exports = { a, b: 2 };\nexports.t = 1;", "javascript", ("a", "b", "t"), ()),
        (RUST, "rust", ("R", "f", "S", "K"), ("K",)),
        (JAVA, "java", ("M",), ()),
        (CPP, "cpp", (), ("x",)),
    ],
)
def test_exports_and_names(
    text: str, language: str, exports: tuple[str, ...], names: tuple[str, ...]
) -> None:
    found = read(text, language)
    assert (found.exports, found.names) == (exports, names)


def test_variables_that_a_call_gives() -> None:
    sources = {"go": GO, "typescript": TYPESCRIPT, "rust": RUST, "java": JAVA, "cpp": CPP}
    bound = {
        language: [(one.name, one.value) for one in read(text, language).bindings]
        for language, text in sources.items()
    }
    assert bound == {
        "go": [("c", "New")],
        "typescript": [("k", "K.L"), ("j", "n.f().g"), ("default", "k")],
        "rust": [("c", "A.new")],
        "java": [("c", "C"), ("c", "C")],  # by its type, and by what makes it
        "cpp": [("z", "E")],
    }


def test_snippets_of_documents_are_read() -> None:
    found = document_facts(
        "README.md", "markdown", '# A\n\n```ts\nimport { z } from "zod";\n\nz.string();\n```\n'
    ).snippets
    assert [(one.line, one.module, one.alias) for one in found[0].imports] == [(4, "zod", "z")]
    assert [(one.start, one.name) for one in found[0].references] == [(6, "z.string")]


@pytest.mark.parametrize("language", sorted(GRAMMARS))
@pytest.mark.parametrize(
    "unit", ["a.b(", "a().", "f(x);\n", "import ", "{", "use a::{", "export ", '"', "let x = "]
)
def test_odd_code_is_read_in_linear_time(language: str, unit: str) -> None:
    found = tree_code(unit * 2_000, language)
    assert all(len(one.name) <= 500 and len(one.text) <= 200 for one in found.references)


@pytest.mark.parametrize(
    ("path", "text", "said"),
    [
        ("a.ts", "// wrappers\nexport function wrap() {}\n", None),
        ("a.ts", "// ---- base methods ----\nexport function wrap() {}\n", None),
        ("a.ts", "/** Wraps. */\nexport function wrap() {}\n", "Wraps."),
        ("a.ts", "/**\n * Wraps it.\n */\nexport function wrap() {}\n", "Wraps it."),
        ("a.ts", "// Wraps what it is given.\nexport function wrap() {}\n", "Wraps what it is given."),
        ("a.rs", "/// Wraps.\n#[inline]\npub fn wrap() {}\n", "Wraps."),
        ("a.go", "package a\n\n// wrap wraps.\nfunc wrap() {}\n", "wrap wraps."),
        ("a.go", "package a\n\n// helpers\nfunc wrap() {}\n", None),
    ],
)
def test_a_section_s_comment_documents_nothing(path: str, text: str, said: str | None) -> None:
    assert facts_of({path: text})[path].symbols[0].docstring == said
