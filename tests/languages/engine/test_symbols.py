from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codebase_gardener.languages.engine import symbols as module
from codebase_gardener.languages.engine.nodes import plain_name
from codebase_gardener.languages.symbols import Symbol, SymbolTable
from codebase_gardener.languages.table import GRAMMARS
from codebase_gardener.repository.extraction import extract_symbols
from codebase_gardener.repository.snapshot import SourceFile
from codebase_gardener.utils.anchors import split_lines

GO = """\
package main

// Add adds.
//
// It is exact.
//go:noinline
func Add(a, b int, rest ...string) (int, error) {
	// first
	return a + b, nil
}

func (s *Store[K]) Get(key string) error {
	return nil
}

type Store[K any] struct {
	x int
}

type (
	// Reader reads.
	Reader interface {
		Read() int
	}
	ID = string
)
"""

TYPESCRIPT = """\
/**
 * A service.
 * @public
 */
@Injectable()
export class Service<T> extends Base implements A, B {
  @Input() name = 1;
  @log()
  async run(a: number, b?: string, ...rest: any[]): Promise<void> {
    return
  }
  handler = (event: Event) => {
    return
  }
  #hidden() {
    return 1
  }
}

// Doubles.
export const twice = (x: number): number => {
  return x * 2
}

const one = x => x + 1, two = function (y) {
  return y
}

export default async function main() {
  function inner() {
    return 1
  }
}

export interface Shape extends Base { area(): number }
export type Id = string | number
enum Color { Red }
namespace Deep {
  export function f() {
    return 1
  }
}
function overloaded(a: string): void;
function overloaded(a: any) {
  return
}
"""

RUST = """\
/// A point.
#[derive(Debug, Clone)]
pub struct Point<T> {
    x: T,
}

impl<T> Shape for Point<T> {
    /// Its area.
    #[inline]
    pub fn area(&self, mut scale: f64) -> f64 {
        0.0
    }
}

pub trait Shape {
    fn area(&self) -> f64;
    fn name(&self) -> String {
        String::new()
    }
}

enum Kind { A }
mod inner {
    pub fn helper() {
        1
    }
}
"""

JAVA = """\
package a;

/** A store. */
@Entity
public class Store<T> extends Base implements A, B {
    /** Reads. */
    @Override
    public int read(final String key, int... rest) throws IOException {
        return 1;
    }
    Store(int x) {
        this.x = x;
    }
    interface Inner { void f(); }
}
"""

C = """\
#include <stdio.h>

/* Adds. */
static inline int add(int a, const char *b[])
{
    return a;
}

struct point {
    int x;
};

typedef struct {
    int y;
} pair;

struct point *make(struct point *p, void (*callback)(int)) {
    return p;
}

int declared(void);
"""

CPP = """\
// A box.
template <typename T>
class Box : public Base, Other {
 public:
  Box(int x) : x_(x) {
    y = 1;
  }
  int get(const T &key, int n = 1) const {
    return 1;
  }
};

namespace deep {
int Box::size(int x) {
  return 1;
}
}  // namespace deep

bool operator==(const Box &a, const Box &b) {
  return true;
}
"""

SOURCES = {"go": GO, "typescript": TYPESCRIPT, "rust": RUST, "java": JAVA, "c": C, "cpp": CPP}

EXPECTED = {
    "go": [
        ("Add", "function", 7, 10), ("Store.Get", "method", 12, 14), ("Store", "type", 16, 18),
        ("Reader", "interface", 22, 24), ("ID", "type", 25, 25),
    ],
    "typescript": [
        ("Service", "class", 5, 18), ("Service.run", "method", 8, 11), ("Service.handler", "method", 12, 14),
        ("Service.#hidden", "method", 15, 17), ("twice", "function", 21, 23), ("one", "function", 25, 25),
        ("two", "function", 25, 27), ("main", "function", 29, 33), ("main.inner", "function", 30, 32),
        ("Shape", "interface", 35, 35), ("Id", "type", 36, 36), ("Color", "type", 37, 37),
        ("Deep.f", "function", 39, 41), ("overloaded", "function", 44, 46),
    ],
    "rust": [
        ("Point", "type", 2, 5), ("Point.area", "method", 9, 12), ("Shape", "interface", 15, 20),
        ("Shape.name", "method", 17, 19), ("Kind", "type", 22, 22), ("inner.helper", "function", 24, 26),
    ],
    "java": [
        ("Store", "class", 4, 15), ("Store.read", "method", 7, 10), ("Store.Store", "method", 11, 13),
        ("Store.Inner", "interface", 14, 14),
    ],
    "c": [("add", "function", 4, 7), ("point", "type", 9, 11), ("pair", "type", 13, 15), ("make", "function", 17, 19)],
    "cpp": [
        ("Box", "class", 2, 11), ("Box.Box", "method", 5, 7), ("Box.get", "method", 8, 10),
        ("deep.Box.size", "method", 14, 16), ("operator==", "function", 19, 21),
    ],
}  # fmt: skip


