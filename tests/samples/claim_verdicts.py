"""A claim that is judged, and what is said of it."""

from collections.abc import Callable, Sequence

from codebase_gardener.knowledge.claims.verdicts import ClaimVerdict, range_text

__all__ = ["Judge", "one", "said"]

Judge = Callable[[str], Sequence[ClaimVerdict]]


def said(verdict: ClaimVerdict) -> tuple[str, str, str | None, str]:
    return verdict.symbol, verdict.definition, range_text(verdict.actual), verdict.verdict


def one(judge: Judge, text: str) -> ClaimVerdict:
    verdicts = judge(text)
    assert len(verdicts) == 1, verdicts
    return verdicts[0]
