"""Files that came from a store, kept by their content: the least recently used go first."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from codebase_gardener.store.listing import StoredFile
from codebase_gardener.utils.error_handling import StoreError
from codebase_gardener.utils.files import make_folder, sha256_file, writing

__all__ = ["BlobCache"]

_NO_LINK = {errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP}
_INCOMING = ".incoming."
_CUT_SHORT_S = 24 * 3600.0


class BlobCache:
    """A folder of files by content. Safe for many threads and processes.

    What is taken out is a hard link where the file system has them: the same bytes in ten adapters lie there once.

    Args:
        folder: Where; it is made when something comes in.
        budget_bytes: What it may hold after `trim`.
    """

    def __init__(self, folder: Path, budget_bytes: int) -> None:
        self._folder, self._budget_bytes = folder, budget_bytes

    def place(self, file: StoredFile, target: Path, download: Callable[[], Iterable[bytes]]) -> None:
        """Put a file at `target`: from here, or else as it arrives.

        Args:
            file: What it must be.
            target: Where it goes; its folder is there.
            download: Its bytes, in pieces; called where they are not here.

        Raises:
            StoreError: What arrives is not the file.
            ResourceError: The disk is full.
        """
        kept = self._path(file.sha256)
        if not self._taken(kept, file, target):
            self._arrive(kept, file, target, download())

    def trim(self) -> None:
        """Remove the least recently used files until the budget holds, and what downloads that were killed left."""
        found, total = [], 0
        for path in self._folder.glob("*/*"):
            with suppress(FileNotFoundError):  # another process trims too
                stat = path.stat()
                if not path.name.startswith(_INCOMING):
                    found.append((stat.st_atime_ns, stat.st_size, path))
                    total += stat.st_size
                elif time.time() - stat.st_mtime > _CUT_SHORT_S:
                    path.unlink()
        for _, size, path in sorted(found):
            if total <= self._budget_bytes:
                return
            path.unlink(missing_ok=True)
            total -= size

    def _path(self, digest: str) -> Path:
        return self._folder / digest[:2] / digest

    def _taken(self, kept: Path, file: StoredFile, target: Path) -> bool:
        """Whether it was here; what has other bytes by now is thrown away."""
        with writing(target), suppress(FileNotFoundError):
            stat = kept.stat()
            if stat.st_size == file.size_bytes and sha256_file(kept) == file.sha256:
                os.utime(kept, ns=(time.time_ns(), stat.st_mtime_ns))
                _link(kept, target)
                return True
            kept.unlink()
        return False

    def _arrive(self, kept: Path, file: StoredFile, target: Path, pieces: Iterable[bytes]) -> None:
        with writing(target):
            make_folder(kept.parent)
            descriptor, name = tempfile.mkstemp(prefix=_INCOMING, dir=kept.parent)
            try:
                with os.fdopen(descriptor, "wb") as incoming:
                    _receive(file, pieces, incoming)
                _link(Path(name), target)
                os.replace(name, kept)
            except BaseException:
                Path(name).unlink(missing_ok=True)
                raise


def _receive(file: StoredFile, pieces: Iterable[bytes], into: BinaryIO) -> None:
    digest, size = sha256(), 0
    for piece in pieces:
        size += len(piece)
        if size > file.size_bytes:  # whatever else comes is not wanted on this disk
            break
        digest.update(piece)
        into.write(piece)
    if size != file.size_bytes or digest.hexdigest() != file.sha256:
        raise StoreError(
            f"the bytes of {file.sha256[:16]}… that arrived are others than its name says",
            hint="nothing of them was used; send it again from a home that has it: gardener store sync --to-store",
        )


def _link(kept: Path, target: Path) -> None:
    try:
        os.link(kept, target)
    except OSError as error:
        if error.errno not in _NO_LINK:
            raise
        shutil.copyfile(kept, target)
