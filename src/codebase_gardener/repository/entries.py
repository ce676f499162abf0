"""What a source lists before anything is judged: entries that may become files of a snapshot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

__all__ = ["Entry", "EntryListing", "Stamp", "escapes", "printable"]


class Stamp(NamedTuple):
    """What a file system says of a file: times in nanoseconds, its number, its size, its mode."""

    modified: int
    changed: int
    number: int
    size: int
    mode: int


@dataclass(frozen=True)
class Entry:
    """One name in a repository.

    Attributes:
        path: POSIX path relative to the root; bytes that are not UTF-8 are surrogate escapes.
        size: In bytes, as the source claims it.
        read: Returns the content; raises OSError where it cannot.
        modified: Seconds since 1970, where known.
        problem: Why it is no file to read (a link, a FIFO …), else None.
        stamp: Of a file on disk.
    """

    path: str
    size: int
    read: Callable[[], bytes]
    modified: float | None = None
    problem: str | None = None
    stamp: Stamp | None = None


@dataclass(frozen=True)
class EntryListing:
    """All entries of a source and the state it is pinned to.

    Attributes:
        kind: As in `Snapshot`.
        source: As in `Snapshot`, without credentials.
        entries: In the order in which they are cheap to read.
        commit: The git commit, if any.
        dirty: Whether the entries differ from `commit`.
        committed: Seconds since 1970 of the commit.
        left_out: Directories that were not entered, with the reason.
    """

    kind: str
    source: str
    entries: tuple[Entry, ...]
    commit: str | None = None
    dirty: bool = False
    committed: float | None = None
    left_out: tuple[tuple[str, str], ...] = ()


def escapes(path: str) -> bool:
    """Whether a path is absolute or has a part that leads out of its root."""
    return path.startswith("/") or any(part in ("", ".", "..") for part in path.split("/"))


def printable(path: str) -> str:
    r"""The path with whatever a terminal should not see written as an escape.

    Example:
        >>> printable("a\nb.py")
        'a\\nb.py'
    """
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in path)
