"""Task `fim`: the middle of a body from what stands before and behind it, as an editor asks for it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import accumulate

from codebase_gardener.dataset.examples import Example
from codebase_gardener.dataset.functions import body_lines, is_completable
from codebase_gardener.dataset.prompts import completion_prompt, first_lines
from codebase_gardener.dataset.sites import Site, chance
from codebase_gardener.languages.symbols import Symbol
from codebase_gardener.utils.anchors import source_lines

__all__ = ["column_in", "fill_in_parts", "infill"]

AFTER_CHARS = 600
_MIN_LINES, _MOST_LINES = 3, 8
_WHOLE_LINES = 0.4  # the middle is whole lines; of the others it begins within a line, and
_WITHIN_A_LINE = 0.3  # so often ends in it too
_EDGE = re.compile(r"\b|(?=[^\w\s])")


def infill(site: Site) -> Iterator[Example]:
    """One row for a function of three body lines or more."""
    parts = _parts(site.symbol, site.lines, site.repeated) if site.is_completable else None
    if parts is not None:
        yield site.example("fim", fim=parts)


def fill_in_parts(
    symbol: Symbol, lines: Sequence[str], repeated: Sequence[tuple[int, int]] = ()
) -> tuple[str, str, str] | None:
    """What stands before the middle, the middle, and what stands behind; a hash picks the place.

    Before is the completion prompt and the body up to the place; behind is the rest of the body and what follows
    in the file, up to 600 characters. None for a function with fewer than three body lines.

    Args:
        symbol: A function.
        lines: Lines of its file, with their ends.
        repeated: Lines, first and last, that may not stand behind.
    """
    return _parts(symbol, lines, repeated) if is_completable(symbol, lines) else None


def _parts(
    symbol: Symbol, lines: Sequence[str], repeated: Sequence[tuple[int, int]]
) -> tuple[str, str, str] | None:
    body = body_lines(symbol, lines)
    if len(body) < _MIN_LINES:
        return None
    text = "".join(body)
    start, end = _place(body, str(symbol.anchor))
    behind = [*source_lines(text[end:]), *_following(symbol, lines, repeated)]
    after = "".join(first_lines(behind, AFTER_CHARS)) or behind[0][:AFTER_CHARS]
    return completion_prompt(symbol, lines) + text[:start], text[start:end], after


def _following(symbol: Symbol, lines: Sequence[str], repeated: Sequence[tuple[int, int]]) -> Sequence[str]:
    first = min(
        (max(start - 1, symbol.end) for start, end in repeated if end > symbol.end), default=len(lines)
    )
    return lines[symbol.end : first]


def _place(body: Sequence[str], anchor: str) -> tuple[int, int]:
    """Where in the body's text the middle begins and ends; something of the body is left behind it."""
    first, last = _middle(len(body), anchor)
    starts = list(accumulate(map(len, body), initial=0))
    edges = _edges(body[first])
    if chance(f"fim whole {anchor}") < _WHOLE_LINES or not edges:
        return starts[first], starts[last]
    column = edges[int(chance(f"fim column {anchor}") * len(edges))]
    further = [edge for edge in edges if edge > column]
    if chance(f"fim within {anchor}") < _WITHIN_A_LINE and further:
        stop = further[int(chance(f"fim stop {anchor}") * len(further))]
        return starts[first] + column, starts[first] + stop
    end = starts[last] - (len(body[last - 1]) - len(body[last - 1].rstrip("\r\n")))
    return starts[first] + column, end


def column_in(line: str, share: float) -> int:
    """Where a word of a line begins or ends, behind what it begins with; 0 where there is no such place."""
    edges = [edge for edge in _edges(line) if line[:edge].strip()]
    return edges[int(share * len(edges))] if edges else 0


def _edges(line: str) -> list[int]:
    line = line.rstrip()
    return [edge.start() for edge in _EDGE.finditer(line) if line and edge.start() < len(line)]


def _middle(count: int, anchor: str) -> tuple[int, int]:
    """A range of 1 to half of `count` lines, 8 at most, that leaves at least the last line for the suffix."""
    length = 1 + int(chance(f"fim length {anchor}") * min(count // 2, _MOST_LINES))
    start = int(chance(f"fim start {anchor}") * (count - length))
    return start, start + length
