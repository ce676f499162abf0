"""A copy of a model's modules shares its weights and nothing else, and what would write into them is stopped before."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from codebase_gardener.adapters.torch_own_modules import (
    ReadOnly,
    give_own_weights,
    memory_of,
    own_bytes,
    with_own_modules,
)
from codebase_gardener.bases.torch_loading import load_model
from codebase_gardener.utils.error_handling import AdapterError


def test_modules_are_copied_and_weights_are_not(tiny_base: Path) -> None:
    model = load_model(tiny_base, dtype="float32")
    copy = with_own_modules(model)
    assert not {id(m) for m in model.modules()} & {id(m) for m in copy.modules()}
    assert memory_of(copy) == memory_of(model)
    assert own_bytes(copy, model) == 0
    layer, own = model.model.layers[0].mlp.up_proj, copy.model.layers[0].mlp.up_proj
    before = layer.weight.clone()
    own.weight.data = torch.zeros_like(own.weight)
    copy.model.layers[1] = torch.nn.Identity()
    copy.config.vocab_size = 1
    assert torch.equal(layer.weight, before)
    assert model.config.vocab_size > 1
    give_own_weights(copy.lm_head)
    copy.lm_head.weight.data.zero_()
    assert model.lm_head.weight.any()


def test_tied_weights_stay_tied(make_base: object) -> None:
    model = load_model(make_base(tie_word_embeddings=True), dtype="float32")  # type: ignore[operator]
    copy = with_own_modules(model)
    assert copy.lm_head.weight is copy.model.embed_tokens.weight
    assert copy.lm_head.weight is not model.lm_head.weight


@pytest.mark.parametrize("where", ["parameter", "data", "detached", "view", "out"])
def test_nothing_is_written_into_weights_that_are_read_only(where: str, tiny_base: Path) -> None:
    model = load_model(tiny_base, dtype="float32").requires_grad_(False)
    copy = with_own_modules(model)
    weight, before = copy.lm_head.weight, model.lm_head.weight.clone()
    deeds = {
        "parameter": weight.zero_,
        "data": lambda: weight.data.add_(1),
        "detached": lambda: weight.detach().mul_(2),
        "view": lambda: weight[0].fill_(3),
        "out": lambda: torch.add(weight, 1, out=weight.data),
    }
    with ReadOnly(model, "this test"):
        weight.data.clone().zero_()
        with pytest.raises(AdapterError, match="this test would write into the base's weights"):
            deeds[where]()
    assert torch.equal(model.lm_head.weight, before)
