"""Filling the small disk of the tests."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

__all__ = ["fill"]


def fill(disk: Path, leaving: int = 0) -> Path:
    """A file that takes the disk, but for some bytes; called again, it takes what was freed since."""
    filler = disk / "filler"
    with filler.open("ab", buffering=0) as file:
        with suppress(OSError):
            while True:
                file.write(b"x" * 4096)
        file.truncate(max(0, filler.stat().st_size - leaving))
    return filler
