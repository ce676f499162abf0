"""Files on disk as entries: looked at without following a link, opened without waiting for a pipe."""

from __future__ import annotations

import os
import stat
from functools import partial
from pathlib import Path

from codebase_gardener.repository.entries import Entry

__all__ = ["DiskTree", "read_regular"]

_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NOCTTY
_KINDS = (
    (stat.S_ISFIFO, "FIFO"),
    (stat.S_ISSOCK, "socket"),
    (stat.S_ISBLK, "device"),
    (stat.S_ISCHR, "device"),
)


class DiskTree:
    """Entries below one directory; remembers which folders were seen to be no links.

    Args:
        root: The directory, resolved.
        limit_bytes: No file is read further than one byte past this.
    """

    def __init__(self, root: Path, limit_bytes: int) -> None:
        self.root = root
        self.limit_bytes = limit_bytes
        self._inside: dict[str, bool] = {"": True}

    def entry(self, path: str) -> Entry | None:
        """The entry at a relative path, or None where nothing is there.

        Names that lead out of the root are never looked up.
        """
        absolute = self.root / path
        read = partial(read_regular, absolute, self.limit_bytes)
        if not self._is_inside(os.path.dirname(path)):  # noqa: PTH120 - keeps odd bytes as they are
            return Entry(path, 0, read, problem="behind a link: not followed")
        try:
            found = absolute.lstat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError) as error:
            return Entry(path, 0, read, problem=f"cannot be read: {_why(error)}")
        return Entry(path, found.st_size, read, found.st_mtime, self._problem(absolute, found.st_mode))

    def _is_inside(self, folder: str) -> bool:
        if folder not in self._inside:
            parts = folder.split("/")
            outside = any(part in ("", ".", "..") for part in parts)
            parent = "/".join(parts[:-1])
            self._inside[folder] = (
                not outside and self._is_inside(parent) and not (self.root / folder).is_symlink()
            )
        return self._inside[folder]

    def _problem(self, path: Path, mode: int) -> str | None:
        if stat.S_ISREG(mode):
            return None
        if stat.S_ISLNK(mode):
            return self._link_problem(path)
        if stat.S_ISDIR(mode):
            return "another repository (a submodule or a nested clone)"
        kind = next((name for is_kind, name in _KINDS if is_kind(mode)), "special file")
        return f"not a regular file: {kind}"

    def _link_problem(self, path: Path) -> str:
        try:
            target = Path(os.path.realpath(path))
        except (OSError, ValueError):
            return "a link that leads nowhere"
        if not target.is_relative_to(self.root):
            return "a link that leaves the repository"
        return "a link to a file that is in the tree" if target.exists() else "a link that leads nowhere"


def read_regular(path: Path, limit_bytes: int) -> bytes:
    """Read a regular file, at most one byte past the limit.

    Raises:
        OSError: It is no longer a regular file, or may not be read. Never waits.
    """
    descriptor = os.open(path, _FLAGS)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError("no longer a regular file")
        return file.read(limit_bytes + 1)


def _why(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
