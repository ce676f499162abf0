"""A probe of a training, run as a fresh process: base, adapter and rows are real, and a few batches are measured.

`python -m codebase_gardener.training.torch_probe REQUEST` prints one JSON object; `training.probe` starts it.
"""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import asdict
from math import ceil
from pathlib import Path
from typing import Any

import torch

from codebase_gardener.bases.resolution import Base
from codebase_gardener.bases.torch_loading import load_model, load_tokenizer
from codebase_gardener.dataset.writer import load_dataset
from codebase_gardener.training.encoding import rows_to_train
from codebase_gardener.training.fast.torch_path import fast_path
from codebase_gardener.training.probe import Probe, ProbeRequest
from codebase_gardener.training.spec import TrainingSpec
from codebase_gardener.training.torch_device import (
    MOMENT_BYTES,
    measure_gemm,
    peak_bytes,
    pick_device,
    pick_dtype,
    set_threads,
)
from codebase_gardener.training.torch_engine import all_batches, plan_run, steps_of
from codebase_gardener.training.torch_method import add_adapter
from codebase_gardener.training.validation import encode_sides, look_every, tokens_at_most
from codebase_gardener.utils.allocator import keep_freed_memory
from codebase_gardener.utils.error_handling import CodebaseGardenerError
from codebase_gardener.utils.files import read_json

__all__ = ["probe_training"]


def probe_training(base: Base, dataset: Path, spec: TrainingSpec, device: str) -> Probe:
    """Load, encode and measure what the worker would, up to its first optimizer step.

    Args:
        base: The base model.
        dataset: Folder of the published rows.
        spec: The options; with `steps` given, their time is predicted, else the steps that fit the minutes.
        device: As the settings say.

    Raises:
        CodebaseGardenerError: Whatever is wrong with the rows, the base or the options.
    """
    started = time.perf_counter()
    found = pick_device(device)
    threads = set_threads(spec.threads)
    rates = measure_gemm(found)
    dtype = pick_dtype(spec.dtype, rates)
    torch.manual_seed(spec.seed)
    tokenizer = load_tokenizer(base.path)
    model = add_adapter(
        load_model(base.path, dtype=dtype, device=found, quantization=spec.quantization), spec, base
    )
    most = tokens_at_most(spec, base.weight_bytes, rates)
    sides = encode_sides(rows_to_train(load_dataset(dataset)), tokenizer, spec, most_tokens=most)
    encoded = sides.train
    batches = all_batches(encoded, spec)
    model.train()
    if spec.gradient_checkpointing:
        model.gradient_checkpointing_enable({"use_reentrant": False})
    fixed: dict[str, Any] = {
        "dtype": dtype,
        "device": found,
        "threads": threads,
        "gemm_gflops": asdict(rates),
    }
    timed = spec.model_copy(update={"steps": 0})  # a run of fixed steps is not timed by plan_run
    with fast_path(model, encoded.rows, spec.fast_path) as path:
        plan = plan_run(model, sides, batches, timed, path=path, pad_id=tokenizer.eos_token_id, fixed=fixed)
    per_step = spec.gradient_accumulation_steps
    steps = min(spec.steps, steps_of(batches, spec)) if spec.steps else plan.steps
    every = look_every(steps, sides.look_tokens) if spec.steps else plan.look_every
    used = batches[: steps * per_step]
    trained = sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
    return Probe(
        **fixed,
        steps=steps,
        rows=encoded.there,
        examples=sum(len(batch) for batch in used),
        padded_tokens=sum(path.tokens([len(encoded.rows[n].ids) for n in batch]) for batch in used),
        largest_batch_tokens=max(path.tokens([len(encoded.rows[n].ids) for n in batch]) for batch in batches),
        tokens_per_s=plan.tokens_per_s,
        trained_parameters=trained,
        peak_bytes=peak_bytes(found) + MOMENT_BYTES * trained,
        look_tokens=(ceil(steps / every) + 1) * sides.look_tokens if every else 0.0,
        fast_path=path.parts,
        left_out=path.left_out,
        probe_s=time.perf_counter() - started,
    )


def main(path: str) -> int:
    """Answer a request; an error is an answer too."""
    keep_freed_memory()
    os.environ["HF_HUB_OFFLINE"] = "1"
    request = ProbeRequest.from_dict(read_json(Path(path)))
    answer: dict[str, Any]
    try:
        answer = probe_training(request.base, request.dataset, request.training, request.device).as_dict()
    except CodebaseGardenerError as error:
        answer = error.as_dict()
    print(json.dumps(answer))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
