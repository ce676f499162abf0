"""Trainings on a real cluster: placed by what they need, on any node, and no secret passes through Ray."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from cluster.conftest import SECRET
from cluster.test_running import LIMIT_S, STEADY, Nowhere, create, events, until
from codebase_gardener.cluster.address import ClusterFolder
from codebase_gardener.cluster.local import LocalCluster, running, up
from codebase_gardener.cluster.placing import cluster_status, placed
from codebase_gardener.config.settings import Settings
from codebase_gardener.gardener.facade import Gardener
from codebase_gardener.jobs.directory import JobDirectory
from codebase_gardener.models.peft_manager import PeftManager
from codebase_gardener.registry.rows import JobRow
from codebase_gardener.utils.error_handling import ConflictError, ResourceError
from registry.conftest import free_port
from samples.examined import left_after_fix

pytestmark = pytest.mark.slow

ROWS = [{"prompt": f"def f{n}(x):\n", "completion": f"    return x + {n}\n"} for n in range(40)]
SLOW = {**STEADY, "steps": 40, "throttle": 0.05}
of_soak = pytest.mark.skipif("SOAK_MINUTES" not in os.environ, reason="make soak runs it")
LOOPBACK = {"127.0.0.1", "::ffff:127.0.0.1", "::1"}


def of_cluster(local: LocalCluster) -> list[psutil.Process]:
    holder = psutil.Process(local.pid)
    return [holder, *holder.children(recursive=True)]


def test_two_trainings_at_once_on_two_nodes(cluster: tuple[Settings, LocalCluster]) -> None:
    with Gardener(cluster[0]) as gardener:
        manager = gardener.manager
        with placed(gardener, "auto"):
            refs = [manager.create_adapter("demo", ROWS, name) for name in ("one", "two")]
            with pytest.raises(ResourceError, match="no node of the cluster is large enough"):
                manager.create_adapter("demo", ROWS, "three", {"threads": 2})
        assert manager.trainings.placement is None
        for ref in refs:  # without a connection: the registry says all
            assert manager.trainings.wait(ref, timeout_s=500).status == "ready"
        jobs = [job for job in manager.registry.jobs("demo") if job.state == "ready"]
        nodes = {str(job.node).partition("/")[0] for job in jobs}
        assert nodes == {"node-1", "node-2"}
        for job in jobs:
            events = JobDirectory(job.directory).events
            assert [event["kind"] for event in events.all()].count("started") == 1
        assert manager.load_adapter("demo", "two", 1)


def test_status_says_what_there_is(cluster: tuple[Settings, LocalCluster]) -> None:
    settings, local = cluster
    environment = {**os.environ, **settings.for_workers}
    command = [sys.executable, "-m", "codebase_gardener.cli.main", "cluster", "status", "--json"]
    told = json.loads(subprocess.run(command, env=environment, check=True, capture_output=True).stdout)
    assert told["address"] == local.address == running(settings.home).address
    assert [(node["name"], node["alive"], node["cpus"]) for node in told["nodes"]] == [
        ("node-1", True, 1.0),
        ("node-2", True, 1.0),
    ]


def test_only_this_machine_is_listened_to(cluster: tuple[Settings, LocalCluster]) -> None:
    listening = set()
    for process in of_cluster(cluster[1]):
        with suppress(psutil.NoSuchProcess):  # Ray ends idle workers at any time
            listening |= {
                (process.name(), each.laddr.ip)
                for each in process.net_connections("inet")
                if each.status == psutil.CONN_LISTEN
            }
    assert {name for name, _ in listening} >= {"gcs_server", "raylet"}
    assert {ip for _, ip in listening} <= LOOPBACK


def test_who_has_no_token_is_refused(cluster: tuple[Settings, LocalCluster], tmp_path: Path) -> None:
    settings, local = cluster
    assert ClusterFolder.of(settings.home).token.stat().st_mode & 0o777 == 0o600
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RAY_AUTH")}
    (tmp_path / "token").write_text("0" * 64)
    environment |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN_PATH": str(tmp_path / "token")}
    ask = f"import ray; ray._raylet.GcsClient(address={local.address!r}).internal_kv_keys(b'', b'')"
    refused = subprocess.run([sys.executable, "-c", ask], env=environment, check=False, capture_output=True)
    assert refused.returncode != 0
    assert b"nauthenticated" in refused.stderr


def test_no_secret_is_in_ray_s_logs(cluster: tuple[Settings, LocalCluster]) -> None:
    settings, local = cluster
    password = urlsplit(settings.registry_url).password
    assert password is not None
    secrets = [password, SECRET, ClusterFolder.of(settings.home).token.read_text()]
    logs = [path for path in Path(local.temp).glob("session_2*/**/*") if path.is_file()]
    assert [path.name for path in logs if path.name.startswith("raylet")]
    logs.append(ClusterFolder.of(settings.home).log)
    found = [
        (path.name, secret)
        for path in logs
        for secret in secrets
        if secret in path.read_text("utf-8", "replace")
    ]
    assert found == []


def test_one_cluster_a_home(cluster: tuple[Settings, LocalCluster]) -> None:
    with pytest.raises(ConflictError, match="runs already"):
        up(cluster[0].home, 1, environment={})


def test_an_address_that_nobody_has_is_told_at_once(cluster: tuple[Settings, LocalCluster]) -> None:
    with pytest.raises(ResourceError, match="cannot be reached"):
        cluster_status(cluster[0], f"127.0.0.1:{free_port()}")


# ---- faults of a cluster: in processes of their own, since a program knows one cluster


def gardener_cluster(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """A command of `gardener cluster`, by hand."""
    command = [sys.executable, "-m", "codebase_gardener.cli.main", "cluster", *arguments]
    return subprocess.run(
        command, env={**os.environ, **settings.for_workers}, check=False, capture_output=True
    )


@contextmanager
def clusters(*homes: Settings, nodes: int) -> Iterator[None]:
    """A cluster of each home, which places what waits in the registry."""
    arguments = [sys.executable, "-m", "codebase_gardener.cli.main", "cluster", "up", "--local", str(nodes)]
    try:
        started = [subprocess.Popen(arguments, env={**os.environ, **home.for_workers}) for home in homes]
        assert [process.wait(LIMIT_S) for process in started] == [0] * len(homes)
        yield
    finally:
        for home in homes:
            gardener_cluster(home, "down")


@pytest.fixture
def asking(settings: Settings, postgres_database: Callable[[], str], tmp_path: Path) -> Iterator[PeftManager]:
    """Who asks for trainings, in a home of its own: its jobs wait until a cluster places them."""
    shared = {"registry_url": postgres_database(), "store": f"file://{tmp_path / 'store'}"}
    with PeftManager(settings.model_copy(update=shared)) as manager:
        manager.trainings.placement = Nowhere()
        yield manager


def home(asking: PeftManager, name: str) -> Settings:
    return asking.settings.model_copy(update={"home": asking.settings.home.parent / name})


def told(asking: PeftManager, job: JobRow, kind: str) -> list[dict[str, object]]:
    """Events of a job, as they came through the registry."""
    asking.trainings.get(job.id)
    return events(job, kind)


def check(asking: PeftManager, jobs: list[JobRow], *homes: Settings) -> None:
    """Each was trained to its end and published once, and nothing of what went wrong is left."""
    until(
        lambda: all(asking.trainings.get(job.id).state not in ("queued", "training") for job in jobs),
        "an end",
    )
    assert [(asking.registry.job(job.id).state, asking.registry.job(job.id).error) for job in jobs] == [
        ("ready", None)
    ] * len(jobs)
    versions = asking.registry.versions("demo", limit=None)
    assert sorted(str(version.ref) for version in versions) == sorted(str(job.ref) for job in jobs)
    for settings in (asking.settings, *homes):
        assert left_after_fix(settings) == []
    for job in jobs:
        assert asking.load_adapter("demo", job.adapter_name, 1)


@pytest.mark.timeout(1800)
@of_soak
def test_soak_two_heads_on_one_registry_train_each_job_once(asking: PeftManager) -> None:
    jobs = [create(asking, name, **STEADY) for name in ("one", "two")]
    homes = [home(asking, "first"), home(asking, "second")]
    with clusters(*homes, nodes=1):
        check(asking, jobs, *homes)
        assert [len(told(asking, job, "started")) for job in jobs] == [1, 1]
        nodes = {str(asking.registry.job(job.id).node) for job in jobs}
        assert len(nodes) == 2


def kill(local: LocalCluster, program: str, node: str = "") -> None:
    """kill -9 of a part of Ray, that of a node where one is named."""
    [found] = [
        each
        for each in of_cluster(local)
        if each.name() == program and (not node or any(node in word for word in each.cmdline()))
    ]
    found.kill()


@pytest.mark.timeout(1800)
@of_soak
def test_soak_what_a_killed_raylet_began_is_trained_once(asking: PeftManager) -> None:
    """What Ray began on that node outlives its raylet: it trains on there, and is gone afterwards."""
    jobs = [create(asking, name, **SLOW) for name in ("one", "two")]
    at = home(asking, "cluster")
    with clusters(at, nodes=2):
        until(lambda: all(told(asking, job, "checkpoint") for job in jobs), "checkpoints")
        actors = [each for each in of_cluster(running(at.home)) if each.name().startswith("ray::JobActor")]
        kill(running(at.home), "raylet", "node-2")
        check(asking, jobs, at)
        until(lambda: not any(actor.is_running() for actor in actors), "the end of what trained")


@pytest.mark.timeout(1800)
@of_soak
def test_soak_a_training_of_a_killed_head_waits_for_the_next_cluster(asking: PeftManager) -> None:
    job = create(asking, "one", **SLOW)
    at = home(asking, "cluster")
    with clusters(at, nodes=1):
        until(lambda: told(asking, job, "checkpoint"), "a checkpoint")
        kill(running(at.home), "gcs_server")
        until(lambda: gardener_cluster(at, "status").returncode, "the end of a cluster without its head")
        until(lambda: asking.trainings.get(job.id).state == "queued", "the job waits again")
    with clusters(at, nodes=1):
        check(asking, [job], at)
        assert told(asking, job, "resumed")
