"""The parent's weights as the first ones of a training."""

from __future__ import annotations

from typing import Any

from peft import get_peft_model_state_dict, set_peft_model_state_dict
from safetensors.torch import load_file

from codebase_gardener.training.warm import WarmStart
from codebase_gardener.utils.error_handling import TrainingError
from codebase_gardener.utils.files import sha256_file

__all__ = ["begin_from"]

_WEIGHTS = "adapter_model.safetensors"


def begin_from(model: Any, start: WarmStart) -> None:
    """Put the parent's weights into a fresh adapter of the same shape.

    Raises:
        TrainingError: They are gone, are others by now, or do not fit.
    """
    file = start.directory / _WEIGHTS
    if not file.exists() or sha256_file(file) != start.weights:
        raise TrainingError(
            f"the weights of {start.parent}, from which this training begins, are not there any more",
            hint="grow again; --fresh begins from nothing",
        )
    weights, own = load_file(file), get_peft_model_state_dict(model, save_embedding_layers=False)
    odd = sorted(
        name
        for name in {*weights, *own}
        if name not in weights or name not in own or weights[name].shape != own[name].shape
    )
    if odd:
        raise TrainingError(
            f"the weights of {start.parent} do not fit: {odd[0]}", hint="--fresh begins from nothing"
        )
    set_peft_model_state_dict(model, weights)
