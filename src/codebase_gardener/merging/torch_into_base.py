"""Merging adapters into their base: tensor by tensor from file to file, shard by shard; no model is ever loaded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from codebase_gardener.adapters.files import AdapterFiles
from codebase_gardener.adapters.torch_safetensors import MappedTensors, TensorWriter
from codebase_gardener.bases.torch_loading import DTYPES, base_skeleton
from codebase_gardener.merging.methods import MergeMethod
from codebase_gardener.merging.torch_files import module_seed
from codebase_gardener.merging.torch_sparsify import combined, sparsified
from codebase_gardener.merging.torch_task_vectors import TaskVectors
from codebase_gardener.utils.error_handling import AdapterError, ModelError
from codebase_gardener.utils.files import read_json, write_json
from codebase_gardener.utils.progress import Progress

__all__ = ["base_shards", "name_candidates", "write_merged_base"]

_INDEX = "model.safetensors.index.json"
_FLOATS = (torch.float32, torch.float16, torch.bfloat16, torch.float64)
_PREFIXES = ("model.", "transformer.")  # what some checkpoints leave out, and transformers puts before

Change = Callable[[str, Tensor], Tensor | None]
"""Name and float32 values of a base tensor → what the merge adds to it, or None."""


def write_merged_base(
    adapters: Sequence[tuple[float, AdapterFiles]],
    base: Path,
    folder: Path,
    *,
    method: MergeMethod,
    density: float,
    seed: int,
    dtype: str | None,
    progress: Progress,
) -> dict[str, Any]:
    """Write the base's config and safetensors, with the adapters merged in.

    Args:
        adapters: Weights and checked files.
        base: The base's folder.
        folder: An empty folder.
        method: On task vectors: of each tensor, what the adapter alone would add to it.
        density: Share of entries that sparse methods keep.
        seed: For DARE.
        dtype: A key of `DTYPES`; None: each tensor keeps the base's own.
        progress: Tensors done.

    Returns:
        tensors, changed, untied.

    Raises:
        AdapterError: An adapter that does not fit the base, or cannot be merged.
        ModelError: The base's files are quantized.
    """
    skeleton = base_skeleton(base)
    tied: dict[str, str] = dict(getattr(skeleton, "all_tied_weights_keys", None) or {})
    vectors = [(weight, TaskVectors(files, skeleton)) for weight, files in adapters]
    untied = _untied([vector for _, vector in vectors], tied)
    shards = {file.name: MappedTensors(file) for file in base_shards(base)}
    places = _places(vectors, shards, tied, untied)
    written: dict[str, str] = {}
    done, changed, size = 0, 0, 0
    total = sum(len(shard.names) for shard in shards.values())
    for name, shard in shards.items():
        extra = {head: source for head, source in untied.items() if places[source] in shard}
        plan = _plan(shard, {head: places[source] for head, source in extra.items()}, dtype)
        of_file = {place: target for target, place in places.items()}
        with TensorWriter(folder / name, plan, shard.metadata or {"format": "pt"}) as writer:
            for key, (kind, _) in plan.items():
                head = key in extra
                stored = shard[places[extra[key]]] if head else shard[key]
                target = key if head else of_file.get(key)
                change = _merged_change(target, stored, vectors, untied, method, density, seed)
                changed += change is not None
                writer.write((stored if change is None else stored.float() + change).to(kind))
                size += kind.itemsize * stored.numel()
                written[key] = name
                done += not head
                shard.release()
                progress(done, total)
    _write_index(base, folder, written, size)
    _write_config(base, folder, dtype, untied=bool(untied))
    return {"tensors": total, "changed": changed, "untied": sorted(untied)}


def base_shards(base: Path) -> list[Path]:
    """A model's safetensors files."""
    index = base / _INDEX
    if index.is_file():
        names = sorted(set(read_json(index)["weight_map"].values()))
        return [base / Path(name).name for name in names]
    return sorted(base.glob("*.safetensors"))


