"""A merged adapter's tensors and config, as PEFT reads them: streamed from the inputs' files to the result's."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from codebase_gardener.adapters.files import CONFIG, WEIGHTS
from codebase_gardener.adapters.torch_factors import FactorReader, Kind
from codebase_gardener.adapters.torch_safetensors import TensorWriter
from codebase_gardener.merging.methods import MergeMethod, merge_method
from codebase_gardener.merging.torch_modules import (
    Merged,
    Part,
    merge_dense,
    merge_factors,
    merge_sums,
    result_rank,
)
from codebase_gardener.utils.error_handling import AdapterError
from codebase_gardener.utils.files import write_json
from codebase_gardener.utils.progress import Progress

__all__ = ["LabelledReader", "module_kinds", "module_seed", "predicted_error", "write_merged_files"]

_SAMPLED = 1 << 22  # entries that a prediction works with, or one module's
_BUDGET = 1 << 18  # entries of the result's factors that are merged together: 1 MB, or one module

# options of a LoraConfig that say where and how the inputs were begun or trained, not what they are
_RESET: dict[str, Any] = {
    "alpha_pattern": {},
    "exclude_modules": None,
    "init_lora_weights": True,
    "layers_pattern": None,
    "layers_to_transform": None,
    "loftq_config": {},
    "lora_dropout": 0.0,
    "rank_pattern": {},
    "use_rslora": False,
}

LabelledReader = tuple[float, str, FactorReader]
"""Weight, name and file of one input."""


@dataclass(frozen=True)
class _Chunk:
    """Modules that are merged together.

    Attributes:
        names: Their paths.
        kinds: Of each input; None where it leaves these modules alone.
        rank: Of the result.
        bias: Whether the result has one: PEFT gives one to all modules or to none.
    """

    names: tuple[str, ...]
    kinds: tuple[Kind | None, ...]
    rank: int
    bias: bool

    @property
    def kind(self) -> Kind:
        """Of the first input that has these modules: how the result is stored."""
        return next(kind for kind in self.kinds if kind is not None)

    def plan(self) -> Iterator[tuple[str, tuple[torch.dtype, tuple[int, ...]]]]:
        """Names and shapes of the tensors, in the order they are written in."""
        shape_a, shape_b = self.kind.shapes
        a, b = (self.rank, *shape_a[1:]), (shape_b[0], self.rank, *shape_b[2:])
        suffixes = (
            ("lora_embedding_A", "lora_embedding_B")
            if self.kind.embedding
            else ("lora_A.weight", "lora_B.weight")
        )
        for suffix, shape in zip(suffixes, (a, b), strict=True):
            yield from ((f"{name}.{suffix}", (torch.float32, shape)) for name in self.names)
        if self.bias:
            yield from ((f"{name}.lora_B.bias", (torch.float32, shape_b[:1])) for name in self.names)


def write_merged_files(
    inputs: Sequence[LabelledReader], spec: Any, folder: Path, progress: Progress
) -> dict[str, dict[str, float]]:
    """Merge, and write `adapter_model.safetensors` and `adapter_config.json`; every module's scale is 1.

    Args:
        inputs: Open for reading.
        spec: A `MergeSpec`.
        folder: Empty.
        progress: Called with modules done.

    Returns:
        Module → rank, error, norm.

    Raises:
        AdapterError: The inputs' shapes differ, or with space "factors" their ranks; NaN or infinity.
    """
    method, readers = merge_method(spec.method), [reader for _, _, reader in inputs]
    chunks = _chunks(module_kinds(inputs), inputs, spec, method)
    copies = _common_copies(readers)
    plan = {name: entry for chunk in chunks for name, entry in chunk.plan()}
    plan |= {name: (tensor.dtype, tuple(tensor.shape)) for name, tensor in copies.items()}
    rows: dict[str, dict[str, float]] = {}
    total = sum(len(chunk.names) for chunk in chunks)
    with TensorWriter(folder / WEIGHTS, plan) as writer:
        for chunk in chunks:
            with _few_threads(method.dense and spec.space == "delta"):
                merged = _merge_chunk(chunk, inputs, spec, method)
            writer.write(merged.a)
            writer.write(merged.b)
            if chunk.bias:
                writer.write(torch.zeros(merged.b.shape[:2]) if merged.bias is None else merged.bias)
            for name, error, norm in zip(
                chunk.names, merged.error.tolist(), merged.norm.tolist(), strict=True
            ):
                rows[name] = {"rank": chunk.rank, "error": error, "norm": norm}
            for reader in readers:
                reader.release()
            progress(len(rows), total)
        for tensor in copies.values():
            writer.write(tensor)
    write_json(folder / CONFIG, _config(chunks, [reader.files.config for reader in readers]))
    return rows


def predicted_error(inputs: Sequence[LabelledReader], spec: Any) -> tuple[float, int, int]:
    """What a merge's error will be, from a sample of modules that are merged and let go.

    The sample is spread over the layers, for each name that ends a module's path; modules of one such name and
    kind stand for each other. Where the result can hold the sum nothing is read: the error is 0, but for rounding.

    Args:
        inputs, spec: As `write_merged_files` takes them.

    Returns:
        The error, the modules that were merged for it, and how many there are.

    Raises:
        AdapterError: As `write_merged_files`.
    """
    method, modules = merge_method(spec.method), module_kinds(inputs)
    chunks = _chunks(modules, inputs, spec, method)
    if spec.space == "delta" and all(_is_exact(chunk, method, spec) for chunk in chunks):
        return 0.0, 0, len(modules)
    groups: dict[tuple[str, tuple[Kind | None, ...]], list[str]] = {}
    for name, kinds in modules.items():
        groups.setdefault((name.rpartition(".")[2], kinds), []).append(name)
    chosen = _spread_sample(list(groups.values()), {name: _entries(chunk, method)
                                                    for chunk in chunks for name in chunk.names})  # fmt: skip
    squares: dict[str, tuple[float, float]] = {}
    for chunk in _chunks({name: modules[name] for name in chosen}, inputs, spec, method):
        with _few_threads(False):
            merged = _merge_chunk(chunk, inputs, spec, method)
        off = (merged.norm * merged.error) ** 2
        squares |= zip(chunk.names, zip(off.tolist(), (merged.norm**2).tolist(), strict=True), strict=True)
    off_squared = norm_squared = 0.0
    for names in groups.values():
        known = [squares[name] for name in names if name in squares]
        off_squared += len(names) * sum(one for one, _ in known) / max(1, len(known))
        norm_squared += len(names) * sum(one for _, one in known) / max(1, len(known))
    return (off_squared / norm_squared) ** 0.5 if norm_squared else 0.0, len(squares), len(modules)


def _is_exact(chunk: _Chunk, method: MergeMethod, spec: Any) -> bool:
    ranks = [kind.rank for kind in chunk.kinds if kind is not None]
    return not _is_dense(method, len(ranks), spec.density) and sum(ranks) <= chunk.rank


def _entries(chunk: _Chunk, method: MergeMethod) -> int:
    """What one module's merge works with: its whole weight change, or its factors."""
    rows, columns = chunk.kind.size
    return rows * columns if method.dense else chunk.rank * (rows + columns)


