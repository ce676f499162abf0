"""Passages: the runs of code that authors show or run as one, with what they use."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from codebase_gardener.documents.facts import Heading, whole_title
from codebase_gardener.documents.sentences import first_sentence
from codebase_gardener.knowledge.links.uses import Passage, Use
from codebase_gardener.knowledge.sources.file_facts import FileFacts
from codebase_gardener.languages.symbols import Symbol
from codebase_gardener.languages.table import FAMILIES, LANGUAGES, family_of, is_test
from codebase_gardener.repository.areas import is_in_material
from codebase_gardener.utils.identifiers import identifier_words

__all__ = [
    "docstring_passage",
    "document_passages",
    "example_passages",
    "family_test_passages",
    "notebook_passage",
    "test_passages",
    "title_of",
]

SHORT_DOCUMENT_LINES = 400
"""A document up to this length is one passage as well as one per section."""
MIN_USES = 2
"""Uses that make a function of an example a passage of its own."""

_SETUP = frozenset({"setup", "setUp", "setup_method", "setup_class", "setUpClass", "asyncSetUp"})
_GENERAL = re.compile(r".*\d|(?:app|run|train|demo|example|script|utils|cli|tutorial|test|base)\Z")
MAX_TITLE = 200
"""Characters."""


def document_passages(
    facts: FileFacts, uses: Sequence[Use], area: str, languages: frozenset[str]
) -> Iterator[Passage]:
    """One passage a section with code in one of the languages, and one for the whole of a short document."""
    blocks = [snippet for snippet in facts.snippets if snippet.language in languages]
    title = _document_title(facts)
    sections: dict[Heading | None, list[tuple[int, int]]] = defaultdict(list)
    for block in blocks:
        sections[_innermost(facts.headings, block.start)].append((block.start, block.end))
    made = []
    for heading, ranges in sections.items():
        found = [use for use in uses if any(start <= use.start <= end for start, end in ranges)]
        name = title
        if heading is not None and heading.title != title:
            name = f"{title}: {heading.title}" if whole_title(facts.headings) else heading.title
        start, end = ranges[0][0], ranges[-1][1]
        made.append(Passage(facts.path, start, end, name, area, "", tuple(found)))
    if len(made) > 1 and facts.lines <= SHORT_DOCUMENT_LINES:
        yield Passage(facts.path, 1, facts.lines, title, area, "", tuple(uses))
    yield from made


def notebook_passage(facts: FileFacts, uses: Sequence[Use]) -> Passage:
    """One for the whole."""
    return Passage(facts.path, 1, facts.lines, _document_title(facts), "example", "", tuple(uses))


def example_passages(facts: FileFacts, uses: Sequence[Use]) -> Iterator[Passage]:
    """One for the file, and one for each of its functions that uses enough, where there are several."""
    title = facts.purpose.rstrip(".") or _named_after(facts.path)
    yield Passage(facts.path, 1, max(facts.lines, 1), title, "example", "", tuple(uses))
    functions = [symbol for symbol in facts.symbols if "." not in symbol.qualified_name]
    for symbol in functions:
        inside = [use for use in uses if _within(use.scope, symbol.qualified_name)]
        if symbol.kind == "function" and len(inside) >= MIN_USES and len(inside) < len(uses):
            name = f"{title}: {title_of(symbol)}"
            yield _of_symbol(symbol, name, "example", inside)


def test_passages(
    facts: FileFacts, uses: Sequence[Use], helpers: Sequence[Use], package: frozenset[str]
) -> Iterator[Passage]:
    """One a test (or part of one that several files share, `_test_x`), with the helpers and fixtures of its file.

    Args:
        facts: Of the file.
        uses: What the file uses of the package and from outside.
        helpers: What it uses of its own.
        package: Files of the package: helpers without a use of it are left out.
    """
    by_scope: dict[str, list[Use]] = defaultdict(list)
    calls: dict[str, list[Use]] = defaultdict(list)
    for use in uses:
        by_scope[use.scope].append(use)
    for use in helpers:
        calls[use.scope].append(use)
    symbols = {symbol.qualified_name: symbol for symbol in facts.symbols}
    nested = _nested(symbols)
    for symbol in facts.symbols:
        if not is_test(symbol):
            continue
        scopes = [symbol.qualified_name, *nested.get(symbol.qualified_name, ())]
        own = [use for scope in scopes for use in by_scope.get(scope, ())]
        called = [use for scope in scopes for use in calls.get(scope, ())]
        prepared = _prepared(symbol, symbols)
        inserted = [(0, part) for name in prepared for part in by_scope.get(name, ())]
        inserted += [
            (0, part)
            for name in prepared
            for use in calls.get(name, ())
            for part in by_scope.get(use.target.name, ())
        ]
        inserted += [(use.end, part) for use in called for part in by_scope.get(use.target.name, ())]
        rows = [*_useful(inserted, package), *((use.end, use) for use in own)]
        found = [use for _, use in sorted(rows, key=lambda row: row[0])]
        yield _of_symbol(symbol, title_of(symbol), "test", found)


def family_test_passages(
    facts: FileFacts, uses: Sequence[Use], area: str, helped: Sequence[tuple[Use, Sequence[Use]]] = ()
) -> Iterator[Passage]:
    """In other languages: one a test function, one a call with a title, `test("title", …)`, and what else is tests.

    A file of tests without any may be a script that is one test; one that tests only start is none.

    Args:
        facts: Of the file.
        uses: What it uses of the package and from outside.
        area: Of the file.
        helped: Its calls of the tests' own functions, each with what it uses of the package through them.
    """
    family = FAMILIES[family_of(facts.language)]
    if area != "tests" and not family.tests_anywhere:
        return
    tests = 0
    for symbol in filter(is_test, facts.symbols):
        tests += 1
        shown = "example" if LANGUAGES[symbol.language].example.match(symbol.name) else "test"
        inside = _with_helpers(uses, helped, symbol.start, symbol.end)
        yield _of_symbol(symbol, title_of(symbol), shown, inside)
    for start, end, title in facts.tests:
        tests += 1
        if title:
            inside = _with_helpers(uses, helped, start, end)
            yield Passage(facts.path, start, end, _words(title), "test", "", inside)
    for reference in facts.references if family.titled else ():
        titled = family.title.match(reference.text) if reference.name in family.titled else None
        if titled is not None:
            tests += 1
            title = next(filter(None, titled.groups()))
            inside = _with_helpers(uses, helped, reference.start, reference.end)
            yield Passage(facts.path, reference.start, reference.end, title, "test", "", inside)
    is_script = family.test_scripts and not tests and not facts.exports and not is_in_material(facts.path)
    if is_script and any(use.kind == "call" and not use.scope for use in uses):
        yield Passage(facts.path, 1, max(facts.lines, 1), _named_after(facts.path), "test", "", tuple(uses))


def docstring_passage(facts: FileFacts, name: str, uses: Sequence[Use]) -> Passage:
    """The examples of one docstring: of a definition by its qualified name, of the file without one."""
    title = name or facts.purpose.rstrip(".") or _named_after(facts.path)
    return Passage(facts.path, uses[0].start, uses[-1].end, title, "docstring", name, tuple(uses))


def title_of(symbol: Symbol) -> str:
    """Of a test: the first sentence of its docstring, else its name in words."""
    if symbol.docstring:
        return first_sentence(symbol.docstring, MAX_TITLE).rstrip(".")
    plain = symbol.name.lstrip("_")
    return _words(LANGUAGES[symbol.language].test_word.sub("", plain, count=1) or plain)


def _of_symbol(symbol: Symbol, title: str, area: str, uses: Sequence[Use]) -> Passage:
    return Passage(symbol.path, symbol.start, symbol.end, title, area, symbol.qualified_name, tuple(uses))


def _on_lines(uses: Sequence[Use], start: int, end: int) -> tuple[Use, ...]:
    return tuple(use for use in uses if start <= use.start and use.end <= end)


def _with_helpers(
    uses: Sequence[Use], helped: Sequence[tuple[Use, Sequence[Use]]], start: int, end: int
) -> tuple[Use, ...]:
    """What lines use themselves, and through the functions that they call."""
    own = _on_lines(uses, start, end)
    rows = [
        (call.end, one)
        for call, inside in helped
        if start <= call.start and call.end <= end
        for one in inside
        if one not in own
    ]
    if not rows:
        return own
    return tuple(use for _, use in sorted([*rows, *((use.end, use) for use in own)], key=lambda row: row[0]))


def _useful(inserted: list[tuple[int, Use]], package: frozenset[str]) -> list[tuple[int, Use]]:
    return inserted if any(use.target.path in package for _, use in inserted) else []


def _prepared(symbol: Symbol, symbols: dict[str, Symbol]) -> list[str]:
    """What runs before a test: its class's setup, the fixtures it names, and those that these name."""
    owner = symbol.qualified_name.rpartition(".")[0]
    names = [f"{owner}.{name}" for name in sorted(_SETUP) if f"{owner}.{name}" in symbols] if owner else []
    pending = list(symbol.parameters)
    while pending:
        parameter = pending.pop(0)
        for name in (f"{owner}.{parameter}", parameter):
            found = symbols.get(name)
            if found is not None and any("fixture" in text for text in found.decorators):
                if name not in names:
                    names.append(name)
                    pending += found.parameters
                break
    return names


