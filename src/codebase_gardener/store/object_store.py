"""The store in a bucket of an S3-compatible service, or in a folder that machines share.

format-1                          who writes it twice knows whether conditions hold here
blobs/sha256/ab/abcd…             a file's content, once
artifacts/KEY/manifest.json       a folder: its files' paths, sizes and hashes; written last, and never over another
objects/PATH                      small objects
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from codebase_gardener.store.blob_cache import BlobCache
from codebase_gardener.store.failures import telling
from codebase_gardener.store.interface import StoredObject
from codebase_gardener.store.listing import (
    MAX_MANIFEST_BYTES,
    StoredFile,
    check_key,
    read_listing,
)
from codebase_gardener.store.opening import open_remote, parse_store_url
from codebase_gardener.utils.error_handling import ConflictError, NotFoundError, ResourceError, StoreError
from codebase_gardener.utils.files import (
    MANIFEST,
    AlreadyPublishedError,
    make_folder,
    publish_dir,
    sha256_file,
    staging,
)
from codebase_gardener.utils.progress import Progress, silent

if TYPE_CHECKING:
    from obstore.store import LocalStore, S3Store

__all__ = ["ObjectStore"]

_FORMAT, _BLOBS, _ARTIFACTS, _OBJECTS = "format-1", "blobs/sha256", "artifacts", "objects"
_AT_ONCE = 8
_IN_MEMORY_BYTES = 8 << 20
_PIECE_BYTES = 1 << 20


class ObjectStore:
    """An `ArtifactStore` through obstore. Opened when it is first asked for something.

    Args:
        url: `s3://BUCKET/PREFIX` or `file:///FOLDER`. Credentials, region and endpoint are the environment's (`AWS_…`).
        cache: Where files that were fetched are kept.
        grace_s: How long `doctor --fix` leaves bytes alone that nothing names, in seconds.

    Raises:
        InvalidInputError: The URL is none.

    Example:
        >>> import tempfile
        >>> from codebase_gardener.utils.files import publish_dir
        >>> home = Path(tempfile.mkdtemp())
        >>> store = ObjectStore(f"file://{home}/store", BlobCache(home / "cache", 1 << 30))
        >>> (home / "new").mkdir(), (home / "new" / "a").write_text("text")
        (None, 4)
        >>> _ = publish_dir(home / "new", home / "a")
        >>> store.publish(home / "a", "demo/a")
        True
        >>> store.fetch("demo/a", home / "b")
        >>> (home / "b" / "a").read_text(), list(store.keys())
        ('text', ['demo/a'])
    """

    def __init__(self, url: str, cache: BlobCache, *, grace_s: float = 24 * 3600.0) -> None:
        self._url, self._cache = parse_store_url(url), cache
        self._reused_for = timedelta(seconds=grace_s / 2)
        self._lock, self._conditions_hold = Lock(), False

    @property
    def url(self) -> str:
        """Where it is; without secrets."""
        return str(self._url)

    # ---- folders

    def publish(self, folder: Path, key: str, *, progress: Progress = silent) -> bool:
        """As `ArtifactStore.publish` says."""
        raw = (folder / MANIFEST).read_bytes()
        files = read_listing(raw, str(folder))
        self.check_conditions()
        path = _manifest_path(key)
        there = self._read_or_none(path)
        if there is not None and there != raw:
            raise self._taken(key)
        self._upload(folder, files, progress, of_any_age=there == raw)
        if there is not None:
            return False
        if self._put_new(path, raw):
            return True
        if self._read(path) != raw:
            raise self._taken(key)
        return False

    def fetch(
        self,
        key: str,
        target: Path,
        *,
        expected: Mapping[str, StoredFile] | None = None,
        progress: Progress = silent,
    ) -> None:
        """As `ArtifactStore.fetch` says."""
        if target.exists():
            return
        files = self.files(key)
        if expected is not None and files != expected:
            raise StoreError(
                f"{key} in the store {self.url} is not what the registry says of it",
                hint="see `gardener doctor`; nothing was fetched",
            )
        total = sum(file.size_bytes for file in files.values())
        _check_room(target, key, total)
        with staging(target) as staged:
            done = _Counted(progress, total)
            _all_at_once(lambda item: done.add(self._bring(staged, *item)), files.items())
            with suppress(AlreadyPublishedError):  # another process was faster: with the same bytes
                publish_dir(staged, target)
        self._cache.trim()

    def files(self, key: str) -> dict[str, StoredFile]:
        """As `ArtifactStore.files` says."""
        path = _manifest_path(key)
        return read_listing(self._read(path, MAX_MANIFEST_BYTES), f"{key} in the store {self.url}")

    def exists(self, key: str) -> bool:
        """As `ArtifactStore.exists` says."""
        return self._head(_manifest_path(key)) is not None

    def keys(self, prefix: str = "") -> Iterator[str]:
        """As `ArtifactStore.keys` says."""
        for found in self._listed(f"{_ARTIFACTS}/{check_key(prefix)}" if prefix else _ARTIFACTS):
            if found.path.endswith(f"/{MANIFEST}"):
                yield found.path.removeprefix(f"{_ARTIFACTS}/").removesuffix(f"/{MANIFEST}")

    def delete(self, key: str) -> None:
        """As `ArtifactStore.delete` says."""
        self._delete([_manifest_path(key)])

    # ---- small objects

    def put(self, path: str, data: bytes, *, only_new: bool = False) -> None:
        """As `ArtifactStore.put` says."""
        name = f"{_OBJECTS}/{check_key(path)}"
        if not only_new:
            self._write(name, data)
            return
        self.check_conditions()
        if not self._put_new(name, data):
            raise ConflictError(f"{path} is in the store {self.url} already", hint="choose another name")

    def get(self, path: str) -> bytes:
        """As `ArtifactStore.get` says."""
        return self._read(f"{_OBJECTS}/{check_key(path)}")

    def listed(self, prefix: str = "") -> Iterator[StoredObject]:
        """As `ArtifactStore.listed` says."""
        for found in self._listed(f"{_OBJECTS}/{check_key(prefix)}" if prefix else _OBJECTS):
            path = found.path.removeprefix(f"{_OBJECTS}/")
            yield StoredObject(path, found.size_bytes, found.changed_at)

    def remove(self, paths: Iterable[str]) -> None:
        """As `ArtifactStore.remove` says."""
        self._delete([f"{_OBJECTS}/{check_key(path)}" for path in paths])

    # ---- what doctor asks

    def changed_at(self, key: str) -> datetime | None:
        """As `ArtifactStore.changed_at` says."""
        found = self._head(_manifest_path(key))
        return None if found is None else found.changed_at

    def blobs(self) -> Iterator[StoredObject]:
        """As `ArtifactStore.blobs` says."""
        for found in self._listed(_BLOBS):
            yield StoredObject(found.path.rpartition("/")[2], found.size_bytes, found.changed_at)

    def remove_blobs(self, digests: Iterable[str]) -> None:
        """As `ArtifactStore.remove_blobs` says."""
        self._delete([_blob_path(digest) for digest in digests])

    def check_conditions(self) -> None:
        """See that of two writers of one key the second is told.

        Raises:
            StoreError: The service does not look at conditions: several writers would overwrite each other.
        """
        with self._lock:
            if self._conditions_hold:
                return
            about = json.dumps({"format": 1}).encode()
            # the second is told always, the first where somebody has been here before
            self._conditions_hold = not (self._put_new(_FORMAT, about) and self._put_new(_FORMAT, about))
            if not self._conditions_hold:
                raise StoreError(
                    f"the store {self.url} is not safe for several writers: it ignores If-None-Match, so that of two "
                    "writers of one version both would win",
                    hint="use a service that has conditional writes: AWS S3, Cloudflare R2, MinIO, Ceph, SeaweedFS …",
                )

    # ---- files of a folder

    def _upload(
        self, folder: Path, files: Mapping[str, StoredFile], progress: Progress, *, of_any_age: bool
    ) -> None:
        paths = {file.sha256: (folder / name, file) for name, file in files.items()}
        done = _Counted(progress, sum(file.size_bytes for _, file in paths.values()))

        def upload(item: tuple[Path, StoredFile]) -> None:
            path, file = item
            if not self._is_there(file, of_any_age=of_any_age):
                self._send(path, file)
            done.add(file.size_bytes)

        _all_at_once(upload, paths.values())

    def _is_there(self, file: StoredFile, *, of_any_age: bool) -> bool:
        """Old bytes that nothing names may be cleared at any time: they are sent again, which makes them new."""
        found = self._head(_blob_path(file.sha256))
        if found is None or found.size_bytes != file.size_bytes:
            return False
        return of_any_age or datetime.now(UTC) - found.changed_at < self._reused_for

    def _send(self, path: Path, file: StoredFile) -> None:
        if path.is_symlink() or not path.is_file():
            raise StoreError(
                f"{path} is no file, and is not sent to a store", hint="publish it again without links"
            )
        if path.stat().st_size != file.size_bytes or sha256_file(path) != file.sha256:
            raise StoreError(
                f"{path} is not what its manifest says, and is not sent to a store",
                hint="see `gardener doctor`",
            )
        self._write(
            _blob_path(file.sha256), path.read_bytes() if file.size_bytes <= _IN_MEMORY_BYTES else path
        )

    def _bring(self, staged: Path, name: str, file: StoredFile) -> int:
        target = staged / name
        make_folder(target.parent)
        self._cache.place(file, target, lambda: self._pieces(_blob_path(file.sha256)))
        return file.size_bytes

    # ---- objects

    @cached_property
    def _remote(self) -> S3Store | LocalStore:
        return open_remote(self._url)

    def _put_new(self, path: str, data: bytes) -> bool:
        """Write where nothing is; whether that was so."""
        import obstore
        from obstore.exceptions import AlreadyExistsError

        try:
            with telling(self.url, path):
                obstore.put(self._remote, path, data, mode="create")
        except AlreadyExistsError:
            return False
        return True

    def _write(self, path: str, data: bytes | Path) -> None:
        import obstore

        with telling(self.url, path):
            obstore.put(self._remote, path, data)

    def _read(self, path: str, limit_bytes: int | None = None) -> bytes:
        import obstore

        with telling(self.url, path):
            found = obstore.get(self._remote, path)
            if limit_bytes is not None and found.meta["size"] > limit_bytes:
                raise StoreError(
                    f"{path} in the store {self.url} has {found.meta['size']} bytes, which is more than "
                    f"such a file can have",
                    hint="nothing of it was used; delete it",
                )
            return bytes(found.bytes())

    def _read_or_none(self, path: str) -> bytes | None:
        with suppress(NotFoundError):
            return self._read(path, MAX_MANIFEST_BYTES)
        return None

    def _pieces(self, path: str) -> Iterator[bytes]:
        import obstore

        with telling(self.url, path):
            for piece in obstore.get(self._remote, path).stream(min_chunk_size=_PIECE_BYTES):
                yield bytes(piece)

    def _head(self, path: str) -> StoredObject | None:
        import obstore

        try:
            with telling(self.url, path):
                return _as_object(obstore.head(self._remote, path))
        except NotFoundError:
            return None

    def _listed(self, prefix: str) -> Iterator[StoredObject]:
        import obstore

        with telling(self.url, prefix):
            for page in obstore.list(self._remote, prefix):
                yield from map(_as_object, page)

    def _delete(self, paths: list[str]) -> None:
        import obstore

        with telling(self.url, f"{len(paths)} objects"), suppress(FileNotFoundError):
            if self._url.kind == "s3" and paths:
                obstore.delete(self._remote, paths)
                return
        for path in paths:  # of a folder: the library stops at the first that is not there
            with telling(self.url, path), suppress(FileNotFoundError):
                obstore.delete(self._remote, path)

    def _taken(self, key: str) -> ConflictError:
        return ConflictError(
            f"{key} is published in the store {self.url} with other bytes: another writer was faster",
            hint="what is there stays; publish yours as a new version",
        )


class _Counted:
    """Progress in bytes, from several threads."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress, self._total, self._done, self._lock = progress, total, 0, Lock()

    def add(self, size: int) -> None:
        with self._lock:
            self._done += size
            self._progress(self._done, self._total)


def _all_at_once(work: Callable[[Any], None], items: Iterable[Any]) -> None:
    """Several at a time; the first failure is raised, and what has not begun is left out."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        running = [pool.submit(work, item) for item in items]
        try:
            for one in running:
                one.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _check_room(target: Path, key: str, total: int) -> None:
    make_folder(target.parent)
    free = shutil.disk_usage(target.parent).free
    if total > free:
        raise ResourceError(
            f"{key} has {total} bytes, and {free} are free at {target.parent}",
            hint="free some space, or set CODEBASE_GARDENER_HOME to another disk",
        )


def _as_object(meta: Any) -> StoredObject:
    return StoredObject(meta["path"], meta["size"], meta["last_modified"])


def _manifest_path(key: str) -> str:
    return f"{_ARTIFACTS}/{check_key(key)}/{MANIFEST}"


def _blob_path(digest: str) -> str:
    return f"{_BLOBS}/{digest[:2]}/{digest}"
