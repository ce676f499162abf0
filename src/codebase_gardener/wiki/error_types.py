"""Which of a repository's errors is meant by what goes wrong: by their names, docs and code."""

from __future__ import annotations

from collections.abc import Iterator

from codebase_gardener.knowledge.answers.graph import Graph
from codebase_gardener.knowledge.answers.graph_rows import DefinedName, Raised, plain_name
from codebase_gardener.knowledge.answers.lines import GraphLine
from codebase_gardener.languages.symbols import TYPES
from codebase_gardener.retrieval.stems import stems
from codebase_gardener.utils.anchors import Anchor
from codebase_gardener.wiki.ranking import question_stems
from codebase_gardener.wiki.search import WikiIndex
from codebase_gardener.wiki.synonyms import had

__all__ = ["error_lines"]

_MOST = 3
_OWN_WORD = 2  # of an error's name and docstring, beside one of its code
_ERRORS = frozenset(stems("error exception"))
_ENDINGS = ("error", "exception")


def error_lines(graph: Graph, index: WikiIndex, wrong: str) -> list[GraphLine]:
    """The errors that most speak of what goes wrong, at most three, each with its line that says so.

    Those that users can name come first; what is deprecated comes last.

    Args:
        graph: Of the repository.
        index: Of its code.
        wrong: What goes wrong, in plain words.
    """
    asked = question_stems(wrong).keys() - _ERRORS
    found = []
    for row in _types(graph) if asked else ():
        pieces = list(_pieces(graph, index, row))
        words = had(asked, {word for text, _, _ in pieces for word in stems(text)})
        own = had(asked, set(stems(f"{row.name} {row.says}")))
        if len(words) == len(asked) or 2 * len(own) >= len(asked):
            is_old = any("deprecated" in change.lower() for change in row.changes)
            fit = len(words) + _OWN_WORD * len(own)
            found.append((is_old, not row.public, -fit, row.name, row, pieces))
    best = min((one[:3] for one in found), default=None)
    lines: list[GraphLine] = []
    for *rank, _, row, pieces in sorted(found, key=lambda one: one[:4]):
        if tuple(rank) == best and len(lines) < 2 * _MOST:
            lines.append(
                GraphLine(f"{row.kind} `{row.name}`{f': {row.says}' if row.says else ''}", row.place.anchor)
            )
            lines += _line(pieces, asked - had(asked, set(stems(f"{row.name} {row.says}"))))
    return lines


def _types(graph: Graph) -> list[DefinedName]:
    """The package's own types that are errors, by what they extend or how they are called."""
    names = {key for key in dict.fromkeys(graph.keys()) if key.endswith(_ENDINGS)}
    names |= {plain_name(heir.name) for heir in graph.errors()}
    keys: set[str] = set()
    while names:
        keys |= names
        names = {
            plain_name(heir.name) for name in names for heir in graph.heirs(name) if heir.target[0]
        } - keys
    rows = (row for key in sorted(keys) for row in graph.rows(key))
    found = {
        (row.place.path, row.name): row
        for row in rows
        if isinstance(row, DefinedName) and row.kind in TYPES and row.place.area == "package"
    }
    return list(found.values())


def _pieces(graph: Graph, index: WikiIndex, row: DefinedName) -> Iterator[tuple[str, str, int]]:
    """What is said of an error, its code and that of its methods, the lines that raise it: text, path, first line."""
    yield f"{row.name} {row.says}", row.place.path, 0
    for one in index.symbols_of(row.name, row.place.path.rpartition("/")[0]):
        yield one.text, one.path, one.line_range[0]
    for raised in graph.rows(row.name.rpartition(".")[2]):
        if isinstance(raised, Raised) and raised.place.area == "package":
            yield raised.text, raised.place.path, raised.place.start


def _line(pieces: list[tuple[str, str, int]], missing: set[str]) -> Iterator[GraphLine]:
    """The line of the code that has most of the words that neither name nor docstring have."""
    best: tuple[int, str, str] = (0, "", "")
    for text, path, first in pieces:
        for number, line in enumerate(text.splitlines() if first else (), first):
            count = len(had(missing, set(stems(line))))
            if count > best[0]:
                best = count, f"`{line.strip()}`", str(Anchor(path, number, number))
    if best[0]:
        yield GraphLine(best[1], best[2])
