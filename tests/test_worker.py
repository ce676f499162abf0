"""The training process for real: it queues, outlives its parent, is cancelled, killed at every stage, and goes on."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from codebase_gardener import worker
from codebase_gardener.bases.sidecar import SIDECAR
from codebase_gardener.config.settings import Settings
from codebase_gardener.jobs.directory import JobDirectory
from codebase_gardener.jobs.progress import TrainingProgress
from codebase_gardener.jobs.submission import adapter_directory
from codebase_gardener.models.peft_manager import PeftManager
from codebase_gardener.registry.rows import JobRow
from codebase_gardener.store.shared import SharedFolders
from codebase_gardener.utils.error_handling import ConflictError, ResourceError, TrainingError
from codebase_gardener.utils.files import is_published, publish_dir, staging, write_json
from codebase_gardener.utils.names import parse_ref

pytestmark = pytest.mark.slow

ROWS = [{"prompt": f"def f{n}(x):\n", "completion": f"    return x + {n}\n"} for n in range(40)]
LIMIT_S = 120
STEADY = {"steps": 12, "batch_size": 2, "lora_dropout": 0.1, "checkpoint_minutes": 1e-6, "throttle": 0.3}


@pytest.fixture
def manager(settings: Settings) -> Iterator[PeftManager]:
    with PeftManager(settings) as manager:
        yield manager
        for job in manager.registry.jobs(states=["queued", "training"]):
            manager.trainings.cancel(job.id)


def create(manager: PeftManager, name: str = "default", **options: Any) -> JobRow:
    """Start a training; the job of the adapter that it makes."""
    ref = parse_ref(manager.create_adapter("demo", ROWS, name, options))
    return next(job for job in manager.registry.jobs("demo") if job.ref == ref)


def until(condition: Callable[[], Any], what: str, every_s: float = 0.002) -> Any:
    deadline = time.monotonic() + LIMIT_S
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(every_s)
    raise AssertionError(f"not within {LIMIT_S} s: {what}")


def events_since_start(job: JobRow) -> list[dict[str, Any]]:
    """Of the newest worker."""
    events = JobDirectory(job.directory).events.all()
    starts = [n for n, event in enumerate(events) if event["kind"] == "started"]
    return events[starts[-1] :] if starts else []


def wait_for(job: JobRow, kind: str, starts: int = 1) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        events = JobDirectory(job.directory).events.all()
        if sum(event["kind"] == "started" for event in events) < starts:
            return None
        ended = [event for event in events_since_start(job) if event["kind"] == "error"]
        assert not ended, ended
        return next((event for event in events_since_start(job) if event["kind"] == kind), None)

    found: dict[str, Any] = until(look, f"event {kind} of start {starts}")
    return found


def is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def kill(job: JobRow) -> None:
    pid = events_since_start(job)[0]["pid"]
    os.kill(pid, signal.SIGKILL)
    until(lambda: not JobDirectory(job.directory).is_alive(), "the lock of a killed worker is free")


def published(manager: PeftManager, job: JobRow) -> bool:
    return is_published(adapter_directory(manager.settings.projects_dir, job.ref))


def losses(job: JobRow) -> dict[int, set[float]]:
    found: dict[int, set[float]] = {}
    for event in JobDirectory(job.directory).events.all():
        if event["kind"] == "step":
            found.setdefault(event["step"], set()).add(event["loss"])
    return found


def test_trainings_queue_for_their_device_and_become_ready(manager: PeftManager) -> None:
    seen: list[TrainingProgress] = []
    first = manager.create_adapter("demo", ROWS, "one", progress_callback=seen.append)
    two = create(manager, "two")
    assert first == "demo/one@1"
    assert manager.create_adapter("demo", ROWS, "one") == first, "the same work is the same job"
    assert manager.is_training("demo", "one")
    assert {row.adapter_id: row.status for row in manager.list_adapters()} == {
        "demo/one@1": "training",
        "demo/two@1": "queued",
    }
    with pytest.raises(ConflictError):
        manager.load_adapter("demo", "one")
    # from here on nobody but the workers themselves starts anything
    until(lambda: manager.registry.job(two.id).state != "queued", "the first worker starts the second", 0.05)
    one = next(job for job in manager.registry.jobs("demo") if job.adapter_name == "one")
    assert one.state == "ready"
    assert manager.trainings.wait(two.id, timeout_s=LIMIT_S).status == "ready"
    ready = JobDirectory(one.directory).events.last("ready")
    started = JobDirectory(two.directory).events.last("started")
    assert ready is not None
    assert started is not None
    assert ready["time"] < started["time"]
    until(lambda: seen and seen[-1].status == "ready", "the callback hears of the end")
    assert seen[-1].step == seen[-1].steps == 4
    assert {progress.stage for progress in seen} & {"loading", "training", "proving", "starting"}
    version = manager.registry.version(parse_ref("demo/one@1"))
    (receipt,) = manager.registry.receipts(version)
    assert receipt.data["tensors_matched"] == receipt.data["tensors_expected"] > 0
    assert receipt.data["parity_reload"] < 1e-4
    assert version.active
    assert is_published(version.directory, check_hashes=True)
    assert manager.create_adapter("demo", ROWS, "one") == first
    assert len(manager.registry.jobs("demo")) == 2, "what is ready is not trained again"
    with manager.adapter_context("demo", "one") as handle:
        assert handle.generate("def f1(x):", max_new_tokens=3) is not None
    assert not (one.directory / "checkpoints").exists()


def test_killed_at_every_stage_it_goes_on_to_what_an_unbroken_run_gives(manager: PeftManager) -> None:
    """Bit for bit, with dropout. There is never a row without files, and a dead worker is never called alive."""
    job = create(manager, "broken", **STEADY)

    def killed_after(kind: str, start: int) -> JobRow:
        wait_for(job, kind, start)
        kill(job)
        assert manager.registry.job(job.id).state == "training"
        manager.trainings.reap()
        state = manager.registry.job(job.id)
        assert state.state == "error"
        assert "killed" in str(state.error)
        assert manager.registry.versions("demo") == []
        assert manager.registry.rows_without_files() == []
        with pytest.raises(TrainingError, match="killed"):
            manager.trainings.wait(job.id)
        return state

    assert "before the first step" in str(killed_after("started", 1).error)
    manager.trainings.resume(job.id)
    assert "after step" in str(killed_after("checkpoint", 2).error)
    assert not published(manager, job)
    manager.trainings.resume(job.id)
    killed_after("trained", 3)
    manager.trainings.resume(job.id)
    killed_after("published", 4)
    assert published(manager, job)
    manager.create_adapter("demo", ROWS, "broken", STEADY)  # asking again is resuming
    assert manager.trainings.wait(job.id, timeout_s=LIMIT_S).status == "ready"
    assert "step" not in [event["kind"] for event in events_since_start(job)], (
        "what is published is not trained again"
    )

    whole = create(manager, "whole", **STEADY)
    manager.trainings.wait(whole.id, timeout_s=LIMIT_S)
    expected = losses(whole)
    assert sorted(expected) == list(range(1, 13))
    assert all(len(values) == 1 for values in expected.values())
    assert losses(job) == expected
    sessions = [
        n for n, event in enumerate(JobDirectory(job.directory).events.all()) if event["kind"] == "started"
    ]
    assert len(sessions) == 5
    one, other = (adapter_directory(manager.settings.projects_dir, row.ref) for row in (job, whole))
    weights = "adapter_model.safetensors"
    assert (one / weights).read_bytes() == (other / weights).read_bytes()


def test_what_does_not_beat_the_base_is_published_and_not_active(manager: PeftManager) -> None:
    letters = "abcdefghij"
    rows = [
        {"prompt": f"{one}{two} = ", "completion": f"{two}{one}{letters[(n * 7) % 10] * 3};"}
        for n, (one, two) in enumerate((one, two) for one in letters for two in letters)
    ]

    def trained(name: str, **options: Any) -> str:
        ref = manager.create_adapter("demo", rows, name, {"max_epochs": 9, **options})
        assert "Validation loss" in manager.trainings.wait(ref, timeout_s=LIMIT_S).validation
        return ref

    worse = trained("worse", steps=1, learning_rate=1.0, lora_alpha=60000)
    better = trained("better", steps=8, learning_rate=0.01)
    assert manager.registry.active_version("demo", "worse") is None
    assert manager.registry.active_version("demo", "better") is not None
    version = manager.registry.version(parse_ref(worse))
    assert version.metrics["best_loss"] >= version.metrics["base_loss"]
    assert published(manager, next(job for job in manager.registry.jobs("demo") if str(job.ref) == better))


def test_cancelling_takes_less_than_two_seconds_at_any_time(manager: PeftManager) -> None:
    def cancelled(job: JobRow) -> None:
        started = time.monotonic()
        assert manager.trainings.cancel(job.id).state == "cancelled"
        assert time.monotonic() - started < 2
        assert not JobDirectory(job.directory).is_alive()
        assert all(is_gone(event["pid"]) for event in events_since_start(job)[:1])
        with pytest.raises(ConflictError, match="ended already"):
            manager.trainings.cancel(job.id)

    job = create(manager, **STEADY)
    waiting = create(manager, "waiting", **STEADY)
    cancelled(waiting)
    cancelled(job)  # before it has said its id
    manager.trainings.resume(job.id)
    wait_for(job, "checkpoint")
    cancelled(job)
    checkpoints = JobDirectory(job.directory).checkpoints
    assert list(checkpoints.glob("checkpoint-*/manifest.json"))
    assert manager.registry.versions("demo") == []
    assert manager.list_adapters()[0].status == "cancelled"
    with pytest.raises(TrainingError, match="cancelled"):
        manager.trainings.wait(job.id)
    manager.trainings.resume(job.id)
    assert manager.trainings.wait(job.id, timeout_s=LIMIT_S).status == "ready"
    resumed_at = next(event["step"] for event in events_since_start(job) if event["kind"] == "step")
    assert resumed_at > 1


SUBMIT = """
import sys, time
from codebase_gardener.models.peft_manager import PeftManager
time.sleep(max(0, float(sys.argv[1]) - time.time()))
rows = [{"prompt": f"f({n}) = ", "completion": str(n * n)} for n in range(20)]
with PeftManager() as manager:
    print(manager.create_adapter("demo", rows, "default", {"steps": 200, "throttle": 0.1, "max_epochs": 100}))
