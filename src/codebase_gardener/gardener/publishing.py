"""A version that no job here has trained: staged, published, proven, then registered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codebase_gardener.adapters.proof import prove
from codebase_gardener.bases.resolution import Base
from codebase_gardener.bases.sidecar import SIDECAR, library_versions, version_identity
from codebase_gardener.jobs.submission import adapter_directory
from codebase_gardener.registry.rows import ImportedAdapter, Publication, VersionRow
from codebase_gardener.utils.error_handling import InvalidInputError
from codebase_gardener.utils.files import publish_dir, read_json, remove_tree, staging, write_json
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


def publish_adapter(
    gardener: Gardener, ref: AdapterRef, make: Callable[[Path], None], origin: Origin
) -> VersionRow:
    """Stage, publish, prove, then one transaction; on any failure neither files nor a new project stay."""
    name = check_name(ref.name or "default", "adapter name")
    if ref.version is not None:
        raise InvalidInputError(
            f"{ref} names a version", hint=f"write {ref.project}/{name}: the number is given out"
        )
    is_new = ref.project not in {project.name for project in gardener.projects()}
    gardener.manager.ensure_project(ref.project)
    try:
        return _publish(gardener, AdapterRef(ref.project, name), make, origin)
    except BaseException:
        if is_new:
            gardener.manager.delete_project(ref.project)
        raise


def _identify(staged: Path, ref: AdapterRef, origin: Origin) -> None:
    """Let the folder say what it is, beside what its maker wrote of it."""
    path = staged / SIDECAR
    known = read_json(path) if path.exists() else {}
    write_json(path, {**known, "version": version_identity(str(ref), **vars(origin))})


def _publish(gardener: Gardener, ref: AdapterRef, make: Callable[[Path], None], origin: Origin) -> VersionRow:
    name = str(ref.name)
    number = gardener.registry.reserve_version(ref.project, name)
    target = adapter_directory(gardener.settings.projects_dir, AdapterRef(ref.project, name, number))
    with staging(target) as place:
        staged = (
            place / "adapter"
        )  # a folder with the permissions of the user's umask, unlike the staging place
        staged.mkdir()
        make(staged)
        _identify(staged, AdapterRef(ref.project, name, number), origin)
        publish_dir(staged, target)
    try:
        receipt = prove(target, origin.base, answers=gardener.settings.inference_dtype)
        row = gardener.registry.publish_imported(
            ImportedAdapter(
                project=ref.project,
                adapter_name=name,
                version=number,
                base_id=origin.base.pinned,
                base_hash=origin.base.sha256,
                dataset_hash=origin.dataset_hash,
                commit=origin.commit,
                snapshot_id=origin.snapshot_id,
            ),
            Publication.of(target, spec=origin.spec, metrics=origin.metrics, libraries=library_versions()),
            receipt,
        )
    except BaseException:
        remove_tree(target, gardener.settings.home / "trash")
        raise
    if gardener.registry.active_version(ref.project, name) is None:
        gardener.registry.set_active(ref.project, name, number)
    return gardener.registry.version(row.ref)
