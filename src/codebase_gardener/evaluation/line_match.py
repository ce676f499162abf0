"""Lines that a model wrote against those that stand there, as RepoBench and CrossCodeEval compare them.

Exact match is that of stripped lines; edit similarity is `fuzz.ratio` of them, 0 to 1 (arXiv:2306.03091,
arXiv:2310.11248). Blank lines do not count.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["LineMatch", "match_lines", "telling_lines"]


@dataclass(frozen=True)
class LineMatch:
    """How what was written compares.

    Attributes:
        exact: Whether the first line is the one that stands there.
        similarity: Of the first lines.
        exact_lines: Whether all lines that were asked for are.
        similarity_lines: Of them together.
    """

    exact: bool
    similarity: float
    exact_lines: bool
    similarity_lines: float


def telling_lines(text: str) -> list[str]:
    """Lines with something on them, without the white space around it."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def match_lines(said: str, expected: str) -> LineMatch:
    """Compare; of what was said as many lines as were asked for.

    Example:
        >>> match_lines("  return a\\n\\nb = 1\\nc", "return a\\n  b = 2\\n")
        LineMatch(exact=True, similarity=1.0, exact_lines=False, similarity_lines=0.9285714285714286)
    """
    from rapidfuzz import fuzz

    truth = telling_lines(expected)
    given = telling_lines(said)[: len(truth)]
    first, last = given[:1] == truth[:1], given == truth
    return LineMatch(
        first,
        fuzz.ratio("".join(given[:1]), "".join(truth[:1])) / 100,
        last,
        fuzz.ratio("\n".join(given), "\n".join(truth)) / 100,
    )
