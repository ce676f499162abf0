"""Source archives, read in memory: nothing is ever unpacked to disk."""

from __future__ import annotations

import bz2
import calendar
import gzip
import io
import lzma
import stat
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import IO, Any

from codebase_gardener.repository.entries import Entry, EntryListing, escapes
from codebase_gardener.utils.error_handling import SourceError

__all__ = ["archive_stem", "is_archive", "list_archive"]

MAX_MEMBERS = 200_000
MAX_TOTAL_BYTES = 4 * 2**30
MAX_ARCHIVE_BYTES = 2**30
MAX_READ_BYTES = 64 * 2**20
"""No single read: a header that claims a name of a gigabyte is refused, not obeyed."""

_OPENERS: dict[str, Callable[[Path], Any]] = {
    ".tar.gz": gzip.open,
    ".tgz": gzip.open,
    ".tar.bz2": bz2.open,
    ".tar.xz": lzma.open,
    ".tar": partial(open, mode="rb"),
}
_ZIPS = (".zip", ".whl")
_DAMAGED = (
    tarfile.TarError,
    zipfile.BadZipFile,
    EOFError,
    lzma.LZMAError,
    OSError,
    ValueError,
    NotImplementedError,
)


def is_archive(name: str) -> bool:
    """Whether a file of that name is an archive we read."""
    return name.lower().endswith((*_OPENERS, *_ZIPS))


def archive_stem(name: str) -> str:
    """The file name without the archive's extension.

    Example:
        >>> archive_stem("peft-0.18.0.tar.gz")
        'peft-0.18.0'
    """
    ending = next((e for e in (*_OPENERS, *_ZIPS) if name.lower().endswith(e)), "")
    return name[: len(name) - len(ending)]


@contextmanager
def list_archive(path: Path, limit_bytes: int) -> Iterator[EntryListing]:
    """List an archive's members; they can be read within the block, cheapest in their order.

    Args:
        path: The archive.
        limit_bytes: Members are read at most one byte past this.

    Raises:
        SourceError: Damaged, or larger than any repository (members, bytes).
    """
    if path.stat().st_size > MAX_ARCHIVE_BYTES:
        raise _too_large(path, f"{path.stat().st_size:,} bytes")
    lister = _list_zip if path.name.lower().endswith(_ZIPS) else _list_tar
    with lister(path, limit_bytes) as entries:
        yield EntryListing("sdist", str(path), tuple(_without_top(entries)))


@contextmanager
def _list_tar(path: Path, limit_bytes: int) -> Iterator[list[Entry]]:
    ending = next(e for e in sorted(_OPENERS, key=len, reverse=True) if path.name.lower().endswith(e))
    with _damage(path), _OPENERS[ending](path) as stream:
        bounded = _Bounded(stream, path)
        with tarfile.open(fileobj=bounded, mode="r:", errors="surrogateescape") as archive:
            yield list(_tar_entries(archive, path, limit_bytes))


def _tar_entries(archive: tarfile.TarFile, path: Path, limit_bytes: int) -> Iterator[Entry]:
    count = total = 0
    for member in archive:
        count, total = count + 1, total + member.size
        if count > MAX_MEMBERS or total > MAX_TOTAL_BYTES:
            raise _too_large(path, f"{count:,} members of {total:,} bytes")
        if not member.isdir():
            read = partial(_read_tar, archive, member, limit_bytes)
            name = member.name.removeprefix("./")
            yield Entry(name, member.size, read, float(member.mtime), _tar_problem(member))


def _tar_problem(member: tarfile.TarInfo) -> str | None:
    if member.issym() or member.islnk():
        return "a link in an archive: not followed"
    return None if member.isreg() else "not a regular file: device or FIFO"


def _read_tar(archive: tarfile.TarFile, member: tarfile.TarInfo, limit_bytes: int) -> bytes:
    file = archive.extractfile(member)
    if file is None:
        raise OSError("no content")
    with file:
        return file.read(limit_bytes + 1)


@contextmanager
def _list_zip(path: Path, limit_bytes: int) -> Iterator[list[Entry]]:
    with _damage(path), zipfile.ZipFile(path) as archive:
        members = [member for member in archive.infolist() if not member.is_dir()]
        total = sum(member.file_size for member in members)
        if len(members) > MAX_MEMBERS or total > MAX_TOTAL_BYTES:
            raise _too_large(path, f"{len(members):,} members of {total:,} bytes")
        yield [_zip_entry(archive, member, limit_bytes) for member in members]


def _zip_entry(archive: zipfile.ZipFile, member: zipfile.ZipInfo, limit_bytes: int) -> Entry:
    modified = float(calendar.timegm((*member.date_time, 0, 0, 0)))
    read = partial(_read_zip, archive, member, limit_bytes)
    return Entry(member.filename, member.file_size, read, modified, _zip_problem(member))


def _zip_problem(member: zipfile.ZipInfo) -> str | None:
    mode = member.external_attr >> 16
    if stat.S_ISLNK(mode):
        return "a link in an archive: not followed"
    if member.flag_bits & 0x1:
        return "encrypted"
    return None if not stat.S_IFMT(mode) or stat.S_ISREG(mode) else "not a regular file: device or FIFO"


def _read_zip(archive: zipfile.ZipFile, member: zipfile.ZipInfo, limit_bytes: int) -> bytes:
    with archive.open(member) as file:
        return file.read(limit_bytes + 1)


def _without_top(entries: list[Entry]) -> Iterator[Entry]:
    """Drop the one directory that all members lie in (`peft-0.18.0/`), as archives of sources have."""
    tops = {entry.path.partition("/")[0] for entry in entries if not escapes(entry.path)}
    nested = all("/" in entry.path for entry in entries)
    top = tops.pop() + "/" if len(tops) == 1 and nested else ""
    latest = {entry.path: entry for entry in entries}  # as on extraction, the last member of a name wins
    return (replace(entry, path=entry.path.removeprefix(top)) for entry in latest.values())


@contextmanager
def _damage(path: Path) -> Iterator[None]:
    try:
        yield
    except _DAMAGED as error:
        if isinstance(error, SourceError):
            raise
        raise SourceError(
            f"{path} cannot be read as an archive: {error}",
            hint="download or build it again; known kinds: .tar.gz, .tgz, .tar.bz2, .tar.xz, .zip, .whl",
        ) from error


def _too_large(path: Path, figure: str) -> SourceError:
    return SourceError(
        f"{path} is no source archive: {figure}",
        hint=f"at most {MAX_MEMBERS:,} members of {MAX_TOTAL_BYTES:,} bytes; unpack it and name the folder",
    )


class _Bounded(io.RawIOBase):
    """A stream that refuses to hand out, or to skip, absurd amounts at once."""

    def __init__(self, stream: IO[bytes], path: Path) -> None:
        self._stream = stream
        self._path = path

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or not 0 <= size <= MAX_READ_BYTES:
            raise _too_large(self._path, f"one header of {size:,} bytes" if size else "one endless header")
        return self._stream.read(size)

    def seek(self, offset: int, whence: int = 0, /) -> int:
        if offset > MAX_TOTAL_BYTES:
            raise _too_large(self._path, f"{offset:,} bytes unpacked")
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)
