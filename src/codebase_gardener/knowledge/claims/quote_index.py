"""Where a quoted text stands in a file: whitespace, quotation marks and joins of strings do not count."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate

from codebase_gardener.utils.anchors import split_lines

__all__ = ["QuoteIndex"]

_MAX_PLACES = 200
_COMMENT = re.compile(r"(?:#+|//+|/\*+|\*+/?|--+|;+|>)\s*")
_STRING_PREFIX = re.compile(r"(?:\+\s*)?[fFrRbBuU]{0,2}(?=[\"'])")
_STRING_JOIN = re.compile(r"([\"'])\s*[+\\]\s*$")
_DROPPED = re.compile(r"[\s\"'`\\“”‘’]+")
_ELLIPSIS = re.compile(r"\[?(?:\.{3}|…)\]?")


@dataclass(frozen=True)
class QuoteIndex:
    """A file's text with what does not count taken out, and where each of its lines begins there.

    Example:
        >>> index = QuoteIndex.read('warn(\\n    "Merging may "\\n    "lose digits"\\n)\\n')
        >>> index.places("Merging may lose digits")
        [(2, 3)]
    """

    squeezed: str
    starts: tuple[int, ...]

    @classmethod
    def read(cls, text: str) -> QuoteIndex:
        """Read a file."""
        parts = [_squeezed_line(line) for line in split_lines(text)]
        return cls("".join(parts), tuple(accumulate(map(len, parts), initial=0)))

    def places(self, quote: str) -> list[tuple[int, int]]:
        """First and last line of each place where the quote stands; at most 200.

        Args:
            quote: Of one or more lines; `...` and `…` stand for what was left out.
        """
        lines = quote.strip().split("\n")
        asis = ["".join([_DROPPED.sub("", lines[0]), *map(_squeezed_line, lines[1:])])]
        without = ["".join(map(_squeezed_line, lines))]
        whole = self._find(asis) or self._find(without)
        if whole:
            return whole
        return self._find([part for part in _ELLIPSIS.split(asis[0].rstrip(".,;:")) if part])

    def _find(self, parts: list[str]) -> list[tuple[int, int]]:
        found: list[tuple[int, int]] = []
        begin = self.squeezed.find(parts[0]) if parts and parts[0] else -1
        while begin >= 0 and len(found) < _MAX_PLACES:
            end = self._end(begin, parts)
            if end is None:
                break
            found.append((self._line(begin), self._line(end - 1)))
            begin = self.squeezed.find(parts[0], begin + 1)
        return found

    def _end(self, begin: int, parts: list[str]) -> int | None:
        end = begin + len(parts[0])
        for part in parts[1:]:
            following = self.squeezed.find(part, end)
            if following < 0:
                return None
            end = following + len(part)
        return end

    def _line(self, offset: int) -> int:
        return bisect_right(self.starts, offset)


def _squeezed_line(line: str) -> str:
    stripped = line.strip()
    comment = _COMMENT.match(stripped)
    if comment:
        stripped = stripped[comment.end() :]
    stripped = _STRING_PREFIX.sub("", stripped, count=1) if _STRING_PREFIX.match(stripped) else stripped
    return _DROPPED.sub("", _STRING_JOIN.sub(r"\1", stripped))
