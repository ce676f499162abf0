"""How long work reports where it is: one call with what is done and how much there is."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["Progress", "silent"]

Progress = Callable[[int, int], None]
"""`progress(done, total)`: units are the stage's own (files, rows, steps); total 0 means not known."""


def silent(done: int, total: int) -> None:
    """The progress callback that shows nothing."""
