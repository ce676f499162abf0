from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codebase_gardener.languages.engine import symbols as module
from codebase_gardener.languages.engine.nodes import plain_name
from codebase_gardener.languages.reading import symbols_of
from codebase_gardener.languages.symbols import SymbolTable
from codebase_gardener.languages.table import GRAMMARS
from codebase_gardener.utils.anchors import split_lines
from languages.test_c import SYMBOLS as CPP
from languages.test_c import SYMBOLS_C as C
from languages.test_go import SYMBOLS as GO
from languages.test_java import SYMBOLS as JAVA
from languages.test_javascript import SYMBOLS as TYPESCRIPT
from languages.test_rust import SYMBOLS as RUST

SOURCES = {"go": GO, "typescript": TYPESCRIPT, "rust": RUST, "java": JAVA, "c": C, "cpp": CPP}


def table(text: str, language: str) -> SymbolTable:
    return symbols_of("a", text, language)


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
    assert table("puts 1", "lua") == SymbolTable(())


def test_grammars_are_loaded_when_needed_only() -> None:
    import subprocess

    code = (
        "import sys;"
        "from codebase_gardener.languages.reading import symbols_of as e;"
        "e('a', 'x=1', 'python'); print([m for m in sys.modules if m.startswith('tree_sitter')])"
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
