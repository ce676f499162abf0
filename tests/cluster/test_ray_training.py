"""Ray Train around the same engine: two nodes train as one process does, and go on when one of them dies."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from codebase_gardener.jobs.directory import JobDirectory
from codebase_gardener.jobs.torch_run import run_job
from codebase_gardener.utils.error_handling import ResourceError, TrainingError

pytestmark = pytest.mark.slow

MakeJob = Callable[..., JobDirectory]
ADAPTER = "demo/default@1"
SAME: dict[str, Any] = {"lora_dropout": 0.0, "batch_size": 4, "max_epochs": 9, "checkpoint_minutes": 1e-6}


@pytest.fixture(scope="module")
def two_nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A cluster of two nodes of one CPU on loopback, with this process connected to it."""
    ray = pytest.importorskip("ray")
    from ray.cluster_utils import Cluster

    source = str(Path(__file__).parents[2] / "src")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (source, os.environ.get("PYTHONPATH"))))
    cluster = Cluster()
    try:
        for number in range(2):
            cluster.add_node(
                node_ip_address="127.0.0.1",
                num_cpus=1,
                object_store_memory=80_000_000,
                **({"include_dashboard": False} if number == 0 else {}),
            )
        ray.init(address=cluster.address, log_to_driver=False)
        yield
    finally:
        ray.shutdown()
        cluster.shutdown()


def steps(directory: JobDirectory) -> list[dict[str, Any]]:
    return [event for event in directory.events.all() if event["kind"] == "step"]


def losses(directory: JobDirectory) -> list[float]:
    return [event["loss"] for event in steps(directory)]


class _KillWhenTraining(threading.Thread):
    """Kills one of the two processes that train, once the third step has been told."""

    def __init__(self, directory: JobDirectory, killed: list[int]) -> None:
        super().__init__(daemon=True)
        self.directory, self.killed = directory, killed

    def run(self) -> None:
        while len(steps(self.directory)) < 3:
            time.sleep(0.05)
        family = psutil.Process().children(recursive=True)
        nodes = [process for process in family if "RayTrainWorker" in " ".join(process.cmdline())]
        self.killed.append(nodes[-1].pid)
        nodes[-1].kill()


def test_a_node_that_dies_is_told_and_the_training_goes_on(two_nodes: None, make_job: MakeJob) -> None:
    from codebase_gardener.cluster.ray_training import train_on_nodes

    one, two = (make_job(name, steps=40, throttle=0.3, **SAME) for name in ("one", "two"))
    run_job(one, ADAPTER)
    killed: list[int] = []
    watch = _KillWhenTraining(two, killed)
    watch.start()
    train_on_nodes(two, ADAPTER, 2)
    watch.join()
    assert len(killed) == 1
    kinds = [event["kind"] for event in two.events.all()]
    assert kinds.index("node_lost") < kinds.index("resumed")
    by_step = {event["step"]: event["loss"] for event in steps(two)}
    assert [by_step[number] for number in range(1, 41)] == pytest.approx(losses(one), abs=1e-4)
    assert (two.artifact / "adapter_model.safetensors").exists()


def test_more_nodes_than_there_are(two_nodes: None, make_job: MakeJob) -> None:
    from codebase_gardener.cluster.ray_training import train_on_nodes

    with pytest.raises(ResourceError, match="has 2 nodes, and 3 were asked for"):
        train_on_nodes(make_job(), ADAPTER, 3)


def test_what_cannot_be_better_is_not_tried_again(two_nodes: None, make_job: MakeJob) -> None:
    from codebase_gardener.cluster.ray_training import train_on_nodes

    directory = make_job()
    rows = directory.spec.dataset / "train.jsonl"
    rows.write_text(rows.read_text().replace("square", "squash"))
    with pytest.raises(TrainingError, match="hash"):
        train_on_nodes(directory, ADAPTER, 2)
    assert len([event for event in directory.events.all() if event["kind"] == "node_lost"]) == 1
