"""Memory that a training run will need, estimated before anything is loaded, against what is free."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from codebase_gardener.training.base import Base
from codebase_gardener.training.quantization import QUANTIZATIONS
from codebase_gardener.training.spec import TrainingSpec
from codebase_gardener.utils.error_handling import ResourceError

__all__ = ["MemoryEstimate", "check_memory", "estimate_memory"]

GIB = 1024**3
_RUNTIME_BYTES = int(0.7 * GIB)  # Python, torch, transformers and peft, imported
_ADAPTER_BYTES = 4 + 4 + 8  # weight, gradient, two Adam moments, all fp32
_LOGIT_BYTES = 2 + 4 + 4 + 4  # bf16, fp32, log-softmax, gradient


@dataclass(frozen=True)
class MemoryEstimate:
    """Bytes by what needs them."""

    runtime: int
    base: int
    adapter: int
    activations: int
    logits: int

    @property
    def total(self) -> int:
        """All of it."""
        return self.runtime + self.base + self.adapter + self.activations + self.logits


def estimate_memory(base: Base, spec: TrainingSpec, *, bf16: bool = True) -> MemoryEstimate:
    """Estimate the peak of a run from the base's config and weight files' headers.

    Args:
        base: The base model.
        spec: The options: batch, length, rank, targets, checkpointing, quantization.
        bf16: Whether the base is held in bfloat16.
    """
    config = base.config.get("text_config", base.config)
    hidden = _number(config, "hidden_size", "n_embd", default=1024)
    layers = _number(config, "num_hidden_layers", "n_layer", default=24)
    middle = _number(config, "intermediate_size", "n_inner", default=4 * hidden)
    vocabulary = _number(config, "vocab_size", default=50_000)
    tokens = spec.batch_size * spec.max_length
    if spec.batch_tokens:
        tokens = max(spec.max_length, min(tokens, spec.batch_tokens))
    parameters, linear, adaptable = _count(base.path, spec)
    element = 2 if bf16 else 4
    layer_bytes = tokens * (_HIDDEN_COPIES * hidden + _MIDDLE_COPIES * middle) * element
    kept = (
        layers * tokens * hidden * element + layer_bytes
        if spec.gradient_checkpointing
        else layers * layer_bytes
    )
    return MemoryEstimate(
        runtime=_RUNTIME_BYTES,
        base=_base_bytes(parameters, linear, element, spec.quantization),
        adapter=adaptable * _ADAPTER_BYTES,
        activations=kept,
        logits=_HEAD_CHUNK * vocabulary * _LOGIT_BYTES,
    )


def _base_bytes(parameters: int, linear: int, element: int, quantization: str) -> int:
    """What stays of the base in memory; the embeddings, the head and the norms are not quantized."""
    if quantization == "none":
        return parameters * element
    row = QUANTIZATIONS[quantization]
    return int(linear * row.bytes_per_weight) + (parameters - linear) * (
        4 if row.rest_in_float32 else element
    )


# Tensors that a layer keeps for its backward, in units of [tokens, hidden] and [tokens, intermediate], with
# the copies that dropout before each low-rank product makes and the holes that stay in the allocator's heap;
# fitted to a measured peak (docs/training.md).
_HIDDEN_COPIES = 32
_MIDDLE_COPIES = 11
_HEAD_CHUNK = 256


def _number(config: Mapping[str, Any], *names: str, default: int) -> int:
    return next((int(config[name]) for name in names if config.get(name)), default)


def _count(path: Path, spec: TrainingSpec) -> tuple[int, int, int]:
    """Parameters of the base, of its linear layers, and of what is trained: an adapter of the spec's rank (as
    LoRA has them), modules in full.
    """
    from safetensors import safe_open

    parameters = linear = adapter = 0
    for file in sorted(path.glob("*.safetensors")):
        with safe_open(file, framework="numpy") as tensors:
            for name in tensors.keys():  # noqa: SIM118  safe_open is no mapping
                shape = tensors.get_slice(name).get_shape()
                size = 1
                for dimension in shape:
                    size *= dimension
                parameters += size
                adapter += size * (_module(name) in spec.modules_to_save)
                if len(shape) == 2 and "embed" not in name and "lm_head" not in name:
                    linear += size
                    adapter += _adapter_size(name, shape, spec)
    return parameters, linear, adapter


def _module(name: str) -> str:
    return name.removesuffix(".weight").rpartition(".")[2]


def _adapter_size(name: str, shape: list[int], spec: TrainingSpec) -> int:
    module = _module(name)
    targets = spec.target_modules
    if module in spec.exclude_modules or (not isinstance(targets, str) and module not in targets):
        return 0
    return spec.rank_pattern.get(module, spec.r) * (shape[0] + shape[1])


def check_memory(needed: MemoryEstimate, *, min_free_bytes: int, available_bytes: int | None = None) -> None:
    """Refuse a run that will not fit.

    Args:
        needed: The estimate.
        min_free_bytes: Below this nothing is trained, however small.
        available_bytes: What is free; the default asks the system.

    Raises:
        ResourceError: With both figures.
    """
    free = psutil.virtual_memory().available if available_bytes is None else available_bytes
    context = {"needed_bytes": needed.total, "available_bytes": free, "min_free_bytes": min_free_bytes}
    if free < min_free_bytes:
        raise ResourceError(
            f"only {free / GIB:.1f} GB of memory are free; training needs at least {min_free_bytes / GIB:.1f} GB",
            hint="close other programs, or lower the setting min_free_bytes",
            context=context,
        )
    if needed.total > free:
        raise ResourceError(
            f"this training needs about {needed.total / GIB:.1f} GB of memory, and {free / GIB:.1f} GB are free",
            hint="lower --batch-size or --max-length, use --gradient-checkpointing or --quantization nf4, "
            "or a smaller base",
            context=context,
        )
