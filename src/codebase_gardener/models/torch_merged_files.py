"""A merged adapter's tensors and config, as PEFT reads them."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

from codebase_gardener.models.adapter_files import CONFIG, WEIGHTS
from codebase_gardener.models.merge_methods import merge_method
from codebase_gardener.models.torch_factors import FactorReader, Factors
from codebase_gardener.models.torch_merge import MergedModule, merge_module, merge_module_factors
from codebase_gardener.utils.error_handling import AdapterError
from codebase_gardener.utils.files import write_json

__all__ = ["common_copies", "merge_module_of", "save_merged"]

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


def merge_module_of(
    name: str, parts: Sequence[tuple[float, str, Factors]], spec: Any
) -> tuple[MergedModule, Factors]:
    """Merge one module of several adapters. Returns the result, and a sample of how the inputs store it.

    Raises:
        AdapterError: The inputs' shapes differ, or with space "factors" their ranks.
    """
    sizes = {label: (factors.b.shape[0], factors.a.shape[1]) for _, label, factors in parts}
    if len(set(sizes.values())) > 1:
        raise AdapterError(
            f"{name} has different sizes: {', '.join(f'{label} {size}' for label, size in sizes.items())}",
            hint="merge adapters of one base",
        )
    method = merge_method(spec.method)
    given = [(weight, factors) for weight, _, factors in parts]
    # one seed for each module: its dice do not depend on which modules came before
    generator = torch.Generator().manual_seed(spec.seed ^ zlib.crc32(name.encode()))
    if spec.space == "delta":
        merged = merge_module(given, method, rank=spec.rank, density=spec.density, generator=generator)
    else:
        try:
            merged = merge_module_factors(given, method, density=spec.density, generator=generator)
        except ValueError as error:
            ranks = ", ".join(f"{label} {factors.rank}" for _, label, factors in parts)
            raise AdapterError(
                f"{name}: {error} ({ranks})",
                hint="leave out --space factors: weight changes may differ in rank",
            ) from error
    return merged, given[0][1]


def common_copies(readers: Sequence[FactorReader]) -> dict[str, Tensor]:
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


def save_merged(
    merged: Mapping[str, tuple[MergedModule, Factors]],
    copies: Mapping[str, Tensor],
    configs: Sequence[Mapping[str, Any]],
    folder: Path,
) -> None:
    """Write `adapter_model.safetensors` and `adapter_config.json`; every module's scale is 1."""
    tensors: dict[str, Tensor] = dict(copies)
    for name, (module, stored) in merged.items():
        a, b = _as_stored(module, stored)
        if stored.embedding:
            tensors |= {f"{name}.lora_embedding_A": a, f"{name}.lora_embedding_B": b}
        else:
            tensors |= {f"{name}.lora_A.weight": a, f"{name}.lora_B.weight": b}
        if module.bias is not None:
            tensors[f"{name}.lora_B.bias"] = module.bias
    save_file(tensors, folder / WEIGHTS, metadata={"format": "pt"})
    write_json(folder / CONFIG, _config(merged, configs))


def _as_stored(module: MergedModule, stored: Factors) -> tuple[Tensor, Tensor]:
    """The factors in the shapes of their module's kind: a convolution's are not flat."""
    rank = module.a.shape[0]
    shape_a, shape_b = stored.shapes
    return (
        module.a.reshape(rank, *shape_a[1:]).contiguous(),
        module.b.reshape(shape_b[0], rank, *shape_b[2:]).contiguous(),
    )


def _config(
    merged: Mapping[str, tuple[MergedModule, Factors]], configs: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    ranks = {
        name.removeprefix("base_model.model."): module.a.shape[0] for name, (module, _) in merged.items()
    }
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
        "lora_bias": any(module.bias is not None for module, _ in merged.values()),
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
