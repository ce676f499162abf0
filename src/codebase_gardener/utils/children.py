"""Python processes that we start."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import IO

from codebase_gardener.utils.files import FileLock

__all__ = ["python_module", "start_holding"]


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
) -> None:
    """Start a process that outlives this one and holds a lock as long as it lives.

    Args:
        lock: Held here; the process inherits its descriptor, and with it the lock.
        command: With its arguments.
        output, log: For what it prints, and for what it says.
        environment: Beside our own.
        cwd: Its folder; by default ours.
    """
    os.set_inheritable(lock.descriptor, True)
    subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=log,
        start_new_session=True,
        pass_fds=(lock.descriptor,),
        env={**os.environ, "PYTHONUNBUFFERED": "1", **environment},
        cwd=cwd,
    )
