"""Two processes train one job: as one process does, from one's checkpoints and for one's, and they end together."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from codebase_gardener.jobs.directory import JobDirectory
from codebase_gardener.jobs.torch_run import run_job
from codebase_gardener.training.torch_group import join_group

pytestmark = pytest.mark.slow

MakeJob = Callable[..., JobDirectory]
ADAPTER = "demo/default@1"

# lengths differ, and batches of one row leave one process without any
LINES = [
    {"prompt": f"def {name}_{verb}(x):\n", "completion": f"    return {verb}(x, {len(name)})\n" * (1 + n % 5)}
    for n, (name, verb) in enumerate(
        (name, verb)
        for name in ("square", "circle", "kite", "oval", "rhombus", "cube", "ring")
        for verb in ("add", "scale", "turn", "move", "flip", "fold", "cut")
    )
]
SAME: dict[str, Any] = {
    "rows": LINES,
    "batch_size": 3,
    "batch_tokens": 150,
    "max_length": 128,
    "lora_dropout": 0.0,
    "max_epochs": 20,
    "validation_rows": 4,
    "early_stopping_patience": 0,
}


class SecondNode:
    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "samples.second_node"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[1],
            text=True,
        )

    def train(self, directory: JobDirectory) -> dict[str, Any]:
        """Train a job with it, this process being the first; gives what the other one did."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{free.getsockname()[1]}"
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(
            json.dumps({"directory": str(directory.path), "address": address}),
            file=self.process.stdin,
            flush=True,
        )
        try:
            with join_group(0, 2, address) as group:
                run_job(directory, ADAPTER, group)
        finally:
            line = self.process.stdout.readline()
            said: dict[str, Any] = json.loads(line if line.startswith("{") else "{}")
        return said


@pytest.fixture(scope="module")
def second() -> Iterator[SecondNode]:
    node = SecondNode()
    assert node.process.stdout is not None
    assert node.process.stdout.readline() == "ready\n"
    yield node
    node.process.communicate(timeout=20)


def losses(directory: JobDirectory) -> list[float]:
    return [event["loss"] for event in directory.events.all() if event["kind"] == "step"]


def tensors(directory: JobDirectory) -> dict[str, torch.Tensor]:
    return load_file(directory.artifact / "adapter_model.safetensors")


def test_two_processes_train_as_one_does(make_job: MakeJob, second: SecondNode) -> None:
    one, two = (make_job(name, steps=50, **SAME) for name in ("one", "two"))
    run_job(one, ADAPTER)
    said = second.train(two)
    assert losses(two) == pytest.approx(losses(one), abs=1e-4)
    assert said["losses"] == losses(two)
