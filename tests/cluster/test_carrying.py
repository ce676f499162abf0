"""Faults of one node among several machines with homes of their own: its store, its disk, its clock.

PostgreSQL, an S3 service and worker processes are real; Ray is not needed for them. `make soak` runs these.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from cluster.test_running import LIMIT_S, NODE, STEADY, Nowhere, create, events, losses, until
from codebase_gardener.cluster.running import run_here
from codebase_gardener.config.settings import Settings
from codebase_gardener.jobs.directory import JobDirectory
from codebase_gardener.models.peft_manager import PeftManager
from codebase_gardener.registry.rows import JobRow
from codebase_gardener.store.blob_cache import BlobCache
from codebase_gardener.store.object_store import ObjectStore
from samples.examined import left_after_fix
from samples.full_disks import fill
from samples.object_stores import S3Service
from samples.tcp_proxy import proxy_to

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1800),
    pytest.mark.skipif("SOAK_MINUTES" not in os.environ, reason="make soak runs it"),
]

SKEW = """
import os, time
_skew, _time = float(os.environ["SKEW_S"]), time.time
time.time = lambda: _time() + _skew
"""
"""Python's `time.time`, as a `sitecustomize.py`; the kernel's clock, `datetime` and compiled libraries stay."""


@dataclass
class Machines:
    """One that asks, and nodes with homes of their own; registry and store are shared."""

    asking: PeftManager
    homes: list[Settings]
    whole: dict[int, float]

    def node(
        self, number: int, job: JobRow, home: Settings | None = None, **environment: str
    ) -> subprocess.Popen[bytes]:
        """A node as a process of its own."""
        told = {**os.environ, **(home or self.homes[number]).for_workers, **environment}
        return subprocess.Popen([sys.executable, "-c", NODE, job.id, f"node/{number}"], env=told)

    def here(self, settings: Settings, job: JobRow) -> JobRow:
        """The job as another home has it."""
        with PeftManager(settings) as manager:
            return manager.registry.job(job.id)

    def stored(self, job: JobRow) -> list[str]:
        """Checkpoints of a job in the store."""
        settings = self.homes[0]
        store = ObjectStore(str(settings.store), BlobCache(settings.home / "look", 1 << 20))
        return list(store.keys(f"jobs/{job.id}/checkpoints"))

    def goes_on_elsewhere(self, job: JobRow, why: str) -> None:
        """It failed and told why, published nothing, and the second node goes on from its checkpoint."""
        told = self.asking.trainings.get(job.id)
        assert told.state == "error"
        assert why in str(told.error)
        assert self.asking.registry.versions("demo", limit=None) == []
        self.asking.trainings.resume(job.id)
        assert run_here(self.homes[1], job.id, "node/1") == "ready"
        assert events(self.here(self.homes[1], job), "resumed")[0]["step"] > 0

    def check(self, job: JobRow) -> None:
        """Trained to the end once, as unbroken, and nothing is left of what went wrong."""
        assert self.asking.trainings.get(job.id).state == "ready"
        assert losses(job) == self.whole
        refs = Counter(str(version.ref) for version in self.asking.registry.versions("demo", limit=None))
        assert refs[str(job.ref)] == 1
        assert self.asking.load_adapter("demo", job.adapter_name, 1)
        for settings in (self.asking.settings, *self.homes):
            assert left_after_fix(settings) == []
        assert self.asking.load_adapter("demo", job.adapter_name, 1)


@pytest.fixture
def machines(
    settings: Settings, postgres_database: Callable[[], str], new_bucket: Callable[[], str], tmp_path: Path
) -> Iterator[Machines]:
    shared = {"registry_url": postgres_database(), "store": new_bucket()}
    homes = [settings.model_copy(update={**shared, "home": tmp_path / name}) for name in ("asks", "1", "2")]
    with ExitStack() as stack:
        alone, asking = (stack.enter_context(PeftManager(each)) for each in (settings, homes[0]))
        for manager in (alone, asking):
            manager.trainings.placement = Nowhere()
        whole = create(alone, "whole", **STEADY)
        assert run_here(settings, whole.id, "node/0") == "ready"
        yield Machines(asking, homes[1:], losses(whole))


def test_soak_a_node_that_cannot_reach_the_store_for_a_while_trains_on(
    machines: Machines, s3_service: S3Service
) -> None:
    with proxy_to(s3_service.port) as proxy:
        job = create(machines.asking, "cut", **STEADY)
        there = machines.here(machines.homes[0], job)
        with machines.node(0, job, AWS_ENDPOINT_URL=f"http://127.0.0.1:{proxy.port}") as process:
            until(lambda: machines.stored(job), "a checkpoint in the store")
            proxy.cut(refuse=True)
            at = len(events(there, "step"))
            until(lambda: len(events(there, "step")) > at + 2, "steps while it is cut off")
            proxy.restore()
            process.wait(LIMIT_S)
        machines.check(job)
        assert len(events(there, "started")) == 1
        assert machines.stored(job) == []


def test_soak_what_cannot_be_published_is_told_and_goes_on_elsewhere(
    machines: Machines, s3_service: S3Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    with proxy_to(s3_service.port) as proxy:
        job = create(machines.asking, "lost", **STEADY)
        with machines.node(0, job, AWS_ENDPOINT_URL=f"http://127.0.0.1:{proxy.port}") as process:
            until(lambda: machines.stored(job), "a checkpoint in the store")
            proxy.cut(refuse=True)
            process.wait(LIMIT_S)
        machines.goes_on_elsewhere(job, "did not answer")
        machines.check(job)


def test_soak_a_node_whose_disk_is_full_tells_it_and_another_goes_on(
    machines: Machines, small_disk: Path
) -> None:
    """The disk is a tmpfs of 8 MB."""
    home = machines.homes[0] = machines.homes[0].model_copy(update={"home": small_disk / "home"})
    job = create(machines.asking, "full", **STEADY)
    with machines.node(0, job) as process:
        until(lambda: machines.stored(job), "a checkpoint in the store")
        filler = fill(small_disk)
        process.wait(LIMIT_S)
    machines.goes_on_elsewhere(job, "free some space")
    filler.unlink()
    machines.check(job)
    assert not JobDirectory(machines.here(home, job).directory).is_alive()


def test_soak_clocks_that_are_two_minutes_apart_take_no_training_from_a_node(
    machines: Machines, tmp_path: Path
) -> None:
    """One a minute ahead, one a minute behind: `time.time` of their processes and workers."""
    skewed = tmp_path / "skewed"
    skewed.mkdir()
    (skewed / "sitecustomize.py").write_text(SKEW)
    path = f"{skewed}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"

    def clock(seconds: int) -> dict[str, str]:
        return {"PYTHONPATH": path, "SKEW_S": str(seconds)}

    job = create(machines.asking, "skewed", **STEADY)
    ahead = machines.here(machines.homes[0], job)
    behind = machines.here(machines.homes[1], job)
    with machines.node(0, job, **clock(+60)) as first:
        until(lambda: events(ahead, "placed"), "its begin")
        assert events(ahead, "placed")[0]["time"] > time.time() + 20, "its clock is ahead"
        with machines.node(1, job, **clock(-60)) as second:
            second.wait(LIMIT_S)
        assert first.poll() is None
        assert events(behind, "started") == [], "the other is alive by the registry's clock"
        until(lambda: machines.stored(job), "a checkpoint in the store")
        first.kill()
    assert machines.asking.registry.job(job.id).state == "training"
    command = [sys.executable, "-m", "codebase_gardener.cli.main", "doctor", "--fix", "--json"]
    told = {**os.environ, **machines.homes[1].for_workers, **clock(+60)}
    subprocess.run(command, env=told, check=False, capture_output=True, timeout=LIMIT_S)
    assert machines.stored(job), "what a training still needs is no litter"
    with machines.node(1, job, **clock(-60)) as second:
        second.wait(LIMIT_S)
    assert events(behind, "resumed")[0]["step"] > 0
    machines.check(job)
