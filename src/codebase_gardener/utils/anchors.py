"""Anchors: `path:L30-128`, computed from the syntax tree, never written by a model or a person."""

from __future__ import annotations

from dataclasses import dataclass
from io import StringIO

__all__ = ["Anchor", "source_lines", "split_lines"]


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


def split_lines(text: str) -> list[str]:
    r"""The lines that anchors count, without their ends.

    Not `str.splitlines`: that also splits at form feeds and U+2028, where no compiler, editor or git
    counts a line.

    Example:
        >>> split_lines("a\n\x0cb\n")
        ['a', '\x0cb']
    """
    lines = text.split("\n")
    if not lines[-1]:
        lines.pop()
    return lines


def source_lines(text: str) -> list[str]:
    r"""`split_lines` with the line ends kept, so that joining the lines gives the text again.

    Example:
        >>> source_lines("a\x0cb\nc")
        ['a\x0cb\n', 'c']
    """
    return list(StringIO(text))