def table(text: str, language: str) -> SymbolTable:
    return extract_symbols(SourceFile("a", language, "", text))


def symbols(language: str) -> dict[str, Symbol]:
    return {symbol.qualified_name: symbol for symbol in table(SOURCES[language], language).symbols}


@pytest.mark.parametrize("language", SOURCES)
def test_what_is_found_and_where(language: str) -> None:
    found = table(SOURCES[language], language)
    assert found.problem is None
    assert [(s.qualified_name, s.kind, s.start, s.end) for s in found.symbols] == EXPECTED[language]
    assert {s.language for s in found.symbols} == {language}


@pytest.mark.parametrize("language", SOURCES)
def test_bodies_begin_after_the_brace_and_end_with_it(language: str) -> None:
    lines = split_lines(SOURCES[language])
    for symbol in table(SOURCES[language], language).symbols:
        if symbol.body_start:
            assert lines[symbol.body_start - 2].rstrip().endswith("{")
            assert lines[symbol.end - 1].strip().startswith("}")
            assert symbol.start <= symbol.definition_line < symbol.body_start <= symbol.end
        else:
            assert symbol.end in (symbol.start, symbol.definition_line)


def test_go() -> None:
    found = symbols("go")
    add = found["Add"]
    assert add.signature == "func Add(a, b int, rest ...string) (int, error)"
    assert (add.docstring, add.body_start) == ("Add adds.\n\nIt is exact.", 8)
    assert (add.parameters, add.returns) == (("a", "b", "...rest"), "(int, error)")
    assert found["Store.Get"].signature == "func (s *Store[K]) Get(key string) error"
    assert found["Store"].signature == "type Store[K any] struct"
    assert (found["Reader"].docstring, found["Reader"].body_start) == ("Reader reads.", 23)


def test_typescript() -> None:
    found = symbols("typescript")
    service, run = found["Service"], found["Service.run"]
    assert service.signature == "export class Service<T> extends Base implements A, B"
    assert (service.docstring, service.definition_line, service.body_start) == ("A service.\n@public", 6, 7)
    assert (service.bases, service.decorators) == (("Base", "A", "B"), ("Injectable()",))
    assert run.signature == "async run(a: number, b?: string, ...rest: any[]): Promise<void>"
    assert (run.parameters, run.returns, run.decorators) == (
        ("a", "b", "...rest"),
        "Promise<void>",
        ("log()",),
    )
    assert found["twice"].signature == "export const twice = (x: number): number =>"
    assert (found["twice"].docstring, found["twice"].body_start) == ("Doubles.", 22)
    assert (found["one"].parameters, found["one"].body_start) == (("x",), 0)
    assert (found["two"].parameters, found["two"].body_start) == (("y",), 26)
    assert not found["Service.#hidden"].public and found["Service.run"].public
    assert found["Shape"].bases == ("Base",)


def test_rust() -> None:
    found = symbols("rust")
    point, area = found["Point"], found["Point.area"]
    assert (point.signature, point.docstring) == ("pub struct Point<T>", "A point.")
    assert (point.decorators, point.definition_line) == (("derive(Debug, Clone)",), 3)
    assert area.signature == "pub fn area(&self, mut scale: f64) -> f64"
    assert (area.parameters, area.returns, area.docstring) == (("scale",), "f64", "Its area.")


