"""Cutting text and module-level code into pieces that are worth returning."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from codebase_gardener.documents.reading import blocks

__all__ = ["heading_chunks", "plain_chunks"]

_CHUNK_LINES = 40
_MAX_LINE_CHARS = 2_000  # a longer line is data
_PROSE = frozenset({"markdown", "rst", "text"})
_MAX_PROSE_CHUNKS = 200  # of one file: more is a log
_MAX_DATA_CHUNKS = 5  # of configuration, markup and data only the beginning


def plain_chunks(lines: Sequence[str], start: int, end: int) -> Iterator[tuple[int, int]]:
    """Ranges of at most 40 lines within `start`..`end` (1-based, inclusive), cut at blank lines if possible.

    Blank lines at either end of a range are left out; so are ranges with a line over 2,000 characters.
    """
    while start <= end:
        stop = _cut(lines, start, end)
        first, last = _without_blank_ends(lines, start, stop)
        if first <= last and all(len(line) <= _MAX_LINE_CHARS for line in lines[first - 1 : last]):
            yield first, last
        start = stop + 1


def _cut(lines: Sequence[str], start: int, end: int) -> int:
    if end - start < _CHUNK_LINES:
        return end
    limit = start + _CHUNK_LINES - 1
    return next((n for n in range(limit, start + _CHUNK_LINES // 2, -1) if not lines[n - 1].strip()), limit)


def _without_blank_ends(lines: Sequence[str], start: int, end: int) -> tuple[int, int]:
    while start <= end and not lines[start - 1].strip():
        start += 1
    while end >= start and not lines[end - 1].strip():
        end -= 1
    return start, end


def heading_chunks(path: str, language: str, lines: Sequence[str]) -> list[tuple[str, int, int]]:
    """(heading, start, end) of each section of a text, long sections in several pieces.

    Only prose has sections.
    """
    prose = language in _PROSE
    found = blocks(path, language, "".join(lines)) if prose else ()
    borders = [(1, ""), *((block.start, block.text) for block in found if block.kind == "heading")]
    most = _MAX_PROSE_CHUNKS if prose else _MAX_DATA_CHUNKS
    ends = [start - 1 for start, _ in borders[1:]] + [len(lines)]
    chunks = (
        (title, first, last)
        for (start, title), end in zip(borders, ends, strict=True)
        for first, last in plain_chunks(lines, start, end)
    )
    return list(islice(chunks, most))
