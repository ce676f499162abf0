"""A home moved into its store, and back; and what the store holds beside what the registry names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codebase_gardener.gardener.shared_wikis import bring_wiki, share_wiki, wiki_key
from codebase_gardener.store.interface import ArtifactStore
from codebase_gardener.utils.error_handling import InvalidInputError
from codebase_gardener.utils.files import MANIFEST
from codebase_gardener.utils.progress import Reporter
from codebase_gardener.wiki.paths import WikiPaths

if TYPE_CHECKING:
    from codebase_gardener.gardener.facade import Gardener

__all__ = ["Moved", "Named", "StoreStatus", "move_from_store", "move_to_store", "named_keys", "status"]

_AT_ONCE = 8


@dataclass(frozen=True)
class Moved:
    """What `store sync` did.

    Attributes:
        moved: Keys that were not there before.
        were_there: How many were.
        wikis: Projects whose wiki was looked at.
    """

    moved: tuple[str, ...]
    were_there: int
    wikis: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return asdict(self)


@dataclass(frozen=True)
class Named:
    """What the registry names of a store.

    Attributes:
        versions: Key of each version, with its files as the registry has them.
        folders: Keys of snapshots and jobs; what lies below one belongs to it.
        datasets: The folders' names of datasets that a version or job was trained on.
        wikis: The state of each project's wiki that was built last.
    """

    versions: Mapping[str, Mapping[str, Any]]
    folders: frozenset[str]
    datasets: frozenset[str]
    wikis: frozenset[str]

    def has(self, key: str) -> bool:
        """Whether a key is named; a converted base always is, since any machine may want it."""
        parts = key.split("/")
        if key in self.versions or key in self.wikis or parts[0] == "bases":
            return True
        if len(parts) == 4 and parts[2] == "datasets":
            return parts[3] in self.datasets
        return any("/".join(parts[:end]) in self.folders for end in range(1, len(parts) + 1))


@dataclass(frozen=True)
class StoreStatus:
    """A store at a glance.

    Attributes:
        url: Where it is.
        folders: How many there are, by kind.
        files, bytes: Contents, each once.
        not_here: Folders that this home has not fetched.
        only_here: Folders of this home that the store has not.
    """

    url: str
    folders: Mapping[str, int]
    files: int
    bytes: int
    not_here: int
    only_here: int

    def as_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return asdict(self)


def require_store(gardener: Gardener) -> ArtifactStore:
    """The store of the settings.

    Raises:
        InvalidInputError: They name none.
    """
    if gardener.shared.store is None:
        raise InvalidInputError(
            "no store is set: this home stands alone",
            hint="set CODEBASE_GARDENER_STORE=s3://BUCKET/PREFIX, or file:///FOLDER",
        )
    return gardener.shared.store


def move_to_store(gardener: Gardener, reporter: Reporter) -> Moved:
    """Publish all that is published in this home; what is there already stays as it is.

    Raises:
        ConflictError: The store has other bytes under a key: it belongs to another registry.
        StoreError: The store cannot be reached, or something here is damaged.
    """
    require_store(gardener)
    folders, moved = list(_published(gardener)), []
    with reporter.stage("to the store", "folders") as progress:
        for number, folder in enumerate(folders):
            if gardener.shared.share(folder):
                moved.append(str(gardener.shared.key(folder)))
            progress(number + 1, len(folders))
    wikis = _wikis(gardener)
    for paths in wikis:
        if paths.folder.is_dir():
            share_wiki(gardener.shared, paths)
    return Moved(tuple(moved), len(folders) - len(moved), tuple(paths.project for paths in wikis))


def move_from_store(gardener: Gardener, reporter: Reporter) -> Moved:
    """Fetch all that the registry names; all that there is where the registry is empty, for `doctor --adopt`.

    Raises:
        StoreError: The store cannot be reached, or something there is damaged.
    """
    store = require_store(gardener)
    named, is_empty = named_keys(gardener), not gardener.projects()
    keys = [key for key in sorted(store.keys()) if _is_a_home_s(key) and (is_empty or named.has(key))]
    moved = []
    with reporter.stage("from the store", "folders") as progress:
        for number, key in enumerate(keys):
            folder = gardener.shared.folder(key)
            if not folder.exists():
                gardener.shared.bring(folder, named.versions.get(key))
                moved.append(key)
            progress(number + 1, len(keys))
    wikis = _wikis(gardener)
    for paths in wikis:
        bring_wiki(gardener.shared, paths)
    return Moved(tuple(moved), len(keys) - len(moved), tuple(paths.project for paths in wikis))


def status(gardener: Gardener) -> StoreStatus:
    """What is in the store, and what of it is in this home.

    Raises:
        StoreError: The store cannot be reached.
    """
    store = require_store(gardener)
    keys = set(store.keys())
    kinds = [_kind(key) for key in keys]
    sizes = [blob.size_bytes for blob in store.blobs()]
    here = {str(gardener.shared.key(folder)) for folder in _published(gardener)}
    return StoreStatus(
        store.url,
        {kind: kinds.count(kind) for kind in sorted(set(kinds))},
        len(sizes),
        sum(sizes),
        sum(1 for key in keys - here if _is_a_home_s(key)),
        len(here - keys),
    )


def named_keys(gardener: Gardener) -> Named:
    """What the registry names of the store."""
    shared, store = gardener.shared, require_store(gardener)
    versions = gardener.registry.versions(limit=None)
    jobs = gardener.registry.jobs(limit=None)
    hashes = [*(row.dataset_hash for row in versions), *(job.dataset_hash for job in jobs)]
    keys = {shared.key(row.directory): row.files for row in versions}
    folders = (shared.key(folder) for folder in gardener.registry.known_directories())
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        wikis = pool.map(lambda row: wiki_key(store, row.name), gardener.projects())
        return Named(
            {key: files for key, files in keys.items() if key is not None},
            frozenset(key for key in folders if key is not None),
            frozenset(digest[:16] for digest in hashes if digest),
            frozenset(key for key in wikis if key is not None),
        )


def _published(gardener: Gardener) -> Iterator[Path]:
    """Versions and snapshots that rows own, datasets, converted bases."""
    settings = gardener.settings
    for row in gardener.registry.list_snapshots():
        yield from _if_published(row.path)
    for manifest in settings.projects_dir.glob(f"*/datasets/*/{MANIFEST}"):
        yield manifest.parent
    for manifest in settings.bases_dir.glob(f"*/{MANIFEST}"):
        yield manifest.parent
    for version in gardener.registry.versions(limit=None):
        yield from _if_published(version.directory)


def _if_published(folder: Path) -> Iterator[Path]:
    if (folder / MANIFEST).is_file():
        yield folder


def _wikis(gardener: Gardener) -> list[WikiPaths]:
    return [WikiPaths(gardener.settings.projects_dir / row.name) for row in gardener.projects()]


def _is_a_home_s(key: str) -> bool:
    """Whether it lies in a home under the same name: not a wiki's state, nor a job's checkpoint."""
    return _kind(key) in ("adapters", "datasets", "snapshots", "bases")


def _kind(key: str) -> str:
    parts = key.split("/")
    return parts[2] if parts[0] == "projects" and len(parts) > 2 else parts[0]
