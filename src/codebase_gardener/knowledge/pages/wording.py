"""How pages count and enumerate."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["counted", "enumerated"]


def counted(number: int, one: str, many: str = "") -> str:
    """A number with its noun.

    Example:
        >>> counted(1, "page"), counted(2, "page"), counted(2, "entry", "entries")
        ('1 page', '2 pages', '2 entries')
    """
    return f"{number} {one if number == 1 else many or one + 's'}"


def enumerated(shown: Sequence[str], total: int) -> str:
    """The first of several, and how many more there are.

    Example:
        >>> enumerated(["a", "b"], 2), enumerated(["a", "b"], 5)
        ('a, b', 'a, b and 3 more')
    """
    more = total - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")
