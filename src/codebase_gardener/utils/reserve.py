"""Room on the disk that is kept for those who free some: without it a full disk could not even be tidied up.

SQLite needs some for its log to read or delete anything, a deletion for the trash it renames into, and what ends
a training for the word why.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ["RESERVE", "give_up_reserve", "keep_reserve", "spending_reserve"]

RESERVE = ".reserve"
_SIZES = (1 << 20, 1 << 19, 1 << 18, 1 << 17)


def keep_reserve(home: Path) -> None:
    """Take the room, or as much of it as there is; a home that cannot be written keeps none."""
    path = home / RESERVE
    if path.exists():
        return
    with suppress(OSError):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            taken = any(_takes(descriptor, size) for size in _SIZES)
        finally:
            os.close(descriptor)
        if not taken:
            path.unlink()


def _takes(descriptor: int, size: int) -> bool:
    try:
        os.posix_fallocate(descriptor, 0, size)
    except OSError:
        os.ftruncate(descriptor, 0)
        return False
    return True


def give_up_reserve(home: Path) -> None:
    """Free the room."""
    with suppress(OSError):
        (home / RESERVE).unlink()


@contextmanager
def spending_reserve(home: Path | None) -> Iterator[None]:
    """For a block the room is free; afterwards it is taken again."""
    if home is None:
        yield
        return
    give_up_reserve(home)
    try:
        yield
    finally:
        keep_reserve(home)
