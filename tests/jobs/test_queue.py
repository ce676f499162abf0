"""Jobs without workers: what is dead is told apart from what lives, whoever looks, and however many look at once."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from types import SimpleNamespace

import pytest

from codebase_gardener.config.settings import Settings
from codebase_gardener.jobs.directory import JobDirectory
from codebase_gardener.jobs.queue import cancel, device_of_this_host, reap, start_next
from codebase_gardener.jobs.trainings import Trainings
from codebase_gardener.registry.rows import JobRow
from codebase_gardener.registry.transactions import Registry
from codebase_gardener.utils.error_handling import ConflictError
from codebase_gardener.utils.files import FileLock
from codebase_gardener.worker import main
from samples.queued_jobs import queue_job


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    registry = Registry(tmp_path / "registry.db")
    registry.add_project("demo", "rows:demo", "rows")
    return registry


def job_of(
    registry: Registry, tmp_path: Path, number: int = 0, *, device: str = "", claimed: bool = True
) -> JobRow:
    def make(job_id: str) -> Path:
        (tmp_path / "jobs" / job_id).mkdir(parents=True)
        return tmp_path / "jobs" / job_id

    where = device or f"{socket.gethostname()}:{number}"
    job = queue_job(registry, make, adapter_name=f"a{number}", device=where)
    assert not claimed or registry.claim_job(job.id)
    return registry.job(job.id)


def test_a_dead_worker_s_job_says_how_far_it_came(registry: Registry, tmp_path: Path) -> None:
    early, late, failed = (job_of(registry, tmp_path, number) for number in range(3))
    JobDirectory(late.directory).events.append("step", step=3, steps=9)
    JobDirectory(failed.directory).events.append("step", step=3, steps=9)
    JobDirectory(failed.directory).events.append("error", message="the disk is full")
    assert {job.id for job in reap(registry)} == {early.id, late.id, failed.id}
    assert "before the first step" in str(registry.job(early.id).error)
    assert "after step 3 of 9" in str(registry.job(late.id).error)
    assert registry.job(failed.id).error == "the disk is full"
    assert reap(registry) == []


def test_one_that_was_asked_to_stop_is_cancelled(registry: Registry, tmp_path: Path) -> None:
    job = job_of(registry, tmp_path)
    JobDirectory(job.directory).cancel.touch()
    assert [row.state for row in reap(registry)] == ["cancelled"]


def test_the_living_and_those_of_other_machines_are_left(registry: Registry, tmp_path: Path) -> None:
    alive, foreign = job_of(registry, tmp_path, 1), job_of(registry, tmp_path, 2, device="elsewhere:cpu")
    waiting = job_of(registry, tmp_path, 3, claimed=False)
    with FileLock(JobDirectory(alive.directory).lock):
        assert reap(registry) == []
    assert [registry.job(row.id).state for row in (alive, foreign, waiting)] == [
        "training",
        "training",
        "queued",
    ]


def test_many_who_look_at_once_do_not_collide(registry: Registry, tmp_path: Path) -> None:
    jobs = [job_of(registry, tmp_path, number) for number in range(12)]
    barrier = Barrier(4)

    def look(_: int) -> int:
        with Registry(tmp_path / "registry.db") as mine:
            barrier.wait()
            return len(reap(mine))

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(look, range(4))) == len(jobs)
    assert {registry.job(job.id).state for job in jobs} == {"error"}


def test_a_queued_job_is_cancelled_and_an_ended_one_is_not(registry: Registry, tmp_path: Path) -> None:
    job = job_of(registry, tmp_path, claimed=False)
    assert cancel(registry, job.id).state == "cancelled"
    with pytest.raises(ConflictError):
        cancel(registry, job.id)


def test_a_busy_device_starts_nothing(registry: Registry, tmp_path: Path) -> None:
    job_of(registry, tmp_path, 1, device="here:cpu")
    waiting = job_of(registry, tmp_path, 2, device="here:cpu", claimed=False)
    assert start_next(registry, "here:cpu", {}) is None
    assert registry.job(waiting.id).state == "queued"
    assert start_next(registry, "nowhere:cpu", {}) is None


@pytest.fixture
def spawned(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The folders of jobs for which a worker would have been started; none is."""
    folders: list[Path] = []
    monkeypatch.setattr("codebase_gardener.jobs.queue._spawn", lambda job, *_: folders.append(job.path))
    return folders


