"""What a store does: the one interface to artifacts that lie beyond this machine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from codebase_gardener.store.listing import StoredFile
from codebase_gardener.utils.progress import Progress, silent

__all__ = ["ArtifactStore", "StoredObject"]


@dataclass(frozen=True)
class StoredObject:
    """One object as a store lists it.

    Attributes:
        path: Its name, as it was written or asked for.
        size_bytes: Its size.
        changed_at: When it was last written, by the store's clock.
    """

    path: str
    size_bytes: int
    changed_at: datetime


class ArtifactStore(Protocol):
    """Published folders under keys, and small objects under paths. Safe for many threads, processes and machines.

    A key or path is relative, with `/` between its parts: `projects/demo/adapters/default/1`. A folder's files are kept
    once for each content; its manifest is written last, and only where none is there: so a key has all its files or is
    not there, and never changes.

    Every method raises StoreError where the store cannot be reached, refuses, or holds what cannot be right.
    """

    @property
    def url(self) -> str:
        """Where it is; without secrets."""

    def publish(self, folder: Path, key: str, *, progress: Progress = silent) -> bool:
        """Upload a published folder (`utils.files.publish_dir`); nothing where it is there with the same bytes.

        Args:
            folder: Has a manifest.
            key: Where it goes.
            progress: Is told bytes.

        Returns:
            Whether this call put it there.

        Raises:
            ConflictError: Other bytes are published there: another writer was faster.
            StoreError: The folder is not what its manifest says.
        """

    def fetch(
        self,
        key: str,
        target: Path,
        *,
        expected: Mapping[str, StoredFile] | None = None,
        progress: Progress = silent,
    ) -> None:
        """Bring a folder to `target`, each file's hash checked as it arrives; whole, or not at all.

        Args:
            key: Of the folder.
            target: Where it is published; if something is there already, nothing is done.
            expected: The files as they are known from elsewhere, such as the registry.
            progress: Is told bytes.

        Raises:
            NotFoundError: There is no such key.
            StoreError: It is not what was expected, or what its manifest says.
            ResourceError: The disk is too small for it.
        """

    def files(self, key: str) -> dict[str, StoredFile]:
        """The files of a folder by their path in it.

        Raises:
            NotFoundError: There is no such key.
        """

    def exists(self, key: str) -> bool:
        """Whether a folder is there."""

    def keys(self, prefix: str = "") -> Iterator[str]:
        """Keys of folders below a prefix (whole parts of a key), in no order."""

    def delete(self, key: str) -> None:
        """Take a folder away, if it is there; bytes that nothing names any more are cleared by `doctor --fix`."""

    def changed_at(self, key: str) -> datetime | None:
        """When a folder was published, by the store's clock; None where it is not there."""

    def blobs(self) -> Iterator[StoredObject]:
        """The contents of all files; a path is the hex SHA-256."""

    def remove_blobs(self, digests: Iterable[str]) -> None:
        """Take contents away; only where no manifest names them, which the caller has seen to."""

    def put(self, path: str, data: bytes, *, only_new: bool = False) -> None:
        """Write a small object as a whole.

        Raises:
            ConflictError: With `only_new`: it is there already.
        """

    def get(self, path: str) -> bytes:
        """A small object as a whole.

        Raises:
            NotFoundError: It is not there.
        """

    def listed(self, prefix: str = "") -> Iterator[StoredObject]:
        """Small objects below a prefix (whole parts of a path), in no order."""

    def remove(self, paths: Iterable[str]) -> None:
        """Take small objects away; those that are not there count as taken away."""
