"""A node's part of a training, without Ray: claimed once, cancelled, killed, taken up by another node."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from codebase_gardener.cluster.running import run_here
from codebase_gardener.config.settings import Settings
from codebase_gardener.jobs import queue
from codebase_gardener.jobs.directory import JobDirectory
from codebase_gardener.jobs.spec import JobSpec
from codebase_gardener.models.peft_manager import PeftManager
from codebase_gardener.registry.rows import JobRow
from codebase_gardener.utils.error_handling import ResourceError
from codebase_gardener.utils.names import parse_ref

pytestmark = pytest.mark.slow

ROWS = [{"prompt": f"def f{n}(x):\n", "completion": f"    return x + {n}\n"} for n in range(40)]
STEADY = {"steps": 12, "batch_size": 2, "lora_dropout": 0.1, "checkpoint_minutes": 1e-6, "throttle": 0.3}
LIMIT_S = 300
NODE = (
    "import sys; from codebase_gardener.cluster.running import run_here; "
    "from codebase_gardener.config.settings import load_settings; run_here(load_settings(), *sys.argv[1:])"
)


class Nowhere:
    """A placement that only notes what it was to place."""

    device = "cluster:test"

    def __init__(self) -> None:
        self.placed: list[str] = []

    def check(self, spec: JobSpec) -> None:
        if spec.training.threads > 1:
            raise ResourceError("no node is large enough")

    def place(self, job: JobRow, spec: JobSpec) -> None:
        self.placed.append(job.id)


@pytest.fixture
def manager(settings: Settings) -> Iterator[PeftManager]:
    with PeftManager(settings) as manager:
        manager.trainings.placement = Nowhere()
        yield manager


def create(manager: PeftManager, name: str = "default", **options: Any) -> JobRow:
    ref = parse_ref(manager.create_adapter("demo", ROWS, name, options))
    return next(job for job in manager.registry.jobs("demo") if job.ref == ref)


def node(manager: PeftManager, job: JobRow, name: str) -> subprocess.Popen[bytes]:
    """A node as a process of its own."""
    environment = {**os.environ, **manager.settings.for_workers}
    return subprocess.Popen([sys.executable, "-c", NODE, job.id, name], env=environment)


def until(condition: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + LIMIT_S
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.02)
    raise AssertionError(f"not within {LIMIT_S} s: {what}")


def events(job: JobRow, kind: str) -> list[dict[str, Any]]:
    return [event for event in JobDirectory(job.directory).events.all() if event["kind"] == kind]


def losses(job: JobRow) -> dict[int, float]:
    return {event["step"]: event["loss"] for event in events(job, "step")}


def test_of_several_nodes_one_trains_a_job_that_was_placed(manager: PeftManager) -> None:
    job = create(manager)
    assert (job.state, job.device) == ("queued", "cluster:test")
    assert manager.trainings.placement.placed == [job.id]  # type: ignore[union-attr]  # the fixture set it
    with pytest.raises(ResourceError):
        create(manager, "large", threads=2)
    assert len(manager.registry.jobs("demo")) == 1
    queue.start_next(manager.registry, job.device, {})  # as a worker of this host does at its end
    assert manager.trainings.get(job.id).state == "queued"
    states: list[str] = []
    ask = lambda name: states.append(run_here(manager.settings, job.id, name))  # noqa: E731  for two threads
    threads = [threading.Thread(target=ask, args=(f"node/{number}",)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(states) == ["ready", "training"]
    assert [len(events(job, kind)) for kind in ("placed", "started", "ready")] == [1, 1, 1]
    assert manager.registry.job(job.id).node == events(job, "placed")[0]["node"]
    assert run_here(manager.settings, job.id, "node/3") == "ready"
    assert len(events(job, "started")) == 1


def test_cancel_reaches_the_node(manager: PeftManager) -> None:
    job = create(manager, **STEADY)
    with node(manager, job, "node/1") as process:
        until(lambda: events(job, "step"), "a step")
        worker = queue.worker_of(JobDirectory(job.directory))
        assert manager.trainings.cancel(job.id).state == "cancelled"
        process.wait(LIMIT_S)
    assert worker is not None
    assert not worker.is_running()
    assert manager.trainings.resume(job.id).state == "queued"
    assert manager.trainings.placement.placed == [job.id, job.id]  # type: ignore[union-attr]  # the fixture set it
    assert manager.trainings.cancel(job.id).state == "cancelled"  # queued: at once


def test_a_worker_that_is_killed_is_told(manager: PeftManager) -> None:
    job = create(manager, **STEADY)
    with node(manager, job, "node/1") as process:
        until(lambda: events(job, "step"), "a step")
        worker = queue.worker_of(JobDirectory(job.directory))
        assert worker is not None
        worker.kill()
        process.wait(LIMIT_S)
    told = manager.registry.job(job.id)
    assert told.state == "error"
    assert "was killed after step" in str(told.error)


@pytest.mark.skipif("SOAK_MINUTES" not in os.environ, reason="make soak runs it")
def test_soak_another_node_goes_on_with_what_a_lost_one_left(
    manager: PeftManager, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    whole = create(manager, "whole", **STEADY)
    run_here(manager.settings, whole.id, "node/0")
    job = create(manager, "broken", **STEADY)
    with node(manager, job, "node/1") as process:
        until(lambda: len(events(job, "checkpoint")) > 2, "checkpoints")
        worker = psutil.Process(events(job, "started")[0]["pid"])
        process.kill()
        process.wait(LIMIT_S)
    until(lambda: not worker.is_running(), "the worker's end with its node")
    assert manager.registry.job(job.id).state == "training"  # until it is sure that the node is lost
    monkeypatch.setattr("codebase_gardener.cluster.running.LOST_S", 2.0)
    assert run_here(manager.settings, job.id, "node/2") == "ready"
    assert events(job, "resumed")[0]["step"] > 0
    assert [event["node"] for event in events(job, "placed")] == ["node/1", "node/2"]
    assert losses(job) == losses(whole)


@pytest.mark.skipif("SOAK_MINUTES" not in os.environ, reason="make soak runs it")
def test_soak_a_node_with_a_home_of_its_own_goes_on_from_the_store(
    manager: PeftManager, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shared = {"registry_url": f"sqlite:///{tmp_path / 'shared.db'}", "store": f"file://{tmp_path / 'store'}"}
    homes = [settings.model_copy(update={**shared, "home": tmp_path / name}) for name in ("asks", "1", "2")]
    whole = create(manager, "whole", **STEADY)
    run_here(settings, whole.id, "node/0")
    with PeftManager(homes[0]) as asking, PeftManager(homes[1]) as first, PeftManager(homes[2]) as second:
        asking.trainings.placement = Nowhere()
        job = create(asking, "broken", **STEADY)
        there = [manager.registry.job(job.id) for manager in (first, second)]
        with node(first, job, "node/1") as process:
            until(lambda: list((tmp_path / "store").rglob("*checkpoint-*")), "a checkpoint in the store")
            process.kill()
            process.wait(LIMIT_S)
        monkeypatch.setattr("codebase_gardener.cluster.running.LOST_S", 2.0)
        assert run_here(homes[2], job.id, "node/2") == "ready"
        assert [len(events(row, "started")) for row in there] == [1, 1]
        assert events(there[1], "resumed")[0]["step"] > 0
        asking.trainings.get(job.id)
        assert [event["node"] for event in events(job, "placed")] == ["node/1", "node/2"]
        assert losses(job) == losses(whole)
        assert asking.trainings.progress(job.id).status == "ready"
        assert asking.load_adapter("demo", "broken", 1)
    left = [path for path in (tmp_path / "store").rglob("*") if path.is_file() and "checkpoint-" in str(path)]
    assert left == []
