"""The registry against the store: what rows name and the store has not, what the store has and no row names."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from codebase_gardener.gardener.facade import Gardener
from codebase_gardener.gardener.storing import Named, named_keys
from codebase_gardener.store.interface import ArtifactStore, StoredObject
from codebase_gardener.store.listing import StoredFile, stored_files
from codebase_gardener.utils.error_handling import NotFoundError, StoreError

__all__ = ["StoreFindings", "clear", "judge"]

_AT_ONCE = 8


@dataclass(frozen=True)
class StoreFindings:
    """What does not fit.

    Attributes:
        missing: Keys that rows name and the store has not.
        other: Keys of versions whose files there are not those of the row; and those whose manifest is refused.
        unnamed: Keys that no row names, older than the grace time.
        unnamed_blobs: Contents that no manifest names, older than the grace time; none while a manifest is refused.
        is_foreign: Whether no row names anything of the store: it may be another registry's.
    """

    missing: tuple[str, ...]
    other: tuple[str, ...]
    unnamed: tuple[str, ...]
    unnamed_blobs: tuple[StoredObject, ...]
    is_foreign: bool

    @property
    def litter_bytes(self) -> int:
        """Of the contents that nothing names."""
        return sum(blob.size_bytes for blob in self.unnamed_blobs)


def judge(gardener: Gardener, store: ArtifactStore) -> StoreFindings:
    """Compare registry and store.

    Contents are listed before manifests, and manifests before rows: what is published meanwhile is named by then.

    Raises:
        StoreError: The store cannot be reached.
    """
    before = datetime.now(UTC) - timedelta(hours=gardener.settings.store_grace_hours)
    blobs = list(store.blobs())
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        keys = list(store.keys())
        listed = dict(zip(keys, pool.map(lambda key: _files(store, key), keys), strict=True))
        named = named_keys(gardener)
        unnamed = [key for key in listed if not named.has(key)]
        ages = dict(zip(unnamed, pool.map(store.changed_at, unnamed), strict=True))
    is_refused = any(files is None for files in listed.values())
    known = {file.sha256 for files in listed.values() for file in (files or {}).values()}
    return StoreFindings(
        missing=tuple(sorted(set(_wanted(gardener, named)) - listed.keys())),
        other=tuple(sorted(_other(named, listed))),
        unnamed=tuple(sorted(key for key, at in ages.items() if at is not None and at < before)),
        unnamed_blobs=tuple(
            blob for blob in blobs if not is_refused and blob.path not in known and blob.changed_at < before
        ),
        is_foreign=bool(unnamed)
        and len(unnamed) == len([key for key in listed if not key.startswith("bases/")]),
    )


def clear(store: ArtifactStore, findings: StoreFindings) -> None:
    """Take away what nothing names. Contents of folders that go now are cleared the next time.

    Raises:
        StoreError: The store cannot be reached.
    """
    for key in findings.unnamed:
        store.delete(key)
    store.remove_blobs(blob.path for blob in findings.unnamed_blobs)


def _files(store: ArtifactStore, key: str) -> dict[str, StoredFile] | None:
    """{} of a folder that went meanwhile; None of one whose manifest is refused."""
    try:
        return store.files(key)
    except NotFoundError:
        return {}
    except StoreError:
        return None


def _wanted(gardener: Gardener, named: Named) -> Iterable[str]:
    yield from named.versions
    for row in gardener.registry.list_snapshots():
        key = gardener.shared.key(row.path)
        if key is not None:
            yield key


def _other(named: Named, listed: dict[str, dict[str, StoredFile] | None]) -> Iterable[str]:
    for key, files in listed.items():
        if files is None or (key in named.versions and files != stored_files(named.versions[key])):
            yield key
