"""A stored folder's manifest, read as what a stranger may have written: every path and number is checked."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from codebase_gardener.utils.error_handling import StoreError
from codebase_gardener.utils.files import MANIFEST

__all__ = ["MAX_MANIFEST_BYTES", "StoredFile", "check_key", "read_listing", "stored_files"]

MAX_MANIFEST_BYTES = 32 << 20
_MAX_FILE_BYTES = 1 << 43
_SHA256 = re.compile(r"[0-9a-f]{64}\Z")
_UNSAFE = re.compile(r"[\x00-\x1f\x7f\\]")


@dataclass(frozen=True)
class StoredFile:
    """A file's content: its size in bytes and its hex SHA-256."""

    size_bytes: int
    sha256: str


def read_listing(raw: bytes, where: str) -> dict[str, StoredFile]:
    """The files that a manifest names, by their path in the folder.

    Args:
        raw: The manifest's bytes.
        where: Whose it is, for errors.

    Raises:
        StoreError: It is no manifest, or names a path that leaves the folder, a size or hash that cannot be right.
    """
    try:
        rows = json.loads(raw.decode("utf-8"))["files"]
        return stored_files(rows)
    except RecursionError as error:
        raise _refused(where, "it is nested too deep") from error
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise _refused(where, str(error)) from error


def stored_files(rows: Mapping[str, Any]) -> dict[str, StoredFile]:
    """The files of a manifest's `files`.

    Raises:
        ValueError: Something in it cannot be right.
    """
    if not isinstance(rows, dict) or not rows:
        raise ValueError("it names no files")
    files = {_checked_path(name): _checked_file(name, row) for name, row in rows.items()}
    for name in files:
        for above in _above(name):
            if above in files:
                raise ValueError(f"{above!r} is both a file and a folder")
    return files


def check_key(key: str) -> str:
    """Return a key or path of a store if it is one, else raise.

    Raises:
        StoreError: It is empty, absolute, or could leave its place.
    """
    if not _is_safe(key):
        raise StoreError(f"{key!r} cannot be a key of a store", hint="write names with / between them")
    return key


def _above(name: str) -> list[str]:
    parts = name.split("/")
    return ["/".join(parts[:end]) for end in range(1, len(parts))]


def _checked_path(name: str) -> str:
    if not _is_safe(name) or name == MANIFEST:
        raise ValueError(f"the path {name[:200]!r} is not one inside the folder")
    return name


def _is_safe(path: str) -> bool:
    """Relative, in its plainest form: then it cannot leave its folder."""
    fits = bool(path) and len(path.encode("utf-8", "surrogatepass")) <= 1024
    return fits and not _UNSAFE.search(path) and not {"", ".", ".."} & set(path.split("/"))


def _checked_file(name: str, row: Mapping[str, Any]) -> StoredFile:
    size, digest = row["bytes"], row["sha256"]
    if type(size) is not int or not 0 <= size <= _MAX_FILE_BYTES:
        raise ValueError(f"the size of {name[:200]!r} cannot be right")
    if not isinstance(digest, str) or not _SHA256.match(digest):
        raise ValueError(f"the hash of {name[:200]!r} is no SHA-256")
    return StoredFile(size, digest)


def _refused(where: str, why: str) -> StoreError:
    return StoreError(
        f"the manifest of {where} is refused: {why}",
        hint="nothing of it was used; publish it again from where it is whole, or delete it",
    )
