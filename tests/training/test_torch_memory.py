"""The estimate's formula against what autograd keeps."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from peft.helpers import disable_input_dtype_casting

from codebase_gardener.bases.resolution import resolve_base
from codebase_gardener.bases.shape import BaseShape
from codebase_gardener.bases.torch_loading import load_model
from codebase_gardener.training.encoding import EncodedExample
from codebase_gardener.training.fast.torch_batch import pack
from codebase_gardener.training.fast.torch_path import fast_path
from codebase_gardener.training.memory import has_fast_layers, kept_bytes
from codebase_gardener.training.spec import TrainingSpec
from codebase_gardener.training.torch_method import add_adapter

TOKENS = 512
EAGER = ("head", "packing", "lora", "layers")


def saved_by_autograd(model: Any, bf16: bool, fast: bool) -> int:
    """Bytes of all tensors that a forward over one row keeps, weights left out."""
    ids = torch.arange(TOKENS)[None] % 100
    batch = {
        "input_ids": ids,
        "labels": ids.clone(),
        "position_ids": ids,
        "attention_mask": torch.ones_like(ids),
    }
    weights = {parameter.untyped_storage().data_ptr() for parameter in model.parameters()}
    kept: dict[int, Any] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = storage
        return tensor

    row = EncodedExample(tuple(ids[0].tolist()), tuple(ids[0].tolist()), False, True)
    with (
        fast_path(model, [row], EAGER if fast else ("head",)) as path,
        torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor),
        torch.autocast("cpu", torch.bfloat16, enabled=bf16),
        disable_input_dtype_casting(model, active=bf16),
    ):
        assert (path.layers == 4) == fast
        path.losses(model, pack([row], 0) if fast else batch)
    return sum(storage.nbytes() for storage in kept.values())


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["bfloat16", "float32"])
@pytest.mark.parametrize(
    "options",
    [
        {"fast_path": "none"},
        {"fast_path": "none", "r": 32},
        {"use_dora": True},
        {"fast_path": "none", "target_modules": ("q_proj", "down_proj")},
        {},
        {"r": 32},
        {"target_modules": ("q_proj", "down_proj")},
    ],
    ids=["plain", "rank", "DoRA", "targets", "fast", "fast, rank", "fast, targets"],
)
def test_what_layers_keep_is_what_is_estimated(
    options: dict[str, Any], dtype: str, make_base: Callable[..., Path], tmp_path: Path
) -> None:
    folder = make_base(hidden_size=128, intermediate_size=384, num_hidden_layers=4)
    base = resolve_base(str(folder), tmp_path)
    spec = TrainingSpec(batch_size=1, max_length=TOKENS, **options)
    model = add_adapter(load_model(folder, dtype=dtype), spec, base).train()
    shape = BaseShape.of(base)
    adapted = [
        linear
        for linear in shape.linears
        if options.get("target_modules") is None or linear.name in spec.target_modules
    ]
    estimated = kept_bytes(shape, adapted, spec, 2 if dtype == "bfloat16" else 4)
    fast = has_fast_layers(shape, spec)
    assert fast == (not options.get("use_dora") and "fast_path" not in options)
    assert saved_by_autograd(model, dtype == "bfloat16", fast) == pytest.approx(estimated, rel=0.1)
