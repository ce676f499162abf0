"""How long work reports where it is: one call with what is done and how much there is, stage by stage."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

__all__ = ["PROGRESS_FILE", "Progress", "Quiet", "Reporter", "Stage", "silent"]

PROGRESS_FILE = "GARDENER_PROGRESS_FILE"
"""The environment variable that names a file for a command's progress: who started it looks there."""

Progress = Callable[[int, int], None]
"""`progress(done, total)`: units are the stage's own (files, rows, steps); total 0 means not known."""


class Stage(Protocol):
    """Progress of one stage, with words behind it."""

    def __call__(self, done: int, total: int) -> None:
        """So much is done of so much."""

    def note(self, words: str) -> None:
        """A few words behind it."""


class Reporter(Protocol):
    """Who is told what is done."""

    def stage(self, title: str, unit: str) -> AbstractContextManager[Stage]:
        """A stage that takes time."""

    def say(self, message: str) -> None:
        """One line."""


class _Silent:
    def __call__(self, done: int, total: int) -> None:
        pass

    def note(self, words: str) -> None:
        pass


silent = _Silent()
"""A stage that shows nothing."""


class Quiet:
    """A reporter that shows nothing."""

    def stage(self, title: str, unit: str) -> AbstractContextManager[Stage]:
        """Nothing is shown."""
        return nullcontext(silent)

    def say(self, message: str) -> None:
        """Nothing is said."""
