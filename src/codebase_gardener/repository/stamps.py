"""Whether files are as they were, told by their stamps alone: nothing of them is read."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterable
from pathlib import Path

from codebase_gardener.repository.directory import list_directory
from codebase_gardener.repository.entries import Entry, Stamp
from codebase_gardener.repository.git import find_repository
from codebase_gardener.repository.git_trees import list_tracked, resolve_commit

__all__ = ["digest_of", "folder_stamp", "tree_stamp"]

_MARGIN_NS = 100_000_000
_COARSE_NS = 2_000_000_000
"""Where stamps are whole seconds: a file system that keeps no finer ones, FAT's are of two seconds."""


def tree_stamp(folder: Path) -> str:
    """Of a repository on disk: its commit, what a snapshot would look at, and when each of that was changed.

    Args:
        folder: Resolved.

    Returns:
        A digest; "" where a file was changed so lately that a further change might leave the same stamp.
    """
    now = time.time_ns()
    repository = find_repository(folder)
    tracked = list_tracked(repository, folder, 0) if repository and repository.work_tree else None
    if repository is not None and tracked is not None:
        commit = resolve_commit(repository, "HEAD")
        entries: tuple[Entry, ...] = tuple(tracked.entries.values())
        about: list[object] = [commit, sorted(tracked.tags.items())]
    elif repository is None or repository.work_tree:
        listing = list_directory(folder, "", 0)
        entries, about = listing.entries, [listing.left_out]
    else:
        return ""
    stamps = [(entry.path, entry.problem, entry.stamp) for entry in entries]
    if any(_is_late(stamp, now) for _, _, stamp in stamps if stamp):
        return ""
    return digest_of([about, stamps])


def folder_stamp(folder: Path) -> str:
    """Of all files below a folder of ours, and of the folders."""
    found: list[tuple[str, int, int, int]] = []
    pending = [str(folder)]
    while pending:
        with os.scandir(pending.pop()) as entries:
            for entry in entries:
                status = entry.stat(follow_symlinks=False)
                found.append((entry.path, status.st_size, status.st_mtime_ns, status.st_ino))
                if entry.is_dir(follow_symlinks=False):
                    pending.append(entry.path)
    return digest_of(sorted(found))


def digest_of(values: Iterable[object]) -> str:
    """Of plain values, by how they are written."""
    return hashlib.sha256(repr(list(values)).encode("utf-8", "surrogateescape")).hexdigest()[:32]


def _is_late(stamp: Stamp, now: int) -> bool:
    last = max(stamp.modified, stamp.changed)
    return last > now - (_MARGIN_NS if last % 1_000_000_000 else _COARSE_NS)
