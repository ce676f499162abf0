"""A diagram of boxes and arrows as a drawing (SVG), made when the site is made: nothing is loaded to show it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

from codebase_gardener.knowledge.pages.mermaid import Arrow, Chart

__all__ = ["chart_drawing"]

_HEIGHT, _ROW, _LANE, _GAP, _EDGE = 30, 42, 12, 50, 6
_NARROW_GAP, _MANY_COLUMNS = 32, 6
"""Between columns where there are many: arrows are steeper, and more of the drawing is in sight."""
_CHARS, _CHAR_WIDTH, _MIN_WIDTH, _PADDING = 24, 7, 90, 16
_SWEEPS = 8
_ABREAST = 4
"""Boxes beside each other where no arrow says how they stand."""
_LABELLED = 30
"""Arrows of a drawing, up to which each carries its words; the others show them when they are pointed at."""


def chart_drawing(chart: Chart, link: Callable[[str], str]) -> str:
    """Columns from left to right: each box stands right of what leads to it, as far as there is no circle.

    Args:
        chart: What is drawn.
        link: Where a box leads; "" for nowhere.
    """
    grid = _grid(chart)
    columns = max(grid.column) + 1
    beside = any(grid.column[one.start] == grid.column[one.end] == columns - 1 for one in chart.arrows)
    width = grid.lefts[-1] + grid.widths[-1] + (grid.gap if beside else 0) + _EDGE
    height = math.ceil(max(grid.y) + _ROW / 2) + _EDGE
    arrows = "".join(
        _arrow(grid, route, arrow, _said(chart, arrow), len(chart.arrows) <= _LABELLED)
        for route, arrow in zip(grid.routes, chart.arrows, strict=True)
        if arrow.start != arrow.end
    )
    boxes = "".join(_box(words, grid, box, link(words)) for box, words in enumerate(chart.boxes))
    return (
        f'<div class="table drawing" tabindex="0" role="group" aria-label="Diagram: {len(chart.boxes)} boxes, '
        f'{len(chart.arrows)} arrows"><svg class="chart" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}">{arrows}{boxes}</svg></div>\n'
    )


@dataclass(frozen=True)
class _Grid:
    """Where everything stands: the boxes, and after them the lanes by which long arrows pass other columns.

    Attributes:
        gap: Between columns.
        lefts, widths: Of each column.
        column, y: Of each box and lane; y is that of its middle.
        routes: Of each arrow, the boxes and lanes that it touches, from left to right.
    """

    gap: int
    lefts: Sequence[int]
    widths: Sequence[int]
    column: Sequence[int]
    y: Sequence[float]
    routes: Sequence[Sequence[int]]

    def left(self, node: int) -> int:
        return self.lefts[self.column[node]]

    def right(self, node: int) -> int:
        return self.left(node) + self.widths[self.column[node]]


def _grid(chart: Chart) -> _Grid:
    column = _columns(chart)
    routes = []
    lanes: dict[tuple[int, bool, int], int] = {}  # arrows from the same box share one
    for arrow in chart.arrows:
        first, last = sorted((arrow.start, arrow.end), key=lambda box: column[box])
        route = [first]
        for passed in range(column[first] + 1, column[last]):
            lane = lanes.setdefault((first, first == arrow.start, passed), len(column))
            column += [passed] * (lane == len(column))
            route.append(lane)
        routes.append([*route, last])
    near: list[list[int]] = [[] for _ in column]
    for route in routes:
        for one, other in pairwise(route):
            if one != other:
                near[one].append(other)
                near[other].append(one)
    y = _heights(column, near, len(chart.boxes))
    lone = [box for box in range(len(chart.boxes)) if not near[box]]
    across = max(column) + 1 if len(lone) < len(column) else _ABREAST
    below = max((y[node] for node in range(len(column)) if near[node]), default=_EDGE - _ROW / 2) + _ROW
    for number, box in enumerate(lone):
        column[box], y[box] = number % across, below + number // across * _ROW
    widths = [_MIN_WIDTH] * (max(column) + 1)
    for box, words in enumerate(chart.boxes):
        widths[column[box]] = max(widths[column[box]], len(_shown(words)) * _CHAR_WIDTH + _PADDING)
    gap = _NARROW_GAP if len(widths) >= _MANY_COLUMNS else _GAP
    lefts = [_EDGE + sum(widths[:at]) + at * gap for at in range(len(widths))]
    return _Grid(gap, lefts, widths, column, y, routes)


def _columns(chart: Chart) -> list[int]:
    """The longest way to each box; arrows that close circles do not count.

    What nothing leads to stands beside what it leads to.
    """
    count = len(chart.boxes)
    after: list[set[int]] = [set() for _ in range(count)]
    for one in chart.arrows:
        if one.start != one.end:
            after[one.start].add(one.end)
    order = _order(after)
    position = {box: at for at, box in enumerate(order)}
    column = [0] * count
    led_to = set()
    for box in order:
        for end in after[box]:
            if position[end] > position[box]:
                column[end] = max(column[end], column[box] + 1)
                led_to.add(end)
    for box in order:
        if box not in led_to and after[box]:
            column[box] = max(0, min(column[end] for end in after[box]) - 1)
    return column


def _order(after: Sequence[set[int]]) -> list[int]:
    """An order that few arrows go against: sources first, sinks last, else what leads to more than leads to it.

    Eades, Lin and Smyth, "A fast and effective heuristic for the feedback arc set problem" (1993).
    """
    left = set(range(len(after)))
    head: list[int] = []
    tail: list[int] = []
    while left:
        out = {box: len(after[box] & left) for box in left}
        into = {box: sum(box in after[other] for other in left) for box in left}
        sinks = sorted(box for box in left if not out[box])
        sources = sorted(box for box in left if not into[box] and out[box])
        if sinks:
            tail += reversed(sinks)
        elif sources:
            head += sources
        else:
            sources = [min(left, key=lambda box: (into[box] - out[box], box))]
            head += sources
        left -= set(sinks or sources)
    return head + tail[::-1]


def _heights(column: Sequence[int], near: Sequence[Sequence[int]], boxes: int) -> list[float]:
    """Each box and lane as near to its neighbours as those above it allow; those without neighbours are left out."""
    nodes: list[list[int]] = [[] for _ in range(max(column) + 1)]
    for node, where in enumerate(column):
        if near[node]:
            nodes[where].append(node)
    room = [_ROW if node < boxes else _LANE for node in range(len(column))]
    y = [0.0] * len(column)
    for stack in nodes:
        _stack(stack, room, y, [0.0] * len(stack))
    for sweep in range(_SWEEPS):
        for stack in nodes if sweep % 2 == 0 else reversed(nodes):
            wanted = {node: _mean([y[one] for one in near[node]]) for node in stack}
            if sweep < _SWEEPS - 2:  # at the end only the places change, not the order
                stack.sort(key=lambda node: (wanted[node], node))
            _stack(stack, room, y, [wanted[node] for node in stack])
    top = min((y[node] - room[node] / 2 for stack in nodes for node in stack), default=0.0)
    return [round(each - top + _EDGE, 1) for each in y]


def _stack(stack: Sequence[int], room: Sequence[int], y: list[float], wanted: Sequence[float]) -> None:
    """Put the nodes of a column below each other, with as many moved up as down."""
    bottom = -math.inf
    for node, want in zip(stack, wanted, strict=True):
        y[node] = max(want, bottom + room[node] / 2)
        bottom = y[node] + room[node] / 2
    shift = _mean([want - y[node] for node, want in zip(stack, wanted, strict=True)])
    for node in stack:
        y[node] += shift


def _mean(values: Sequence[float]) -> float:
    return sum(values) / max(1, len(values))


def _shown(words: str) -> str:
    return words if len(words) <= _CHARS else f"…{words[1 - _CHARS :]}"


def _said(chart: Chart, arrow: Arrow) -> str:
    words = f"{chart.boxes[arrow.start]} → {chart.boxes[arrow.end]}"
    return f"{words}: {arrow.label}" if arrow.label else words


def _box(words: str, grid: _Grid, box: int, link: str) -> str:
    x, y = grid.left(box), grid.y[box]
    inside = (
        f"<title>{escape(words)}</title>"
        f'<rect x="{x}" y="{y - _HEIGHT / 2:g}" width="{grid.right(box) - x}" height="{_HEIGHT}" rx="6"/>'
        f'<text x="{x + _PADDING // 2}" y="{y + 4:g}">{escape(_shown(words))}</text>'
    )
    return f'<a href="{escape(link)}">{inside}</a>' if link else f"<g>{inside}</g>"


def _arrow(grid: _Grid, route: Sequence[int], arrow: Arrow, said: str, labelled: bool) -> str:
    if grid.column[route[0]] == grid.column[route[-1]]:
        path, tip, middle = _aside(grid, arrow)
    else:
        path, tip, middle = _across(grid, route, arrow.end == route[-1])
    weight = 1 + min(2.0, math.log10(int(arrow.label)) if arrow.label.isdecimal() and int(arrow.label) else 0)
    words = f'<text class="label" x="{middle[0]:g}" y="{middle[1]:g}">{escape(arrow.label)}</text>'
    return (
        f'<g class="arrow"><title>{escape(said)}</title><path class="line" d="{path}" stroke-width="{weight:.1f}"/>'
        f'<path class="tip" d="{tip}"/>{words if labelled and arrow.label else ""}</g>'
    )


def _across(grid: _Grid, route: Sequence[int], forward: bool) -> tuple[str, str, tuple[float, float]]:
    """From column to column; straight through those that it passes."""
    x, y = grid.right(route[0]), grid.y[route[0]]
    parts, middle = [f"M{x + (0 if forward else 5)},{y:g}"], (0.0, 0.0)
    for node in route[1:]:
        end_x, end_y = grid.left(node), grid.y[node]
        halfway = (x + end_x) / 2
        middle = (halfway, (y + end_y) / 2 - 3)
        stop = end_x - 5 if forward and node == route[-1] else end_x
        parts.append(f"C{halfway:g},{y:g} {halfway:g},{end_y:g} {stop},{end_y:g}")
        if node != route[-1]:
            x, y = grid.right(node), end_y
            parts.append(f"H{x}")
    end = route[-1] if forward else route[0]
    at = grid.left(end) if forward else grid.right(end)
    return "".join(parts), _tip(at, grid.y[end], -7 if forward else 7), middle


def _aside(grid: _Grid, arrow: Arrow) -> tuple[str, str, tuple[float, float]]:
    """Within a column: around the right side."""
    x, y, end_y = grid.right(arrow.start), grid.y[arrow.start], grid.y[arrow.end]
    bend = x + grid.gap - 12
    return (
        f"M{x},{y:g}C{bend},{y:g} {bend},{end_y:g} {x + 5},{end_y:g}",
        _tip(x, end_y, 7),
        (bend, (y + end_y) / 2),
    )


def _tip(x: float, y: float, back: int) -> str:
    return f"M{x + back:g},{y - 4:g}L{x:g},{y:g}L{x + back:g},{y + 4:g}z"
