"""A snapshot on disk: `snapshot.json` and one row per file in `sources.jsonl`.

No file name of the repository ever becomes a file name of ours.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec

from codebase_gardener.repository.snapshot import SkippedFile, Snapshot, SourceFile
from codebase_gardener.utils.error_handling import SourceError
from codebase_gardener.utils.files import (
    AlreadyPublishedError,
    is_published,
    publish_dir,
    read_json,
    remove_tree,
    staging,
    write_atomic,
    write_json,
)

__all__ = ["load_snapshot", "save_snapshot"]

_SCHEMA = 1
_ABOUT = "snapshot.json"
_TEXTS = "sources.jsonl"
_FIELDS = ("path", "language", "sha256", "text", "hidden")


def save_snapshot(snapshot: Snapshot, directory: Path) -> None:
    """Write a snapshot as a published directory; the same state that is there already is left as it is.

    Args:
        snapshot: What to write.
        directory: Of this state alone; made whole or not at all. One that is damaged is replaced.

    Raises:
        AlreadyPublishedError: Another state is published there.
        ResourceError: The disk is full or the place cannot be written.
    """
    if _is_there(snapshot, directory):
        return
    with staging(directory) as staged:
        write_json(staged / _ABOUT, _about(snapshot))
        write_atomic(staged / _TEXTS, b"".join(_rows(snapshot)))
        try:
            publish_dir(staged, directory)
        except AlreadyPublishedError:  # by another process, meanwhile; or it is damaged
            if _is_there(snapshot, directory):
                return
            if is_published(directory):
                raise
            remove_tree(directory, directory.parent)
            publish_dir(staged, directory)


def _is_there(snapshot: Snapshot, directory: Path) -> bool:
    return is_published(directory) and _state(read_json(directory / _ABOUT)) == _state(_about(snapshot))


def load_snapshot(directory: Path) -> Snapshot:
    """Read a snapshot that `save_snapshot` wrote.

    Raises:
        SourceError: Missing, damaged, or of a newer version.
    """
    try:
        about = read_json(directory / _ABOUT)
        with (directory / _TEXTS).open(encoding="utf-8", newline="\n") as rows:
            files = tuple(_source_file(*msgspec.json.decode(row)) for row in rows)
        return _rebuilt(about, files)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise SourceError(
            f"{directory} holds no readable snapshot: {error}",
            hint="take it again with `gardener add SOURCE`",
        ) from error


def _source_file(
    path: str, language: str, sha256: str, text: str, hidden: Sequence[Sequence[int]] = ()
) -> SourceFile:
    return SourceFile(path, language, sha256, text, tuple((start, end) for start, end in hidden))


def _state(about: dict[str, Any]) -> tuple[Any, ...]:
    """What tells one state from another: what was left out may differ between two looks at the same files."""
    return tuple(about.get(name) for name in ("schema", "tree_hash", "commit", "dirty"))


def _about(snapshot: Snapshot) -> dict[str, Any]:
    fields = {name: value for name, value in vars(snapshot).items() if name not in ("files", "skipped")}
    skipped = [asdict(file) for file in snapshot.skipped]
    return {"schema": _SCHEMA, **fields, "file_count": len(snapshot.files), "skipped": skipped}


def _rows(snapshot: Snapshot) -> Iterator[bytes]:
    for file in snapshot.files:
        yield msgspec.json.encode([getattr(file, name) for name in _FIELDS]) + b"\n"


def _rebuilt(about: dict[str, Any], files: tuple[SourceFile, ...]) -> Snapshot:
    if about.pop("schema") != _SCHEMA:
        raise ValueError("it was written by another version of codebase-gardener")
    if about.pop("file_count") != len(files):
        raise ValueError(f"{_TEXTS} is cut short")
    skipped = tuple(SkippedFile(**row) for row in about.pop("skipped"))
    return Snapshot(**about, files=files, skipped=skipped)
