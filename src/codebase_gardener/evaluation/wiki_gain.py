"""What pages of the wiki bring to retrieval, measured on the base, and whether the retrieval arms have them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from codebase_gardener.evaluation.arms import ARMS, WITH_WIKI
from codebase_gardener.evaluation.metrics import MIN_FUNCTIONS, Difference, Measurement, difference, summarize

__all__ = ["WikiGain", "wiki_gain"]


@dataclass(frozen=True)
class WikiGain:
    """Retrieved code alone against retrieved code with pages, both in front of the base.

    Attributes:
        code: Nats per token with code alone.
        with_pages: Nats per token with pages and code in the same room.
        difference: The second less the first, paired; negative is better.
        kept: Whether the retrieval arms have the pages: the whole interval is below 0.
    """

    code: float
    with_pages: float
    difference: Difference
    kept: bool


def wiki_gain(measured: Mapping[str, Sequence[Measurement]]) -> WikiGain | None:
    """Compare the two; None where there is no wiki.

    Args:
        measured: Arm name → measurements of the same functions in the same order.
    """
    if WITH_WIKI.name not in measured:
        return None
    code, pages = measured[ARMS[1].name], measured[WITH_WIKI.name]
    gained = difference(pages, code)
    return WikiGain(
        code=summarize(code).nats_per_token,
        with_pages=summarize(pages).nats_per_token,
        difference=gained,
        kept=gained.high < 0 and len(code) >= MIN_FUNCTIONS,
    )
