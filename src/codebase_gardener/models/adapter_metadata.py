"""What is told of adapters, whatever state they are in."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from codebase_gardener.registry.rows import JobRow, VersionRow

__all__ = ["AdapterMetadata"]


@dataclass(frozen=True)
class AdapterMetadata:
    """One version of an adapter, published or on its way.

    Attributes:
        adapter_id: `project/name@version`.
        status: "queued", "training", "ready", "error" or "cancelled".
        active: Whether `project/name` means this version.
        base_model: Id of the base.
        directory: The published folder, or that of the job.
        size_bytes: Of the published files.
        created_at: ISO 8601, UTC.
        job_id: None for an imported adapter.
        commit: Revision of the repository.
        metrics: Of the training, once it is ready.
        error: What went wrong, with status "error".
        lineage: The version that it went on from, and what was new.
    """

    adapter_id: str
    project_name: str
    adapter_name: str
    version: int
    status: str
    active: bool
    base_model: str
    directory: Path
    size_bytes: int
    created_at: str
    job_id: str | None
    commit: str | None
    metrics: dict[str, Any]
    error: str | None = None
    lineage: dict[str, Any] | None = None

    @classmethod
    def of_version(cls, row: VersionRow) -> AdapterMetadata:
        """Of a published version."""
        return cls._of_row(
            row,
            active=row.active,
            size_bytes=row.bytes,
            job_id=row.job_id,
            metrics=row.metrics,
            lineage=row.lineage,
        )

    @classmethod
    def of_job(cls, row: JobRow) -> AdapterMetadata:
        """Of a training that has published nothing."""
        return cls._of_row(row, active=False, size_bytes=0, job_id=row.id, metrics={}, error=row.error)

    @classmethod
    def _of_row(cls, row: VersionRow | JobRow, **own: Any) -> AdapterMetadata:
        return cls(
            adapter_id=str(row.ref),
            project_name=row.project,
            adapter_name=row.adapter_name,
            version=row.version,
            status=row.state,
            base_model=row.base_id,
            directory=row.directory,
            created_at=row.created_at,
            commit=row.commit,
            **own,
        )

    def as_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {**asdict(self), "directory": str(self.directory)}
