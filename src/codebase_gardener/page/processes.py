"""A command of `gardener` that the page started: a process that outlives page and server, with a folder.

FOLDER/lock       held by the process that works
       said.json  what it printed
       log.txt    what it said while it worked
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codebase_gardener.utils.children import python_module, start_holding
from codebase_gardener.utils.files import PRIVATE_FILE, FileLock, make_folder

__all__ = ["OwnProcess", "log_tail", "runs_in", "start_in"]

_TRIES = 10
_LOG_BYTES = 16 * 1024
_ENDED = {"message": "it ended before it was done", "hint": "see its log, and start it again"}


def start_in(folder: Path, said: str, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
    """Run `gardener ARGUMENTS --json` in a folder; where a command runs in it already, that is left to itself.

    Args:
        folder: Of the lock and of `log.txt`, to whose end is written what the command says.
        said: The file for what it prints, made anew.
        arguments: Of the command line; no value of a form is taken for an option.
        environment: What the process needs to find the same home.

    Raises:
        ResourceError: The disk is full or the place cannot be written.
    """
    make_folder(folder)
    lock = FileLock(folder / "lock")
    for _ in range(_TRIES):  # one who looks holds it for a moment
        if lock.acquire():
            break
        time.sleep(0.02)
    if not lock.held:
        return  # the same button was pressed twice
    try:
        output = os.open(folder / said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE_FILE)
        log = os.open(folder / "log.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND, PRIVATE_FILE)
        try:
            command = [*python_module("codebase_gardener.cli.main"), arguments[0], "--json", *arguments[1:]]
            start_holding(lock, command, output=output, log=log, environment=environment)
        finally:
            os.close(output)
            os.close(log)
    finally:
        lock.release()


def runs_in(folder: Path) -> bool:
    """Whether a command works in a folder."""
    if not (folder / "lock").exists():
        return False
    lock = FileLock(folder / "lock")
    if not lock.acquire(shared=True):
        return True
    lock.release()
    return False


def log_tail(folder: Path) -> str:
    """The end of what the commands of a folder said."""
    try:
        with (folder / "log.txt").open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _LOG_BYTES))
            return file.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return ""


@dataclass(frozen=True)
class OwnProcess:
    """A command, as its folder shows it."""

    folder: Path

    def start(self, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
        """As `start_in`; what was said before is gone.

        Raises:
            ResourceError: The disk is full or the place cannot be written.
        """
        if not self.runs:
            (self.folder / "log.txt").unlink(missing_ok=True)
        start_in(self.folder, "said.json", arguments, environment)

    @property
    def runs(self) -> bool:
        """Whether it works."""
        return runs_in(self.folder)

    @property
    def error(self) -> dict[str, Any]:
        """Message and hint of what went wrong in the last run; {} where nothing has."""
        try:
            said = json.loads((self.folder / "said.json").read_text("utf-8"))
        except FileNotFoundError:
            return {}
        except ValueError:
            return {} if self.runs else _ENDED
        return said if isinstance(said, dict) and "error" in said else {}

    def log_tail(self) -> str:
        """The end of what it said."""
        return log_tail(self.folder)
