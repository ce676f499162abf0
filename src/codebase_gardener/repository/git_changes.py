"""Whether a work tree differs from its commit, decided by hashing.

`git status` would run the clean filters that .git/config and .gitattributes name.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from codebase_gardener.repository.disk import DiskTree

__all__ = ["Blob", "differences"]

HASHED_BYTES = 64 * 2**20
"""A tracked file above this is compared with the commit by its size alone."""


@dataclass(frozen=True)
class Blob:
    """A row of `git ls-tree -r -l`."""

    mode: str
    id: str
    size: int


def differences(tree: dict[str, Blob], tags: dict[str, str], folder: Path) -> Iterator[str]:
    """Paths at which a work tree differs from a commit's tree, what is found without reading first.

    Args:
        tree: Path to blob, of the commit.
        tags: Path to git's tag, of what is tracked or untracked but not ignored.
        folder: Where the paths begin.
    """
    yield from (path for path in tags if path not in tree)
    yield from (path for path in tree if path not in tags)
    disk = DiskTree(folder, HASHED_BYTES)
    for path, blob in tree.items():
        if path in tags and tags[path] != "S" and blob.mode != "160000" and not _same(disk, path, blob):
            yield path


def _same(disk: DiskTree, path: str, blob: Blob) -> bool:
    try:
        found = disk.stat(path)
        if blob.mode == "120000" and stat.S_ISLNK(found.st_mode):  # with core.symlinks off it is a file
            return _blob_id(os.fsencode(disk.link_target(path)), blob.id) == blob.id
        if not stat.S_ISREG(found.st_mode):
            return False
        if blob.size > HASHED_BYTES:
            return found.st_size == blob.size
        return _same_text(disk.read(path, max(blob.size * 2, 4096)), blob.id)
    except (OSError, ValueError):
        return False


def _same_text(data: bytes, blob_id: str) -> bool:
    """Equal, or equal once CRLF is LF: a checkout with core.autocrlf is no change."""
    if _blob_id(data, blob_id) == blob_id:
        return True
    return b"\r\n" in data and _blob_id(data.replace(b"\r\n", b"\n"), blob_id) == blob_id


def _blob_id(data: bytes, like: str) -> str:
    digest = hashlib.sha256() if len(like) == 64 else hashlib.sha1(usedforsecurity=False)
    digest.update(b"blob %d\0" % len(data))
    digest.update(data)
    return digest.hexdigest()