def test_a_job_that_a_dead_worker_did_not_start_is_started_by_who_looks(
    registry: Registry, tmp_path: Path, spawned: list[Path]
) -> None:
    """The worker before it died after it had published, so there is no job to reap."""
    here, busy = f"{socket.gethostname()}:cpu", f"{socket.gethostname()}:cuda"
    waiting = job_of(registry, tmp_path, 1, device=here, claimed=False)
    running = job_of(registry, tmp_path, 2, device=busy)
    for number, device in ((3, busy), (4, "elsewhere:cpu")):
        job_of(registry, tmp_path, number, device=device, claimed=False)
    trainings = Trainings(
        registry, jobs_dir=tmp_path / "jobs", min_free_bytes=0, storage_bytes=1, device="cpu", environment={}
    )
    with FileLock(JobDirectory(running.directory).lock):
        trainings.reap()
        assert spawned == [waiting.directory]
        assert registry.job(waiting.id).state == "training"


def test_a_job_cannot_be_started_while_it_is_cancelled(
    registry: Registry, tmp_path: Path, spawned: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = job_of(registry, tmp_path, claimed=False)
    look, looks = registry.job, []

    def look_while_another_process_starts_jobs(job_id: str) -> JobRow:
        looks.append(job_id)
        if len(looks) == 2:
            start_next(Registry(tmp_path / "registry.db"), job.device, {})
        return look(job_id)

    monkeypatch.setattr(registry, "job", look_while_another_process_starts_jobs)
    assert cancel(registry, job.id).state == "cancelled"
    assert spawned == []


def test_a_worker_whose_job_was_cancelled_meanwhile_trains_nothing(
    make_job: Callable[..., JobDirectory], settings: Settings
) -> None:
    with Registry(settings.database_url) as registry:
        registry.add_project("demo", "rows:demo", "rows")
        job = queue_job(registry, lambda job_id: make_job(job_id).path, device="elsewhere:cpu")
        registry.cancel_job(job.id)
        assert main(str(job.directory)) == 0
        assert registry.job(job.id).state == "cancelled"
    events = JobDirectory(job.directory).events.all()
    assert [event["kind"] for event in events] == ["started", "ended"]


def test_a_stranger_with_the_worker_s_old_pid_is_not_killed(registry: Registry, tmp_path: Path) -> None:
    """Ids of processes are used again; the time of the start tells them apart."""
    job = job_of(registry, tmp_path)
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    directory = JobDirectory(job.directory)
    directory.events.append("started", pid=stranger.pid, create_time=1.0)
    lock = FileLock(directory.lock)
    lock.acquire()
    with ThreadPoolExecutor(1) as pool:
        cancelling = pool.submit(cancel, registry, job.id)
        try:
            with pytest.raises(TimeoutError):
                cancelling.result(timeout=0.5)
        finally:
            lock.release()
        assert cancelling.result(timeout=10).state == "cancelled"
    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


def test_devices_are_told_apart_by_kind_and_host() -> None:
    assert device_of_this_host("cuda:1") == device_of_this_host("cuda") == f"{socket.gethostname()}:cuda"
    assert device_of_this_host("cpu") != device_of_this_host("cuda")


@pytest.mark.parametrize(
    ("kills", "free", "said"),
    [
        (3, 1 << 40, "the kernel killed the worker after step 4 of 9: the memory"),
        (2, 100, "the worker ended after step 4 of 9, and the disk is full"),
        (2, 1 << 40, "the worker was killed after step 4 of 9, by whom or for what is not known"),
    ],
    ids=["memory", "disk", "unknown"],
)
def test_what_ended_a_worker_is_told(
    kills: int, free: int, said: str, registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = job_of(registry, tmp_path)
    events = JobDirectory(job.directory).events
    events.append("started", pid=1, create_time=0.0, kernel_kills=2)
    events.append("step", step=4, steps=9)
    monkeypatch.setattr("codebase_gardener.jobs.queue.kernel_kills", lambda: kills)
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=free))
    reap(registry)
    assert str(registry.job(job.id).error).startswith(said)
