"""A registry made of folders: what is published on disk says itself what it is, so a lost registry costs nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codebase_gardener.bases.sidecar import SIDECAR, library_versions
from codebase_gardener.registry.leases import lease_path
from codebase_gardener.registry.record import read_record
from codebase_gardener.registry.rows import ImportedAdapter, Publication
from codebase_gardener.utils.error_handling import CodebaseGardenerError
from codebase_gardener.utils.files import MANIFEST, FileLock, is_published, read_json

if TYPE_CHECKING:
    from codebase_gardener.gardener.facade import Gardener

__all__ = ["Adopted", "adopt", "unregistered"]

_NUMBER = re.compile(r"[1-9]\d{0,8}\Z")


@dataclass(frozen=True)
class Adopted:
    """What came of an adoption.

    Attributes:
        adopted: What got a row.
        refused: What did not, each with its reason.
        lost: Trainings with checkpoints that no row knows: they cannot be resumed.
    """

    adopted: tuple[str, ...]
    refused: tuple[str, ...]
    lost: tuple[str, ...] = ()


def unregistered(gardener: Gardener) -> list[Path]:
    """Published versions and snapshots that no row owns and nobody is about to give one, oldest name first."""
    folders = [  # looked at first: what is published meanwhile has its row below, or is still held
        folder
        for folder in _published(gardener.settings.projects_dir)
        if FileLock.is_free(lease_path(folder), shared=True)
    ]
    owned = gardener.registry.known_directories()
    jobs = {(job.project, job.adapter_name, job.version) for job in gardener.registry.jobs(limit=None)}
    return [folder for folder in folders if folder not in owned and _place(folder) not in jobs]


def adopt(gardener: Gardener) -> Adopted:
    """Make rows for what is published and has none: projects, snapshots, versions with their receipts and verdicts.

    A version without a receipt in its record is proven first, as an import is. Jobs are not made again: a training
    that was under way is begun anew.
    """
    adopted: list[str] = []
    refused: list[str] = []
    for folder in unregistered(gardener):
        name = "/".join(folder.relative_to(gardener.settings.projects_dir).parts)
        try:
            _check_whole(folder)
            place = _place(folder)
            if place is None:
                _adopt_snapshot(gardener, folder)
            else:
                _adopt_version(gardener, folder, *place)
        except (CodebaseGardenerError, OSError, ValueError, KeyError, TypeError) as error:
            refused.append(f"{name} ({error})")
        else:
            adopted.append(name)
    return Adopted(tuple(adopted), tuple(refused), tuple(_lost(gardener)))


def _lost(gardener: Gardener) -> Iterator[str]:
    known = {job.id for job in gardener.registry.jobs(limit=None)}
    for folder in sorted(gardener.settings.jobs_dir.glob("*/checkpoints")):
        if folder.parent.name not in known and any(folder.iterdir()):
            yield folder.parent.name


def _published(projects: Path) -> Iterator[Path]:
    """Snapshots before versions, versions by number."""
    yield from sorted(manifest.parent for manifest in projects.glob(f"*/snapshots/*/{MANIFEST}"))
    versions = (manifest.parent for manifest in projects.glob(f"*/adapters/*/*/{MANIFEST}"))
    numbered = [folder for folder in versions if _NUMBER.match(folder.name)]
    yield from sorted(numbered, key=lambda folder: (folder.parent, int(folder.name)))


def _place(folder: Path) -> tuple[str, str, int] | None:
    if folder.parent.parent.name != "adapters":
        return None
    return folder.parent.parent.parent.name, folder.parent.name, int(folder.name)


def _check_whole(folder: Path) -> None:
    if not is_published(folder, check_hashes=True):
        raise ValueError("its files are not those of its manifest")


def _adopt_snapshot(gardener: Gardener, folder: Path) -> None:
    about = read_json(folder / "snapshot.json")
    project = folder.parent.parent.name
    known = {row.name for row in gardener.projects()}
    if project not in known:
        gardener.registry.add_project(project, about["source"], about["kind"])
    gardener.registry.add_snapshot(
        project,
        snapshot_id=about["id"],
        tree_hash=about["tree_hash"],
        path=folder,
        commit=about["commit"],
        dirty=about["dirty"],
    )


def _adopt_version(gardener: Gardener, folder: Path, project: str, name: str, number: int) -> None:
    said = _said(folder)
    lines = [row for row in read_record(folder.parent) if row["version"] == number]
    receipts = [row["data"] for row in lines if row["kind"] == "receipt"]
    receipt = receipts[0] if receipts else _proven(gardener, folder, said)
    gardener.manager.ensure_project(project)
    gardener.registry.reserve_up_to(project, name, number)
    row = gardener.registry.publish_imported(
        ImportedAdapter(
            project=project,
            adapter_name=name,
            version=number,
            created_at=_published_at(folder, lines),
            **{key: said[key] for key in ("base_id", "base_hash", "dataset_hash", "commit", "snapshot_id")},
        ),
        Publication.of(
            folder,
            spec=said["spec"],
            metrics=said["metrics"],
            libraries=said.get("libraries") or library_versions(),
            lineage=said.get("lineage"),
        ),
        receipt,
    )
    for line in lines:
        if line["kind"] == "verdict":
            gardener.registry.add_verdict(row, line["verdict"], line["data"])
    marked = [line["version"] for line in read_record(folder.parent) if line["kind"] == "active"]
    if number in marked[-1:] or gardener.registry.active_version(project, name) is None:
        gardener.registry.set_active(project, name, number)


def _published_at(folder: Path, lines: Sequence[Mapping[str, Any]]) -> str:
    """When its first receipt was written, else its manifest."""
    told = next((str(row["created_at"]) for row in lines if row.get("created_at")), "")
    written = datetime.fromtimestamp((folder / MANIFEST).stat().st_mtime, UTC)
    return told or written.isoformat(timespec="microseconds")


def _said(folder: Path) -> Mapping[str, Any]:
    """What the folder says of itself; earlier versions said it in other words."""
    sidecar: dict[str, Any] = read_json(folder / SIDECAR) if (folder / SIDECAR).exists() else {}
    base = sidecar.get("base", {})
    old = {
        "base_id": base.get("id"),
        "base_hash": base.get("sha256"),
        "dataset_hash": sidecar.get("dataset_sha256"),
        "commit": sidecar.get("commit"),
        "snapshot_id": None,
        "spec": sidecar.get("training", {}),
        "metrics": sidecar.get("metrics", {}),
        "libraries": sidecar.get("libraries"),
    }
    said = {**old, **sidecar.get("version", {})}
    if not said["base_id"] or not said["base_hash"]:
        raise ValueError("it does not say which base it is of: `gardener import` it, with --base")
    return said


def _proven(gardener: Gardener, folder: Path, said: Mapping[str, Any]) -> dict[str, Any]:
    from codebase_gardener.adapters.proof import prove

    base = gardener.base(str(said["base_id"]))
    if base.sha256 != said["base_hash"]:
        raise ValueError(f"the base {said['base_id']} has changed since")
    return prove(folder, base, answers=gardener.settings.inference_dtype)
