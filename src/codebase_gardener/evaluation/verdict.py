"""The verdict in one word: did the adapter help beyond what retrieval gives?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from codebase_gardener.evaluation.arms import ARMS, FILL_IN_ARMS, MEMORY, WITH_WIKI
from codebase_gardener.evaluation.metrics import (
    MIN_FUNCTIONS,
    ArmSummary,
    Difference,
    Measurement,
    difference,
    summarize,
)
from codebase_gardener.evaluation.parent import BesideParent

__all__ = [
    "NOTHING_HELD_OUT",
    "VERDICTS",
    "FillIn",
    "FunctionLoss",
    "Verdict",
    "WikiGain",
    "judge",
    "not_measured",
    "wiki_gain",
]

VERDICTS = ("helped", "unchanged", "hurt")
NOTHING_HELD_OUT = "no function is held out, which takes at least two files with functions"


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


@dataclass(frozen=True)
class FillIn:
    """Middles of held-out bodies, from both sides and with retrieved code; it does not decide the word.

    Attributes:
        arms: Summary by arm name, "base" and "adapter".
        difference: The second less the first, paired; negative is better.
    """

    arms: dict[str, ArmSummary]
    difference: Difference


@dataclass(frozen=True)
class FunctionLoss:
    """One held-out function in the two arms that decide.

    Attributes:
        symbol: Qualified name.
        anchor: `path:Lx-y`.
        tokens: Of its body.
        base: Nats per token with base + retrieval.
        adapter: With adapter + retrieval.
    """

    symbol: str
    anchor: str
    tokens: int
    base: float
    adapter: float


@dataclass(frozen=True)
class Verdict:
    """What an evaluation found.

    Attributes:
        word: One of `VERDICTS`: adapter + retrieval against base + retrieval.
        difference: Of those two arms, with the interval that decides.
        without_retrieval: Adapter against base.
        arms: Summary by arm name; with a memory those of the four arms with it, too.
        general: Nats per token on general text, without and with the adapter: how much was forgotten.
        reason: Why the word is not that of the interval; "" where it is.
        wiki: What pages bring to retrieval; None without a wiki.
        fill_in: Filling in; None where no function has a middle.
        memory: What the memory of the repository adds to each of the four arms; None without one.
        parent: Beside the version that it went on from; None where it began from nothing.
        functions: Each held-out function, in the order in which they were measured.
    """

    word: str
    difference: Difference
    without_retrieval: Difference
    arms: dict[str, ArmSummary]
    general: dict[str, float]
    reason: str = ""
    wiki: WikiGain | None = None
    fill_in: FillIn | None = None
    memory: dict[str, Difference] | None = None
    parent: BesideParent | None = None
    functions: tuple[FunctionLoss, ...] | None = None

    def as_dict(self) -> dict[str, Any]:
        """As JSON holds it, without `wiki`, `fill_in`, `memory`, `parent` and `functions` where there is none."""
        return {key: value for key, value in asdict(self).items() if value is not None}


def judge(
    measured: Mapping[str, Sequence[Measurement]],
    general: Mapping[str, float],
    fill_in: Mapping[str, Sequence[Measurement]] | None = None,
) -> Verdict:
    """Turn the measurements of all arms into a verdict.

    Args:
        measured: Arm name → measurements of the same functions in the same order; with a wiki, `WITH_WIKI` too.
        general: "base" and "adapter" → nats per token on general text.
        fill_in: Name of a fill-in arm → measurements.
    """
    wiki = wiki_gain(measured)
    asked = {arm.name: arm.name for arm in ARMS}
    if wiki is not None and wiki.kept:  # then the adapter's arm has the pages, too
        asked[ARMS[1].name] = WITH_WIKI.name
    arms = {name: measured[own] for name, own in asked.items()}
    with_memory = {name: measured[own + MEMORY] for name, own in asked.items() if own + MEMORY in measured}
    base, base_retrieval, adapter, adapter_retrieval = arms.values()
    decisive = difference(adapter_retrieval, base_retrieval)
    few = f"too few functions to say: {len(base)}, where {MIN_FUNCTIONS} are needed"
    reason = few if len(base) < MIN_FUNCTIONS else ""
    return Verdict(
        word="unchanged" if reason else _word(decisive),
        difference=decisive,
        without_retrieval=difference(adapter, base),
        arms={
            **{name: summarize(measurements) for name, measurements in arms.items()},
            **{name + MEMORY: summarize(measurements) for name, measurements in with_memory.items()},
        },
        general=dict(general),
        reason=reason,
        wiki=wiki,
        fill_in=_fill_in(fill_in) if fill_in else None,
        memory={name: difference(own, arms[name]) for name, own in with_memory.items()} or None,
    )


def _fill_in(measured: Mapping[str, Sequence[Measurement]]) -> FillIn:
    base, adapter = (measured[arm.name] for arm in FILL_IN_ARMS)
    return FillIn({name: summarize(rows) for name, rows in measured.items()}, difference(adapter, base))


def not_measured(reason: str) -> dict[str, Any]:
    """What stands in a verdict's place where nothing could be measured; the registry keeps none."""
    return {"word": "not measured", "reason": reason, "arms": {}}


def _word(decisive: Difference) -> str:
    if decisive.high < 0:
        return "helped"
    return "hurt" if decisive.low > 0 else "unchanged"


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