"""


def test_two_processes_that_ask_for_one_name_get_one_job_that_outlives_them(
    manager: PeftManager, settings: Settings
) -> None:
    environment = {
        **os.environ,
        **settings.for_workers,
        "CODEBASE_GARDENER_BASE": settings.base,
        "CODEBASE_GARDENER_TRAINING": '{"dtype": "float32", "threads": 1, "max_length": 64, "r": 4}',
    }
    at = str(time.time() + 4)
    asking = [
        subprocess.Popen(
            [sys.executable, "-c", SUBMIT, at], env=environment, stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    answers = [process.communicate(timeout=LIMIT_S)[0].strip() for process in asking]
    assert answers == ["demo/default@1"] * 2
    (job,) = manager.registry.jobs("demo")
    assert job.state == "training"
    assert JobDirectory(job.directory).is_alive(), "those who asked for it are gone"
    manager.trainings.reap()
    assert manager.registry.job(job.id).state == "training"
    wait_for(job, "step")
    assert sum(event["kind"] == "started" for event in JobDirectory(job.directory).events.all()) == 1
    manager.trainings.cancel(job.id)
    assert not JobDirectory(job.directory).is_alive()


def test_what_diverges_or_changes_nothing_is_never_ready(
    manager: PeftManager, make_base: Callable[..., Path]
) -> None:
    from safetensors.torch import load_file, save_file

    idle = create(manager, "idle", learning_rate=1e-12)
    base = make_base(3)
    weights = load_file(base / "model.safetensors")
    save_file(
        {n: t * 1e30 for n, t in weights.items()}, base / "model.safetensors", metadata={"format": "pt"}
    )
    diverged = create(manager, "diverged", base=str(base))
    with pytest.raises(TrainingError, match="changes nothing"):
        manager.trainings.wait(idle.id, timeout_s=LIMIT_S)
    assert JobDirectory(idle.directory).events.last("published") is not None
    with pytest.raises(TrainingError, match="diverged") as caught:
        manager.trainings.wait(diverged.id, timeout_s=LIMIT_S)
    assert "--learning-rate" in caught.value.hint
    for job in (idle, diverged):
        assert manager.registry.job(job.id).state == "error"
        assert not adapter_directory(manager.settings.projects_dir, job.ref).exists()
        until(lambda job=job: not JobDirectory(job.directory).is_alive(), "the worker ends")
    assert manager.registry.versions("demo") == []
    assert {row.status for row in manager.list_adapters()} == {"error"}
    assert sorted(manager.delete_adapter("demo", "idle")) == ["demo/idle@1"]


def test_a_job_that_waited_is_checked_when_its_turn_comes(
    settings: Settings, make_job: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from codebase_gardener.registry.transactions import Registry
    from codebase_gardener.worker import _grow
    from samples.queued_jobs import queue_job

    assert settings.for_workers["CODEBASE_GARDENER_PROJECT_STORAGE_BYTES"] == str(
        settings.project_storage_bytes
    )
    directory, alone = make_job(), SharedFolders(tmp_path, None)
    with Registry(tmp_path / "registry.db") as registry:
        registry.add_project("demo", "rows:demo", "rows")
        job = queue_job(registry, lambda _: directory.path)
        monkeypatch.setattr(registry, "stored_bytes", lambda _: 2_000_000_000)
        with pytest.raises(ResourceError, match=r"take 2000\.0 MB, and 1073\.7 MB is the limit") as caught:
            _grow(directory, directory.spec, job, tmp_path / "target", settings, registry, alone)
        assert "project_storage_bytes" in caught.value.hint
        monkeypatch.setattr(registry, "stored_bytes", lambda _: 0)
        low = settings.model_copy(update={"min_free_bytes": 1 << 60})
        with pytest.raises(ResourceError, match="of memory are free") as caught:
            _grow(directory, directory.spec, job, tmp_path / "target", low, registry, alone)
        assert "min_free_bytes" in caught.value.hint


def test_the_end_is_told_though_the_log_is_full(
    settings: Settings, make_job: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A node whose disk was full said nothing, since its worker could not print the traceback."""
    from codebase_gardener.registry.transactions import Registry
    from samples.queued_jobs import queue_job

    class Full(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(28, "No space left on device")

    directory, alone = make_job(), SharedFolders(tmp_path, None)
    with Registry(tmp_path / "registry.db") as registry:
        registry.add_project("demo", "rows:demo", "rows")
        job = queue_job(registry, lambda _: directory.path, device="cluster:test")
        assert registry.claim_job(job.id)
        monkeypatch.setattr(sys, "stderr", Full())
        error = OSError(28, "No space left on device")
        told = worker._fail(directory, job, tmp_path / "target", settings, registry, alone, error)
        assert told == ResourceError.exit_code
        assert f"free some space, then: gardener jobs resume {job.id} --on auto" in str(
            registry.job(job.id).error
        )


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting takes root")
def test_a_full_disk_ends_the_training_and_room_lets_it_go_on(settings: Settings, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "none", disk], check=False).returncode:
        pytest.skip("no mounts in this container")
    try:
        with PeftManager(settings.model_copy(update={"home": disk / "home"})) as manager:
            job = create(manager, r=256, checkpoint_minutes=10)
            filler = disk / "filler"
            with filler.open("wb") as file:
                file.write(b"x" * (max(0, psutil.disk_usage(str(disk)).free - 300_000)))
            until(lambda: not JobDirectory(job.directory).is_alive(), "the worker ends")
            filler.unlink()
            (row,) = manager.list_adapters()
            assert row.status == "error"
            assert "disk is full" in str(row.error)
            assert not published(manager, job)
            manager.trainings.resume(job.id)
            assert manager.trainings.wait(job.id, timeout_s=LIMIT_S).status == "ready"
            until(lambda: not JobDirectory(job.directory).is_alive(), "the worker ends")
    finally:
        subprocess.run(["umount", disk], check=True)