def _nested(symbols: Iterable[str]) -> dict[str, list[str]]:
    """Definitions inside others, by the outer one."""
    found: dict[str, list[str]] = defaultdict(list)
    for name in symbols:
        outer = name.rpartition(".")[0]
        while outer:
            found[outer].append(name)
            outer = outer.rpartition(".")[0]
    return found


def _innermost(headings: Sequence[Heading], line: int) -> Heading | None:
    inside = [heading for heading in headings if heading.start <= line <= heading.end]
    return max(inside, key=lambda heading: (heading.start, heading.level), default=None)


def _document_title(facts: FileFacts) -> str:
    return whole_title(facts.headings) or _words(_stem(facts.path))


def _within(scope: str, outer: str) -> bool:
    return scope == outer or scope.startswith(outer + ".")


def _named_after(path: str) -> str:
    """The file's name in words; before a numbered or general one the folder's."""
    stem = _stem(path)
    folder = path.rpartition("/")[0].rpartition("/")[2]
    general = _GENERAL.match(stem) and folder and folder != stem
    return f"{_words(folder)}: {_words(stem).lower()}" if general else _words(stem)


def _stem(path: str) -> str:
    stem = path.rpartition("/")[2].rpartition(".")[0]
    return path.split("/")[-2] if stem in ("__init__", "__main__", "main", "index") and "/" in path else stem


def _words(name: str) -> str:
    """A name as words: "loadAdapter_twice" becomes "Load adapter twice"."""
    words = " ".join(identifier_words(name)) or name
    return words[:1].upper() + words[1:]
