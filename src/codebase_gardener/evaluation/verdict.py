"""The verdict in one word: did the adapter help beyond what retrieval gives?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from codebase_gardener.evaluation.arms import ARMS
from codebase_gardener.evaluation.metrics import ArmSummary, Difference, Measurement, difference, summarize

__all__ = ["NOTHING_HELD_OUT", "VERDICTS", "Verdict", "judge", "not_measured"]

VERDICTS = ("helped", "unchanged", "hurt")
MIN_FUNCTIONS = 8
"""With fewer, an interval of draws says more about the draws than about the adapter; one function has none."""
NOTHING_HELD_OUT = "no function is held out, which takes at least two files with functions"


@dataclass(frozen=True)
class Verdict:
    """What an evaluation found.

    Attributes:
        word: One of `VERDICTS`: adapter + retrieval against base + retrieval.
        difference: Of those two arms, with the interval that decides.
        without_retrieval: Adapter against base.
        arms: Summary by arm name.
        general: Nats per token on general text, without and with the adapter: how much was forgotten.
        reason: Why the word is not that of the interval; "" where it is.
    """

    word: str
    difference: Difference
    without_retrieval: Difference
    arms: dict[str, ArmSummary]
    general: dict[str, float]
    reason: str = ""

    def as_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return asdict(self)


def judge(measured: Mapping[str, Sequence[Measurement]], general: Mapping[str, float]) -> Verdict:
    """Turn the measurements of all arms into a verdict.

    Args:
        measured: Arm name → measurements of the same functions in the same order.
        general: "base" and "adapter" → nats per token on general text.
    """
    base, base_retrieval, adapter, adapter_retrieval = (measured[arm.name] for arm in ARMS)
    decisive = difference(adapter_retrieval, base_retrieval)
    reason = _too_few(len(base))
    return Verdict(
        word="unchanged" if reason else _word(decisive),
        difference=decisive,
        without_retrieval=difference(adapter, base),
        arms={name: summarize(measurements) for name, measurements in measured.items()},
        general=dict(general),
        reason=reason,
    )


def not_measured(reason: str) -> dict[str, Any]:
    """What stands in a verdict's place where nothing could be measured; the registry keeps none."""
    return {"word": "not measured", "reason": reason, "arms": {}}


def _too_few(functions: int) -> str:
    if functions >= MIN_FUNCTIONS:
        return ""
    return f"too few functions to say: {functions}, where {MIN_FUNCTIONS} are needed"


def _word(decisive: Difference) -> str:
    if decisive.high < 0:
        return "helped"
    return "hurt" if decisive.low > 0 else "unchanged"
