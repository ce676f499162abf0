"""Machines at work on one registry: nothing is lost, and no number is given twice."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from codebase_gardener.registry.rows import Publication
from codebase_gardener.registry.transactions import Registry
from codebase_gardener.utils.files import publish_dir
from samples.queued_jobs import queue_job
from samples.tcp_proxy import proxy_to

from .conftest import ON_POSTGRESQL, PASSWORD, SCRIPT, free_port

MACHINES = 8
DEVICE = "ray:cpu"
SOAK_MINUTES = float(os.environ.get("SOAK_MINUTES", "0"))


def machine(url: str, folder: Path, name: str, rounds: int = 0, seconds: float = 0.0) -> list[str]:
    """Reserve jobs, take whichever waits, publish it, set it active; for some rounds or seconds.

    Returns:
        What it published.
    """
    done: list[str] = []
    until = time.monotonic() + seconds
    with Registry(url, connections=2) as registry:
        while len(done) < rounds or time.monotonic() < until:
            number = len(done)
            queue_job(registry, lambda job_id: folder / job_id, spec_hash=f"{name} {number}", device=DEVICE)
            while (job := registry.claim_next_job(DEVICE, name)) is None:
                time.sleep(0.01)  # another has taken it, and will leave one of its own
            registry.append_job_events(job.id, [(seq, {"kind": "step", "step": seq}) for seq in (1, 2, 3)])
            assert registry.beat(job.id, name)
            version = registry.publish(job.id, publication(folder, job.id), {}, first_is_active=True)
            registry.set_active("demo", job.adapter_name, version.version)
            done.append(str(version.ref))
    return done


def publication(folder: Path, job_id: str) -> Publication:
    staged = folder / f"{job_id}.staged"
    staged.mkdir(parents=True)
    (staged / "adapter_config.json").write_text("{}")
    return Publication(folder / job_id, publish_dir(staged, folder / job_id)["files"], 2)


def check(registry: Registry, published: list[str]) -> None:
    """What is published is there once, with all that belongs to it; nothing waits."""
    versions = registry.versions("demo", limit=None)
    assert sorted(str(version.ref) for version in versions) == sorted(published)
    assert sorted(version.version for version in versions) == list(range(1, len(published) + 1))
    assert sum(version.active for version in versions) == 1
    jobs = registry.jobs(limit=None)
    assert Counter(job.state for job in jobs) == {"ready": len(published)}
    assert {version.job_id for version in versions} == {job.id for job in jobs}
    assert all(len(registry.receipts(version)) == 1 for version in versions)
    assert all([row.seq for row in registry.job_events(job.id)] == [1, 2, 3] for job in jobs)


def test_machines_that_write_at_once_lose_nothing(registry, url, tmp_path):
    with ThreadPoolExecutor(MACHINES) as pool:
        rounds = 4 if registry.database.file is None else 1
        done = pool.map(lambda n: machine(url, tmp_path, f"machine {n}", rounds), range(MACHINES))
        check(registry, [ref for refs in done for ref in refs])


@ON_POSTGRESQL
@pytest.mark.skipif(not SOAK_MINUTES, reason="make soak")
def test_soak_processes_that_write_while_the_network_is_cut(registry, url, tmp_path):
    with proxy_to(int(make_url(url).port or 0)) as proxy:
        behind = make_url(url).set(port=proxy.port).render_as_string(hide_password=False)

        def cut() -> None:
            time.sleep(1.5)
            proxy.cut()

        check(registry, published_by_machines(behind, tmp_path, cut))


def published_by_machines(url: str, folder: Path, harm: Callable[[], None]) -> list[str]:
    """What processes have published within the minutes of a soak, while something is done to the server."""
    code = f"import sys; sys.path[:0] = {sys.path!r}\nfrom pathlib import Path\n"
    code += "from codebase_gardener.registry import database\n"
    code += "database._ATTEMPTS, database._RETRIED_S = 1000, 120.0\n"  # a busy machine starts a server late
    code += "from registry.test_transactions import machine\n"
    code += "print('\\n'.join(machine(sys.argv[1], Path(sys.argv[2]), sys.argv[3], 1, float(sys.argv[4]))))"
    machines = [
        subprocess.Popen(
            [sys.executable, "-c", code, url, folder, f"machine {number}", str(60 * SOAK_MINUTES)],
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(MACHINES)
    ]
    while any(process.poll() is None for process in machines):
        harm()
    published = [line for process in machines for line in process.communicate()[0].split()]
    assert [process.returncode for process in machines] == [0] * MACHINES
    assert len(published) >= MACHINES
    return published


def until_each_has_begun(registry: Registry) -> None:
    deadline = time.monotonic() + 300
    while len({job.spec_hash.rpartition(" ")[0] for job in registry.jobs(limit=None)}) < MACHINES:
        assert time.monotonic() < deadline
        time.sleep(0.2)


class MortalServer:
    """A PostgreSQL of its own that can be killed and started again with what it has committed."""

    def __init__(self, folder: str) -> None:
        self.folder, self.port = folder, free_port()
        self.url = f"postgresql://postgres:{PASSWORD}@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        environment = {**os.environ, "PGPASSWORD": PASSWORD, "POSTGRES_COMMITS": "on"}
        subprocess.run(
            [SCRIPT, "start", self.folder, str(self.port)], check=True, env=environment, timeout=120
        )

    def kill(self) -> None:
        subprocess.run([SCRIPT, "kill", self.folder], check=True, timeout=60)

    def stop(self) -> None:
        subprocess.run([SCRIPT, "stop", self.folder], check=True, timeout=60)


@pytest.fixture
def mortal(postgres_server: str) -> Iterator[MortalServer]:
    """It asks for the other server, which says where there is none to be had."""
    folder = tempfile.mkdtemp(prefix="gardener-postgres-")
    server = MortalServer(folder)
    server.start()
    yield server
    server.stop()
    shutil.rmtree(folder)


@pytest.mark.slow
@pytest.mark.skipif(not SOAK_MINUTES, reason="make soak")
def test_soak_a_server_that_is_killed_in_the_middle_of_a_publish_publishes_once(mortal, tmp_path):
    """The publish waits for a lock within its transaction, so that it is surely in its middle."""
    locker = create_engine(mortal.url.replace("postgresql:", "postgresql+psycopg:"))
    waiting = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    with Registry(mortal.url) as registry, ThreadPoolExecutor(1) as pool:
        registry.add_project("demo", "/src/demo", "git")
        job = queue_job(registry, lambda job_id: tmp_path / job_id)
        assert registry.claim_job(job.id)
        lock = locker.connect()
        lock.execute(text("SELECT 1 FROM jobs WHERE id = :id FOR UPDATE"), {"id": job.id})
        ready = publication(tmp_path, job.id)
        publishing = pool.submit(registry.publish, job.id, ready, {"largest": 0.5}, first_is_active=True)
        with locker.connect() as looking:
            while not looking.scalar(waiting):
                time.sleep(0.01)
        assert not publishing.done()
        mortal.kill()
        with contextlib.suppress(Exception):  # it is gone with its server
            lock.close()
        locker.dispose()
        mortal.start()
        version = publishing.result(120)
        assert registry.versions() == [version]
        assert (version.ref, version.active, registry.job(job.id).state) == (job.ref, True, "ready")
        assert len(registry.receipts(version)) == 1


@pytest.mark.slow
@pytest.mark.timeout(0)
@pytest.mark.skipif(not SOAK_MINUTES, reason="make soak")
def test_soak_processes_that_write_while_the_server_is_killed(mortal, tmp_path):
    kills = []

    def kill() -> None:
        if not kills:  # who begins is told at once that there is no server; who has begun waits for it
            until_each_has_begun(registry)
        time.sleep(random.uniform(0.5, 4.0))
        mortal.kill()
        mortal.start()
        kills.append(1)

    with Registry(mortal.url) as registry:
        registry.add_project("demo", "/src/demo", "git")
        check(registry, published_by_machines(mortal.url, tmp_path, kill))
    assert kills
