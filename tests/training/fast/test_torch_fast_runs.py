"""Whole runs on the fast path: the same adapter as on the general path, resumed, observed, and on two processes."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from codebase_gardener.jobs.directory import JobDirectory
from codebase_gardener.jobs.torch_run import run_job
from codebase_gardener.training import torch_engine
from codebase_gardener.training.fast import torch_layers
from codebase_gardener.training.memory import estimate_memory
from codebase_gardener.training.torch_logits import last_logits
from samples.fast_models import rows

pytestmark = pytest.mark.slow

MakeJob = Callable[..., JobDirectory]
EAGER = "head,packing,lora,layers"
UNEVEN = [
    {"prompt": f"{word} = ", "completion": word * n}
    for word, n in (("ab", 1), ("c", 9), ("def", 9), ("gh", 4), ("i", 30), ("jk", 2), ("l", 12), ("mn", 7))
]


def run(directory: JobDirectory) -> None:
    run_job(directory, "demo/default@1")


def events(directory: JobDirectory, kind: str) -> list[dict[str, Any]]:
    return [event for event in directory.events.all() if event["kind"] == kind]


def losses(directory: JobDirectory) -> list[float]:
    return [event["loss"] for event in events(directory, "step")]


def tensors(directory: JobDirectory) -> dict[str, torch.Tensor]:
    return load_file(directory.artifact / "adapter_model.safetensors")


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"gradient_accumulation_steps": 2},
        {"gradient_checkpointing": True},
        pytest.param(
            {"use_rslora": True, "rank_pattern": "q_proj=2", "loraplus_lr_ratio": 4}, marks=pytest.mark.slow
        ),
        pytest.param({"quantization": "nf4"}, marks=pytest.mark.slow),
        pytest.param({"quantization": "torchao-int8"}, marks=pytest.mark.slow),
        pytest.param({"peft_type": "IA3", "r": 16}, marks=pytest.mark.slow),
        pytest.param({"modules_to_save": "lm_head"}, marks=pytest.mark.slow),
        pytest.param({"trainable_token_indices": "65,66"}, marks=pytest.mark.slow),
    ],
    ids=lambda options: " ".join(map(str, options.values())) or "plain",
)
def test_the_same_adapter_as_on_the_general_path(options: dict[str, Any], make_job: MakeJob) -> None:
    same = {
        "rows": UNEVEN,
        "steps": 3,
        "max_epochs": 4,
        "warmup_ratio": 0.0,
        "learning_rate": 1e-3,
        **options,
    }
    if "peft_type" not in options:
        same["lora_dropout"] = 0.0
    fast, general = make_job("fast", fast_path=EAGER, **same), make_job("general", fast_path="none", **same)
    run(fast)
    run(general)
    assert "packing" in events(fast, "fast_path")[0]["parts"]
    assert events(general, "fast_path")[0]["parts"] == []
    assert losses(fast) == pytest.approx(losses(general), abs=1e-4)
    assert tensors(fast).keys() == tensors(general).keys()
    for name, tensor in tensors(general).items():
        torch.testing.assert_close(tensors(fast)[name], tensor, atol=1e-5, rtol=1e-3)


def test_stock_peft_gives_the_same_logits(make_job: MakeJob, tiny_base: Path) -> None:
    directory = make_job(learning_rate=0.02, steps=2, fast_path=EAGER)
    run(directory)
    assert events(directory, "fast_path")[0]["layers"] == 2
    model = AutoModelForCausalLM.from_pretrained(tiny_base, dtype=torch.float32)
    stock = PeftModel.from_pretrained(model, directory.artifact).eval()
    found = last_logits(stock, AutoTokenizer.from_pretrained(directory.artifact))
    torch.testing.assert_close(found, load_file(directory.parity)["logits"], atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    "options", [{"lora_dropout": 0.0}, {"lora_dropout": 0.3}, {"neftune_noise_alpha": 5}]
)
def test_a_resumed_run_gives_what_an_unbroken_one_does(options: dict[str, Any], make_job: MakeJob) -> None:
    same = {"fast_path": EAGER, "steps": 4, "checkpoint_minutes": 1e-6, **options}
    whole, broken = make_job("whole", **same), make_job("broken", **same)
    run(whole)
    run(broken)
    shown = losses(broken)
    assert shown == losses(whole)
    (broken.checkpoints / "checkpoint-3" / "manifest.json").unlink()  # killed after the second step
    run(broken)
    assert losses(broken)[len(shown) :] == losses(whole)[2:]
    for name, tensor in tensors(whole).items():
        assert torch.equal(tensors(broken)[name], tensor)


def test_a_callback_sees_steps(make_job: MakeJob, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, int]] = []

    class Watch(transformers.TrainerCallback):
        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            seen.append(("step", state.global_step))

        def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            seen.append(("end", state.global_step))

    own = torch_engine._trainer

    def watched(*args: Any, **options: Any) -> Any:
        trainer, report = own(*args, **options)
        trainer.add_callback(Watch())
        return trainer, report

    monkeypatch.setattr(torch_engine, "_trainer", watched)
    run(make_job(steps=3, fast_path=EAGER))
    assert seen == [("step", 1), ("step", 2), ("step", 3), ("end", 3)]


def test_what_is_left_out_is_said_with_the_memory_that_it_costs(
    make_job: MakeJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, less = (make_job(name, steps=2, fast_path=EAGER) for name in ("whole", "less"))
    run(whole)
    own = torch_layers.lora_backward

    def wrong(*args: Any) -> Any:
        to_x, weights = own(*args)
        return to_x, [tuple(2 * weight for weight in each) for each in weights]

    monkeypatch.setattr(torch_layers, "lora_backward", wrong)
    monkeypatch.setattr(torch_engine, "peak_bytes", lambda _: 0)
    run(less)
    assert events(whole, "fast_path")[0]["left_out"] == []
    (note,) = events(less, "fast_path")[0]["left_out"]
    assert note.startswith("layers: left out, its gradients differ by")
    spec = less.spec
    parts = [
        spec.training.model_copy(update={"fast_path": tuple(events(job, "fast_path")[0]["parts"])})
        for job in (whole, less)
    ]
    expected = [estimate_memory(spec.base, each, bf16=False).total for each in parts]
    assert expected[1] > expected[0]
    assert events(less, "planned")[0]["memory_bytes"] == expected[1]


# ---------------------------------------------------------------- two processes

_PROCESS = """
import sys
import torch
from torch.nn.parallel import DistributedDataParallel
from codebase_gardener.training.fast.torch_path import fast_path
from samples.fast_models import adapted, rows, tiny