def name_candidates(name: str) -> list[str]:
    """What a file may call a tensor of the model."""
    return [
        name,
        *(f"{prefix}{name}" for prefix in _PREFIXES),
        *(name.removeprefix(prefix) for prefix in _PREFIXES),
    ]


def _untied(vectors: Sequence[TaskVectors], tied: Mapping[str, str]) -> dict[str, str]:
    """Tied tensors that need values of their own: PEFT changes one of the two. Tied tensor → the one it shared."""
    return {
        head: source
        for head, source in tied.items()
        for vector in vectors
        if not vector.files.config.get("ensure_weight_tying")
        and any(name in vector.changes and name not in vector.tokens for name in (head, source))
    }


def _places(
    vectors: Sequence[tuple[float, TaskVectors]],
    shards: Mapping[str, MappedTensors],
    tied: Mapping[str, str],
    untied: Mapping[str, str],
) -> dict[str, str]:
    """Tensor as the model names it → as the base's files do, for all that is changed."""
    wanted = {
        tied[name] if name in tied and name not in untied else name
        for _, vector in vectors
        for name in vector.changes
    }
    found = {}
    for name in sorted(wanted | set(untied.values())):
        if name in untied:  # it has no tensor yet: its values are those of the one it shared
            continue
        place = next((c for c in name_candidates(name) if any(c in shard for shard in shards.values())), None)
        if place is None:
            raise AdapterError(
                f"the base's files have no tensor {name}, which the adapter changes",
                hint="the files name or fuse their tensors in another way than the model; "
                "save the base again with transformers, and merge into that",
            )
        _check_mergeable(name, next(shard for shard in shards.values() if place in shard).dtype(place))
        found[name] = place
    return found


def _check_mergeable(name: str, dtype: torch.dtype) -> None:
    if dtype not in _FLOATS:
        raise ModelError(
            f"the base stores {name} as {dtype}: quantized weights cannot take a change without loss",
            hint="merge into the unquantized base: name it with --base",
        )


def _plan(
    shard: MappedTensors, extra: Mapping[str, str], dtype: str | None
) -> dict[str, tuple[torch.dtype, tuple[int, ...]]]:
    plan = {}
    for name, source in {**{name: name for name in shard.names}, **extra}.items():
        own = shard.dtype(source)
        plan[name] = (DTYPES[dtype] if dtype and own in _FLOATS else own, shard.shape(source))
    return plan


def _merged_change(
    target: str | None,
    stored: Tensor,
    vectors: Sequence[tuple[float, TaskVectors]],
    untied: Mapping[str, str],
    method: MergeMethod,
    density: float,
    seed: int,
) -> Tensor | None:
    """What all adapters together add to a tensor."""
    if target is None:
        return None
    weight = stored.float()
    given = [
        (factor, change)
        for factor, vector in vectors
        if (change := vector.change_of(_source(vector, target, untied), weight)) is not None
    ]
    if not given:
        return None
    changes = sparsified([change for _, change in given], method, density, module_seed(seed, target))
    elect = method.elect and len(vectors) > 1
    return combined(changes, [factor for factor, _ in given], elect=elect, weighted=True)


def _source(vector: TaskVectors, target: str, untied: Mapping[str, str]) -> str:
    """A tied tensor that got values of its own takes the trained rows of the one it shared, as in PEFT."""
    shared = untied.get(target)
    return shared if shared in vector.tokens and target not in vector.changes else target


def _write_index(base: Path, folder: Path, written: Mapping[str, str], size: int) -> None:
    if (base / _INDEX).is_file():
        index = read_json(base / _INDEX)
        metadata = {**index.get("metadata", {}), "total_size": size}
        write_json(folder / _INDEX, {**index, "metadata": metadata, "weight_map": dict(written)})


def _write_config(base: Path, folder: Path, dtype: str | None, *, untied: bool) -> None:
    config = read_json(base / "config.json")
    if dtype:
        config["torch_dtype" if "torch_dtype" in config else "dtype"] = dtype
    if untied:
        config["tie_word_embeddings"] = False
        if isinstance(config.get("text_config"), dict):
            config["text_config"]["tie_word_embeddings"] = False
    write_json(folder / "config.json", config)
