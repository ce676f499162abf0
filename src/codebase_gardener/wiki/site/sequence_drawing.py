"""Who is asked for what, in order, as a drawing (SVG): a line down for each of them, an arrow for each call."""

from __future__ import annotations

import math
from html import escape

from codebase_gardener.knowledge.pages.mermaid import Arrow, Chart

__all__ = ["sequence_drawing"]

_HEAD, _ROW, _EDGE, _GAP = 30, 36, 6, 24
_CHARS, _CHAR_WIDTH, _MIN_WIDTH = 28, 7, 110
_APART = 260
"""Lines are no further apart, however long the words."""
_LOOP = 26
"""How far an arrow to oneself reaches."""


def sequence_drawing(chart: Chart) -> str:
    """The drawing.

    Args:
        chart: Those who take part as boxes, what one asks of another as arrows.
    """
    names = [name if len(name) <= _CHARS else f"…{name[1 - _CHARS :]}" for name in chart.boxes]
    wide = max(_MIN_WIDTH, math.ceil(max(map(len, names)) * _CHAR_WIDTH) + 20)
    longest = max((len(one.label) for one in chart.arrows), default=0)
    apart = max(wide + _GAP, min(math.ceil(longest * _CHAR_WIDTH) + 20, _APART))
    middles = [_EDGE + wide // 2 + at * apart for at in range(len(names))]
    height = _EDGE + _HEAD + (len(chart.arrows) + 1) * _ROW
    ends = [
        min(middles[one.start], middles[one.end]) + len(one.label) * _CHAR_WIDTH + 20 for one in chart.arrows
    ]
    width = math.ceil(max([middles[-1] + wide / 2 + _LOOP, *ends])) + _EDGE
    actors = "".join(
        f"<g><title>{escape(whole)}</title>"
        f'<path class="life" d="M{x},{_EDGE + _HEAD}V{height - _EDGE}"/>'
        f'<rect x="{x - wide // 2}" y="{_EDGE}" width="{wide}" height="{_HEAD}" rx="6"/>'
        f'<text class="actor" x="{x}" y="{_EDGE + 20}">{escape(name)}</text></g>'
        for x, name, whole in zip(middles, names, chart.boxes, strict=True)
    )
    calls = "".join(_call(middles, row, one) for row, one in enumerate(chart.arrows, 1))
    return (
        f'<div class="table drawing" tabindex="0" role="group" aria-label="Sequence: {len(chart.arrows)} calls">'
        f'<svg class="chart sequence" viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
        f"{actors}{calls}</svg></div>\n"
    )


def _call(middles: list[int], row: int, call: Arrow) -> str:
    """Its words stand over the arrow, from where it is further left."""
    y = _EDGE + _HEAD + row * _ROW
    start, end = middles[call.start], middles[call.end]
    if start == end:
        line, end, back = f"M{start},{y - 6}H{start + _LOOP}V{y + 6}H{start + 6}", start, 7
        y += 6
    else:
        back = -7 if end > start else 7
        line = f"M{start},{y}H{end + back}"
    words_y = y - (18 if call.start == call.end else 6)
    return (
        f'<g class="arrow"><path class="line" d="{line}"/>'
        f'<path class="tip" d="M{end + back},{y - 4}L{end},{y}L{end + back},{y + 4}z"/>'
        f'<text class="call" x="{min(start, end) + 8}" y="{words_y}">{escape(call.label)}</text></g>'
    )
