"""Rows as callers see them: frozen, with names instead of numeric keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from codebase_gardener.utils.files import MANIFEST, read_json, tree_bytes
from codebase_gardener.utils.names import AdapterRef

__all__ = [
    "ON_CLUSTER",
    "ImportedAdapter",
    "JobEventRow",
    "JobRow",
    "LeaseRow",
    "ProjectRow",
    "Publication",
    "ReceiptRow",
    "SnapshotRow",
    "VerdictRow",
    "VersionRow",
    "resume_command",
    "row_as",
]

if TYPE_CHECKING:  # so that those who only name a row do not load SQLAlchemy
    from sqlalchemy import RowMapping

ON_CLUSTER = "cluster:"
"""What the device of a job begins with where a cluster chooses the machine."""

R = TypeVar("R")


def resume_command(job_id: str, device: str) -> str:
    """How a person goes on with a training, where it was.

    Args:
        job_id: Of the job.
        device: Of its row.

    Example:
        >>> resume_command("20261130-1", "cluster:ray")
        'gardener jobs resume 20261130-1 --on auto'
    """
    return f"gardener jobs resume {job_id}{' --on auto' if device.startswith(ON_CLUSTER) else ''}"


@dataclass(frozen=True)
class ProjectRow:
    """A repository that was added, under its name.

    Attributes:
        source: An absolute path, a URL, or an archive's path.
        kind: "git", "directory" or "sdist".
        current_adapter: The adapter that answers where none is named; None until one was chosen.
    """

    id: int
    name: str
    source: str
    kind: str
    created_at: str
    current_adapter: str | None


@dataclass(frozen=True)
class SnapshotRow:
    """A project's files at one moment; `created_at` is when it was last added."""

    id: int
    project: str
    snapshot_id: str
    commit: str | None
    tree_hash: str
    dirty: bool
    path: Path
    created_at: str


@dataclass(frozen=True)
class JobRow:
    """A training: asked for, under way, or over.

    Attributes:
        version: The number reserved for what it makes.
        state: "queued", "training", "ready", "error" or "cancelled".
        device: `host:device`, such as `laptop:cpu`; one training at a time on each.
        directory: The job directory (spec, events, log, lock, checkpoints).
        spec_hash: With `dataset_hash`, project and adapter name: what makes two jobs the same work.
        node: Who trains it, or did last, where a cluster places the jobs; else None.
        beat_at: When that node was last heard of: seconds since 1970 by the database's clock.
        cancel_requested: Whether its node is to end it.
    """

    id: str
    project: str
    adapter_name: str
    version: int
    state: str
    device: str
    directory: Path
    spec_hash: str
    dataset_hash: str
    base_id: str
    base_hash: str
    commit: str | None
    snapshot_id: str | None
    error: str | None
    created_at: str
    started_at: str | None
    ended_at: str | None
    node: str | None = None
    beat_at: float | None = None
    cancel_requested: bool = False

    @property
    def ref(self) -> AdapterRef:
        """`project/name@version` of what the job makes."""
        return AdapterRef(self.project, self.adapter_name, self.version)


@dataclass(frozen=True)
class JobEventRow:
    """A line of a job's `events.jsonl`; `at` is when it came, in seconds since 1970 by the database's clock."""

    job_id: str
    seq: int
    at: float
    event: dict[str, Any]


@dataclass(frozen=True)
class LeaseRow:
    """Who uses a version; `beat_at` is when it last said so, in seconds since 1970 by the database's clock."""

    version_id: int
    holder: str
    node: str
    beat_at: float


@dataclass(frozen=True)
class Publication:
    """What is known of an adapter once its directory is in place.

    Attributes:
        directory: Absolute; published (`utils.files.publish_dir`) before the row is written.
        files: The manifest's `files`: relative path → {"bytes", "sha256"}.
        spec: Options of the training; of an adapter that was not trained here, what is known of it.
        metrics: Of the training, such as losses and tokens per second.
        libraries: Distribution name → version.
        lineage: The adapter that it went on from, and what was new; None where it began from nothing.
    """

    directory: Path
    files: Mapping[str, Any]
    bytes: int
    spec: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)
    libraries: Mapping[str, str] = field(default_factory=dict)
    lineage: Mapping[str, Any] | None = None

    @classmethod
    def of(
        cls,
        directory: Path,
        *,
        spec: Mapping[str, Any],
        metrics: Mapping[str, Any],
        libraries: Mapping[str, str],
        lineage: Mapping[str, Any] | None = None,
    ) -> Publication:
        """What is known of a published directory."""
        files = read_json(directory / MANIFEST)["files"]
        return cls(directory, files, tree_bytes(directory), spec, metrics, libraries, lineage)


@dataclass(frozen=True)
class ImportedAdapter:
    """Whence an adapter comes that no job here has trained.

    Attributes:
        version: From `reserve_version`.
        created_at: Where it was published before its row is made; "" for now.
    """

    project: str
    adapter_name: str
    version: int
    base_id: str
    base_hash: str
    dataset_hash: str | None = None
    commit: str | None = None
    snapshot_id: str | None = None
    created_at: str = ""


@dataclass(frozen=True)
class VersionRow:
    """A published adapter: proven, and with its files.

    Attributes:
        active: Whether this is what `project/name` means without a version.
        job_id: None for an imported adapter.
        lineage: The adapter that it went on from, and what was new; None where it began from nothing.
    """

    id: int
    project: str
    adapter_name: str
    version: int
    active: bool
    job_id: str | None
    directory: Path
    base_id: str
    base_hash: str
    dataset_hash: str | None
    spec: dict[str, Any]
    files: dict[str, Any]
    bytes: int
    commit: str | None
    snapshot_id: str | None
    metrics: dict[str, Any]
    libraries: dict[str, str]
    created_at: str
    lineage: dict[str, Any] | None = None

    @property
    def ref(self) -> AdapterRef:
        """`project/name@version`."""
        return AdapterRef(self.project, self.adapter_name, self.version)

    @property
    def state(self) -> str:
        """Always "ready": there are no other rows."""
        return "ready"


@dataclass(frozen=True)
class ReceiptRow:
    """What a check of a version measured, such as the proof in a fresh process."""

    id: int
    version_id: int
    kind: str
    data: dict[str, Any]
    created_at: str


@dataclass(frozen=True)
class VerdictRow:
    """What an evaluation of a version said: "helped", "unchanged" or "hurt", with its figures."""

    id: int
    version_id: int
    verdict: str
    data: dict[str, Any]
    created_at: str


def row_as(kind: type[R], row: RowMapping | Mapping[str, Any]) -> R:
    """A result's mapping as a dataclass; columns that it has no field for are left out."""
    return kind(**{f.name: row[f.name] for f in fields(kind)})  # type: ignore[arg-type]  # any dataclass of a row
