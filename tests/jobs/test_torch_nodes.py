"""Two processes train one job as one process does, go on from its checkpoints and it from theirs, and end together."""

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

from codebase_gardener.jobs import torch_run
from codebase_gardener.jobs.directory import JobDirectory
from codebase_gardener.jobs.events import EventLog
from codebase_gardener.jobs.torch_run import run_job
from codebase_gardener.training.torch_device import GemmRates
from codebase_gardener.training.torch_group import join_group
from codebase_gardener.utils.error_handling import NodeLostError, TrainingError

pytestmark = pytest.mark.slow

MakeJob = Callable[..., JobDirectory]
ADAPTER = "demo/default@1"

# lengths differ, and so does the number of rows in a batch
LINES = [
    {"prompt": f"def {name}_{verb}(x):\n", "completion": f"    return {verb}(x, {len(name)})\n" * (1 + n % 5)}
    for n, (name, verb) in enumerate(
        (name, verb)
        for name in ("square", "circle", "kite", "oval", "rhombus", "cube", "ring", "cone", "arc")
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


@pytest.fixture(autouse=True)
def _rates(monkeypatch: pytest.MonkeyPatch) -> None:
    """Takes seconds where bf16 is emulated, and decides nothing: the jobs say float32."""
    monkeypatch.setattr(torch_run, "measure_gemm", lambda _: GemmRates(1.0, 1.0))


class SecondNode:
    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "samples.second_node"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[1],
            text=True,
        )

    def train(self, directory: JobDirectory) -> None:
        """Train a job with it, this process being the first; `said` is what the other one did."""
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
        self.said: dict[str, Any] = {}
        try:
            with join_group(0, 2, address) as group:
                run_job(directory, ADAPTER, group)
        finally:
            self.said = json.loads(self.process.stdout.readline() or "{}")


@pytest.fixture(scope="module")
def second() -> Iterator[SecondNode]:
    node = SecondNode()
    assert node.process.stdout is not None
    assert node.process.stdout.readline() == "ready\n"
    yield node
    if node.process.poll() is None:
        node.process.communicate(timeout=20)


def steps(directory: JobDirectory) -> list[dict[str, Any]]:
    return [event for event in directory.events.all() if event["kind"] == "step"]


def losses(directory: JobDirectory) -> list[float]:
    return [event["loss"] for event in steps(directory)]


def looks(directory: JobDirectory) -> list[float]:
    return [event["loss"] for event in directory.events.all() if event["kind"] == "validated"]


def tensors(directory: JobDirectory) -> dict[str, torch.Tensor]:
    return load_file(directory.artifact / "adapter_model.safetensors")


def at_step(monkeypatch: pytest.MonkeyPatch, number: int, act: Callable[[], object]) -> None:
    """Do something as soon as a step is told."""
    append = EventLog.append

    def watched(self: EventLog, kind: str, **fields: Any) -> None:
        append(self, kind, **fields)
        if kind == "step" and fields["step"] == number:
            act()

    monkeypatch.setattr(EventLog, "append", watched)


def stop() -> None:
    raise KeyboardInterrupt


def test_two_processes_train_as_one_does(make_job: MakeJob, second: SecondNode) -> None:
    one, two = (make_job(name, steps=50, **SAME) for name in ("one", "two"))
    run_job(one, ADAPTER)
    second.train(two)
    assert losses(two) == pytest.approx(losses(one), abs=1e-4)
    assert looks(two) == pytest.approx(looks(one), abs=1e-4)
    assert len(looks(two)) == 11
    for name, tensor in tensors(one).items():
        torch.testing.assert_close(tensors(two)[name], tensor, atol=1e-3, rtol=1e-3)
    assert second.said["losses"] == losses(two)  # bit for bit, so their weights stay the same
    counted = [
        (e["tokens_per_s"] * e["elapsed_s"], e["supervised_per_s"] * e["elapsed_s"]) for e in steps(two)
    ]
    alone = [(e["tokens_per_s"] * e["elapsed_s"], e["supervised_per_s"] * e["elapsed_s"]) for e in steps(one)]
    assert counted[-1] == pytest.approx(alone[-1])  # those of both processes
    told = two.events.last("nodes")
    assert told is not None
    trained = sum(tensor.numel() for tensor in tensors(two).values())
    assert (told["nodes"], told["bytes_a_step"]) == (2, 4 * (trained + 4))


def test_one_process_has_no_row_of_a_batch(make_job: MakeJob, second: SecondNode) -> None:
    """Batches of one row: the other process has a row in the second batch of each step, or never any."""
    for accumulated in (1, 2):
        options = {**SAME, "batch_size": 1, "gradient_accumulation_steps": accumulated, "validation_rows": 0}
        one, two = (make_job(f"{name}{accumulated}", steps=4, **options) for name in ("one", "two"))
        run_job(one, ADAPTER)
        second.train(two)
        assert losses(two) == pytest.approx(losses(one), abs=1e-4)


def test_a_cancelled_training_ends_on_both_in_one_step_and_one_process_goes_on(
    make_job: MakeJob, second: SecondNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, broken = (make_job(n, steps=9, checkpoint_minutes=1e-6, **SAME) for n in ("whole", "broken"))
    run_job(whole, ADAPTER)
    with monkeypatch.context() as patch:
        at_step(patch, 5, broken.cancel.touch)
        with pytest.raises(TrainingError, match="cancelled after step 5"):
            second.train(broken)
    assert second.said["steps"] == [1, 2, 3, 4, 5]
    assert "cancelled after step 5" in second.said["error"]
    assert second.said["written"] == []
    assert (broken.checkpoints / "checkpoint-4").is_dir()
    assert not broken.artifact.exists()
    broken.cancel.unlink()
    run_job(broken, ADAPTER)  # one process, from what two have written
    assert [event["step"] for event in steps(broken)] == [1, 2, 3, 4, 5, *range(5, 10)]
    assert losses(broken)[5:] == pytest.approx(losses(whole)[4:], abs=1e-4)


def test_two_processes_go_on_with_what_one_began(
    make_job: MakeJob, second: SecondNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, broken = (make_job(n, steps=9, checkpoint_minutes=1e-6, **SAME) for n in ("whole", "broken"))
    run_job(whole, ADAPTER)
    with monkeypatch.context() as patch:
        at_step(patch, 5, stop)
        with pytest.raises(KeyboardInterrupt):
            run_job(broken, ADAPTER)
    second.train(broken)
    assert losses(broken)[5:] == pytest.approx(losses(whole)[4:], abs=1e-4)
    assert second.said["steps"] == list(range(5, 10))
    assert looks(broken)[-1] == pytest.approx(looks(whole)[-1], abs=1e-4)


def test_dropout_is_the_same_after_a_resume_by_as_many_processes(
    make_job: MakeJob, second: SecondNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = {**SAME, "lora_dropout": 0.3, "init_lora_weights": False, "checkpoint_minutes": 1e-6}
    whole, broken = (make_job(name, steps=5, **options) for name in ("whole", "broken"))
    second.train(whole)
    with monkeypatch.context() as patch:
        at_step(patch, 3, broken.cancel.touch)
        with pytest.raises(TrainingError):
            second.train(broken)
    broken.cancel.unlink()
    second.train(broken)
    assert losses(broken)[3:] == losses(whole)[2:]


def test_a_process_that_dies_is_told(  # the last: the other process is gone afterwards
    make_job: MakeJob, second: SecondNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = make_job(steps=9, checkpoint_minutes=1e-6, **SAME)
    at_step(monkeypatch, 3, second.process.kill)
    with pytest.raises(NodeLostError, match="a node of this training is gone") as caught:
        second.train(directory)
    assert "gardener jobs resume" in caught.value.hint
    assert (directory.checkpoints / "checkpoint-2").is_dir()
