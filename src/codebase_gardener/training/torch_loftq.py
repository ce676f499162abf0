"""LoftQ: an adapter on a quantized base begins at the low-rank part of the quantization's error."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from peft.tuners.lora import LoraLayer
from peft.utils.integrations import dequantize_module_weight
from safetensors import safe_open
from torch import Tensor

from codebase_gardener.utils.error_handling import ModelError

__all__ = ["begin_at_quantization_error"]


@torch.no_grad()
def begin_at_quantization_error(model: Any, base: Path) -> int:
    """Set A and B of every quantized layer so that s·BA is the best rank-r fit of W - dequantized(W).

    The quantized weights stay as they are, so the adapter fits what anyone gets who quantizes this base: that is the
    paper's algorithm with one iteration. Further iterations change the quantized weights, which all adapters share.
    PEFT's own (`replace_lora_weights_loftq`) does the same on CUDA only, and leaves out the scale s.

    Source: Li et al., "LoftQ" (2023), algorithm 1; peft/utils/loftq_utils.py.

    Args:
        model: PEFT model with fresh LoRA layers over a quantized base.
        base: The base's folder: the weights in full precision.

    Returns:
        How many layers were set.

    Raises:
        ModelError: The folder has no weight of a layer's name and shape.
    """
    places = _places(base)
    count = 0
    for name, module in model.get_base_model().named_modules():
        if not isinstance(module, LoraLayer) or not _is_quantized(module.get_base_layer()):
            continue
        layer = module.get_base_layer()
        error = _read(places, f"{name}.weight", base) - dequantize_module_weight(layer).float().cpu()
        for adapter, rank in module.r.items():
            _set(module, adapter, error.to(layer.weight.device), rank)
        count += 1
    return count


def _set(module: Any, adapter: str, error_OI: Tensor, rank: int) -> None:  # noqa: N803  shapes in names
    left, values, right = torch.linalg.svd(error_OI, full_matrices=False)
    roots = (values[:rank] / module.scaling[adapter]).sqrt()
    rows, columns = module.lora_A[adapter].weight, module.lora_B[adapter].weight
    rows.zero_()[: len(roots)] = roots[:, None] * right[:rank]
    columns.zero_()[:, : len(roots)] = left[:, :rank] * roots


def _is_quantized(layer: Any) -> bool:
    kind = type(layer.weight)
    return kind.__name__ in ("Params4bit", "Int8Params") or kind.__module__.startswith("torchao.")


def _places(base: Path) -> dict[str, Path]:
    places = {}
    for file in sorted(base.glob("*.safetensors")):
        with safe_open(file, framework="pt") as tensors:
            places.update(dict.fromkeys(tensors.keys(), file))
    return places


def _read(places: dict[str, Path], name: str, base: Path) -> Tensor:
    if name not in places:
        raise ModelError(
            f"loftq: {base} has no tensor {name}, so the quantization's error is not known",
            hint="save the base with this version of transformers first, or use another init_lora_weights",
        )
    with safe_open(places[name], framework="pt") as tensors:
        tensor: Tensor = tensors.get_tensor(name)
    return tensor.float()
