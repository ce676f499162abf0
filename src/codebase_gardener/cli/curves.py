"""Loss curves: as text for the terminal, and as a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from codebase_gardener.utils.files import writing

__all__ = ["curve_image", "curve_text"]

_BARS = "▁▂▃▄▅▆▇█"
_COLUMNS, _ROWS = 72, 8


def curve_text(steps: Sequence[Mapping[str, Any]]) -> str:
    """The loss by step, eight lines high.

    Args:
        steps: `step` events.
    """
    losses = _by_column([step["loss"] for step in steps])
    low, high = min(losses), max(losses)
    heights = [(loss - low) / (high - low or 1) * (_ROWS * len(_BARS) - 1) for loss in losses]
    lines = [
        f"{_label(row, low, high):>7} " + "".join(_cell(height, _ROWS - 1 - row) for height in heights)
        for row in range(_ROWS)
    ]
    first, last = steps[0]["step"], steps[-1]["step"]
    return "\n".join([*lines, f"{'step':>7} {first}{str(last).rjust(len(losses) - len(str(first)))}"])


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


def curve_image(steps: Sequence[Mapping[str, Any]], path: Path, *, title: str) -> None:
    """Write the loss by step as a PNG."""
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
    axes.set_xlabel("step")
    axes.set_ylabel("loss (nats per supervised token)")
    axes.set_title(title, loc="left")
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, dpi=120, format="png")
