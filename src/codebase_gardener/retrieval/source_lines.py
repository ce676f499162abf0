"""Lines of a source text with their ends, counted as anchors count them."""

from __future__ import annotations

from codebase_gardener.repository.anchors import split_lines

__all__ = ["source_lines"]


def source_lines(text: str) -> list[str]:
    r"""`split_lines` with the line ends kept, so that joining the lines gives the text again.

    Example:
        >>> source_lines("a\x0cb\nc")
        ['a\x0cb\n', 'c']
    """
    lines = [f"{line}\n" for line in split_lines(text)]
    if lines and not text.endswith("\n"):
        lines[-1] = lines[-1][:-1]
    return lines
