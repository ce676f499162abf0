"""An adapter from disk, its dataset's held-out functions, and the verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import torch

from codebase_gardener.adapters.files import check_adapter_files
from codebase_gardener.adapters.torch_live_base import LiveBase
from codebase_gardener.bases.resolution import Base
from codebase_gardener.bases.torch_loading import load_tokenizer
from codebase_gardener.dataset.heldout import HeldoutFunction
from codebase_gardener.dataset.writer import load_dataset
from codebase_gardener.evaluation.across_bases import same_bodies
from codebase_gardener.evaluation.measuring import (
    heldout_functions,
    measure_bodies,
    measured_verdict,
    sample_rows,
)
from codebase_gardener.evaluation.metrics import Measurement
from codebase_gardener.evaluation.parent import Parent
from codebase_gardener.evaluation.torch_scorer import TorchScorer
from codebase_gardener.evaluation.verdict import Verdict
from codebase_gardener.memory.building import build_memory
from codebase_gardener.memory.recall import Memory
from codebase_gardener.repository.snapshot import Snapshot
from codebase_gardener.training.fast.torch_path import fast_path
from codebase_gardener.training.torch_device import set_threads
from codebase_gardener.utils.allocator import keep_freed_memory
from codebase_gardener.utils.progress import Progress, silent

__all__ = ["evaluate_adapter", "measure_across", "measured_model"]


def evaluate_adapter(
    adapter: Path,
    base: Base,
    dataset: Path,
    *,
    device: str,
    dtype: str = "auto",
    limit: int,
    snapshot: Snapshot | None = None,
    parent: Parent | None = None,
    fill_in: bool = True,
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
        parent: The version that the adapter went on from: a further arm.
        fill_in: Whether middles are measured, too.
        progress: Functions measured, over all arms.

    Raises:
        DatasetError: Nothing was held out.
    """
    rows = load_dataset(dataset)
    functions = heldout_functions(rows, limit)
    held_out = {*rows.report.heldout_files, *(function.path for function in functions)}
    live = _live_base(adapter, base, device, dtype)
    with ExitStack() as stack:
        beside = None
        building = None
        if snapshot is not None:  # mostly the tokenizer's work, which needs no Python
            thread = stack.enter_context(ThreadPoolExecutor(1, "memory"))
            building = thread.submit(build_memory, snapshot, live.tokenizer, without=held_out)
        memory = building.result if building is not None else None
        _, scorer = stack.enter_context(_scoring(live, adapter, functions, memory))
        if parent is not None:
            _, other = stack.enter_context(_scoring(live, parent.directory, functions))
            beside = (parent, other)
        return measured_verdict(scorer, functions, progress, parent=beside, fill_in=fill_in)


def measure_across(
    adapters: Sequence[tuple[Path, Base]],
    dataset: Path,
    *,
    device: str,
    dtype: str,
    limit: int,
    progress: Progress = silent,
) -> list[list[Measurement]]:
    """Measure adapters of different bases on the same bodies, with retrieved code; one base is in memory at a time.

    Args:
        adapters: Their published folders, and what each was trained on.
        dataset: What all of them were trained from.
        device: As the settings say.
        dtype: What is computed in.
        limit: Functions at most.
        progress: Functions measured, over all adapters.

    Raises:
        DatasetError: Nothing was held out.
    """
    tokenizers = [load_tokenizer(base.path) for _, base in adapters]
    functions = same_bodies(heldout_functions(load_dataset(dataset), limit), tokenizers)
    total = len(adapters) * len(functions)
    measured: list[list[Measurement]] = []
    for adapter, base in adapters:
        before = len(measured) * len(functions)
        with measured_model(adapter, base, functions, device=device, dtype=dtype) as (_, scorer):
            told = partial(_told, progress, before, total)
            measured.append(measure_bodies(scorer, functions, progress=told))
    return measured


def _told(progress: Progress, before: int, total: int, done: int, _: int) -> None:
    progress(before + done, total)


@contextmanager
def measured_model(
    adapter: Path,
    base: Base,
    functions: Sequence[HeldoutFunction],
    *,
    device: str,
    dtype: str,
) -> Iterator[tuple[Any, TorchScorer]]:
    """The PEFT model of an adapter, and what scores rows with it, for a block.

    Args:
        adapter: Its published folder.
        base: What it was trained on.
        functions: Some are used to check the fast path.
        device: As the settings say.
        dtype: What is computed in.
    """
    with _scoring(_live_base(adapter, base, device, dtype), adapter, functions) as opened:
        yield opened


def _live_base(adapter: Path, base: Base, device: str, dtype: str) -> LiveBase:
    keep_freed_memory()
    set_threads(0)
    files = check_adapter_files(adapter)
    quantization = files.quantization if files.is_of_quantized_base else "none"
    return LiveBase(base.path, device=device, dtype=dtype, quantization=quantization)


@contextmanager
def _scoring(
    live: LiveBase,
    adapter: Path,
    functions: Sequence[HeldoutFunction],
    memory: Callable[[], Memory] | None = None,
) -> Iterator[tuple[Any, TorchScorer]]:
    name = str(adapter)
    live.attach(check_adapter_files(adapter), name)
    model = live.to_peft(name)  # PEFT's own modules; the fast path is compared with them
    with torch.no_grad(), fast_path(model, sample_rows(functions, live.tokenizer)) as path:
        yield model, TorchScorer(model, live.tokenizer, path, memory() if memory is not None else None)
