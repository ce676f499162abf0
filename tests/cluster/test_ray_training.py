"""Ray Train around the same engine: two nodes train as one process does, and go on when one of them dies."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from codebase_gardener.jobs.directory import JobDirectory
from codebase_gardener.jobs.torch_run import run_job

pytestmark = pytest.mark.slow

MakeJob = Callable[..., JobDirectory]
Train = Callable[..., dict[str, Any]]
ADAPTER = "demo/default@1"


@pytest.fixture(scope="module")
def train() -> Iterator[Train]:
    """Trains a job on a cluster of two nodes: `train(directory, nodes=2, kill_at=0)`; gives the error, if any."""
    pytest.importorskip("ray")
    process = subprocess.Popen(
        [sys.executable, "-m", "samples.ray_nodes"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[1],
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    answers = (line for line in process.stdout if line.startswith(("{", "ready")))

    def ask(directory: JobDirectory, *, nodes: int = 2, kill_at: int = 0) -> dict[str, Any]:
        asked = {"job": str(directory.path), "nodes": nodes, "kill_at": kill_at}
        print(json.dumps(asked), file=process.stdin, flush=True)
        said: dict[str, Any] = json.loads(next(answers))
        return said

    assert next(answers) == "ready\n"
    yield ask
    process.communicate(timeout=120)


def by_step(directory: JobDirectory) -> dict[int, float]:
    return {event["step"]: event["loss"] for event in directory.events.all() if event["kind"] == "step"}


def test_a_node_that_dies_is_told_and_the_training_goes_on(train: Train, make_job: MakeJob) -> None:
    same = {
        "lora_dropout": 0.0,
        "batch_size": 4,
        "max_epochs": 9,
        "checkpoint_minutes": 1e-6,
        "throttle": 0.3,
    }
    one, two = (make_job(name, steps=40, **same) for name in ("one", "two"))
    run_job(one, ADAPTER)
    assert train(two, kill_at=3) == {}
    kinds = [event["kind"] for event in two.events.all()]
    assert kinds.index("step") < kinds.index("node_lost") < kinds.index("resumed")
    assert list(by_step(two)) == list(range(1, 41))
    assert by_step(two) == pytest.approx(by_step(one), abs=1e-4)
    assert (two.artifact / "adapter_model.safetensors").exists()


def test_more_nodes_than_there_are(train: Train, make_job: MakeJob) -> None:
    said = train(make_job("many"), nodes=3)
    assert said["error"] == "ResourceError"
    assert "the cluster has 2 nodes, and 3 were asked for" in said["message"]


@pytest.mark.skipif("SOAK_MINUTES" not in os.environ, reason="starts all processes twice: make soak")
def test_soak_what_cannot_go_better_is_told_and_not_tried_again(train: Train, make_job: MakeJob) -> None:
    directory = make_job("changed")
    rows = directory.spec.dataset / "train.jsonl"
    rows.write_text(rows.read_text().replace("square", "squash"))
    said = train(directory)
    assert said["error"] == "TrainingError"
    assert "its rows are not the ones that were written" in said["message"]
    assert [event["kind"] for event in directory.events.all()].count("node_lost") == 1
