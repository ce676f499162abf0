"""How long work reports where it is: one call with what is done and how much there is, stage by stage."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

__all__ = ["PROGRESS_FILE", "Progress", "Quiet", "Reporter", "SlowLines", "Stage", "silent"]

_SLOW_S, _AGAIN_S = 2.0, 10.0

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


class SlowLines:
    """Bytes of what may be quick: a line after two seconds, then one every ten.

    Args:
        say: Told each line.
        what: That is fetched.
    """

    def __init__(self, say: Callable[[str], None], what: str) -> None:
        self._say, self._what = say, what
        self._next_s = time.monotonic() + _SLOW_S
        self._has_said = False

    def __call__(self, done: int, total: int) -> None:
        """So many bytes are here of so many."""
        now = time.monotonic()
        if now < self._next_s and not (self._has_said and done == total):
            return
        self._next_s, self._has_said = now + _AGAIN_S, True
        self._say(f"{self._what}: {done / 1e6:.1f} of {total / 1e6:.1f} MB")


silent = _Silent()
"""A stage that shows nothing."""


class Quiet:
    """A reporter that shows nothing."""

    def stage(self, title: str, unit: str) -> AbstractContextManager[Stage]:
        """Nothing is shown."""
        return nullcontext(silent)

    def say(self, message: str) -> None:
        """Nothing is said."""
