"""Hashes of files, each computed once: remembered by size, times and inode, so that looking again costs nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from codebase_gardener.utils.error_handling import ResourceError
from codebase_gardener.utils.files import MANIFEST, read_json, sha256_file, write_atomic

__all__ = ["FileHashes", "changed_files"]


class FileHashes:
    """The SHA-256 of files, remembered in a file where that can be written.

    What changed without a new size, time of change or inode cannot be told from what did not; nobody does that by
    accident.

    Args:
        path: Of the memory; a damaged one is as good as none.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, list[str]] = {}
        with suppress(OSError, ValueError):
            found = read_json(path)
            if isinstance(found, dict):
                self._known = {
                    name: row for name, row in found.items() if isinstance(row, list) and len(row) == 2
                }

    def sha256(self, file: Path) -> str:
        """Hex SHA-256 of a file.

        Raises:
            OSError: It cannot be read.
        """
        stat = file.stat()
        mark = f"{stat.st_size}|{stat.st_mtime_ns}|{stat.st_ctime_ns}|{stat.st_ino}"
        name = str(file.resolve())
        known = self._known.get(name)
        if known is not None and known[0] == mark:
            return str(known[1])
        digest = sha256_file(file)
        self._known[name] = [mark, digest]
        self._save()
        return digest

    def _save(self) -> None:
        there = {name: row for name, row in self._known.items() if Path(name).exists()}
        with suppress(ResourceError, OSError):  # a home that can only be read: then it is hashed each time
            write_atomic(self._path, json.dumps(there))


def changed_files(directory: Path, hashes: FileHashes, listed: Mapping[str, Any] | None = None) -> list[str]:
    """The files of a published directory that are not what its manifest says: gone, cut, or with other bytes.

    Args:
        directory: Published (`files.publish_dir`); one without a manifest has nothing to be compared with.
        hashes: Where the hashes are remembered.
        listed: The manifest's `files` as they are known from elsewhere: for one whose manifest is gone.
    """
    try:
        rows = listed or {}
        if listed is None or (directory / MANIFEST).exists():
            rows = read_json(directory / MANIFEST)["files"]
        expected = {str(name): (int(entry["bytes"]), str(entry["sha256"])) for name, entry in rows.items()}
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return [MANIFEST]
    return [
        name
        for name, (size, digest) in expected.items()
        if not _is_as_written(directory / name, size, digest, hashes)
    ]


def _is_as_written(file: Path, size: int, digest: str, hashes: FileHashes) -> bool:
    try:
        return file.is_file() and file.stat().st_size == size and hashes.sha256(file) == digest
    except OSError:
        return False
