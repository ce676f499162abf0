"""Losses of trainings as lines: read from event logs, thinned, and put into one picture."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from math import ceil, floor, isfinite, log10
from pathlib import Path
from typing import Any

from codebase_gardener.jobs.directory import JobDirectory
from codebase_gardener.jobs.events import EventLog, EventReader
from codebase_gardener.registry.rows import JobRow

__all__ = ["MOST_POINTS", "Curve", "CurveChart", "Point", "curve_of", "thinned"]

MOST_POINTS = 400
"""Of a line as it is sent; the script adds what comes, and halves them when they are twice as many."""

Point = tuple[float, float]
"""A step, and its loss in nats per supervised token."""

_TICKS = 5
_MARGIN = 0.08
_KEPT = 64


@dataclass(frozen=True)
class Curve:
    """The losses of one training.

    Attributes:
        name: `project/adapter@version`.
        steps: Planned; 0 before that.
        losses: Of each step.
        smooth: The same, smoothed.
        looks: On the rows that were set aside, without the base's.
        base: The base's on those rows; None where there are none.
        heldout: Of the base and of the adapter on the held-out functions, once they were measured.
    """

    name: str
    steps: int
    losses: tuple[Point, ...] = ()
    smooth: tuple[Point, ...] = ()
    looks: tuple[Point, ...] = ()
    base: float | None = None
    heldout: tuple[float, float] | None = None

    @property
    def best(self) -> Point | None:
        """The look with the lowest loss."""
        return min(self.looks, key=lambda look: look[1], default=None)

    @property
    def told(self) -> str:
        """What the lines show, in words."""
        if not self.losses:
            return f"{self.name}: no step yet"
        words = f"{self.name}: training loss {self.smooth[0][1]:.3f} at step {self.smooth[0][0]:g}"
        words += f", {self.smooth[-1][1]:.3f} at step {self.smooth[-1][0]:g} (smoothed)"
        if self.best:
            words += f"; validation loss {self.best[1]:.3f} at its best, step {self.best[0]:g}"
        if self.base is not None:
            words += f", {self.base:.3f} of the base"
        if self.heldout:
            words += f"; held-out functions: base {self.heldout[0]:.3f}, adapter {self.heldout[1]:.3f}"
        return words


def curve_of(job: JobRow, verdict: Mapping[str, Any] | None = None) -> Curve:
    """Read the losses of a training.

    Args:
        job: The training.
        verdict: What is behind the verdict of what it made; None where there is none.
    """
    return _read_so_far(JobDirectory(job.directory).events.path).look(str(job.ref), _heldout(verdict or {}))


def _heldout(verdict: Mapping[str, Any]) -> tuple[float, float] | None:
    arms = verdict.get("arms", {})
    losses = [arms.get(name, {}).get("nats_per_token") for name in ("base", "adapter")]
    return (losses[0], losses[1]) if None not in losses else None


class _SoFar:
    """A log read on from where the look before ended, and the curve of it: the one before is let go."""

    def __init__(self, path: Path) -> None:
        self._reader, self._lines = EventReader(EventLog(path)), _Lines()
        self._curve: Curve | None = None
        self._lock = threading.Lock()

    def look(self, name: str, heldout: tuple[float, float] | None) -> Curve:
        with self._lock:
            before = self._reader.offset
            for event in self._reader.new():
                self._lines.add(event)
            curve = self._curve
            if (
                curve is None
                or self._reader.offset != before
                or (curve.name, curve.heldout) != (name, heldout)
            ):
                lines = self._lines
                curve = self._curve = Curve(
                    name,
                    lines.steps,
                    tuple(lines.losses),
                    tuple(lines.smooth),
                    tuple(lines.looks),
                    lines.base,
                    heldout,
                )
            return curve


@lru_cache(_KEPT)
def _read_so_far(path: Path) -> _SoFar:
    return _SoFar(path)


@dataclass
class _Lines:
    steps: int = 0
    base: float | None = None
    losses: list[Point] = field(default_factory=list)
    smooth: list[Point] = field(default_factory=list)
    looks: list[Point] = field(default_factory=list)

    def add(self, event: Mapping[str, Any]) -> None:
        kind, step = event["kind"], event.get("step", 0)
        if kind in ("planned", "step"):
            self.steps = event.get("steps", self.steps)
        if kind == "step":
            _put(self.losses, step, event["loss"])
            _put(self.smooth, step, event["smooth_loss"])
        elif kind == "validated" and step and isfinite(event["loss"]):
            _put(self.looks, step, event["loss"])
        if kind == "validated":
            self.base = event.get("base_loss", self.base)


def _put(line: list[Point], step: int, loss: float) -> None:
    """Add a point; a training that was resumed goes the last steps again."""
    while line and line[-1][0] >= step:
        line.pop()
    line.append((step, loss))


def thinned(points: Sequence[Point], most: int = MOST_POINTS) -> list[Point]:
    """Means of as many stretches, each at its last step."""
    if len(points) <= most:
        return list(points)
    edges = [n * len(points) // most for n in range(most + 1)]
    return [(points[b - 1][0], sum(y for _, y in points[a:b]) / (b - a)) for a, b in pairwise(edges)]


def _usual(losses: Sequence[Point]) -> Sequence[Point]:
    """Without the highest and the lowest twentieth: one odd batch would press everything else into a line."""
    few = len(losses) // 20
    return sorted(losses, key=lambda point: point[1])[few : len(losses) - few]


@dataclass(frozen=True)
class CurveChart:
    """Curves over one another, in a box of steps and nats that is upside down, as pictures are.

    Attributes:
        curves: The first is what the page is about.
    """

    curves: Sequence[Curve]

    @property
    def steps(self) -> int:
        """Of the widest."""
        seen = (curve.losses[-1][0] for curve in self.curves if curve.losses)
        return int(max([1, *(curve.steps for curve in self.curves), *seen]))

    @property
    def range(self) -> tuple[float, float]:
        """The lowest and the highest loss that there is room for."""
        values = [*self._values()]
        low, high = min(values, default=0.0), max(values, default=1.0)
        margin = (high - low or 1) * _MARGIN
        return max(0.0, low - margin), high + margin

    def _values(self) -> Iterator[float]:
        """Of what is drawn: of the others not each step, and not their bases; a step far off leaves the picture."""
        for number, curve in enumerate(self.curves):
            lines = [curve.smooth, curve.looks, *([] if number else [_usual(curve.losses)])]
            yield from (loss for line in lines for _, loss in line)
            levels = (curve.heldout or ())[1:] if number else (curve.base, *(curve.heldout or ()))
            yield from (loss for loss in levels if loss is not None)

    @property
    def box(self) -> str:
        """As `viewBox` takes it."""
        low, high = self.range
        return f"0 {-high:.6g} {self.steps} {high - low:.6g}"

    @property
    def ticks(self) -> list[tuple[str, float]]:
        """Round losses, and how far from the top each lies, in percent."""
        low, high = self.range
        size = 10 ** floor(log10((high - low) / _TICKS))
        size = next(size * n for n in (1, 2, 5, 10) if (high - low) / (size * n) <= _TICKS)
        places = max(0, -floor(log10(size)))
        numbers = range(ceil(low / size), floor(high / size) + 1)
        return [(f"{n * size:.{places}f}", round((high - n * size) / (high - low) * 100, 2)) for n in numbers]

    @staticmethod
    def line(points: Sequence[Point]) -> str:
        """As `points` takes it."""
        return " ".join(f"{step:g},{-loss:.5g}" for step, loss in thinned(points))

    @staticmethod
    def dots(points: Sequence[Point]) -> str:
        """As `d` takes it: a stroke of no length each, so that what is stretched leaves them round."""
        return " ".join(f"M{step:g} {-loss:.5g}h0" for step, loss in points)
