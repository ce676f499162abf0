"""Task `complete`: the body of a function, from all that stands before it."""

from __future__ import annotations

from collections.abc import Iterator

from codebase_gardener.dataset.examples import Example
from codebase_gardener.dataset.functions import body_text, is_completable
from codebase_gardener.dataset.prompts import completion_prompt
from codebase_gardener.dataset.sites import Site

__all__ = ["complete"]


def complete(site: Site) -> Iterator[Example]:
    """One row for a function with a body of its own."""
    if not is_completable(site.symbol, site.lines):
        return
    context = site.context()
    yield site.example(
        "complete",
        prompt=completion_prompt(site.symbol, site.lines, context=context),
        completion=body_text(site.symbol, site.lines),
        context=tuple(document.anchor for document in context),
    )
