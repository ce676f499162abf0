"""Machines at work on one registry: nothing is lost, and no number is given twice."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import make_url

from codebase_gardener.registry.rows import Publication
from codebase_gardener.registry.transactions import Registry
from codebase_gardener.utils.files import publish_dir
from samples.queued_jobs import queue_job
from samples.tcp_proxy import proxy_to

from .conftest import ON_POSTGRESQL

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
        code = f"import sys; sys.path[:0] = {sys.path!r}\nfrom pathlib import Path\n"
        code += "from registry.test_transactions import machine\n"
        code += (
            "print('\\n'.join(machine(sys.argv[1], Path(sys.argv[2]), sys.argv[3], 1, float(sys.argv[4]))))"
        )
        machines = [
            subprocess.Popen(
                [sys.executable, "-c", code, behind, tmp_path, f"machine {number}", str(60 * SOAK_MINUTES)],
                stdout=subprocess.PIPE,
                text=True,
            )
            for number in range(MACHINES)
        ]
        while any(process.poll() is None for process in machines):
            time.sleep(1.5)
            proxy.cut()
        published = [line for process in machines for line in process.communicate()[0].split()]
        assert [process.returncode for process in machines] == [0] * MACHINES
        assert len(published) >= MACHINES
        check(registry, published)
