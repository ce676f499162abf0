"""How pages count and enumerate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

__all__ = ["AREA_NOUNS", "AREA_ORDER", "counted", "enumerated", "not_listed", "tallied"]

AREA_ORDER = ("readme", "docs", "example", "docstring", "test")
"""Areas of passages, those written for readers first."""

AREA_NOUNS = {
    "readme": ("section of the README", "sections of the README"),
    "docs": ("section of the docs", "sections of the docs"),
    "example": ("example", "examples"),
    "docstring": ("docstring example", "docstring examples"),
    "test": ("test", "tests"),
}
"""What a passage of each area is called: one, many."""


def counted(number: int, one: str, many: str = "") -> str:
    """A number with its noun.

    Example:
        >>> counted(1, "page"), counted(2, "page"), counted(2, "entry", "entries")
        ('1 page', '2 pages', '2 entries')
    """
    return f"{number} {one if number == 1 else many or one + 's'}"


def not_listed(number: int) -> str:
    """What stands under the first of many.

    Example:
        >>> not_listed(1), not_listed(2)
        ('1 more is not listed.', '2 more are not listed.')
    """
    return f"{number} more {'is' if number == 1 else 'are'} not listed."


def enumerated(shown: Sequence[str], total: int) -> str:
    """The first of several, and how many more there are.

    Example:
        >>> enumerated(["a", "b"], 2), enumerated(["a", "b"], 5)
        ('a, b', 'a, b and 3 more')
    """
    more = total - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")


def tallied(names: Iterable[str], most: int) -> str:
    """The first different ones of names that may stand there several times; with those, it adds up to all of them.

    Example:
        >>> tallied(["a", "b", "a", "c", "c"], 2), tallied(["a"], 2)
        ('a (2 times), b and 2 more', 'a')
    """
    times = Counter(names)
    first = list(times)[:most]
    shown = [f"{name} ({times[name]} times)" if times[name] > 1 else name for name in first]
    rest = times.total() - sum(times[name] for name in first)
    return enumerated(shown, len(shown) + rest)