def test_of_two_workers_on_one_job_the_first_one_s_files_are_the_version_s(tmp_path: Path) -> None:
    """One that was taken for dead, on another machine, has published meanwhile."""

    def made(home: str, weights: bytes, dataset: str = "d") -> tuple[SharedFolders, Path]:
        place = tmp_path / home / "projects/demo/adapters/default/1"
        shared = SharedFolders.open(
            tmp_path / home, f"file://{tmp_path / 'store'}", cache_bytes=1 << 20, grace_s=3600
        )
        with staging(place) as staged:
            said = {"adapter": "demo/default@1", "base_hash": "b", "dataset_hash": dataset, "spec": {"r": 4}}
            write_json(staged / SIDECAR, {"version": said, "weights": weights.hex()})
            (staged / "weights").write_bytes(weights)
            publish_dir(staged, place)
        return shared, place

    first, place = made("one", b"first")
    worker._share(place, first)
    second, late = made("two", b"second")
    worker._share(late, second)
    assert (late / "weights").read_bytes() == b"first"
    assert is_published(late, check_hashes=True)
    third, other = made("three", b"third", dataset="of another registry")
    with pytest.raises(ConflictError, match="another writer was faster"):
        worker._share(other, third)
    assert (other / "weights").read_bytes() == b"third"
