"""How much sound prose the check of a writer lets through, and how much invention it stops.

    python benchmarks/wiki_prose.py SOURCE [SOURCE…]

Sound prose: the first paragraph of each docstring, as its authors wrote it, judged against the repository's names
and the code below the docstring (never the docstring itself). Paragraphs that are no prose for a page by their form
(no full stop, addresses, reStructuredText roles, tables) are left out. Target: at least 80 % pass; authors name
figures, such as statuses, that the code below does not hold, and a model may not.

Invention: behind each paragraph that passes comes one thing that is not there: a name that is changed at its end, a
number, a quotation, an anchor, a link. Target: each kind is stopped every time.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator

from codebase_gardener.knowledge.extraction import extract
from codebase_gardener.knowledge.sources.repository_facts import RepositoryFacts
from codebase_gardener.knowledge.writers.prose_check import Allowed, check_prose
from codebase_gardener.knowledge.writers.prose_pages import repository_names
from codebase_gardener.languages.symbols import Symbol
from codebase_gardener.repository.snapshot import take_snapshot

TARGET = 0.8
FORM = {"unfinished", "markup", "control character", "length"}

INVENTIONS: dict[str, Callable[[Symbol], str]] = {
    "name in code marks": lambda symbol: f" See `{_changed(symbol.name)}`.",
    "dotted name": lambda symbol: f" See {symbol.qualified_name}.{_changed(symbol.name)}.",
    "CamelCase name": lambda symbol: f" See {symbol.name.title().replace('_', '')}ZqxFactory.",
    "number": lambda symbol: f" It takes {symbol.end * 7919 + 104_729} steps.",
    "quotation": lambda symbol: f' It says "{symbol.name} is zqx".',
    "anchor": lambda symbol: f" See `{symbol.path}:L{symbol.start + 1}-{symbol.end + 1}`.",
    "wiki link": lambda symbol: f" See [[step::Principle:{symbol.name}]].",
    "address": lambda symbol: f" See https://example.org/{symbol.name}.",
}


def main() -> int:
    missed = 0
    for source in sys.argv[1:]:
        missed += not _measured(source)
    return 1 if missed else 0


def _measured(source: str) -> bool:
    snapshot = take_snapshot(source)
    repository = RepositoryFacts("x_y", snapshot, {file.path: extract(file) for file in snapshot.files})
    started = time.perf_counter()
    names = repository_names(repository)
    names_s = time.perf_counter() - started
    judged, passed, why = 0, [], Counter[str]()
    started = time.perf_counter()
    for symbol, text in _paragraphs(repository):
        allowed = _allowed(repository, symbol, names)
        kinds = [problem.kind for problem in check_prose(text, allowed)]
        if set(kinds) & FORM:
            continue
        judged += 1
        why.update(kinds[:1])
        if not kinds:
            passed.append((symbol, text, allowed))
    each_ms = (time.perf_counter() - started) / max(1, judged) * 1000
    share = len(passed) / max(1, judged)
    print(f"{source}: {len(names):,} names in {names_s:.2f} s; {each_ms:.1f} ms a paragraph")
    print(
        f"  sound prose: {len(passed)} of {judged} pass ({share:.0%}); refused for {dict(why.most_common())}"
    )
    stopped = {
        kind: sum(bool(check_prose(text + make(symbol), allowed)) for symbol, text, allowed in passed)
        for kind, make in INVENTIONS.items()
    }
    for kind, count in stopped.items():
        print(f"  invented {kind}: {count} of {len(passed)} stopped")
    return share >= TARGET and set(stopped.values()) == {len(passed)}


def _paragraphs(repository: RepositoryFacts) -> Iterator[tuple[Symbol, str]]:
    for symbol in repository.symbols.values():
        text = " ".join((symbol.docstring or "").split("\n\n")[0].split())
        if len(text) > 40 and repository.areas[symbol.path] == "package":
            yield symbol, text


def _allowed(repository: RepositoryFacts, symbol: Symbol, names: frozenset[str]) -> Allowed:
    head = repository.lines(symbol.path, symbol.definition_line, symbol.definition_line)
    body = repository.lines(symbol.path, symbol.body_start, symbol.end)[:40] if symbol.body_start else []
    return Allowed(names, (symbol.qualified_name, symbol.path, symbol.signature, *head, *body))


def _changed(name: str) -> str:
    return f"{name[:-1]}zqx"


if __name__ == "__main__":
    sys.exit(main())
