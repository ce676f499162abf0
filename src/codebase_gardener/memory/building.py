"""The memory of a snapshot, in the tokens of a base; kept beside the project, and built again where it is gone."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from shutil import rmtree
from typing import Any

from codebase_gardener.bases.text import plain_ids
from codebase_gardener.languages.table import is_code
from codebase_gardener.memory.recall import Memory
from codebase_gardener.memory.suffixes import Suffixes
from codebase_gardener.repository.snapshot import Snapshot
from codebase_gardener.utils.error_handling import NotFoundError, ResourceError
from codebase_gardener.utils.files import AlreadyPublishedError, publish_dir, sha256_text, staging

__all__ = ["build_memory", "kept_memory"]

MAX_TOKENS = 8_000_000
"""Of which two arrays of 32 MB are made; code comes first."""


def build_memory(snapshot: Snapshot, tokenizer: Any, without: Collection[str] = ()) -> Memory:
    """A memory of a snapshot's files.

    Args:
        snapshot: What it skipped is in no memory, and the letters of secrets are replaced.
        tokenizer: Of the base.
        without: Paths that are left out: those that are held out.
    """
    files, room = [], MAX_TOKENS
    for file in sorted(snapshot.files, key=lambda file: (not is_code(file.language), file.path)):
        if file.path not in without:
            ids = plain_ids(tokenizer, file.text)[:room]
            room -= len(ids)
            files.append(ids)
    return Memory(Suffixes.build(files))


def kept_memory(folder: Path, snapshot: Snapshot, tokenizer: Any) -> Memory:
    """The memory of a whole snapshot; built and kept in `folder` where it is not there.

    Args:
        folder: Of a project's memories: the newest for each tokenizer.
        snapshot: The repository as it is now.
        tokenizer: Of the base.
    """
    base = sha256_text(repr(sorted(tokenizer.get_vocab().items())))[:16]
    place = folder / f"{base}-{snapshot.tree_hash[:16]}"
    with suppress(NotFoundError):
        return Memory(Suffixes.load(place))
    memory = build_memory(snapshot, tokenizer)
    with suppress(ResourceError, AlreadyPublishedError):  # without room for it, it is built each time
        rmtree(place, ignore_errors=True)  # damaged
        with staging(place) as staged:
            memory.suffixes.save(staged)
            publish_dir(staged, place)
        for older in folder.glob(f"{base}-*"):
            if older != place:
                rmtree(older, ignore_errors=True)
    return memory