def _spread_sample(groups: Sequence[Sequence[str]], entries: Mapping[str, int]) -> list[str]:
    """Names by turns from each group until it is enough: first those that lie far apart there."""
    orders = [
        sorted(range(len(names)), key=lambda place: (-(place & -place), place)) for names in groups
    ]  # the places that the largest power of two divides
    taken, chosen = 0, list[str]()
    for turn in range(max(map(len, groups))):
        for names, order in zip(groups, orders, strict=True):
            if turn < len(order):
                name = names[order[turn]]
                if chosen and taken + entries[name] > _SAMPLED:
                    return chosen
                chosen.append(name)
                taken += entries[name]
    return chosen


@contextmanager
def _few_threads(large: bool) -> Iterator[None]:
    """One thread for small products: a second one gains nothing, and waits where other programs have the core."""
    threads = torch.get_num_threads()
    try:
        if not large:
            torch.set_num_threads(1)
        yield
    finally:
        torch.set_num_threads(threads)


def module_kinds(inputs: Sequence[LabelledReader]) -> dict[str, tuple[Kind | None, ...]]:
    """Every module that an input changes, with what each input has there.

    Raises:
        AdapterError: The sizes differ.
    """
    names = dict.fromkeys(module for _, _, reader in inputs for module in reader.modules)
    found = {name: tuple(reader.kind(name) for _, _, reader in inputs) for name in names}
    for name, kinds in found.items():
        sizes = {
            label: kind.size for (_, label, _), kind in zip(inputs, kinds, strict=True) if kind is not None
        }
        if len(set(sizes.values())) > 1:
            raise AdapterError(
                f"{name} has different sizes: {', '.join(f'{label} {size}' for label, size in sizes.items())}",
                hint="merge adapters of one base",
            )
    return found


def module_seed(seed: int, name: str) -> int:
    """One seed for each module: its dice do not depend on which modules came before."""
    return (seed ^ zlib.crc32(name.encode())) & 0xFFFF_FFFF


