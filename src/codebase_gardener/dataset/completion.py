"""Task `complete`: the body of a function from all that stands before it."""

from __future__ import annotations

from collections.abc import Iterator

from codebase_gardener.dataset.examples import Example
from codebase_gardener.dataset.functions import body_text
from codebase_gardener.dataset.prompts import completion_prompt, header, lines_before
from codebase_gardener.dataset.sites import Site

__all__ = ["complete"]


def complete(site: Site) -> Iterator[Example]:
    """One row for a function with a body of its own."""
    if not site.is_completable:
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
