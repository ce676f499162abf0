"""Tasks `complete` and `fim`: the body of a function from all that stands before it; its middle, from both sides."""

from __future__ import annotations

from collections.abc import Iterator

from codebase_gardener.dataset.examples import Example
from codebase_gardener.dataset.functions import body_lines, body_text, is_completable
from codebase_gardener.dataset.prompts import completion_prompt, header, lines_before
from codebase_gardener.dataset.sites import Site, chance

__all__ = ["complete", "infill"]

_MIN_LINES = 3


def complete(site: Site) -> Iterator[Example]:
    """One row for a function with a body of its own."""
    if not is_completable(site.symbol, site.lines):
        return
    context = site.context()
    yield site.example(
        "complete",
        prompt=completion_prompt(site.symbol, site.lines, context=context),
        prompt_trained=_trained_chars(site),
        completion=body_text(site.symbol, site.lines),
        context=tuple(document.anchor for document in context),
    )


def _trained_chars(site: Site) -> int:
    """How much of the prompt's end is trained on: all that is of the function's own file, in most cases.

    Retrieved code is not: it has rows of its own, or must have none. Where the lines before the function hold
    one that repeats a held-out function, only the function's own header is.
    """
    before = lines_before(site.symbol, site.lines)
    first = site.symbol.start - len(before)
    if any(start < site.symbol.start and end >= first for start, end in site.repeated):
        return len(header(site.symbol, site.lines))
    return len(completion_prompt(site.symbol, site.lines))


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
