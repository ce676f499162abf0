"""Parameters, types and defaults from the text of signatures."""

# ruff: noqa: E501 - sources of one line each

from __future__ import annotations

import pytest

from codebase_gardener.languages.engine.symbols import tree_symbols
from codebase_gardener.languages.signatures import receiver_of, typed_parameters
from codebase_gardener.languages.symbols import Symbol, TypedName

CASES = {
    ("go", "func F(a, b int, f func(x int) error, m map[string]int, opts ...string) (int, error) {}"): [
        ("a", "int", "", True), ("b", "int", "", True), ("f", "func(x int) error", "", True),
        ("m", "map[string]int", "", True), ("...opts", "string", "", False),
    ],
    ("go", "func (s *Server) Run(string, int) {}"): [],
    ("go", "func G[T any, U comparable](x T) {}"): [("x", "T", "", True)],
    ("typescript", "function f<T extends (x: number) => void>(a: T, b?: { c: string, d: number }, e = g(1, 2), ...r: T[]) {}"): [
        ("a", "T", "", True), ("b", "{ c: string, d: number }", "", False), ("e", "", "g(1, 2)", False),
        ("...r", "T[]", "", False),
    ],
    ("typescript", "const h = async (cb: (e: Error) => void, { a, b }: P = {}): Promise<void> => {}"): [
        ("cb", "(e: Error) => void", "", True), ("{ a, b }", "P", "{}", False),
    ],
    ("javascript", "function k(s = 'a, b', t = `x(`) {}"): [("s", "", "'a, b'", False), ("t", "", "`x(`", False)],
    ("rust", "pub fn f<'a, F: Fn(u8) -> u8>(&self, mut x: &'a mut Vec<(u8, u8)>, g: F) -> Result<a::B, C> {}"): [
        ("x", "&'a mut Vec<(u8, u8)>", "", True), ("g", "F", "", True),
    ],
    ("java", "class A { public <T> void m(@N(1) final Map<String, T> a, int... b) {} }"): [
        ("a", "Map<String, T>", "", True), ("...b", "int", "", False),
    ],
    ("c", "int f(const char *s, int n[3], void (*cb)(int, int), ...) {}"): [
        ("s", "const char *", "", True), ("n", "int [3]", "", True), ("cb", "void (*)(int, int)", "", True),
        ("...", "", "", False),
    ],
    ("c", "int f(void) {}"): [],
    ("cpp", 'int A::f(const std::map<int, B>& m, int n = g(1, 2), std::string s = "a,b") {}'): [
        ("m", "const std::map<int, B>&", "", True), ("n", "int", "g(1, 2)", False), ("s", "std::string", '"a,b"', False),
    ],
}  # fmt: skip


def symbol_of(language: str, source: str) -> Symbol:
    return tree_symbols("a", source, language).symbols[-1]


@pytest.mark.parametrize(("language", "source"), CASES)
def test_parameters(language: str, source: str) -> None:
    found = typed_parameters(symbol_of(language, source))
    assert list(found) == [TypedName(*row) for row in CASES[language, source]]


def test_the_receiver_of_a_method_of_go() -> None:
    assert receiver_of(symbol_of("go", "func (c *Command) Run() {}")) == TypedName("c", "*Command")
    assert receiver_of(symbol_of("go", "func (Command) Run() {}")) is None
    assert receiver_of(symbol_of("go", "func Run() {}")) is None


@pytest.mark.parametrize(
    "signature", ["f(" * 3000, "f(a: " + "<" * 9000, "f(" + "a=" * 9000 + ")", "f(" + "'" * 9001]
)
def test_a_signature_that_never_ends(signature: str) -> None:
    symbol = Symbol("a", "f", "function", "typescript", 1, 1, 1, 0, signature, None)
    assert len(typed_parameters(symbol)) <= 1
