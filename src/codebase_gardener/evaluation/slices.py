"""Where an adapter helped and where it hurt: by folder, language, kind, length, and how near training code is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from codebase_gardener.dataset.cursors import CursorTask
from codebase_gardener.evaluation.metrics import MIN_FUNCTIONS, Difference, Measurement, difference

__all__ = ["Loss", "Slice", "losses", "slices"]

_SHORT, _LONG = 5, 15
_NEAR, _FAR = 0.8, 0.5
_FOLDER_PARTS = 2
_MOST_LOSSES = 5


@dataclass(frozen=True)
class Slice:
    """Functions that have something in common.

    Attributes:
        by: What they have in common.
        value: Which one.
        functions: How many.
        difference: Adapter less base, in nats per token, with its interval.
        word: "helped", "hurt", or "unchanged" where the interval holds 0.
    """

    by: str
    value: str
    functions: int
    difference: Difference
    word: str


@dataclass(frozen=True)
class Loss:
    """A function that the adapter made less likely, in nats per token."""

    symbol: str
    anchor: str
    nats_per_token: float


def slices(
    tasks: Sequence[CursorTask], arm: Sequence[Measurement], against: Sequence[Measurement]
) -> list[Slice]:
    """Every group of at least 8 functions, smaller ones left out; a property that all share has no group."""
    found: list[Slice] = []
    for by, value_of in _BY.items():
        groups: dict[str, list[int]] = defaultdict(list)
        for number, task in enumerate(tasks):
            groups[value_of(task)].append(number)
        for value, numbers in sorted(groups.items()):
            if MIN_FUNCTIONS <= len(numbers) < len(tasks):
                gained = difference([arm[n] for n in numbers], [against[n] for n in numbers])
                found.append(Slice(by, value, len(numbers), gained, _word(gained)))
    return found


def losses(
    tasks: Sequence[CursorTask], arm: Sequence[Measurement], against: Sequence[Measurement]
) -> list[Loss]:
    """The functions that lost most, worst first; five at most."""
    lost = [
        Loss(task.symbol, task.anchor, (one.nats - other.nats) / one.tokens)
        for task, one, other in zip(tasks, arm, against, strict=True)
        if one.nats > other.nats
    ]
    return sorted(lost, key=lambda loss: -loss.nats_per_token)[:_MOST_LOSSES]


def _word(gained: Difference) -> str:
    if gained.high < 0:
        return "helped"
    return "hurt" if gained.low > 0 else "unchanged"


def _length(task: CursorTask) -> str:
    if task.body_lines <= _SHORT:
        return f"up to {_SHORT} lines"
    return f"up to {_LONG} lines" if task.body_lines <= _LONG else f"over {_LONG} lines"


def _nearness(task: CursorTask) -> str:
    if task.nearest >= _NEAR:
        return f"a training function is {_NEAR:.0%} like it"
    return f"{_FAR:.0%} to {_NEAR:.0%}" if task.nearest >= _FAR else f"none is {_FAR:.0%} like it"


_BY: dict[str, Callable[[CursorTask], str]] = {
    "folder": lambda task: "/".join(task.path.split("/")[:-1][:_FOLDER_PARTS]) or ".",
    "language": lambda task: task.language,
    "kind": lambda task: task.kind,
    "length": _length,
    "cursor": lambda task: "within a line" if task.within_a_line else "at a line's start",
    "nearest training code": _nearness,
}
