"""The steps of a workflow as a drawing (SVG), made when the site is made: nothing is loaded to show it."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

__all__ = ["DrawnStep", "arrows_of", "step_diagram"]

_WIDTH, _BOX_X, _BOX_WIDTH, _BOX_HEIGHT, _GAP = 480, 4, 400, 58, 28
_TITLE_CHARS, _API_CHARS = 36, 42
_ARROW = re.compile(r"^ *S(\d{1,4}) --> S(\d{1,4})$", re.MULTILINE)


@dataclass(frozen=True)
class DrawnStep:
    """A box of the drawing.

    Attributes:
        number: From 1.
        title: In words.
        api: What does it; "" where that is not known.
        link: Where a click leads; "" for nowhere.
    """

    number: int
    title: str
    api: str
    link: str


def arrows_of(mermaid: str) -> list[tuple[int, int]]:
    """The arrows of a workflow's diagram, as pairs of step numbers.

    Example:
        >>> arrows_of("flowchart TD\\n  S1 --> S2")
        [(1, 2)]
    """
    return [(int(found[1]), int(found[2])) for found in _ARROW.finditer(mermaid)]


def step_diagram(steps: Sequence[DrawnStep], arrows: Sequence[tuple[int, int]]) -> str:
    """Boxes one below the other; an arrow that skips or goes back runs beside them."""
    rows = {step.number: row for row, step in enumerate(steps)}
    known = [(rows[start], rows[end]) for start, end in arrows if start in rows and end in rows]
    height = len(steps) * (_BOX_HEIGHT + _GAP) - _GAP + 8
    parts = [
        f'<svg class="steps" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}" '
        f'role="img" aria-label="The steps in order">',
        '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
        'orient="auto-start-reverse"><path d="M0,0L8,4L0,8z"/></marker></defs>',
        *(_arrow(start, end) for start, end in known),
        *(_box(step, row) for row, step in enumerate(steps)),
        "</svg>",
    ]
    return "".join(parts)


def _top(row: int) -> int:
    return 4 + row * (_BOX_HEIGHT + _GAP)


def _box(step: DrawnStep, row: int) -> str:
    y = _top(row)
    title = textwrap.shorten(step.title, _TITLE_CHARS, placeholder="…") or step.title[:_TITLE_CHARS]
    api = step.api if len(step.api) <= _API_CHARS else f"{step.api[: _API_CHARS - 1]}…"
    title_y = y + (25 if api else 34)
    inside = (
        f"<title>{escape(step.title)}</title>"
        f'<rect x="{_BOX_X}" y="{y}" width="{_BOX_WIDTH}" height="{_BOX_HEIGHT}" rx="8"/>'
        f'<circle cx="{_BOX_X + 28}" cy="{y + _BOX_HEIGHT // 2}" r="15"/>'
        f'<text class="number" x="{_BOX_X + 28}" y="{y + _BOX_HEIGHT // 2 + 5}">{step.number}</text>'
        f'<text x="{_BOX_X + 56}" y="{title_y}">{escape(title)}</text>'
    )
    if api:
        inside += f'<text class="api" x="{_BOX_X + 56}" y="{y + 45}">{escape(api)}</text>'
    return f'<a href="{escape(step.link)}">{inside}</a>' if step.link else f"<g>{inside}</g>"


def _arrow(start: int, end: int) -> str:
    if end == start + 1:
        x, y = _BOX_X + 28, _top(start) + _BOX_HEIGHT
        return f'<path class="arrow" d="M{x},{y}V{y + _GAP - 2}" marker-end="url(#arrow)"/>'
    right = _BOX_X + _BOX_WIDTH
    first, last = _top(start) + _BOX_HEIGHT // 2, _top(end) + _BOX_HEIGHT // 2
    bend = right + 60
    return (
        f'<path class="arrow" d="M{right},{first}C{bend},{first} {bend},{last} {right + 2},{last}" '
        'marker-end="url(#arrow)"/>'
    )
