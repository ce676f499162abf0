"""Anchors: `path:L30-128`, computed from the syntax tree, never written by a model or a person."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Anchor"]


@dataclass(frozen=True, order=True)
class Anchor:
    """A range of lines, 1-based and inclusive.

    Example:
        >>> str(Anchor("src/peft/mapping_func.py", 30, 128))
        'src/peft/mapping_func.py:L30-128'
    """

    path: str
    start: int
    end: int

    def __str__(self) -> str:
        return f"{self.path}:L{self.start}-{self.end}"
