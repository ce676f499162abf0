"""Memory that a training run or an engine will need, estimated before anything is loaded, against what is free."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from codebase_gardener.bases.quantization import QUANTIZATIONS
from codebase_gardener.bases.resolution import Base
from codebase_gardener.bases.shape import BaseShape, LinearModule
from codebase_gardener.training.fast.parts import FAST_LAYERS, HEAD_CHUNK
from codebase_gardener.training.spec import TrainingSpec
from codebase_gardener.utils import limits
from codebase_gardener.utils.error_handling import ResourceError

__all__ = [
    "MemoryEstimate",
    "batch_tokens",
    "check_free",
    "check_memory",
    "estimate_memory",
    "expects_bf16",
    "has_fast_layers",
    "kept_bytes",
    "serving_bytes",
]

_ADAPTER_BYTES = 4 + 4 + 8  # weight, gradient, two Adam moments, all fp32
_HEAD_SIZE = 64  # of an attention head, about
_LOGIT_BYTES = 2 * (
    2 + 4 + 4 + 4
)  # bf16, fp32, log-softmax, gradient; the next chunk's beside the last one's

# Measured here: benchmarks/plan.py, docs/training.md ("Plan").
_RUNTIME_BYTES = int(0.6e9)  # Python, torch, transformers and peft imported, the rows encoded
# What glibc's heap loses to holes until it stops growing, as a share of what layers keep of plain LoRA in bf16
_HOLES = {"kept": 0.8, "kept, DoRA": 0.6, "recomputed": 0.45}


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


def batch_tokens(spec: TrainingSpec) -> int:
    """Padded tokens of the largest batch that the options allow."""
    tokens = spec.batch_size * spec.max_length
    return max(spec.max_length, min(tokens, spec.batch_tokens)) if spec.batch_tokens else tokens


def expects_bf16(spec: TrainingSpec, device: str) -> bool:
    """Whether a base will be held in bfloat16, before a run has measured what pays.

    Args:
        spec: Its dtype, where that is given.
        device: "cpu", "cuda", ….
    """
    if spec.dtype != "auto":
        return spec.dtype != "float32"
    return device != "cpu" or limits.multiplies_bf16()


def estimate_memory(base: Base | BaseShape, spec: TrainingSpec, *, bf16: bool = True) -> MemoryEstimate:
    """Estimate the peak of a run from the base's config and weight files' headers.

    Args:
        base: The base model, or its shape where it has been read before.
        spec: The options: batch, length, rank, targets, checkpointing.
        bf16: Whether the base is held in bfloat16.
    """
    shape = base if isinstance(base, BaseShape) else BaseShape.of(base)
    element = 2 if bf16 else 4
    adapted = [linear for linear in shape.linears if _is_adapted(linear, spec)]
    trained = sum(_adapter_size(linear, spec) for linear in adapted)
    trained += sum(shape.of_modules.get(name, 0) for name in spec.modules_to_save)
    return MemoryEstimate(
        runtime=_RUNTIME_BYTES,
        base=_base_bytes(shape, spec.quantization, element),
        adapter=trained * _ADAPTER_BYTES,
        activations=int(_activations(shape, adapted, spec, element)),
        logits=HEAD_CHUNK * shape.vocabulary * _LOGIT_BYTES,
    )


def serving_bytes(shape: BaseShape, tokens: int, bytes_per_weight: float = 2.0) -> int:
    """What an engine needs: the base, and keys and values of so many tokens; adapters come beside it.

    Args:
        shape: Of the base.
        tokens: Of all requests that are answered at a time.
        bytes_per_weight: As the engine holds the base.
    """
    kept = 2 * 2 * shape.layers * shape.key_value * tokens
    return _RUNTIME_BYTES + int(shape.parameters * bytes_per_weight) + kept


def _base_bytes(shape: BaseShape, quantization: str, element: int) -> int:
    """What stays of the base in memory; the embeddings, the head and the norms are not quantized."""
    if quantization == "none":
        return shape.parameters * element
    row = QUANTIZATIONS[quantization]
    linear = sum(module.parameters for module in shape.linears)
    rest = 4 if row.rest_in_float32 else element
    return int(linear * row.bytes_per_weight) + (shape.parameters - linear) * rest


def _activations(
    shape: BaseShape, adapted: Sequence[LinearModule], spec: TrainingSpec, element: int
) -> float:
    """Tensors that are kept for the backward, and the holes that allocating them leaves in the heap."""
    kept = kept_bytes(shape, adapted, spec, element)
    plain = kept_bytes(shape, adapted, spec.model_copy(update={"use_dora": False}), 2)
    if not spec.gradient_checkpointing:
        return kept + _HOLES["kept, DoRA" if spec.use_dora else "kept"] * plain
    between = shape.layers * batch_tokens(spec) * shape.hidden * element
    return between + kept / max(1, shape.layers) + _HOLES["recomputed"] * plain


def kept_bytes(shape: BaseShape, adapted: Sequence[LinearModule], spec: TrainingSpec, element: int) -> float:
    """What all layers keep of a batch for the backward without checkpointing: autograd's saved tensors, in bytes.

    Args:
        shape: Of the base.
        adapted: The linear layers that get an adapter.
        spec: The options.
        element: Bytes of a number: 2 for bfloat16, 4 for float32.
    """
    if has_fast_layers(shape, spec):
        low = sum(spec.rank_pattern.get(linear.name, spec.r) for linear in adapted) * element
        return batch_tokens(spec) * (shape.layers * _fast_layer_bytes(shape, element) + low)
    per_token = shape.layers * _layer_bytes(shape, element) + _lora_bytes(adapted, spec, element)
    identities = sum(linear.in_features**2 for linear in adapted) * element  # from which DoRA builds B·A
    return batch_tokens(spec) * per_token + (identities if spec.use_dora else 0)


def has_fast_layers(shape: BaseShape, spec: TrainingSpec) -> bool:
    """Whether decoder layers will run as one function (torch_layers.py), which keeps less of a token."""
    plain = spec.peft_type == "LORA" and not (spec.use_dora or spec.lora_bias or spec.modules_to_save)
    known = shape.model_type in FAST_LAYERS and (not shape.window or shape.window >= spec.max_length)
    wanted = "layers" in spec.fast_path and "packing" in spec.fast_path
    return plain and known and wanted and spec.quantization in ("none", "nf4", "torchao-int8")


def _fast_layer_bytes(shape: BaseShape, element: int) -> int:
    """A token's bytes that such a layer keeps, beside A·x: inputs of norms and attention, its result, gate and up."""
    numbers = 2 * shape.hidden + 2 * shape.attention + 2 * shape.key_value + 2 * shape.intermediate
    statistics = 4 * (2 + shape.attention // _HEAD_SIZE)  # of norms and attention, fp32
    return numbers * element + statistics


def _layer_bytes(shape: BaseShape, element: int) -> int:
    """A token's bytes that a layer keeps whatever the adapter: two norms in fp32, attention, MLP."""
    norms = 2 * 4 * shape.hidden
    attention = (2 * shape.attention + 2 * shape.key_value) * element
    return norms + attention + 3 * shape.intermediate * element


def _lora_bytes(adapted: Sequence[LinearModule], spec: TrainingSpec, element: int) -> int:
    """A token's bytes that LoRA keeps: each module's input after dropout with its mask, and A's output."""
    mask = 1 if spec.lora_dropout else 0
    total = 0
    for linear in adapted:
        rank = spec.rank_pattern.get(linear.name, spec.r)
        total += linear.in_features * (element + mask) + rank * element
        total += 2 * linear.out_features * element if spec.use_dora else 0
    return total


def _is_adapted(linear: LinearModule, spec: TrainingSpec) -> bool:
    targets = spec.target_modules
    if linear.name in spec.exclude_modules:
        return False
    if isinstance(targets, str):
        return targets == "all-linear" or re.fullmatch(targets, linear.path) is not None
    return linear.name in targets


def _adapter_size(linear: LinearModule, spec: TrainingSpec) -> int:
    rank = spec.rank_pattern.get(linear.name, spec.r)
    return rank * (linear.out_features + linear.in_features) + (linear.out_features if spec.use_dora else 0)


def check_free(min_free_bytes: int, available_bytes: int | None = None) -> int:
    """The memory that is free, in bytes; refused where it is less than what has to be.

    Raises:
        ResourceError: With both figures.
    """
    free = limits.available_bytes() if available_bytes is None else available_bytes
    if free < min_free_bytes:
        raise ResourceError(
            f"only {free / 1e9:.1f} GB of memory are free; training or proving needs at least "
            f"{min_free_bytes / 1e9:.1f} GB",
            hint="close other programs, or lower the setting min_free_bytes",
            context={"available_bytes": free, "min_free_bytes": min_free_bytes},
        )
    return free


def check_memory(
    needed: MemoryEstimate,
    *,
    min_free_bytes: int,
    available_bytes: int | None = None,
    make_room: Callable[[ResourceError], bool] | None = None,
) -> None:
    """Refuse a run that will not fit.

    Args:
        needed: The estimate.
        min_free_bytes: Below this nothing is trained, however small.
        available_bytes: What is free; the default asks the system.
        make_room: Told of a refusal; where it has freed memory, it is looked at once more.

    Raises:
        ResourceError: With both figures.
    """
    try:
        _check_memory(needed, min_free_bytes, available_bytes)
    except ResourceError as error:
        if make_room is None or not make_room(error):
            raise
        _check_memory(needed, min_free_bytes, available_bytes)


def _check_memory(needed: MemoryEstimate, min_free_bytes: int, available_bytes: int | None) -> None:
    free = check_free(min_free_bytes, available_bytes)
    context = {"needed_bytes": needed.total, "available_bytes": free, "min_free_bytes": min_free_bytes}
    if needed.total > free:
        raise ResourceError(
            f"this training needs about {needed.total / 1e9:.1f} GB of memory, and {free / 1e9:.1f} GB are free",
            hint="lower --batch-size or --max-length, use --gradient-checkpointing or --quantization nf4, "
            "or a smaller base; `gardener plan NAME` finds options that fit",
            context=context,
        )
