"""The wiki's folder: replaced as a whole, so that a reader sees the old wiki or the new one."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from codebase_gardener.utils.files import (
    PRIVATE_FILE,
    FileLock,
    fsync_dir,
    make_folder,
    remove_tree,
    staging,
    writing,
)

__all__ = ["Published", "publish_wiki", "read_wiki_files", "replacing", "wiki_lock"]


@dataclass(frozen=True)
class Published:
    """What a build changed: paths within the wiki, sorted."""

    written: tuple[str, ...]
    removed: tuple[str, ...]
    kept: int


def wiki_lock(folder: Path) -> FileLock:
    """The lock that one build at a time holds."""
    return FileLock(folder.parent / f".{folder.name}.lock")


def publish_wiki(folder: Path, files: Mapping[str, str]) -> Published:
    """Make the folder hold exactly these files.

    Files that stay as they are become hard links of the old ones. The new folder is moved into the old one's place
    when it is whole; where that is cut short, the next call puts the old one back first.

    Args:
        folder: Of the wiki alone.
        files: Content by POSIX path within it.

    Raises:
        ResourceError: The disk is full or the place cannot be written; the old wiki stands.
    """
    _recover(folder)
    old = read_wiki_files(folder)
    written = tuple(sorted(path for path, text in files.items() if old.get(path) != text))
    removed = tuple(sorted(set(old) - set(files)))
    published = Published(written, removed, len(files) - len(written))
    if not written and not removed and folder.is_dir():
        return published
    with staging(folder) as staged, writing(folder):
        for path in sorted(files):
            target = staged / path
            make_folder(target.parent)
            if path in written:
                target.write_bytes(files[path].encode("utf-8", "replace"))
            else:
                os.link(folder / path, target)
            target.chmod(PRIVATE_FILE)
        _exchange(staged, folder)
    return published


def read_wiki_files(folder: Path) -> dict[str, str]:
    """Content of every file of a wiki by POSIX path within it; {} where there is none."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes().decode("utf-8", "replace")
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink()
    }


@contextmanager
def replacing(folder: Path) -> Iterator[Path]:
    """An empty directory to be filled, which takes the folder's place when the block ends without an error.

    Raises:
        ResourceError: The disk is full or the place cannot be written; the old folder stands.
    """
    _recover(folder)
    with staging(folder) as staged, writing(folder):
        yield staged
        _exchange(staged, folder)
    with suppress(OSError):  # others may have put something there
        (folder.parent / ".trash").rmdir()


def _backup(folder: Path) -> Path:
    return folder.parent / f".{folder.name}.old"


def _recover(folder: Path) -> None:
    if _backup(folder).is_dir() and not folder.exists():
        os.rename(_backup(folder), folder)


def _exchange(staged: Path, folder: Path) -> None:
    trash = folder.parent / ".trash"
    remove_tree(_backup(folder), trash)
    if folder.exists():
        os.rename(folder, _backup(folder))
    os.rename(staged, folder)
    fsync_dir(folder.parent)
    remove_tree(_backup(folder), trash)
