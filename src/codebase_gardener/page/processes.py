"""A command of `gardener` that the page started: a process that outlives page and server, with a folder.

FOLDER/lock           held by the process that works
       process.json   which one that is
       progress.json  how much it has done
       said.json      what it printed
       log.txt        what it said while it worked
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codebase_gardener.utils.children import end_with_children, find_process, python_module, start_holding
from codebase_gardener.utils.files import PRIVATE_FILE, FileLock, make_folder, read_json, write_json
from codebase_gardener.utils.progress import PROGRESS_FILE

if TYPE_CHECKING:
    import psutil

__all__ = [
    "STOPPED",
    "HowFar",
    "OwnProcess",
    "log_tail",
    "process_in",
    "runs_in",
    "spans",
    "start_in",
    "stop_in",
]

_TRIES = 10
_LOG_BYTES = 16 * 1024
_ENDED = {"message": "it ended before it was done", "hint": "see its log, and start it again"}
STOPPED = {"error": "Stopped", "message": "it was stopped", "hint": "start it again"}
"""What a command is said to have printed that a person ended."""


def start_in(folder: Path, said: str, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
    """Run a command of `gardener` with `--json` in a folder; where one runs in it already, that is left to itself.

    Args:
        folder: Of the lock and of `log.txt`, to whose end is written what the command says.
        said: The file for what it prints, made anew.
        arguments: Of the command line, what a form says behind "--"; `--json` comes before that.
        environment: What the process needs to find the same home.

    Raises:
        ResourceError: The disk is full or the place cannot be written.
    """
    import psutil

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
            options = arguments.index("--") if "--" in arguments else 1
            command = [
                *python_module("codebase_gardener.cli.main"),
                *arguments[:options],
                "--json",
                *arguments[options:],
            ]
            progress = folder / "progress.json"
            progress.unlink(missing_ok=True)
            told = {**environment, PROGRESS_FILE: str(progress)}
            pid = start_holding(lock, command, output=output, log=log, environment=told)
            with suppress(psutil.Error):  # it has ended already
                began = psutil.Process(pid).create_time()
                write_json(folder / "process.json", {"pid": pid, "create_time": began})
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


def process_in(folder: Path) -> psutil.Process | None:
    """The process that works in a folder."""
    if not runs_in(folder):
        return None
    try:
        told = read_json(folder / "process.json")
        return find_process(told["pid"], told["create_time"])
    except (OSError, ValueError, LookupError, TypeError):  # it began just now
        return None


def stop_in(folder: Path, said: str) -> None:
    """End what works in a folder; what it printed in full before that stands.

    Args:
        folder: As `start_in` takes it.
        said: The file for what it prints: it says then that it was stopped.
    """
    process = process_in(folder)
    if process is None:
        return
    end_with_children(process)
    try:
        read_json(folder / said)
    except ValueError:
        write_json(folder / said, STOPPED)


def log_tail(folder: Path) -> str:
    """The end of what the commands of a folder said."""
    try:
        with (folder / "log.txt").open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _LOG_BYTES))
            return file.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return ""


def spans(seconds: float) -> str:
    """A stretch of time, as people say it.

    Example:
        >>> spans(75), spans(7260)
        ('1 min 15 s', '2 h 1 min')
    """
    whole = round(seconds)
    hours, minutes = whole // 3600, whole // 60 % 60
    if hours:
        return f"{hours} h {minutes} min"
    if minutes:
        return f"{minutes} min {whole % 60} s" if whole % 60 else f"{minutes} min"
    return f"{whole} s"


@dataclass(frozen=True)
class HowFar:
    """What a command does now.

    Attributes:
        stage: Its name.
        unit: What it counts.
        done: How many.
        total: Of how many; 0 where that is not known.
        left_s: Seconds that are left; None where that is not known.
    """

    stage: str
    unit: str
    done: int
    total: int
    left_s: float | None


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

    def stop(self) -> None:
        """As `stop_in`."""
        stop_in(self.folder, "said.json")

    @property
    def was_stopped(self) -> bool:
        """Whether a person ended the last run."""
        return self.error == STOPPED

    @property
    def ended(self) -> bool:
        """Whether the last run came to a good end."""
        return (self.folder / "said.json").exists() and not self.runs and not self.error

    @property
    def progress(self) -> HowFar | None:
        """How far it is; None before anything is known."""
        try:
            told = read_json(self.folder / "progress.json")
            return HowFar(
                str(told["stage"]), str(told["unit"]), int(told["done"]), int(told["total"]), told["left_s"]
            )
        except (OSError, ValueError, LookupError, TypeError):
            return None

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
