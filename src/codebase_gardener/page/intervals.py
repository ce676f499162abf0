"""Figures with their intervals as pictures: where each lies on a common scale, in percent of its width."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

__all__ = ["Interval", "Picture", "picture"]

_MOST_STEPS = 6
_ROOM = 0.04
_EDGE = 2  # percent: a figure of the axis at the end still has room


@dataclass(frozen=True)
class Interval:
    """A figure with its 95 % interval.

    Attributes:
        name: Of its row.
        note: What else is to be said of it, such as how many functions.
        word: "helped", "hurt" or "unchanged", where it is a difference that says so.
        link: An address; "" for none.
    """

    name: str
    value: float
    low: float
    high: float
    note: str = ""
    word: str = ""
    link: str = ""


@dataclass(frozen=True)
class Picture:
    """Intervals under one another.

    Attributes:
        rows: Each with the places of low, value and high, in percent.
        ticks: Place and figure of each line of the axis.
        zero: Place of nothing gained; None where it is not on the scale.
        form: How a figure is written.
    """

    rows: tuple[tuple[Interval, tuple[float, float, float]], ...]
    ticks: tuple[tuple[float, str], ...]
    zero: float | None
    form: str

    def write(self, value: float) -> str:
        """A figure, as the picture's rows have it."""
        return self.form.format(value)


def picture(rows: Iterable[Interval], form: str = "{:.3f}", *, zero: bool = False) -> Picture | None:
    """Put intervals on a scale that holds all of them; None where there are none.

    Args:
        rows: From the first row down; those that are no numbers are left out.
        form: How figures are written.
        zero: Whether 0 is on the scale, too: of differences.
    """
    shown = [row for row in rows if all(map(math.isfinite, (row.low, row.value, row.high)))]
    if not shown:
        return None
    ends = [end for row in shown for end in (row.low, row.value, row.high)] + ([0.0] if zero else [])
    low, high = min(ends), max(ends)
    percent = form.endswith("%}")
    if percent and not zero and low == high:
        low, high = 0.0, 1.0  # a share is of a whole
    room = _ROOM * (high - low) or abs(high) * _ROOM or 1.0
    low, high = low - room, high + room

    def place(value: float) -> float:
        return round(100 * (value - low) / (high - low), 2)

    steps = _steps(low, high)
    digits = max(0, -math.floor(math.log10(steps[1] - steps[0]))) if len(steps) > 1 else 3
    written = [f"{100 * one:.0f}%" if percent else f"{one:.{digits}f}" for one in steps]
    return Picture(
        tuple((row, (place(row.low), place(row.value), place(row.high))) for row in shown),
        tuple((place(one), text) for one, text in zip(steps, written, strict=True)
              if _EDGE <= place(one) <= 100 - _EDGE),
        place(0.0) if zero else None,
        form,
    )  # fmt: skip


def _steps(low: float, high: float) -> Sequence[float]:
    rough = (high - low) / _MOST_STEPS
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(size * factor for factor in (1, 2, 5, 10) if size * factor >= rough)
    first = math.ceil(low / step)
    return [n * step for n in range(first, math.floor(high / step) + 1)]
