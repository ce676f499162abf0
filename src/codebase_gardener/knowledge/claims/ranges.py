"""Lines that are cited apart from their path: "lines 3 to 9", a cell of a row, `a.py (3-9)`."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple

from codebase_gardener.documents.claim_units import Unit

__all__ = [
    "LINE",
    "TO",
    "Range",
    "Span",
    "cell_of",
    "ranges_after_paths",
    "ranges_alone",
    "ranges_of_cells",
    "unread_cells",
]

Span = tuple[int, int]


class Range(NamedTuple):
    """Lines that are cited apart from their path.

    Attributes:
        at: Where it begins in the unit's text.
        until: Where it ends.
        start: First line.
        end: Last line.
        numbers: Where its one or two numbers stand.
    """

    at: int
    until: int
    start: int
    end: int
    numbers: tuple[Span, ...]

    @classmethod
    def of(cls, at: int, until: int, match: re.Match[str]) -> Range:
        """The one or two groups of a match that are numbers."""
        found = [number for number in range(1, len(match.groups()) + 1) if match[number]]
        lines = [int(match[number]) for number in found]
        return cls(at, until, lines[0], lines[-1], tuple(match.span(number) for number in found))


LINE = r"(\d{1,100})"
TO = r"\s?[-–—]\s?"
_MAX_UNREAD_CHARS = 250
_ALONE = re.compile(
    rf"(?<![\w:#/.-])(?:L{LINE}(?:{TO}L?{LINE})?"
    rf"|[Ll]ines?\s+L?{LINE}(?:(?:{TO}|\s+(?:to|through|and)\s+)L?{LINE})?)(?!\w)"
)
_CELL_RANGE = re.compile(rf"[\s`]*L?{LINE}(?:{TO}L?{LINE})?[\s`]*")
_AFTER_PATH = re.compile(
    rf"[\s`*]{{0,3}}(?:,\s?{LINE}{TO}{LINE}(?=[\s`*]*(?:[;.,)|]|$))|\({LINE}{TO}{LINE}\))"
)
_RANGE_HEADER = re.compile(r"\b(?:lines?|ranges?|loc|location|span|where)\b")
_COUNT_HEADER = re.compile(r"\b(?:lines|loc)\b")
_HAS_LINES = re.compile(r"[\s`]*L?\d")


def ranges_alone(unit: Unit) -> Iterator[Range]:
    """`L3-9`, `lines 3 to 9`, and `3-9` in a cell under a header of ranges."""
    for match in _ALONE.finditer(unit.text):
        yield Range.of(match.start(), match.end(), match)
    for number, (begin, end) in enumerate(unit.cells):
        header = unit.header[number] if number < len(unit.header) else ""
        cell = _CELL_RANGE.fullmatch(unit.text, begin, end)
        if cell and cell[2] and "L" not in cell[0] and _RANGE_HEADER.search(header):
            yield Range.of(begin, end, cell)


def ranges_after_paths(unit: Unit, paths: list[tuple[int, int, str]]) -> Iterator[Range]:
    """`a.py (3-9)` and `a.py, 3-9`."""
    for _, path_end, _ in paths:
        if match := _AFTER_PATH.match(unit.text, path_end):
            yield Range.of(path_end, match.end(), match)


def ranges_of_cells(unit: Unit, path_at: int) -> Iterator[Range]:
    """In a row of one path: cells that hold a range, whatever their header; one line only under a header of ranges.

    A table of files (the path comes first) may say how many lines each has: such a number is no line.
    """
    for number, (begin, end) in enumerate(unit.cells):
        header = unit.header[number] if number < len(unit.header) else ""
        cell = _CELL_RANGE.fullmatch(unit.text, begin, end)
        is_count = _COUNT_HEADER.search(header) and cell_of(unit, path_at) == 0
        if cell and (cell[2] or (_RANGE_HEADER.search(header) and not is_count)):
            yield Range.of(begin, end, cell)


def unread_cells(unit: Unit) -> Iterator[tuple[int, int, str]]:
    """Cells under a header of ranges that begin as lines do, in no form that is known: begin, end and text."""
    for number, (begin, end) in enumerate(unit.cells[: len(unit.header)]):
        cell = unit.text[begin:end].strip(" `")
        if not _RANGE_HEADER.search(unit.header[number]) or _CELL_RANGE.fullmatch(cell):
            continue
        if len(cell) <= _MAX_UNREAD_CHARS and _HAS_LINES.match(cell):
            yield begin, end, cell


def cell_of(unit: Unit, at: int) -> int:
    """The number of the cell that an offset is in, -1 before the first and where there is none."""
    return bisect_right(unit.cells, (at, 1 << 60)) - 1
