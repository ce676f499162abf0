"""A diagram of boxes and arrows as a drawing (SVG), made when the site is made: nothing is loaded to show it."""

from __future__ import annotations

import math
from collections.abc import Callable
from html import escape

from codebase_gardener.knowledge.pages.mermaid import Chart

__all__ = ["chart_drawing"]

_WIDTH, _HEIGHT, _ROW, _COLUMN, _EDGE = 210, 32, 46, 300, 6
_CHARS = 30
_SWEEPS = 4
_LABELLED = 30
"""Arrows of a drawing, up to which each carries its words; the others show them when they are pointed at."""


def chart_drawing(chart: Chart, link: Callable[[str], str]) -> str:
    """Columns from left to right: each box stands right of what leads to it, as far as there is no circle.

    Args:
        chart: What is drawn.
        link: Where a box leads; "" for nowhere.
    """
    columns = _columns(chart)
    places = {box: (column, row) for column, boxes in enumerate(columns) for row, box in enumerate(boxes)}
    tallest = max(map(len, columns))
    height = tallest * _ROW + 2 * _EDGE
    width = (len(columns) - 1) * _COLUMN + _WIDTH + 2 * _EDGE + 40
    at = {
        box: (_EDGE + column * _COLUMN, _EDGE + int((row + (tallest - len(columns[column])) / 2) * _ROW))
        for box, (column, row) in places.items()
    }
    arrows = "".join(
        _arrow(at[one.start], at[one.end], one.label, len(chart.arrows) <= _LABELLED) for one in chart.arrows
    )
    boxes = "".join(_box(words, at[box], link(words)) for box, words in enumerate(chart.boxes))
    return (
        f'<div class="table" tabindex="0"><svg class="chart" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" role="img" aria-label="Diagram: {len(chart.boxes)} boxes, {len(chart.arrows)} arrows">'
        f"{arrows}{boxes}</svg></div>\n"
    )


def _columns(chart: Chart) -> list[list[int]]:
    """The boxes by their distance from those that nothing leads to; then each by the mean row of its neighbours."""
    after: dict[int, list[int]] = {box: [] for box in range(len(chart.boxes))}
    for one in chart.arrows:
        if one.start != one.end:
            after[one.start].append(one.end)
    ranks = _ranks(after)
    columns: list[list[int]] = [[] for _ in range(max(ranks.values(), default=0) + 1)]
    for box in sorted(ranks):
        columns[ranks[box]].append(box)
    near: dict[int, set[int]] = {box: set(ends) for box, ends in after.items()}
    for box, ends in after.items():
        for end in ends:
            near[end].add(box)
    for _ in range(_SWEEPS):
        rows = {box: row / len(column) for column in columns for row, box in enumerate(column)}
        for column in columns:
            column.sort(key=lambda box: (_mean([rows[one] for one in near[box]]), box))
            rows |= {box: row / len(column) for row, box in enumerate(column)}
    return columns


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0.5


def _ranks(after: dict[int, list[int]]) -> dict[int, int]:
    """The longest way to each box; an arrow that closes a circle does not count.

    Those that use the most are looked at first, so that what only is used comes last.
    """
    reached = {box: sum(box in ends for ends in after.values()) for box in after}
    order = sorted(after, key=lambda box: (reached[box] - len(set(after[box])), box))
    position = {box: at for at, box in enumerate(order)}
    ranks = dict.fromkeys(order, 0)
    for box in order:  # arrows to boxes that were before are the ones that go back
        for end in after[box]:
            if position[end] > position[box]:
                ranks[end] = max(ranks[end], ranks[box] + 1)
    return ranks


def _box(words: str, at: tuple[int, int], link: str) -> str:
    x, y = at
    shown = words if len(words) <= _CHARS else f"…{words[1 - _CHARS :]}"
    inside = (
        f"<title>{escape(words)}</title>"
        f'<rect x="{x}" y="{y}" width="{_WIDTH}" height="{_HEIGHT}" rx="6"/>'
        f'<text x="{x + 10}" y="{y + 21}">{escape(shown)}</text>'
    )
    return f'<a href="{escape(link)}">{inside}</a>' if link else f"<g>{inside}</g>"


def _arrow(start: tuple[int, int], end: tuple[int, int], label: str, labelled: bool) -> str:
    x, y = start[0] + _WIDTH, start[1] + _HEIGHT // 2
    last_x, last_y = end[0], end[1] + _HEIGHT // 2
    if last_x > x:
        middle = (x + last_x) // 2
        path = f"M{x},{y}C{middle},{y} {middle},{last_y} {last_x - 4},{last_y}"
        tip = f"M{last_x - 7},{last_y - 4}L{last_x},{last_y}L{last_x - 7},{last_y + 4}z"
    else:  # back, or within a column: around the right side
        last_x = end[0] + _WIDTH
        bend = max(x, last_x) + 34
        path = f"M{x},{y}C{bend},{y} {bend},{last_y} {last_x + 4},{last_y}"
        tip = f"M{last_x + 7},{last_y - 4}L{last_x},{last_y}L{last_x + 7},{last_y + 4}z"
    weight = 1 + min(2.0, math.log10(int(label)) if label.isdecimal() and int(label) else 0)
    words = f'<text class="label" x="{(x + last_x) // 2}" y="{(y + last_y) // 2 - 3}">{escape(label)}</text>'
    return (
        f'<g class="arrow"><title>{escape(label)}</title><path class="line" d="{path}" stroke-width="{weight:.1f}"/>'
        f'<path class="tip" d="{tip}"/>{words if labelled and label else ""}</g>'
    )