torch.set_num_threads(1)
torch.distributed.init_process_group("gloo")
rank = torch.distributed.get_rank()
model, encoded = adapted(tiny()), rows()
with fast_path(model, encoded, ("head", "packing", "lora", "layers")) as path:
    wrapped = DistributedDataParallel(model)
    path.losses(wrapped, path.batch(encoded[rank::2], 0)).losses_N.sum().backward()
found = {name: p.grad for name, p in model.named_parameters() if p.grad is not None}
torch.save({"gradients": found, "parts": path.parts}, f"{sys.argv[1]}/{rank}.pt")
torch.distributed.destroy_process_group()
"""


@pytest.mark.slow
def test_two_processes_give_the_gradients_of_one(tmp_path: Path) -> None:
    from codebase_gardener.training.fast.torch_path import fast_path
    from samples.fast_models import adapted, gradients, tiny

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    root = Path(__file__).parents[3]
    outside = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "WORLD_SIZE": "2", "OMP_NUM_THREADS": "1"}
    outside["PYTHONPATH"] = os.pathsep.join([str(root / "src"), str(root / "tests")])
    command = [sys.executable, "-c", _PROCESS, str(tmp_path)]
    processes = [
        subprocess.Popen(command, env={**os.environ, **outside, "RANK": str(rank)}, cwd=root)
        for rank in range(2)
    ]
    try:
        assert [process.wait(timeout=500) for process in processes] == [0, 0]
    finally:
        for process in processes:
            process.kill()
    model, encoded = adapted(tiny()), rows()
    with fast_path(model, encoded, ("head", "packing", "lora", "layers")) as path:
        whole = gradients(model, path.losses(model, path.batch(encoded, 0)).losses_N.sum())
    for rank in range(2):
        held = torch.load(tmp_path / f"{rank}.pt")
        assert held["parts"] == path.parts
        assert held["gradients"].keys() == whole.keys()
        for key, gradient in whole.items():  # the wrapper averages
            scale = float(gradient.abs().max())
            torch.testing.assert_close(2 * held["gradients"][key], gradient, atol=2e-5 * scale, rtol=1e-4)
