"""Published folders of a home, as other machines see them: a folder's key is its path in the home."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from codebase_gardener.store.blob_cache import BlobCache
from codebase_gardener.store.interface import ArtifactStore
from codebase_gardener.store.listing import stored_files
from codebase_gardener.store.object_store import ObjectStore
from codebase_gardener.utils.error_handling import NotFoundError, StoreError
from codebase_gardener.utils.files import write_atomic
from codebase_gardener.utils.progress import Progress, silent

__all__ = ["SharedFolders"]


class SharedFolders:
    """A home's folders beside a store. Without one, every call does nothing: the home is all there is.

    The order of publishing is: here, then the store, then the registry's row; so a row always has its files.

    Args:
        home: Whose folders they are.
        store: Where other machines find them; None for a home that stands alone.

    Example:
        >>> alone = SharedFolders(Path("/garden"), None)
        >>> alone.bring(Path("/garden/projects/demo"))
        PosixPath('/garden/projects/demo')
    """

    def __init__(self, home: Path, store: ArtifactStore | None) -> None:
        self._home, self.store = home, store
        self.fetching: Callable[[str], Progress] = lambda key: silent
        """Who is told of a folder, by its key, that is fetched because it was used; called once for each."""

    @classmethod
    def open(cls, home: Path, url: str, *, cache_bytes: int, grace_s: float) -> SharedFolders:
        """Those of a home whose settings name a store, or none.

        Raises:
            InvalidInputError: The URL is none.
        """
        if not url:
            return cls(home, None)
        return cls(home, ObjectStore(url, BlobCache(home / "cache" / "blobs", cache_bytes), grace_s=grace_s))

    def key(self, folder: Path) -> str | None:
        """The key of a folder; None where it is in no store: there is none, or the folder lies outside of the home."""
        if self.store is None or not folder.is_relative_to(self._home) or folder == self._home:
            return None
        return folder.relative_to(self._home).as_posix()

    def folder(self, key: str) -> Path:
        """Where a key lies in this home."""
        return self._home / key

    def share(self, folder: Path, *, progress: Progress = silent) -> bool:
        """Publish a folder that is published here.

        Returns:
            Whether this call put it there.

        Raises:
            ConflictError: Other bytes are published there: another machine was faster.
            StoreError: The store cannot be reached, or the folder is damaged.
        """
        key = self.key(folder)
        if key is None or self.store is None:
            return False
        return self.store.publish(folder, key, progress=progress)

    def bring(
        self, folder: Path, files: Mapping[str, Any] | None = None, *, progress: Progress = silent
    ) -> Path:
        """Fetch a folder that is not here. Returns it.

        Args:
            folder: Where it belongs in this home.
            files: What the registry says of its files, as a manifest's `files`.
            progress: Is told bytes.

        Raises:
            NotFoundError: It is neither here nor in the store.
            StoreError: The store cannot be reached, or holds other files.
        """
        key = self.key(folder)
        if key is None or self.store is None or folder.exists():
            return folder
        try:
            expected = stored_files(files) if files else None
            told = self.fetching(key) if progress is silent else progress
            self.store.fetch(key, folder, expected=expected, progress=told)
        except NotFoundError as error:
            raise NotFoundError(
                error.message, hint="on the machine that has it: gardener store sync --to-store"
            ) from error
        write_atomic(self._mark(key), b"")
        return folder

    def copy(self, folder: Path, target: Path) -> Path:
        """Fetch what the store has of a folder to another place, whatever is here. Returns the place.

        Raises:
            NotFoundError: It is not in the store.
            StoreError: The store cannot be reached, or what it holds is damaged.
        """
        key = self.key(folder)
        if key is None or self.store is None:
            raise NotFoundError(f"{folder} is in no store", hint="see the setting store")
        self.store.fetch(key, target)
        return target

    def find(self, folder: Path) -> bool:
        """Whether a folder is here, fetched where only the store has it.

        Raises:
            StoreError: The store cannot be reached, or what it holds is damaged.
        """
        with suppress(NotFoundError):
            return self.bring(folder).exists()
        return False

    def withdraw(self, folders: Iterable[Path]) -> None:
        """Take folders out of the store whose rows are gone; their bytes go with `doctor --fix`.

        Raises:
            StoreError: The store cannot be reached; `doctor --fix` will take the rest away.
        """
        for folder in folders:
            key = self.key(folder)
            if key is not None and self.store is not None:
                with _still_there(key):
                    self.store.delete(key)
                self._mark(key).unlink(missing_ok=True)

    def withdraw_all(self, folder: Path) -> None:
        """Take all out of the store that lies below a folder, small objects too."""
        key = self.key(folder)
        if key is None or self.store is None:
            return
        with _still_there(key):
            keys = list(self.store.keys(key))
            self.store.remove([found.path for found in self.store.listed(key)])
        self.withdraw([self.folder(below) for below in keys])

    def was_brought(self, folder: Path) -> bool:
        """Whether a folder here is a copy that came from the store."""
        key = self.key(folder)
        return key is not None and self._mark(key).exists()

    def _mark(self, key: str) -> Path:
        return self._home / "cache" / "brought" / key.replace("/", "+")


@contextmanager
def _still_there(key: str) -> Iterator[None]:
    """What cannot be taken away is told as what it is: the rest of a deletion that is done."""
    try:
        yield
    except StoreError as error:
        raise StoreError(
            f"{key} is deleted, and is still in the store: {error.message}",
            hint="nobody uses it any more; gardener doctor --fix takes it away once it is older than store_grace_hours",
        ) from error
