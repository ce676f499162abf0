"""An adapter from disk, its dataset's held-out functions, and the verdict."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from codebase_gardener.adapters.files import check_adapter_files
from codebase_gardener.adapters.torch_live_base import LiveBase
from codebase_gardener.bases.resolution import Base
from codebase_gardener.dataset.heldout import HeldoutFunction
from codebase_gardener.dataset.writer import load_dataset
from codebase_gardener.evaluation.measuring import heldout_functions, measured_verdict, sample_rows
from codebase_gardener.evaluation.torch_scorer import TorchScorer
from codebase_gardener.evaluation.verdict import Verdict
from codebase_gardener.memory.building import build_memory
from codebase_gardener.repository.snapshot import Snapshot
from codebase_gardener.training.fast.torch_path import fast_path
from codebase_gardener.training.torch_device import set_threads
from codebase_gardener.utils.allocator import keep_freed_memory
from codebase_gardener.utils.progress import Progress, silent

__all__ = ["evaluate_adapter", "measured_model"]


def evaluate_adapter(
    adapter: Path,
    base: Base,
    dataset: Path,
    *,
    device: str,
    dtype: str = "auto",
    limit: int,
    snapshot: Snapshot | None = None,
    progress: Progress = silent,
) -> Verdict:
    """Measure an adapter in four arms on held-out functions, and on middles of them.

    Args:
        adapter: Its published folder.
        base: What it was trained on.
        dataset: What it was trained from: its held-out files are in no row and not in the index.
        device: As the settings say.
        dtype: What is computed in: that of answers.
        limit: Functions at most; spread over the held-out files.
        snapshot: What the dataset was made of: the arms are measured with its memory, too.
        progress: Functions measured, over all arms.

    Raises:
        DatasetError: Nothing was held out.
    """
    functions = heldout_functions(dataset, limit)
    held_out = {*load_dataset(dataset).report.heldout_files, *(function.path for function in functions)}
    opened = measured_model(
        adapter, base, functions, device=device, dtype=dtype, snapshot=snapshot, held_out=held_out
    )
    with opened as (_, scorer):
        return measured_verdict(scorer, functions, progress)


@contextmanager
def measured_model(
    adapter: Path,
    base: Base,
    functions: Sequence[HeldoutFunction],
    *,
    device: str,
    dtype: str,
    snapshot: Snapshot | None = None,
    held_out: Collection[str] = (),
) -> Iterator[tuple[Any, TorchScorer]]:
    """The PEFT model of an adapter, and what scores rows with it, for a block.

    Args:
        adapter: Its published folder.
        base: What it was trained on.
        functions: Some are used to check the fast path.
        device: As the settings say.
        dtype: What is computed in.
        snapshot: Rows are scored with its memory, too.
        held_out: Files that are not in that memory.
    """
    keep_freed_memory()
    set_threads(0)
    files = check_adapter_files(adapter)
    quantization = files.quantization if files.is_of_quantized_base else "none"
    live = LiveBase(base.path, device=device, dtype=dtype, quantization=quantization)
    live.attach(files, "evaluated")
    model = live.to_peft("evaluated")  # PEFT's own modules; the fast path is compared with them
    memory = build_memory(snapshot, live.tokenizer, without=held_out) if snapshot is not None else None
    with torch.no_grad(), fast_path(model, sample_rows(functions, live.tokenizer)) as path:
        yield model, TorchScorer(model, live.tokenizer, path, memory)
