"""What is told of adapters and trainings, whatever state they are in."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from codebase_gardener.registry.rows import JobRow, VersionRow
from codebase_gardener.training.events import NewestEvents
from codebase_gardener.training.job_directory import JobDirectory

__all__ = ["AdapterMetadata", "TrainingProgress"]


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

    @classmethod
    def of_version(cls, row: VersionRow) -> AdapterMetadata:
        """Of a published version."""
        return cls(
            adapter_id=str(row.ref),
            project_name=row.project,
            adapter_name=row.adapter_name,
            version=row.version,
            status=row.state,
            active=row.active,
            base_model=row.base_id,
            directory=row.directory,
            size_bytes=row.bytes,
            created_at=row.created_at,
            job_id=row.job_id,
            commit=row.commit,
            metrics=row.metrics,
        )

    @classmethod
    def of_job(cls, row: JobRow) -> AdapterMetadata:
        """Of a training that has published nothing."""
        return cls(
            adapter_id=str(row.ref),
            project_name=row.project,
            adapter_name=row.adapter_name,
            version=row.version,
            status=row.state,
            active=False,
            base_model=row.base_id,
            directory=row.directory,
            size_bytes=0,
            created_at=row.created_at,
            job_id=row.id,
            commit=row.commit,
            metrics={},
            error=row.error,
        )

    def as_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {**asdict(self), "directory": str(self.directory)}


@dataclass(frozen=True)
class TrainingProgress:
    """Where a training is.

    Attributes:
        status: State of the job.
        stage: What it does: "waiting", "loading", "encoding", "training", "proving", or the end state.
        step: Optimizer steps done.
        steps: Planned.
        loss: Of the last step, in nats per supervised token.
        tokens_per_s: Not padding.
        elapsed_s: Since the first step of this process.
        eta_s: Until the last step.
    """

    job_id: str
    adapter_id: str
    status: str
    stage: str
    step: int = 0
    steps: int = 0
    loss: float | None = None
    tokens_per_s: float = 0.0
    elapsed_s: float = 0.0
    eta_s: float | None = None
    error: str | None = None

    @classmethod
    def of_job(cls, job: JobRow, seen: NewestEvents | None = None) -> TrainingProgress:
        """Read from the job's event log; who looks again and again hands in what was seen so far."""
        newest = (seen or NewestEvents(JobDirectory(job.directory).events)).look()
        step, planned = newest.get("step", {}), newest.get("planned", {})
        return cls(
            job_id=job.id,
            adapter_id=str(job.ref),
            status=job.state,
            stage=_stage(job.state, newest),
            step=step.get("step", 0),
            steps=step.get("steps", planned.get("steps", 0)),
            loss=step.get("loss"),
            tokens_per_s=step.get("tokens_per_s", 0.0),
            elapsed_s=step.get("elapsed_s", 0.0),
            eta_s=step.get("eta_s"),
            error=job.error,
        )

    def as_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return asdict(self)


def _stage(state: str, newest: dict[str, dict[str, Any]]) -> str:
    if state != "training":
        return "waiting" if state == "queued" else state
    for kind in reversed(newest):
        if kind in ("step", "planned"):
            return "training"
        if kind == "stage":
            return str(newest[kind]["stage"])
    return "starting"
