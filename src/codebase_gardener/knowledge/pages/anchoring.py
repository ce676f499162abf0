"""Finding the lines of an anchor again after the code has moved: by symbol and hash, by hash alone, by symbol alone."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain, islice

from codebase_gardener.knowledge.sources.lines import Source
from codebase_gardener.knowledge.sources.repository_facts import text_hash
from codebase_gardener.languages.symbols import Symbol, SymbolTable
from codebase_gardener.repository.snapshot import SourceFile
from codebase_gardener.utils.anchors import Anchor, split_lines

__all__ = ["AnchorIndex", "Reanchored", "find_again", "source_of"]

_MAX_HASHED_LINES = 500_000
_MAX_PLACES = 2_000


@dataclass(frozen=True)
class Reanchored:
    """What became of a source.

    Attributes:
        state: "same" (range and text), "moved" (the text is elsewhere), "changed" (the symbol is there, with
            another text) or "gone".
        source: As it is now; for "gone" as it was.
        diff: For "changed", where the old lines were at hand: a unified diff from them to the new ones; "".
    """

    state: str
    source: Source
    diff: str = ""


def source_of(anchor: Anchor, lines: list[str], symbol: str = "") -> Source:
    """Evidence for the lines that an anchor names now.

    Args:
        anchor: Path and range.
        lines: Of the whole file.
        symbol: Qualified name of the definition that the range is; "" for a range that is none.
    """
    return Source(anchor, symbol, text_hash(lines[anchor.start - 1 : anchor.end]))


def find_again(source: Source, index: AnchorIndex, old_lines: Sequence[str] | None = None) -> Reanchored:
    """Where the lines of a source are now.

    The same range first, where the hash decides; then the symbol with the same text, in its file and in others; then
    the same text under any name or none; then the symbol with another text, in its file, and in another one if its
    file is gone and only one other defines that name. Of several places the nearest one in the same file is taken,
    else the first by path.

    Args:
        source: Of an earlier state.
        index: Of the files as they are now.
        old_lines: What stood there: for the diff, and to find lines that are no definition in other files.
    """
    anchor = source.anchor
    if index.hash_of(anchor) == source.sha256:
        return Reanchored("same", source)
    symbols = index.symbols_of_text(source.sha256, _length(anchor))
    named = [symbol for symbol in symbols if symbol.qualified_name == source.symbol]
    for candidates in (named, symbols):
        if candidates and source.symbol:
            symbol = _nearest(candidates, anchor)
            return Reanchored("moved", replace(source, anchor=symbol.anchor, symbol=symbol.qualified_name))
    window = index.window(source, old_lines)
    if window is not None:
        return Reanchored("moved", replace(source, anchor=window))
    return _changed(source, index, old_lines)


def _changed(source: Source, index: AnchorIndex, old_lines: Sequence[str] | None) -> Reanchored:
    candidates = index.symbols_of_name(source.symbol) if source.symbol else []
    here = [symbol for symbol in candidates if symbol.path == source.anchor.path]
    elsewhere = candidates if source.anchor.path not in index.lines else []
    if not here and len(elsewhere) != 1:
        return Reanchored("gone", source)
    symbol = _nearest(here or elsewhere, source.anchor)
    lines = index.lines[symbol.path]
    new = source_of(symbol.anchor, lines, symbol.qualified_name)
    if old_lines is None:
        return Reanchored("changed", new)
    diff = difflib.unified_diff(
        list(old_lines),
        lines[symbol.start - 1 : symbol.end],
        str(source.anchor),
        str(symbol.anchor),
        lineterm="",
    )
    return Reanchored("changed", new, "\n".join(diff))


def _nearest(symbols: Iterable[Symbol], anchor: Anchor) -> Symbol:
    return min(symbols, key=lambda s: (s.path != anchor.path, s.path, abs(s.start - anchor.start), s.start))


def _length(anchor: Anchor) -> int:
    return anchor.end - anchor.start + 1


class AnchorIndex:
    """The files of a snapshot, for `find_again`; each table within it is made once, when it is first needed.

    Args:
        files: Of the snapshot.
        tables: Their symbols, by path.
    """

    def __init__(self, files: Iterable[SourceFile], tables: Mapping[str, SymbolTable]) -> None:
        self.lines = {file.path: split_lines(file.text) for file in sorted(files, key=lambda f: f.path)}
        self._tables = tables

    def hash_of(self, anchor: Anchor) -> str | None:
        """Of the lines at an anchor; None where there are none."""
        lines = self.lines.get(anchor.path)
        if lines is None or not 1 <= anchor.start <= anchor.end <= len(lines):
            return None
        return text_hash(lines[anchor.start - 1 : anchor.end])

    def symbols_of_text(self, sha256: str, length: int) -> list[Symbol]:
        """Definitions whose lines have that hash; only those of so many lines are hashed."""
        if length not in self._hashed:
            by_hash: dict[str, list[Symbol]] = defaultdict(list)
            for symbol in self._by_length.get(length, ()):
                by_hash[text_hash(self.lines[symbol.path][symbol.start - 1 : symbol.end])].append(symbol)
            self._hashed[length] = by_hash
        return self._hashed[length].get(sha256, [])

    def symbols_of_name(self, qualified_name: str) -> list[Symbol]:
        """Definitions of that qualified name, in all files."""
        return self._by_name.get(qualified_name, [])

    def window(self, source: Source, old_lines: Sequence[str] | None) -> Anchor | None:
        """The nearest lines of the same text, whatever they are.

        With the old lines at hand, in all files, by the rarest of them. By the hash alone, in the source's file (the
        nearest windows first, up to a limit), then at the same range of other files: a file that was renamed.
        """
        if old_lines is not None and text_hash(old_lines) == source.sha256:
            return self._window_of_text(source.anchor, old_lines)
        anchor = source.anchor
        own = (Anchor(anchor.path, start, start + _length(anchor) - 1) for start in self._starts(anchor))
        others = (Anchor(path, anchor.start, anchor.end) for path in self.lines if path != anchor.path)
        return next((place for place in chain(own, others) if self.hash_of(place) == source.sha256), None)

    def _starts(self, anchor: Anchor) -> Iterator[int]:
        """Lines where a window of the anchor's length may begin in its file, nearest first."""
        length = _length(anchor)
        last = len(self.lines.get(anchor.path, ())) - length + 1
        starts = sorted(range(1, last + 1), key=lambda start: (abs(start - anchor.start), start))
        return islice(starts, max(1, _MAX_HASHED_LINES // length))

    def _window_of_text(self, anchor: Anchor, old_lines: Sequence[str]) -> Anchor | None:
        offset = min(range(len(old_lines)), key=lambda number: len(self._by_line.get(old_lines[number], ())))
        places = [
            Anchor(path, line - offset, line - offset + len(old_lines) - 1)
            for path, line in self._by_line.get(old_lines[offset], ())
        ]
        places.sort(key=lambda p: (p.path != anchor.path, p.path, abs(p.start - anchor.start), p.start))
        wanted = list(old_lines)
        for place in places[:_MAX_PLACES]:
            if place.start >= 1 and self.lines[place.path][place.start - 1 : place.end] == wanted:
                return place
        return None

    @cached_property
    def _by_line(self) -> dict[str, list[tuple[str, int]]]:
        by_line: dict[str, list[tuple[str, int]]] = defaultdict(list)
        for path, lines in self.lines.items():
            for number, line in enumerate(lines, 1):
                by_line[line].append((path, number))
        return by_line

    @cached_property
    def _hashed(self) -> dict[int, dict[str, list[Symbol]]]:
        return {}

    @cached_property
    def _by_length(self) -> dict[int, list[Symbol]]:
        by_length: dict[int, list[Symbol]] = defaultdict(list)
        for symbol in self._symbols():
            by_length[symbol.end - symbol.start + 1].append(symbol)
        return by_length

    @cached_property
    def _by_name(self) -> dict[str, list[Symbol]]:
        by_name: dict[str, list[Symbol]] = defaultdict(list)
        for symbol in self._symbols():
            by_name[symbol.qualified_name].append(symbol)
        return by_name

    def _symbols(self) -> Iterator[Symbol]:
        for path in self.lines:
            if path in self._tables:
                yield from self._tables[path].symbols
