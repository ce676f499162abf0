"""Adapters of two bases on the same bodies: in nats per byte, which no tokenizer changes, and in next lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from codebase_gardener.dataset.heldout import HeldoutFunction
from codebase_gardener.evaluation.measuring import MAX_LENGTH
from codebase_gardener.evaluation.metrics import (
    MIN_FUNCTIONS,
    ArmSummary,
    Measurement,
    PerByte,
    Points,
    per_byte,
    points,
    summarize,
)
from codebase_gardener.training.encoding import IGNORE, encode_completion

__all__ = ["AcrossBases", "Side", "compare", "same_bodies"]

_ENDLESS = 1 << 40


@dataclass(frozen=True)
class Side:
    """One of the two: its name, its base, and the arm with retrieved code."""

    name: str
    base: str
    arm: ArmSummary


@dataclass(frozen=True)
class AcrossBases:
    """What came of it.

    Attributes:
        word: "better" where the interval in nats per byte lies below 0, "worse" where it lies above, else "unchanged".
        difference: New less old.
        next_line: Exactly written next lines, new less old.
        old: The version that was there.
        new: That on the other base.
        bytes: Of the bodies that both were asked for.
        reason: Why the word is not that of the interval; "" where it is.
    """

    word: str
    difference: PerByte
    next_line: Points
    old: Side
    new: Side
    bytes: int
    reason: str = ""

    def as_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return asdict(self)


def same_bodies(
    functions: Sequence[HeldoutFunction], tokenizers: Sequence[Any], max_length: int = MAX_LENGTH
) -> list[HeldoutFunction]:
    """The functions with as much of their bodies as every tokenizer gets into a row: the same text for all.

    Args:
        functions: Held out from both adapters.
        tokenizers: Of the bases.
        max_length: Tokens of a row.
    """
    return [_fitting(function, tokenizers, max_length) for function in functions]


def _fitting(function: HeldoutFunction, tokenizers: Sequence[Any], max_length: int) -> HeldoutFunction:
    while (share := min(_share(function, tokenizer, max_length) for tokenizer in tokenizers)) < 1:
        body = function.completion
        function = replace(function, completion=body[: int(len(body) * share)])
    return function


def _share(function: HeldoutFunction, tokenizer: Any, max_length: int) -> float:
    """How much of a body is in its row, by tokens."""
    scored, whole = (
        sum(
            label != IGNORE
            for label in encode_completion(
                function.prompt_with_context, function.completion, tokenizer, max_length=length, end=False
            ).labels
        )
        for length in (max_length, _ENDLESS)
    )
    return scored / whole if whole else 1.0


def compare(
    old: Sequence[Measurement], new: Sequence[Measurement], names: tuple[str, str], bases: tuple[str, str]
) -> AcrossBases:
    """The word on the new one.

    Args:
        old: The old adapter's measurements.
        new: The new one's, of the same functions in the same order.
        names: Of the two, old first.
        bases: Likewise.
    """
    gained = per_byte(new, old)
    few = f"too few functions to say: {len(new)}, where {MIN_FUNCTIONS} are needed"
    reason = few if len(new) < MIN_FUNCTIONS else ""
    sides = [
        Side(name, base, summarize(measured))
        for name, base, measured in zip(names, bases, (old, new), strict=True)
    ]
    return AcrossBases(
        word="unchanged" if reason else _word(gained),
        difference=gained,
        next_line=points(new, old),
        old=sides[0],
        new=sides[1],
        bytes=sum(one.bytes for one in new),
        reason=reason,
    )


def _word(gained: PerByte) -> str:
    if gained.high < 0:
        return "better"
    return "worse" if gained.low > 0 else "unchanged"
