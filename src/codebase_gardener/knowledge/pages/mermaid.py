"""Diagrams as mermaid text: written so that mermaid's own parser takes them, whatever a name holds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from codebase_gardener.knowledge.pages.markup import fence

__all__ = [
    "MAX_BOXES",
    "Arrow",
    "Chart",
    "class_diagram",
    "flowchart",
    "label_text",
    "read_chart",
    "read_sequence",
    "sequence",
]

MAX_BOXES = 25
"""Of a diagram; what does not fit is grouped."""

_LONGEST = 60
_NODE = re.compile(r'^  (?:class )?N(\d{1,3})\["(.*)"\]$', re.MULTILINE)
_ARROW = re.compile(r'^  N(\d{1,3}) -->(?:\|"(.*)"\|)? ?N(\d{1,3})$', re.MULTILINE)
_PARENT = re.compile(r"^  N(\d{1,3}) <\|-- N(\d{1,3})$", re.MULTILINE)
_ACTOR = re.compile(r"^  participant N(\d{1,3}) as (.*)$", re.MULTILINE)
_MESSAGE = re.compile(r"^  N(\d{1,3})->>N(\d{1,3}): (.*)$", re.MULTILINE)
_ENTITY = re.compile(r"#(\d{1,6});")


@dataclass(frozen=True)
class Arrow:
    """From one box to another, by their places in the list of boxes."""

    start: int
    end: int
    label: str = ""


@dataclass(frozen=True)
class Chart:
    """What a flowchart says: the boxes' words, and the arrows between them."""

    boxes: tuple[str, ...]
    arrows: tuple[Arrow, ...]


def flowchart(boxes: Sequence[str], arrows: Iterable[Arrow], direction: str = "LR") -> str:
    """Boxes and arrows between them, as a fenced block.

    Args:
        boxes: At most `MAX_BOXES`.
        arrows: Between them.
        direction: As mermaid has it: "LR" from left to right, "TD" from top to bottom.
    """
    lines = [f"flowchart {direction}", *(f'  N{at}["{label_text(box)}"]' for at, box in enumerate(boxes))]
    lines += [
        f"  N{arrow.start} -->"
        + (f'|"{label_text(arrow.label)}"| ' if arrow.label else " ")
        + f"N{arrow.end}"
        for arrow in arrows
    ]
    return fence("\n".join(lines), "mermaid")


def read_chart(text: str) -> Chart | None:
    """What `flowchart` or `class_diagram` wrote, without its fence; None for another diagram.

    Example:
        >>> read_chart('flowchart LR\\n  N0["a"]\\n  N1["b"]\\n  N0 -->|"2"| N1').arrows
        (Arrow(start=0, end=1, label='2'),)
    """
    boxes = tuple(_words(found[2]) for found in _NODE.finditer(text))
    if not boxes:
        return None
    arrows = [Arrow(int(f[1]), int(f[3]), _words(f[2] or "")) for f in _ARROW.finditer(text)]
    arrows += [Arrow(int(f[1]), int(f[2])) for f in _PARENT.finditer(text)]
    return Chart(boxes, _within(boxes, arrows))


def read_sequence(text: str) -> Chart | None:
    """What `sequence` wrote: those who take part as boxes, what is asked as arrows; None where there is none."""
    actors = tuple(_words(found[2]) for found in _ACTOR.finditer(text))
    if not actors:
        return None
    asked = [Arrow(int(f[1]), int(f[2]), _words(f[3])) for f in _MESSAGE.finditer(text)]
    return Chart(actors, _within(actors, asked))


def _within(boxes: Sequence[str], arrows: Iterable[Arrow]) -> tuple[Arrow, ...]:
    return tuple(one for one in arrows if max(one.start, one.end) < len(boxes))


def class_diagram(names: Sequence[str], parents: Iterable[tuple[int, int]]) -> str:
    """Classes, and which inherits from which: pairs of places, the parent's first."""
    lines = ["classDiagram", *(f'  class N{at}["{label_text(name)}"]' for at, name in enumerate(names))]
    lines += [f"  N{parent} <|-- N{child}" for parent, child in parents]
    return fence("\n".join(lines), "mermaid")


def sequence(actors: Sequence[str], messages: Iterable[Arrow]) -> str:
    """Who is asked for what, in order."""
    lines = [
        "sequenceDiagram",
        *(f"  participant N{at} as {label_text(name)}" for at, name in enumerate(actors)),
    ]
    lines += [f"  N{one.start}->>N{one.end}: {label_text(one.label)}" for one in messages]
    return fence("\n".join(lines), "mermaid")


def label_text(text: str) -> str:
    """A text as mermaid takes it between quotation marks and after a colon: what it could read is an entity."""
    line = " ".join(text.split())
    line = line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
    return re.sub(r"[^\w ./…,:()*=@+-]", lambda found: f"#{ord(found[0])};", line) or "#32;"


def _words(text: str) -> str:
    return _ENTITY.sub(lambda found: chr(int(found[1])), text)
