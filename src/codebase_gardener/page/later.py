"""What takes longer than a view may: worked out in a thread after the first paint, and kept."""

from __future__ import annotations

import logging
import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Generic, TypeVar

from codebase_gardener.utils.children import python_module
from codebase_gardener.utils.error_handling import CodebaseGardenerError
from codebase_gardener.utils.files import out_of_room

__all__ = ["Later", "run_gardener"]

T = TypeVar("T")
_log = logging.getLogger(__name__)


class Later(Generic[T]):
    """A value that is worked out when it is asked for.

    Args:
        work: Gives it; called in a thread, once at a time.

    Attributes:
        value: What the last work gave; None before, and where it failed.
        error: Why the last work failed.
        at: Unix time of the last work's end; 0 before.
        running: Whether it is at work.
    """

    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self._lock = threading.Lock()
        self.value: T | None = None
        self.error: Exception | None = None
        self.at, self.running = 0.0, False

    def ask(self, *, anew: bool = False) -> None:
        """Begin, unless it is at work, or has been and `anew` is not asked for."""
        with self._lock:
            if self.running or (self.at and not anew):
                return
            self.running = True
        threading.Thread(target=self._do, daemon=True).start()

    @property
    def problem(self) -> tuple[str, str]:
        """What went wrong, and what to do; ("", "") where nothing did."""
        if self.error is None:
            return "", ""
        if isinstance(self.error, CodebaseGardenerError):
            return self.error.message, self.error.hint
        return "This is a bug in Codebase Gardener.", "the server's log says where; please report it"

    def _do(self) -> None:
        value: T | None = None
        error: Exception | None = None
        try:
            value = self._work()
        except CodebaseGardenerError as told:
            error = told
        except Exception as failed:
            _log.error("what was asked for failed", exc_info=failed)
            error = out_of_room(failed) or failed
        with self._lock:
            self.value, self.error, self.at, self.running = value, error, time.time(), False


def run_gardener(arguments: Sequence[str], environment: Mapping[str, str]) -> tuple[int, str, str]:
    """A command in a process of its own, which goes on where this one ends.

    Args:
        arguments: After `gardener`.
        environment: Beside our own: what it needs to find the same home.

    Returns:
        Exit code, what it printed, and what it said meanwhile.
    """
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as log:
        done = subprocess.run(
            [*python_module("codebase_gardener.cli.main"), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=log,
            start_new_session=True,
            env={**os.environ, **environment},
            check=False,
        )
        output.seek(0)
        log.seek(0)
        return (
            done.returncode,
            output.read().decode("utf-8", "replace"),
            log.read().decode("utf-8", "replace"),
        )
