"""What the rules of advice rest on, measured: DoRA and checkpointing in seconds of CPU, rsLoRA at high ranks in loss.

python benchmarks/advice.py --steps 100

Times are CPU seconds of one thread, so that other programs disturb them little.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from codebase_gardener.bases.resolution import Base, resolve_base
from codebase_gardener.dataset.assembly import generate_dataset
from codebase_gardener.dataset.writer import load_dataset, write_dataset
from codebase_gardener.jobs.directory import JobDirectory
from codebase_gardener.jobs.spec import JobSpec
from codebase_gardener.repository.snapshot import take_snapshot
from codebase_gardener.training.spec import TrainingSpec, parse_spec
from codebase_gardener.utils.allocator import keep_freed_memory

SHORT = {"validation_rows": 0, "batch_tokens": 256, "max_length": 256, "batch_size": 2, "threads": 1}
RANKS: dict[str, dict[str, Any]] = {
    "r=16": {"r": 16},
    "r=64": {"r": 64},
    "r=64, rsLoRA": {"r": 64, "use_rslora": True},
    "r=64, rsLoRA, alpha 16": {"r": 64, "use_rslora": True, "lora_alpha": 16},
    "r=128": {"r": 128},
    "r=128, rsLoRA": {"r": 128, "use_rslora": True},
    "r=128, rsLoRA, alpha 23": {"r": 128, "use_rslora": True, "lora_alpha": 23},
}
TOKENS = 256


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--steps", type=int, default=100, help="of each run with another rank; 0 leaves them out"
    )
    parser.add_argument("--ranks", nargs="+", default=list(RANKS), choices=list(RANKS))
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--source", default=str(Path(__file__).parents[1]), help="repository to train on")
    parser.add_argument("--bases", type=Path, help="folder with the converted embedded base")
    parser.add_argument("--json", dest="as_json", action="store_true")
    options = parser.parse_args()
    keep_freed_memory()
    with tempfile.TemporaryDirectory() as folder:
        base = resolve_base("smollm2-135m", options.bases or Path(folder) / "bases")
        rows = _overheads(base, options.repeat)
        if options.steps:
            rows += _ranks(base, Path(folder), options)
        if options.as_json:
            print(json.dumps(rows, indent=1))


@dataclass(frozen=True)
class Subject:
    """A model whose overhead is measured."""

    options: dict[str, Any] | None
    merged: bool = False


SUBJECTS = {
    "base": Subject(None),
    "LoRA": Subject({}),
    "DoRA": Subject({"use_dora": True}),
    "DoRA, merged": Subject({"use_dora": True}, merged=True),
    "LoRA, checkpointing": Subject({"gradient_checkpointing": True}),
}


def _overheads(base: Base, repeat: int) -> list[dict[str, Any]]:
    """CPU seconds of a forward without gradients over one token and over 256, and of a training step over 256."""
    import torch

    torch.set_num_threads(1)
    rows = []
    for name, subject in SUBJECTS.items():
        model = _model(base, subject)
        row: dict[str, Any] = {
            "what": name,
            "one_token_s": _seconds(partial(_forward, model, 1), repeat),
            "prompt_s": _seconds(partial(_forward, model, TOKENS), repeat),
        }
        if subject.options is not None and not subject.merged:
            row["step_s"] = _seconds(partial(_step, model), repeat)
        figures = ", ".join(f"{key} {value:.3f}" for key, value in row.items() if key != "what")
        print(f"{name:<20} {figures}", flush=True)
        rows.append(row)
    return rows


def _model(base: Base, subject: Subject) -> Any:
    from codebase_gardener.bases.torch_loading import load_model
    from codebase_gardener.training.torch_method import add_adapter

    model = load_model(base.path, dtype="bfloat16")
    if subject.options is None:
        return model
    spec = TrainingSpec(**subject.options)
    model = add_adapter(model, spec, base)
    if spec.gradient_checkpointing:
        model.gradient_checkpointing_enable({"use_reentrant": False})
    return model.merge_and_unload() if subject.merged else model


def _seconds(call: Callable[[], None], repeat: int) -> float:
    """The median of CPU seconds, after one call that does not count."""
    call()
    seconds = []
    for _ in range(repeat):
        started = time.process_time()
        call()
        seconds.append(time.process_time() - started)
    return statistics.median(seconds)


def _batch(tokens: int) -> dict[str, Any]:
    import torch

    ids = torch.arange(100, 100 + tokens)[None]
    return {
        "input_ids": ids,
        "labels": ids.clone(),
        "attention_mask": torch.ones_like(ids),
        "position_ids": torch.arange(tokens)[None],
    }


def _forward(model: Any, tokens: int) -> None:
    import torch

    inputs = {name: value for name, value in _batch(tokens).items() if name != "labels"}
    model.eval()
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        model(**inputs, use_cache=False)


def _step(model: Any) -> None:
    import torch
    from peft.helpers import disable_input_dtype_casting

    from codebase_gardener.training.fast.torch_batch import supervised_losses

    model.train()
    with torch.autocast("cpu", torch.bfloat16), disable_input_dtype_casting(model, active=True):
        loss = supervised_losses(model, _batch(TOKENS)).losses_N.mean()
    loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
    model.zero_grad(set_to_none=True)


def _ranks(base: Base, folder: Path, options: argparse.Namespace) -> list[dict[str, Any]]:
    """The smoothed loss after the steps, on the same batches."""
    from codebase_gardener.jobs.torch_run import run_job

    dataset = folder / "dataset"
    write_dataset(generate_dataset(take_snapshot(options.source)), dataset)
    rows = []
    for name in options.ranks:
        directory = JobDirectory(folder / f"job-{len(rows)}")
        directory.path.mkdir()
        spec = parse_spec({**SHORT, **RANKS[name], "steps": options.steps})
        directory.write_spec(
            JobSpec(
                base=base,
                dataset=dataset,
                dataset_hash=load_dataset(dataset).hash,
                device="cpu",
                training=spec,
            )
        )
        result = run_job(directory, "bench/rank@1")
        rows.append(
            {
                "what": name,
                "steps": result.steps,
                "first_loss": result.first_loss,
                "last_loss": result.last_loss,
            }
        )
        print(
            f"{name:<24} loss {result.first_loss:.3f} to {result.last_loss:.3f} in {result.steps} steps",
            flush=True,
        )
    return rows


if __name__ == "__main__":
    main()
