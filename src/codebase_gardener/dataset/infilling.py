"""Task `fim`: the middle of a function body, from what stands before and after it."""

from __future__ import annotations

from collections.abc import Iterator

from codebase_gardener.dataset.examples import Example
from codebase_gardener.dataset.functions import body_lines, is_completable
from codebase_gardener.dataset.prompts import completion_prompt
from codebase_gardener.dataset.sites import Site, chance

__all__ = ["infill"]

_MIN_LINES = 3


def infill(site: Site) -> Iterator[Example]:
    """One row for a function of three body lines or more; a hash picks where the middle begins and ends.

    The prefix is the completion prompt and the body's first lines; the three parts meet at line ends.
    """
    if not is_completable(site.symbol, site.lines):
        return
    body = body_lines(site.symbol, site.lines)
    if len(body) < _MIN_LINES:
        return
    start, end = _middle(len(body), str(site.symbol.anchor))
    prefix = completion_prompt(site.symbol, site.lines) + "".join(body[:start])
    yield site.example("fim", fim=(prefix, "".join(body[start:end]), "".join(body[end:])))


def _middle(count: int, anchor: str) -> tuple[int, int]:
    """A range of 1 to half of `count` lines that leaves at least the last line for the suffix."""
    length = 1 + int(chance(f"fim length {anchor}") * (count // 2))
    start = int(chance(f"fim start {anchor}") * (count - length))
    return start, start + length
