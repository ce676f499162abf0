"""Paths as they are kept: relative to the home where they lie in it, so that a home may be moved or copied."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

__all__ = ["kept_path", "real_path"]

_TOPS = ("projects", "jobs", "bases")
"""Folders of a home: by them a path of a home that lay elsewhere is known."""


def kept_path(path: Path, home: Path | None) -> str:
    """A path as text: relative to the home where it lies in it, else as it is.

    Example:
        >>> kept_path(Path("/home/me/.garden/jobs/1"), Path("/home/me/.garden")), kept_path(Path("/a"), Path("/b"))
        ('jobs/1', '/a')
    """
    if home is not None and path.is_absolute() and path.is_relative_to(home):
        return path.relative_to(home).as_posix()
    return str(path)


def real_path(text: str, home: Path | None) -> Path:
    """The path that a kept one means now.

    An absolute one, as earlier versions kept them all, that is not there any more means the same place in this home
    if there is something: the home was moved since.
    """
    path = Path(text)
    if home is None:
        return path
    if not path.is_absolute():
        return home / path
    if path.is_relative_to(home) or path.exists():
        return path
    parts = PurePosixPath(text).parts
    for at in range(len(parts) - 1, 0, -1):
        if parts[at] in _TOPS and home.joinpath(*parts[at:]).exists():
            return home.joinpath(*parts[at:])
    return path
