"""Dropout from raw bits: the share, the scale, the gradient and the seed of `nn.Dropout`'s definition."""

from __future__ import annotations

import pytest
import torch
from peft import LoraConfig, get_peft_model
from torch import nn

from codebase_gardener.training.torch_dropout import BitDropout, use_bit_dropout


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_a_share_is_dropped_and_the_mean_stays(p: float) -> None:
    torch.manual_seed(0)
    out = BitDropout(p)(torch.ones(400, 501))
    assert out.unique().tolist() == [0.0, pytest.approx(1 / (1 - p))]
    assert float((out == 0).float().mean()) == pytest.approx(p, abs=0.005)
    assert float(out.mean()) == pytest.approx(1, abs=0.02)


def test_neighbours_are_independent() -> None:
    """Four numbers come from one draw."""
    torch.manual_seed(0)
    kept = (BitDropout(0.5)(torch.ones(1_000_000)) != 0).float() - 0.5
    for lag in (1, 2, 3, 4):
        assert abs(float((kept[:-lag] * kept[lag:]).mean())) < 0.002


def test_the_gradient_flows_where_the_value_does() -> None:
    x = torch.rand(7, 13, requires_grad=True)
    out = BitDropout(0.3)(x)
    out.sum().backward()
    assert x.grad is not None
    torch.testing.assert_close(x.grad * x.detach(), out.detach())


def test_the_generator_decides() -> None:
    x = torch.ones(1000)
    torch.manual_seed(5)
    state = torch.get_rng_state()
    one = BitDropout(0.4)(x)
    assert not torch.equal(one, BitDropout(0.4)(x))
    torch.set_rng_state(state)
    assert torch.equal(one, BitDropout(0.4)(x))


def test_eval_and_zero_change_nothing() -> None:
    x = torch.rand(5)
    assert BitDropout(0.5).eval()(x) is x
    assert BitDropout(0.0)(x) is x
    assert BitDropout(0.5)(x.bfloat16()).dtype == torch.bfloat16


def test_lora_s_dropouts_are_replaced() -> None:
    model = get_peft_model(
        nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 2)), LoraConfig(target_modules=["0"], lora_dropout=0.2)
    )
    assert use_bit_dropout(model) == 1
    assert [m.p for m in model.modules() if isinstance(m, BitDropout)] == [0.2]
    assert use_bit_dropout(model) == 0
