"""The tests of the languages that tree-sitter reads, as passages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from codebase_gardener.knowledge.links.passages import title_of
from codebase_gardener.knowledge.links.uses import Passage, Use
from codebase_gardener.knowledge.sources.file_facts import FileFacts
from codebase_gardener.languages.rows import Family
from codebase_gardener.languages.symbols import Symbol
from codebase_gardener.languages.table import FAMILIES, family_of

__all__ = ["tree_tests"]


def tree_tests(facts: FileFacts, uses: Sequence[Use], area: str) -> Iterator[Passage]:
    """One passage a test of a file: a test function, or a call with a title, `test("title", …)`."""
    family = FAMILIES[family_of(facts.language)]
    if area != "tests" and not family.tests_anywhere:
        return
    for symbol in facts.symbols:
        if symbol.kind in ("function", "method") and _is_test(symbol, family):
            shown = "example" if family.example.match(symbol.name) else "test"
            inside = _within(uses, symbol.start, symbol.end)
            name = symbol.qualified_name
            yield Passage(symbol.path, symbol.start, symbol.end, title_of(symbol), shown, name, inside)
    for reference in facts.references if family.titled else ():
        titled = family.title.match(reference.text) if reference.name in family.titled else None
        if titled is not None:
            title = next(filter(None, titled.groups()))
            inside = _within(uses, reference.start, reference.end)
            yield Passage(facts.path, reference.start, reference.end, title, "test", "", inside)


def _is_test(symbol: Symbol, family: Family) -> bool:
    marks = " ".join([*(f"@{name}" for name in symbol.decorators), symbol.name])
    return any(family.test.match(mark) for mark in marks.split(" "))


def _within(uses: Sequence[Use], start: int, end: int) -> tuple[Use, ...]:
    return tuple(use for use in uses if start <= use.start and use.end <= end)
