"""A version that no job here has trained: staged, published, proven, then registered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codebase_gardener.adapters.proof import prove
from codebase_gardener.bases.resolution import Base
from codebase_gardener.bases.sidecar import SIDECAR, library_versions, version_identity
from codebase_gardener.jobs.submission import adapter_directory, check_storage
from codebase_gardener.registry.leases import lease_path
from codebase_gardener.registry.rows import ImportedAdapter, Publication, VersionRow
from codebase_gardener.training.memory import check_free
from codebase_gardener.utils.error_handling import InvalidInputError
from codebase_gardener.utils.files import (
    FileLock,
    publish_dir,
    read_json,
    remove_tree,
    staging,
    tree_bytes,
    write_json,
    writing,
)
from codebase_gardener.utils.names import AdapterRef, check_name

if TYPE_CHECKING:
    from codebase_gardener.gardener.facade import Gardener

__all__ = ["Origin", "publish_adapter"]


@dataclass(frozen=True)
class Origin:
    """What a new version's row says of where it comes from."""

    base: Base
    spec: Mapping[str, Any]
    dataset_hash: str | None = None
    commit: str | None = None
    snapshot_id: str | None = None
    metrics: Mapping[str, Any] = field(default_factory=dict)
    lineage: Mapping[str, Any] | None = None


def publish_adapter(
    gardener: Gardener, ref: AdapterRef, make: Callable[[Path], None], origin: Origin
) -> VersionRow:
    """Stage, publish, prove, then one transaction; on any failure neither files nor a new project stay."""
    name = check_name(ref.name or "default", "adapter name")
    if ref.version is not None:
        raise InvalidInputError(
            f"{ref} names a version", hint=f"write {ref.project}/{name}: the number is given out"
        )
    check_free(gardener.settings.min_free_bytes)
    try:
        with gardener.manager.using_project(ref.project):
            return _publish(gardener, AdapterRef(ref.project, name), make, origin)
    except BaseException:
        gardener.manager.clear_unfinished(ref.project)
        raise


def _identify(staged: Path, ref: AdapterRef, origin: Origin) -> None:
    """Let the folder say what it is, beside what its maker wrote of it."""
    path = staged / SIDECAR
    known = read_json(path) if path.exists() else {}
    write_json(path, {**known, "version": version_identity(str(ref), **vars(origin))})


def _publish(gardener: Gardener, ref: AdapterRef, make: Callable[[Path], None], origin: Origin) -> VersionRow:
    """The number is given out when the files are made, and given back where they become no version."""
    projects = gardener.settings.projects_dir
    with staging(adapter_directory(projects, ref) / "new") as staged:
        with writing(staged):
            make(staged)
        gardener.manager.ensure_project(ref.project)
        check_storage(
            gardener.registry, ref.project, gardener.settings.project_storage_bytes, tree_bytes(staged)
        )
        number = gardener.registry.reserve_version(ref.project, str(ref.name))
        numbered = AdapterRef(ref.project, ref.name, number)
        target = adapter_directory(projects, numbered)
        with FileLock(lease_path(target)):  # until it has its row, or is gone, it is no lost folder
            is_shared = False
            try:
                _identify(staged, numbered, origin)
                publish_dir(staged, target)
                is_shared = gardener.shared.share(target)
                row = _register(gardener, numbered, target, origin)
            except BaseException:
                with gardener.registry.spending_reserve():
                    if target in gardener.registry.known_directories():  # interrupted when all was done
                        raise
                    remove_tree(target, gardener.settings.home / "trash")
                    if is_shared:
                        gardener.shared.withdraw([target])
                    gardener.registry.give_back_version(ref.project, str(ref.name), number)
                raise
    if gardener.registry.active_version(ref.project, row.adapter_name) is None:
        gardener.registry.set_active(ref.project, row.adapter_name, number)
    return gardener.registry.version(row.ref)


def _register(gardener: Gardener, ref: AdapterRef, target: Path, origin: Origin) -> VersionRow:
    receipt = prove(target, origin.base, answers=gardener.settings.inference_dtype)
    return gardener.registry.publish_imported(
        ImportedAdapter(
            project=ref.project,
            adapter_name=str(ref.name),
            version=int(ref.version or 0),
            base_id=origin.base.pinned,
            base_hash=origin.base.sha256,
            dataset_hash=origin.dataset_hash,
            commit=origin.commit,
            snapshot_id=origin.snapshot_id,
        ),
        Publication.of(
            target,
            spec=origin.spec,
            metrics=origin.metrics,
            libraries=library_versions(),
            lineage=origin.lineage,
        ),
        receipt,
    )
