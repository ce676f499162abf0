"""The wiki's folder: replaced as a whole, so that a reader sees the old wiki or the new one."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterator, Mapping
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
    when it is whole; where that is cut short, the next call puts the old one back first. The old one is kept, and the
    next call writes over its files: a disk drops and makes a thousand files slowly.

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
    staged = folder.parent / f".{folder.name}.new"
    with writing(folder):
        if _backup(folder).is_dir() and not staged.exists():
            os.rename(_backup(folder), staged)
        make_folder(staged)
        _clear(staged, {staged / path for path in files})
        for path in sorted(files):
            make_folder((staged / path).parent)
            if path in written:
                _write_over(staged / path, files[path].encode("utf-8", "replace"))
            else:
                _link(folder / path, staged / path)
        _exchange(staged, folder)
    return published


def _clear(folder: Path, kept: Collection[Path]) -> None:
    """Remove all but these files, and the folders around them."""
    around = {above for path in kept for above in path.parents}
    for path in sorted(folder.rglob("*"), reverse=True):  # what is in a folder comes before it
        is_folder = path.is_dir() and not path.is_symlink()
        if path not in (around if is_folder else kept):
            path.rmdir() if is_folder else path.unlink()


def _write_over(path: Path, data: bytes) -> None:
    """Write a file where there may be one, which is not written over where another folder has it, too."""
    found = path.lstat() if os.path.lexists(path) else None
    if found is not None and not (stat.S_ISREG(found.st_mode) and found.st_nlink == 1):
        path.unlink()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, PRIVATE_FILE)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, PRIVATE_FILE)
        file.write(data)
        file.truncate()


def _link(file: Path, path: Path) -> None:
    """The same file under another path."""
    if path.exists() and path.samefile(file) and not path.is_symlink():
        return
    path.unlink(missing_ok=True)
    os.link(file, path)
    path.chmod(PRIVATE_FILE)


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
        remove_tree(_backup(folder), _trash(folder))
    with suppress(OSError):  # others may have put something there
        _trash(folder).rmdir()


def _backup(folder: Path) -> Path:
    return folder.parent / f".{folder.name}.old"


def _recover(folder: Path) -> None:
    if _backup(folder).is_dir() and not folder.exists():
        os.rename(_backup(folder), folder)


def _exchange(staged: Path, folder: Path) -> None:
    remove_tree(_backup(folder), _trash(folder))
    if folder.exists():
        os.rename(folder, _backup(folder))
    os.rename(staged, folder)
    fsync_dir(folder.parent)


def _trash(folder: Path) -> Path:
    return folder.parent / ".trash"
