"""What another machine tells of a job lies in the job's folder here, once, in order."""

from __future__ import annotations

from pathlib import Path

import pytest

from codebase_gardener.jobs.directory import JobDirectory
from codebase_gardener.jobs.mirror import mark_as_here, mirror
from codebase_gardener.registry.rows import JobRow
from codebase_gardener.registry.transactions import Registry
from codebase_gardener.utils.files import FileLock
from samples.queued_jobs import queue_job


@pytest.fixture
def homes(tmp_path: Path) -> tuple[Registry, Registry]:
    """One registry, as two machines see it; the first has queued a job."""
    first, second = (Registry(tmp_path / "shared.db", home=tmp_path / name) for name in ("1", "2"))
    first.add_project("demo", "rows:demo", "rows")
    return first, second


def job_of(registry: Registry, home: Path, device: str = "cluster:ray") -> JobRow:
    job = queue_job(registry, lambda job_id: home / "jobs" / job_id, device=device, spec={"device": "cpu"})
    assert registry.claim_job(job.id, node="node-1/a")
    registry.append_job_events(
        job.id, [(1, {"kind": "started", "time": 1.0}), (2, {"kind": "step", "time": 2.0})]
    )
    return registry.job(job.id)


def kinds(registry: Registry, job: JobRow) -> list[str]:
    directory = JobDirectory(registry.job(job.id).directory)
    return [event["kind"] for event in directory.events.all()]


def test_events_come_once_and_in_order(homes: tuple[Registry, Registry], tmp_path: Path) -> None:
    first, second = homes
    job = job_of(first, tmp_path / "1")
    for _ in range(2):
        mirror(second, second.job(job.id))
        assert kinds(second, job) == ["started", "step"]
    assert (tmp_path / "2" / "jobs" / job.id / "spec.json").exists()
    first.append_job_events(job.id, [(3, {"kind": "ready", "time": 3.0})])
    lock = FileLock(tmp_path / "2" / "jobs" / job.id / "mirror.lock")
    with lock:  # another program of this home is at it
        mirror(second, second.job(job.id))
        assert kinds(second, job) == ["started", "step"]
    mirror(second, second.job(job.id))
    assert kinds(second, job) == ["started", "step", "ready"]


def test_where_it_is_trained_nothing_is_brought(homes: tuple[Registry, Registry], tmp_path: Path) -> None:
    first, _ = homes
    job = job_of(first, tmp_path / "1")
    directory = JobDirectory(job.directory)
    directory.path.mkdir(parents=True)
    mark_as_here(directory)
    mirror(first, job)
    assert kinds(first, job) == []


def test_a_job_of_a_host_is_its_own(homes: tuple[Registry, Registry], tmp_path: Path) -> None:
    first, second = homes
    job = job_of(first, tmp_path / "1", device="elsewhere:cpu")
    mirror(second, second.job(job.id))
    assert not (tmp_path / "2" / "jobs").exists()
