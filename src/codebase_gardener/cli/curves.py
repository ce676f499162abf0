"""Loss curves: as text for the terminal, and as a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import isfinite
from pathlib import Path
from typing import Any

from codebase_gardener.utils.files import writing

__all__ = ["curve_image", "curve_text"]

_BARS = "▁▂▃▄▅▆▇█"
_COLUMNS, _ROWS = 72, 8
_POINT, _BEST = "○", "●"


def curve_text(steps: Sequence[Mapping[str, Any]], looks: Mapping[int, float]) -> str:
    """The loss by step, eight lines high, with the validation loss as points: the best is full.

    Args:
        steps: `step` events.
        looks: Validation loss by step; at 0 that of the base, which is not shown here.
    """
    losses = _by_column([step["loss"] for step in steps])
    seen = {step: loss for step, loss in looks.items() if step and isfinite(loss)}
    low, high = min([*losses, *seen.values()]), max([*losses, *seen.values()])
    heights, points = [_height(loss, low, high) for loss in losses], dict[tuple[int, int], str]()
    first, last = steps[0]["step"], steps[-1]["step"]
    for step, loss in sorted(seen.items(), key=lambda look: -look[1]):  # the best last, over the others
        column = (step - first) * (len(losses) - 1) // max(1, last - first)
        points[column, int(_height(loss, low, high)) // len(_BARS)] = _POINT
    if seen:
        points[next(reversed(points))] = _BEST
    lines = [
        f"{_label(row, low, high):>7} "
        + "".join(
            points.get((column, _ROWS - 1 - row)) or _cell(height, _ROWS - 1 - row)
            for column, height in enumerate(heights)
        )
        for row in range(_ROWS)
    ]
    legend = [f"{'':>7} {_POINT} validation, {_BEST} the best of it"] if seen else []
    return "\n".join(
        [*lines, f"{'step':>7} {first}{str(last).rjust(len(losses) - len(str(first)))}", *legend]
    )


def _height(loss: float, low: float, high: float) -> float:
    return (loss - low) / (high - low or 1) * (_ROWS * len(_BARS) - 1)


def _by_column(losses: Sequence[float]) -> list[float]:
    """Means of as many stretches as there are columns."""
    columns = min(_COLUMNS, len(losses))
    edges = [n * len(losses) // columns for n in range(columns + 1)]
    return [sum(losses[a:b]) / (b - a) for a, b in pairwise(edges)]


def _label(row: int, low: float, high: float) -> str:
    return {0: f"{high:.3f}", _ROWS - 1: f"{low:.3f}"}.get(row, "")


def _cell(height: float, row: int) -> str:
    filled = int(height) - row * len(_BARS)
    if filled < 0:
        return " "
    return _BARS[min(filled, len(_BARS) - 1)]


def curve_image(
    steps: Sequence[Mapping[str, Any]], path: Path, looks: Mapping[int, float], *, title: str
) -> None:
    """Write the loss by step as a PNG, with the validation loss, the base's and the best."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.5), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    numbers = [step["step"] for step in steps]
    axes.plot(numbers, [step["loss"] for step in steps], color="#9bb8a4", linewidth=1, label="each step")
    axes.plot(
        numbers, [step["smooth_loss"] for step in steps], color="#2f6b45", linewidth=2, label="smoothed"
    )
    seen = sorted((step, loss) for step, loss in looks.items() if step)
    if seen:
        axes.plot(*zip(*seen, strict=True), color="#b5651d", marker="o", linewidth=1.5, label="validation")
        best = min(seen, key=lambda look: look[1])
        axes.plot(*best, color="#b5651d", marker="*", markersize=14, linestyle="", label="best: published")
    if 0 in looks:
        axes.axhline(looks[0], color="#888888", linewidth=1, linestyle=":", label="validation, base")
    axes.set_xlabel("step")
    axes.set_ylabel("loss (nats per supervised token)")
    axes.set_title(title, loc="left")
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, dpi=120, format="png")
