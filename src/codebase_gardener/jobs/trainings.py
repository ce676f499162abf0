"""Trainings as a caller meets them: submitted, watched, cancelled, resumed."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from codebase_gardener.jobs import queue, submission
from codebase_gardener.jobs.directory import JobDirectory
from codebase_gardener.jobs.events import NewestEvents
from codebase_gardener.jobs.mirror import mirror
from codebase_gardener.jobs.placement import JobPlacement
from codebase_gardener.jobs.progress import TrainingProgress
from codebase_gardener.jobs.spec import JobSpec
from codebase_gardener.registry.rows import JobRow, resume_command
from codebase_gardener.registry.transactions import Registry
from codebase_gardener.training.devices import resolve_device
from codebase_gardener.utils.error_handling import NotFoundError, ResourceError, TrainingError
from codebase_gardener.utils.names import parse_ref

__all__ = ["ProgressCallback", "Trainings"]

_log = logging.getLogger(__name__)
_POLL_S = 0.2
_PENDING = ("queued", "training")
ProgressCallback = Callable[[TrainingProgress], None]


class Trainings:
    """The trainings of a home. Each call first gives those whose worker died the state they ended in.

    Args:
        registry: Where they are kept.
        jobs_dir: Where jobs have their folders.
        min_free_bytes: Free memory below which nothing is trained.
        storage_bytes: What the adapters of one project may take.
        device: Where a resumed training goes on, as the settings say.
        environment: What a worker needs to find the same home and database.
        make_room: Told where a training does not fit; says whether it has freed memory.

    Attributes:
        placement: Who finds a place for what is submitted or resumed, while there is a connection to a cluster.
    """

    def __init__(
        self,
        registry: Registry,
        *,
        jobs_dir: Path,
        min_free_bytes: int,
        storage_bytes: int,
        device: str,
        environment: Mapping[str, str],
        make_room: Callable[[ResourceError], bool] | None = None,
    ) -> None:
        self.registry, self.device, self.environment = registry, device, environment
        self._make_room = make_room
        self.placement: JobPlacement | None = None
        self.jobs_dir, self.min_free_bytes, self.storage_bytes = jobs_dir, min_free_bytes, storage_bytes

    def submit(self, project: str, adapter: str, asked: JobSpec) -> JobRow:
        """Queue a training of an adapter, or find the one that does the same (`jobs.submission.submit`)."""
        self.reap()
        return submission.submit(
            self.registry,
            project,
            adapter,
            asked,
            jobs_dir=self.jobs_dir,
            min_free_bytes=self.min_free_bytes,
            storage_bytes=self.storage_bytes,
            environment=self.environment,
            make_room=self._make_room,
            placement=self.placement,
        )

    def reap(self) -> None:
        """End the trainings whose worker is gone, and start those that wait for a device that is free."""
        if self.registry.database.read_only:
            return  # what cannot be said or started here is seen to by whoever can write
        queue.reap(self.registry)
        for device in queue.idle_devices(self.registry):
            queue.start_next(self.registry, device, self.environment)

    def list(self, project_name: str | None = None, limit: int = 50) -> list[JobRow]:
        """Trainings, newest first; those whose worker died are said to have failed."""
        self.reap()
        jobs = self.registry.jobs(project_name, limit=limit)
        for job in jobs:
            if job.state in _PENDING or not job.directory.exists():
                mirror(self.registry, job)
        return jobs

    def get(self, job_id: str) -> JobRow:
        """One training; what a cluster's nodes tell of it is in its folder here then."""
        self.reap()
        job = self.registry.job(job_id)
        mirror(self.registry, job)
        return job

    def cancel(self, job_id: str) -> JobRow:
        """End a training; its last checkpoint stands."""
        job = queue.cancel(self.registry, job_id)
        queue.start_next(self.registry, job.device, self.environment)
        return job

    def resume(self, job_id: str, *, from_start: bool = False) -> JobRow:
        """Go on with one that failed or was cancelled, or begin it anew, on the settings' device or a cluster."""
        self.reap()
        placed = self.placement.device if self.placement else None
        device = self.device if placed else resolve_device(self.device)
        job = queue.resume(self.registry, job_id, device=device, from_start=from_start, placed=placed)
        submission.start(self.registry, job, self.environment, self.placement)
        return self.registry.job(job_id)

    def progress(self, adapter_id: str) -> TrainingProgress:
        """Where a training is, by job id or `project/name@version`.

        Raises:
            NotFoundError: No such training.
        """
        return TrainingProgress.of_job(self._job_of(adapter_id))

    def _job_of(self, adapter_id: str) -> JobRow:
        self.reap()
        if "/" not in adapter_id:
            return self.registry.job(adapter_id)
        ref = parse_ref(adapter_id)
        for job in self.registry.jobs(ref.project, limit=10_000):
            if job.adapter_name == ref.name and ref.version in (None, job.version):
                return job
        raise NotFoundError(f"no training of {adapter_id}", hint="see `gardener jobs list`")

    def is_pending(self, project_name: str, adapter_name: str) -> bool:
        """Whether a version of the adapter is queued or in training."""
        return any(
            job.adapter_name == adapter_name and job.state in _PENDING for job in self.list(project_name)
        )

    def wait(
        self, adapter_id: str, timeout_s: float | None = None, callback: ProgressCallback | None = None
    ) -> TrainingProgress:
        """Wait for a training to end.

        Raises:
            TrainingError: It failed or was cancelled.
            TimeoutError: It is not over in time.
        """
        deadline = time.monotonic() + timeout_s if timeout_s is not None else None
        job = self._job_of(adapter_id)
        events = NewestEvents(JobDirectory(job.directory).events)
        last: TrainingProgress | None = None
        while True:
            progress = TrainingProgress.of_job(self.get(job.id), events)
            if callback is not None and progress != last:
                callback(progress)
            last = progress
            if progress.status == "ready":
                return progress
            if progress.status not in _PENDING:
                raise TrainingError(
                    f"training of {progress.adapter_id} ended: {progress.status}"
                    + (f": {progress.error}" if progress.error else ""),
                    hint=self._advice(progress.job_id),
                    context={"job": progress.job_id, "state": progress.status},
                )
            if deadline is not None and time.monotonic() > deadline:
                raise TimeoutError(f"{adapter_id} is still {progress.status} after {timeout_s} s")
            time.sleep(_POLL_S)

    def _advice(self, job_id: str) -> str:
        """What the worker's own error said to do; else to go on."""
        job = self.registry.job(job_id)
        events = JobDirectory(job.directory).events.all()
        last = [event for event in events if event["kind"] in ("error", "started")][-1:]
        said = last[0].get("hint") if last else None
        return str(said or f"go on with: {resume_command(job.id, job.device)}")

    def follow(self, job_id: str, callback: ProgressCallback) -> None:
        """Call back at every change until the training ends, however it ends."""
        try:
            self.wait(job_id, callback=callback)
        except TrainingError as error:
            _log.warning("%s", error)
