"""Verdicts on claims, and how two ranges of lines stand to each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

__all__ = ["VERDICTS", "ClaimVerdict", "range_distance", "range_text", "share_lines", "tally"]

VERDICTS: dict[str, str] = {
    "exact": "the range is the symbol's, the quote stands within it, or the link leads somewhere",
    "off": "the range shares lines with the symbol's, and is another",
    "wrong": "the range has no line of the symbol, or ends after the file does",
    "gone": "the file, the symbol, the quote, the heading or the page is not there",
    "no-symbol": "the row or sentence names no symbol: nothing to judge",
}


@dataclass(frozen=True)
class ClaimVerdict:
    """A claim and what is true.

    Attributes:
        document: Where the claim stands.
        line: There, 1-based.
        path: As written.
        file: The file that is meant, of a link also where it is gone; "" where there is none.
        symbol: The name as written; "" where none is named.
        definition: Qualified name of the symbol that is meant; "".
        claimed: First and last line as claimed.
        actual: First and last line by the syntax tree, of the nearest definition, or of the quote; None.
        verdict: A key of `VERDICTS`.
        quote: The quoted text where the claim was judged by it; "".
        note: What else is to be known, such as "ambiguous: …".
        repair: First and last line as they are to be written, where that is certain; None.
        doubt: Why that is not certain; "".
        numbers: Where the one or two numbers of the range stand in the line: column of the first character, from 0, and
            the one after the last.
        fixed: The repair was written.
        link: It is a link, with its target as `path`; no lines are claimed then.
        target: What is to be written in its place, where that is certain; "".
    """

    document: str
    line: int
    path: str
    file: str
    symbol: str
    definition: str
    claimed: tuple[int, int]
    actual: tuple[int, int] | None
    verdict: str
    quote: str = ""
    note: str = ""
    repair: tuple[int, int] | None = None
    doubt: str = ""
    numbers: tuple[tuple[int, int], ...] = ()
    fixed: bool = False
    link: bool = False
    target: str = ""

    @property
    def claim(self) -> str:
        """What is claimed, as a line of a report says it."""
        return self.path if self.link else f"{self.file or self.path}:{range_text(self.claimed)}"

    @property
    def holds(self) -> bool:
        """Whether nothing speaks against it (any more)."""
        return self.fixed or self.verdict in ("exact", "no-symbol")

    def as_dict(self) -> dict[str, Any]:
        """For `--json`: ranges as `L3-9` and as two numbers."""
        shown = {key: value for key, value in vars(self).items() if key not in ("numbers", "target")}
        return {
            **shown,
            "repair": self.target or range_text(self.repair),
            "claimed": None if self.link else range_text(self.claimed),
            "actual": range_text(self.actual),
            "claimed_lines": list(self.claimed),
            "actual_lines": list(self.actual) if self.actual else None,
        }


def range_text(lines: tuple[int, int] | None) -> str | None:
    """`L3-9`, or `L3` for one line.

    Example:
        >>> range_text((3, 9)), range_text((3, 3)), range_text(None)
        ('L3-9', 'L3', None)
    """
    if lines is None:
        return None
    return f"L{lines[0]}" if lines[0] == lines[1] else f"L{lines[0]}-{lines[1]}"


def tally(verdicts: Iterable[ClaimVerdict]) -> dict[str, int]:
    """How many there are of each verdict; all verdicts are named."""
    counts = Counter(verdict.verdict for verdict in verdicts)
    return {name: counts[name] for name in VERDICTS}


def share_lines(one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Whether two ranges have a line in common."""
    return one[0] <= other[1] and other[0] <= one[1]


def range_distance(one: tuple[int, int], other: tuple[int, int]) -> float:
    """0 for the same range, below 1 where lines are shared, else 1 + the lines between them."""
    if not share_lines(one, other):
        return 1.0 + max(one[0] - other[1], other[0] - one[1])
    both = min(one[1], other[1]) - max(one[0], other[0]) + 1
    either = max(one[1], other[1]) - min(one[0], other[0]) + 1
    return 1.0 - both / either
