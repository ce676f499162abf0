"""Fences of code, as CommonMark has them: which line opens one, and which closes it."""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["Fence", "closes_fence", "fence_after", "opened_fence"]

_FENCE = re.compile(r"\s*(`{3,}|~{3,})[ \t]*([^\r\n]*)")


class Fence(NamedTuple):
    """Its mark, such as four backticks, and what follows it on the line; where it stands: columns before it."""

    mark: str
    info: str
    indent: int

    @property
    def language(self) -> str:
        """The word that the info string begins with: "py" of "{.py hl_lines=1}"; "" where there is none."""
        found = re.match(r"\{?\.?([\w+#.-]{0,40})", self.info)
        return found[1] if found else ""


def opened_fence(line: str, most_indent: int = 1_000) -> Fence | None:
    """The fence that a line opens where none is open, indented by at most so many columns.

    Example:
        >>> opened_fence("  ```python"), opened_fence("```a`"), opened_fence("``` `b")
        (Fence(mark='```', info='python', indent=2), None, None)
    """
    found = _FENCE.match(line) if "```" in line or "~~~" in line else None
    if not found or found.start(1) > most_indent or ("`" in found[1] and "`" in found[2]):
        return None
    return Fence(found[1], found[2].strip(), found.start(1))


def closes_fence(line: str, mark: str) -> bool:
    """Whether a line closes the fence: as many of its marks or more, and nothing else."""
    stripped = line.strip()
    return len(stripped) >= len(mark) and not stripped.strip(mark[0])


def fence_after(line: str, mark: str, most_indent: int = 3) -> str:
    """The mark of the fence that is open after a line, where that of `mark` was open before it; "" for none."""
    if mark:
        indent = len(line) - len(line.lstrip())
        return "" if indent <= most_indent and closes_fence(line, mark) else mark
    opened = opened_fence(line, most_indent)
    return opened.mark if opened else ""