def _chunks(
    modules: Mapping[str, tuple[Kind | None, ...]],
    inputs: Sequence[LabelledReader],
    spec: Any,
    method: MergeMethod,
) -> list[_Chunk]:
    """Modules of one kind together, as many as the budget allows."""
    bias = _has_bias(modules)
    groups: dict[tuple[Kind | None, ...], list[str]] = {}
    for name, kinds in modules.items():
        groups.setdefault(kinds, []).append(name)
    chunks = []
    for kinds, names in groups.items():
        rank = _rank(names[0], kinds, inputs, spec, method)
        size = next(kind.size for kind in kinds if kind is not None)
        step = max(1, _BUDGET // (rank * sum(size)))
        chunks += [
            _Chunk(tuple(names[start : start + step]), kinds, rank, bias)
            for start in range(0, len(names), step)
        ]
    return chunks


def _has_bias(modules: Mapping[str, tuple[Kind | None, ...]]) -> bool:
    """Whether an input has biases in B.

    Raises:
        AdapterError: An embedding is adapted too: PEFT has no such adapter.
    """
    kinds = {kind for of_module in modules.values() for kind in of_module if kind is not None}
    bias = any(kind.bias for kind in kinds)
    if bias and any(kind.embedding for kind in kinds):
        raise AdapterError(
            "one of the adapters has a bias in B (lora_bias), one adapts an embedding: PEFT has no adapter with both",
            hint="leave one of them out, or merge them into the base with --into-base",
        )
    return bias


def _rank(
    name: str,
    kinds: tuple[Kind | None, ...],
    inputs: Sequence[LabelledReader],
    spec: Any,
    method: MergeMethod,
) -> int:
    given = [kind for kind in kinds if kind is not None]
    ranks = [kind.rank for kind in given]
    if spec.space == "delta":
        dense = _is_dense(method, len(given), spec.density)
        return result_rank(method, ranks, given[0].size, spec.rank, dense=dense)
    if len(set(ranks)) > 1:
        told = (
            f"{label} {kind.rank}"
            for (_, label, _), kind in zip(inputs, kinds, strict=True)
            if kind is not None
        )
        raise AdapterError(
            f"{name}: the factors have different ranks ({', '.join(told)})",
            hint="leave out --space factors: weight changes may differ in rank",
        )
    return ranks[0]


def _is_dense(method: MergeMethod, count: int, density: float) -> bool:
    return method.dense and (count > 1 or density < 1)


def _merge_chunk(chunk: _Chunk, inputs: Sequence[LabelledReader], spec: Any, method: MergeMethod) -> Merged:
    parts: list[Part] = [
        (weight, reader.read(chunk.names))
        for (weight, _, reader), kind in zip(inputs, chunk.kinds, strict=True)
        if kind is not None
    ]
    seeds = [module_seed(spec.seed, name) for name in chunk.names]
    if spec.space == "factors":
        return merge_factors(parts, method, density=spec.density, seeds=seeds)
    if _is_dense(method, len(parts), spec.density):
        return merge_dense(parts, method, rank=chunk.rank, density=spec.density, seeds=seeds)
    return merge_sums(parts, chunk.rank)


def _common_copies(readers: Sequence[FactorReader]) -> dict[str, Tensor]:
    """Copies of base tensors that the inputs carry, which must be the same in all.

    Raises:
        AdapterError: They differ: the bases differ, or were trained.
    """
    found: dict[str, Tensor] = {}
    for reader in readers:
        for name in reader.copies:
            tensor = reader.copy(name)
            if not torch.equal(found.setdefault(name, tensor), tensor):
                raise AdapterError(
                    f"{name} differs between the adapters, and copies of base weights do not add up",
                    hint="merge adapters of one base",
                )
    return found


def _config(chunks: Sequence[_Chunk], configs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    ranks = {name.removeprefix("base_model.model."): chunk.rank for chunk in chunks for name in chunk.names}
    rank = Counter(ranks.values()).most_common(1)[0][0]
    others = {name: value for name, value in ranks.items() if value != rank}
    return {
        **configs[0],
        **{name: value for name, value in _RESET.items() if name in configs[0]},
        "r": rank,
        "lora_alpha": rank,
        "rank_pattern": others,
        "alpha_pattern": others,
        "target_modules": _targets(list(ranks), configs),
        "lora_bias": any(chunk.bias for chunk in chunks),
        "inference_mode": True,
    }


def _targets(modules: Sequence[str], configs: Sequence[Mapping[str, Any]]) -> list[str]:
    """Short names where they mean the same modules for all inputs, else every module in full."""
    given = [config.get("target_modules") for config in configs]
    narrowed = any(config.get("layers_to_transform") or config.get("exclude_modules") for config in configs)
    named = [set(targets) if isinstance(targets, list) else None for targets in given]
    if narrowed or named[0] is None or any(targets != named[0] for targets in named):
        return sorted(modules)
    return sorted(named[0])