def test_java() -> None:
    found = symbols("java")
    store, read = found["Store"], found["Store.read"]
    assert (store.bases, store.docstring, store.decorators) == (("Base", "A", "B"), "A store.", ("Entity",))
    assert read.signature == "public int read(final String key, int... rest) throws IOException"
    assert (read.parameters, read.returns, read.definition_line) == (("key", "...rest"), "int", 8)


def test_c_and_cpp() -> None:
    found = symbols("c")
    assert (found["add"].signature, found["add"].docstring) == (
        "static inline int add(int a, const char *b[])",
        "Adds.",
    )
    assert (found["add"].parameters, found["add"].body_start) == (("a", "b"), 6)
    assert (found["make"].parameters, found["make"].returns) == (("p", "callback"), "struct point *")
    box = symbols("cpp")
    assert (box["Box"].bases, box["Box"].docstring) == (("Base", "Other"), "A box.")
    assert box["Box"].signature == "template <typename T> class Box : public Base, Other"
    assert box["Box.get"].parameters == ("key", "n")


@pytest.mark.parametrize("language", GRAMMARS)
def test_every_grammar_loads_and_takes_nonsense(language: str) -> None:
    assert table("", language) == SymbolTable(())
    broken = table(")}{(((\0 'é\n" * 3, language)
    assert isinstance(broken, SymbolTable)


def test_damage_costs_only_what_it_touches() -> None:
    found = table("func A() {\n\treturn 1\n}\n\nfunc B( {\n\n}\n\nfunc C() {\n\treturn 1\n}\n", "go")
    assert "A" in [symbol.name for symbol in found.symbols]
    assert found.problem is not None and found.problem.startswith("syntax error at line 5")


@pytest.mark.parametrize(
    "text", ["x=" + "[" * 100_000 + "]" * 100_000, "function f(){" * 3000 + "}" * 3000, "`${" * 5000]
)
def test_deep_nesting_does_not_crash(text: str) -> None:
    found = table(text, "javascript")
    assert len(found.symbols) <= module.MAX_DEPTH


def test_a_parse_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PARSE_TIMEOUT_S", 0.0)
    found = table("func f() { return 1 }\n" * 20_000, "go")
    assert found.problem is not None and "kept as text" in found.problem


def test_a_language_without_a_grammar_has_no_symbols_and_no_problem() -> None:
    assert table("puts 1", "ruby") == SymbolTable(())


def test_grammars_are_loaded_when_needed_only() -> None:
    import subprocess

    code = (
        "import sys; from codebase_gardener.repository.snapshot import SourceFile;"
        "from codebase_gardener.repository.extraction import extract_symbols as e;"
        "e(SourceFile('a','python','','x=1')); print([m for m in sys.modules if m.startswith('tree_sitter')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_lines_are_counted_in_text_with_other_letters() -> None:
    found = table('// Größe — 日本\n\nfunc Ä() {\n\tx := "é\u2028"\n}\n', "go").symbols
    assert [(s.name, s.start, s.end, s.body_start) for s in found] == [("Ä", 3, 5, 4)]


@given(
    st.lists(st.sampled_from(list(SOURCES)), min_size=1, max_size=1), st.integers(0, 3), st.integers(0, 2000)
)
def test_cut_sources_never_raise(languages: list[str], blank_lines: int, cut: int) -> None:
    language = languages[0]
    text = "\n" * blank_lines + SOURCES[language][:cut]
    lines = split_lines(text)
    for symbol in table(text, language).symbols:
        assert 1 <= symbol.start <= symbol.definition_line <= symbol.end <= len(lines)
        assert symbol.name.split(".")[-1].lstrip("#") in "\n".join(lines[symbol.start - 1 : symbol.end])


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Box<A, B<C>>::get", "Box.get"), ("a :: b", "a.b"), ("::f", "f"), ("Box<void(int)>\n  ::f", "Box.f"),
        ("operator bool", "operator bool"), ("A<T>::operator->", "A.operator->"), ("operators", "operators"),
        ("'quoted'", "quoted"), ("~Box", "~Box"), ("#private", "#private"),
    ],
)  # fmt: skip
def test_plain_names(text: str, name: str) -> None:
    assert plain_name(text) == name
