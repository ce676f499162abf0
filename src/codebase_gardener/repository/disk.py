"""Files on disk as entries: each part of a path is opened by itself, no link is followed, no pipe is waited for.

A path is never looked up as a whole: who exchanges a folder for a link while a repository is read gains nothing.
"""

from __future__ import annotations

import os
import stat
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from codebase_gardener.repository.entries import Entry, Stamp, escapes

__all__ = ["BehindLinkError", "DiskTree"]

_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NOCTTY
_KINDS = (
    (stat.S_ISFIFO, "FIFO"),
    (stat.S_ISSOCK, "socket"),
    (stat.S_ISBLK, "device"),
    (stat.S_ISCHR, "device"),
)


class BehindLinkError(OSError):
    """A part of the path is a link, or leads out of the root."""


class DiskTree:
    """Entries below one directory, which stays the same one whatever its name comes to mean.

    Args:
        root: The directory, resolved.
        limit_bytes: No file is read further than one byte past this.

    Raises:
        OSError: The directory cannot be opened.
    """

    def __init__(self, root: Path, limit_bytes: int) -> None:
        self.root = root
        self.limit_bytes = limit_bytes
        self._descriptor = os.open(root, _FLAGS | os.O_DIRECTORY)
        weakref.finalize(self, os.close, self._descriptor)

    def entry(self, path: str) -> Entry | None:
        """The entry at a relative path, or None where nothing is there.

        Names that lead out of the root are never looked up.
        """
        read = partial(self.read, path, self.limit_bytes)
        try:
            found = self.stat(path)
        except BehindLinkError:
            return Entry(path, 0, read, problem="behind a link: not followed")
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError) as error:
            return Entry(path, 0, read, problem=f"cannot be read: {_why(error)}")
        stamp = Stamp(found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_size, found.st_mode)
        return Entry(path, found.st_size, read, found.st_mtime, self._problem(path, found.st_mode), stamp)

    def stat(self, path: str) -> os.stat_result:
        """What is at a relative path, of a link itself.

        Raises:
            BehindLinkError: What comes before the last part is no folder of the tree.
            OSError: Nothing is there.
        """
        with self._parent(path) as (folder, name):
            return os.stat(name, dir_fd=folder, follow_symlinks=False)

    def names(self, folder: str) -> list[tuple[str, bool]]:
        """Names in a folder ("" or a path that ends in "/"), sorted, and whether each is a folder itself.

        Raises:
            OSError: It cannot be read, or is a link by now.
        """
        with self._opened(folder.rstrip("/")) as descriptor, os.scandir(descriptor) as found:
            return sorted((entry.name, entry.is_dir(follow_symlinks=False)) for entry in found)

    def read(self, path: str, limit_bytes: int) -> bytes:
        """Read a regular file, at most one byte past the limit.

        Raises:
            OSError: It is no longer a regular file of the tree, or may not be read. Never waits.
        """
        with self._parent(path) as (folder, name):
            descriptor = os.open(name, _FLAGS, dir_fd=folder)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise OSError("no longer a regular file")
            return file.read(limit_bytes + 1)

    def link_target(self, path: str) -> str:
        """What a link says."""
        with self._parent(path) as (folder, name):
            return os.readlink(name, dir_fd=folder)

    @contextmanager
    def _parent(self, path: str) -> Iterator[tuple[int, str]]:
        folder, _, name = path.rpartition("/")
        if escapes(path):
            raise BehindLinkError(f"{path!r} leads out of the tree")
        with self._opened(folder) as descriptor:
            yield descriptor, name

    @contextmanager
    def _opened(self, folder: str) -> Iterator[int]:
        """A descriptor of a folder, reached one part at a time."""
        descriptor = os.dup(self._descriptor)
        try:
            for part in folder.split("/") if folder else ():
                inner = _enter(descriptor, part)
                os.close(descriptor)
                descriptor = inner
            yield descriptor
        finally:
            os.close(descriptor)

    def _problem(self, path: str, mode: int) -> str | None:
        if stat.S_ISREG(mode):
            return None
        if stat.S_ISLNK(mode):
            return self._link_problem(path)
        if stat.S_ISDIR(mode):
            return "another repository (a submodule or a nested clone)"
        kind = next((name for is_kind, name in _KINDS if is_kind(mode)), "special file")
        return f"not a regular file: {kind}"

    def _link_problem(self, path: str) -> str:
        """Only told, never followed: nothing is read from where it leads."""
        try:
            target = Path(os.path.realpath(self.root / path))
        except (OSError, ValueError):
            return "a link that leads nowhere"
        if not target.is_relative_to(self.root):
            return "a link that leaves the repository"
        return "a link to a file that is in the tree" if target.exists() else "a link that leads nowhere"


def _enter(folder: int, part: str) -> int:
    try:
        return os.open(part, _FLAGS | os.O_DIRECTORY, dir_fd=folder)
    except OSError as error:
        try:
            is_link = stat.S_ISLNK(os.stat(part, dir_fd=folder, follow_symlinks=False).st_mode)
        except (OSError, ValueError):
            is_link = False
        if is_link:
            raise BehindLinkError(f"{part!r} is a link") from error
        raise


def _why(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
