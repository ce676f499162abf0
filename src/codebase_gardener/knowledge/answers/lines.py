"""A line of an answer."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["GraphLine"]


@dataclass(frozen=True)
class GraphLine:
    """A line of an answer.

    Attributes:
        text: What it says.
        anchor: `path:Lx-y` that it rests on; "" only where nothing is there to rest on.
    """

    text: str
    anchor: str = ""
