"""Where a training is, whatever state it is in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from codebase_gardener.jobs.directory import JobDirectory
from codebase_gardener.jobs.events import NewestEvents
from codebase_gardener.registry.rows import JobRow

__all__ = ["TrainingProgress"]

_LOOK = ("step", "loss", "base_loss", "best_loss", "best_step")


@dataclass(frozen=True)
class TrainingProgress:
    """Where a training is.

    Attributes:
        status: State of the job.
        stage: What it does: "waiting", "loading", "encoding", "measuring its speed", "training", "saving", "proving",
            or the end state.
        step: Optimizer steps done.
        steps: Planned.
        loss: Of the last step, in nats per supervised token.
        tokens_per_s: Not padding.
        elapsed_s: Since the first step of this process.
        eta_s: Until the last step.
        left_out: Parts of the fast path that differed from the model's own on these rows, and by how much.
        validated: The newest look at the rows that were set aside: step, loss, base_loss, best_loss, best_step.
        stopped_early: Whether looks that brought nothing better ended it.
        memory_bytes: Peak, as estimated and measured once the training has been planned; 0 before.
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
    validated: Mapping[str, Any] = field(default_factory=dict)
    stopped_early: bool = False
    left_out: tuple[str, ...] = ()
    memory_bytes: int = 0

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
            validated={name: value for name, value in newest.get("validated", {}).items() if name in _LOOK},
            stopped_early="stopped_early" in newest,
            left_out=tuple(newest.get("fast_path", {}).get("left_out", ())),
            memory_bytes=planned.get("memory_bytes", 0),
        )

    @property
    def slower(self) -> str:
        """What a user who was told a plan has to know, or ""."""
        if not self.left_out or not self.memory_bytes:
            return ""
        takes = f"{self.steps} steps, about {self.memory_bytes / 1e9:.1f} GB of memory"
        return f"A slower path is taken ({'; '.join(self.left_out)}): {takes}."

    @property
    def validation(self) -> str:
        """Which weights are published, by the rows that were set aside, or ""."""
        step, best, base = (self.validated.get(name) for name in ("best_step", "best_loss", "base_loss"))
        if step is None or best is None:
            return ""
        told = f"Validation loss: best {best:.3f} at step {step}, last {self.validated['loss']:.3f}"
        told += f" at step {self.validated['step']}" + (", stopped early" if self.stopped_early else "")
        if base is None:
            return f"{told}; the best are published."
        worse = best >= base
        return f"{told}, base {base:.3f}; " + (
            "no weights beat the base: the best are published, not active."
            if worse
            else "the best are published."
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
