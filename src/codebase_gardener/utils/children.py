"""Python processes that we start."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import IO, TYPE_CHECKING

from codebase_gardener.utils.files import FileLock

if TYPE_CHECKING:
    import psutil

__all__ = [
    "end_with_children",
    "end_with_parent",
    "find_process",
    "python_module",
    "start_held",
    "start_holding",
]

_GRACE_S = 1.0  # between SIGTERM and SIGKILL
_GONE_S = 10.0


def python_module(name: str) -> list[str]:
    """The command that runs a module: `-P`, so that no file of the current folder, a stranger's, is imported for it."""
    return [sys.executable, "-P", "-m", name]


def start_holding(
    lock: FileLock,
    command: Sequence[str],
    *,
    output: IO[bytes] | int,
    log: IO[bytes] | int,
    environment: Mapping[str, str],
    cwd: str | None = None,
) -> int:
    """Start a process that outlives this one and holds a lock as long as it lives.

    Args:
        lock: Held here; the process inherits its descriptor, and with it the lock.
        command: With its arguments.
        output, log: For what it prints, and for what it says.
        environment: Beside our own.
        cwd: Its folder; by default ours.

    Returns:
        Its id.
    """
    return _start(lock, command, subprocess.DEVNULL, output, log, environment, cwd).pid


def start_held(
    lock: FileLock,
    command: Sequence[str],
    *,
    log: IO[bytes] | int,
    environment: Mapping[str, str],
    cwd: str | None = None,
) -> subprocess.Popen[bytes]:
    """As `start_holding`; but the process, if it calls `end_with_parent`, ends when this one does, however it ends.

    Args:
        lock: Held here, and by the process.
        command: With its arguments.
        log: For what it prints and says.
        environment: Beside our own.
        cwd: Its folder; by default ours.
    """
    return _start(lock, command, subprocess.PIPE, log, log, environment, cwd)


def _start(
    lock: FileLock,
    command: Sequence[str],
    stdin: int,
    output: IO[bytes] | int,
    log: IO[bytes] | int,
    environment: Mapping[str, str],
    cwd: str | None,
) -> subprocess.Popen[bytes]:
    os.set_inheritable(lock.descriptor, True)
    return subprocess.Popen(
        command,
        stdin=stdin,
        stdout=output,
        stderr=log,
        start_new_session=True,
        pass_fds=(lock.descriptor,),
        env={**os.environ, "PYTHONUNBUFFERED": "1", **environment},
        cwd=cwd,
    )


def end_with_parent() -> None:
    """End this process and its children once its standard input ends: whoever holds the other side is gone."""

    def wait() -> None:
        import psutil

        with suppress(OSError, ValueError):
            sys.stdin.buffer.read()
        for child in psutil.Process().children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                child.kill()
        os._exit(1)

    threading.Thread(target=wait, name="parent", daemon=True).start()


def find_process(pid: int, create_time: float) -> psutil.Process | None:
    """The process of an id that began then; None where it has ended, or another has its id."""
    import psutil

    try:
        process = psutil.Process(pid)
        same = abs(process.create_time() - create_time) < 1.0
    except psutil.Error:
        return None
    return process if same else None


def end_with_children(process: psutil.Process) -> None:
    """End a process and those that it started: asked first, then killed."""
    import psutil

    family = [process]
    with suppress(psutil.NoSuchProcess):
        family += process.children(recursive=True)
    for member in family:
        with suppress(psutil.NoSuchProcess):
            member.terminate()
    _, alive = psutil.wait_procs(family, timeout=_GRACE_S)
    for member in alive:
        with suppress(psutil.NoSuchProcess):
            member.kill()
    deadline = time.monotonic() + _GONE_S
    while any(map(_lives, alive)) and time.monotonic() < deadline:  # what it held is free then
        time.sleep(0.01)


def _lives(process: psutil.Process) -> bool:
    """Not of one that has ended, and whose parent has not looked yet."""
    import psutil

    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
