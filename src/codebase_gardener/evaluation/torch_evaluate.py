"""An adapter from disk, its dataset's held-out functions, and the verdict."""

from __future__ import annotations

from pathlib import Path

import torch

from codebase_gardener.adapters.files import check_adapter_files
from codebase_gardener.adapters.torch_live_base import LiveBase
from codebase_gardener.bases.resolution import Base
from codebase_gardener.dataset.writer import load_dataset
from codebase_gardener.evaluation.torch_arms import (
    general_loss,
    measure_arms,
    measure_fill_in,
    sample_rows,
)
from codebase_gardener.evaluation.verdict import Verdict, judge
from codebase_gardener.training.fast.torch_path import fast_path
from codebase_gardener.training.torch_device import set_threads
from codebase_gardener.utils.allocator import keep_freed_memory
from codebase_gardener.utils.error_handling import DatasetError
from codebase_gardener.utils.progress import Progress, silent

__all__ = ["evaluate_adapter"]


def evaluate_adapter(
    adapter: Path,
    base: Base,
    dataset: Path,
    *,
    device: str,
    dtype: str = "auto",
    limit: int,
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
        progress: Functions measured, over all arms.

    Raises:
        DatasetError: Nothing was held out.
    """
    functions = load_dataset(dataset).heldout[:limit]
    if not functions:
        raise DatasetError(
            "nothing was held out, so there is nothing to measure on",
            hint="the repository needs at least two files with functions; or bring more rows of your own",
        )
    keep_freed_memory()
    set_threads(0)
    files = check_adapter_files(adapter)
    quantization = files.quantization if files.is_of_quantized_base else "none"
    live = LiveBase(base.path, device=device, dtype=dtype, quantization=quantization)
    live.attach(files, "evaluated")
    model = live.to_peft("evaluated")  # PEFT's own modules; the fast path is compared with them
    with torch.no_grad(), fast_path(model, sample_rows(functions, live.tokenizer)) as path:
        measured = measure_arms(model, live.tokenizer, functions, path=path, progress=progress)
        fill_in = measure_fill_in(model, live.tokenizer, functions, path=path)
        return judge(measured, general_loss(model, live.tokenizer, path), fill_in)
