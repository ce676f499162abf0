"""LoRA products: every option of PEFT's, quantized bases, dropout; what is not known takes PEFT's own forward."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from peft import IA3Config, LNTuningConfig, LoHaConfig, VeraConfig, get_peft_model
from torch import Tensor, nn

from codebase_gardener.bases.resolution import Base
from codebase_gardener.bases.torch_loading import load_model
from codebase_gardener.training.fast.torch_batch import FastPath
from codebase_gardener.training.fast.torch_lora import (
    draw_dropout,
    lora_backward,
    lora_forward,
    lora_linear_of,
    lora_product,
)
from codebase_gardener.training.fast.torch_path import fast_path
from codebase_gardener.training.spec import parse_spec
from codebase_gardener.training.torch_method import add_adapter
from samples.fast_models import adapted, gradients, rows, tiny

from .test_torch_path import EAGER, check_equal

_ALL = ("head", "packing", "lora", "layers")
_NO_HEAD = "head: that of LlamaForCausalLM is trained, or is more than a product"
_LINEARS = "layers: 2 of 2 take the model's own forward: linear layers"
_PEFT = "lora: Linear with these options takes PEFT's own forward"

# options of LoraConfig → parts in effect, layers, products, notes
OPTIONS: dict[str, tuple[dict[str, Any], tuple[str, ...], int, int, tuple[str, ...]]] = {
    "rslora": ({"use_rslora": True}, _ALL, 2, 0, ()),
    "patterns": ({"rank_pattern": {"q_proj": 2}, "alpha_pattern": {"v_proj": 9}}, _ALL, 2, 0, ()),
    "subset": ({"target_modules": ["q_proj", "v_proj"]}, _ALL, 2, 0, ()),
    "one layer": ({"target_modules": ["q_proj"], "layers_to_transform": [1]}, _ALL, 2, 0, ()),
    "dora": ({"use_dora": True}, ("head", "packing"), 0, 0, (_LINEARS, _PEFT)),
    "dora, one": ({"use_dora": True, "target_modules": r".*layers\.0\..*q_proj"}, _ALL, 1, 0, ()),
    "bias in B": ({"lora_bias": True}, ("head", "packing"), 0, 0, (_LINEARS, _PEFT)),
    "head saved": ({"modules_to_save": ["lm_head"]}, _ALL[1:], 2, 0, (_NO_HEAD,)),
    "embedding saved": ({"modules_to_save": ["embed_tokens"]}, _ALL, 2, 0, ()),
    "head adapted": ({"target_modules": ["q_proj", "lm_head"]}, _ALL[1:], 2, 1, (_NO_HEAD,)),
    "norm trained": (
        {"modules_to_save": ["input_layernorm"]},
        ("head", "packing", "lora"),
        0,
        14,
        ("layers: 2 of 2 take the model's own forward: norms",),
    ),
    "mlp saved": (
        {"target_modules": ["q_proj"], "modules_to_save": ["down_proj"]},
        ("head", "packing", "lora"),
        0,
        2,
        (_LINEARS,),
    ),
    "tokens": ({"trainable_token_indices": [65, 66]}, _ALL, 2, 0, ()),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", OPTIONS)
def test_an_option_of_lora(name: str) -> None:
    options, parts, layers, products, notes = OPTIONS[name]
    path = check_equal(adapted(tiny(), **options), rows())
    if name == "dora, one":
        assert path.notes[0] == "layers: 1 of 2 take the model's own forward: linear layers"
        notes = path.notes
    assert (path.parts, path.layers, path.products, path.notes) == (parts, layers, products, notes)


@pytest.mark.parametrize("kind", [IA3Config, LoHaConfig, VeraConfig, LNTuningConfig])
def test_another_kind_of_adapter(kind: Any) -> None:
    """Packed, each product by PEFT; plain linear layers of a base whose norms are trained stay torch's own."""
    torch.manual_seed(1)
    model = get_peft_model(tiny(), kind(task_type="CAUSAL_LM")).train()
    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.data += 0.05 * torch.randn_like(parameter)
    path = check_equal(model, rows())
    assert path.parts == ("head", "packing")
    assert path.notes


def test_two_adapters_and_none() -> None:
    model = adapted(tiny())
    model.add_adapter("other", model.peft_config["default"])
    model.base_model.set_adapter(["default", "other"])
    assert check_equal(model, rows()).parts == ("head", "packing")
    model.set_adapter("other")
    assert check_equal(model, rows()).layers == 2
    with fast_path(model, rows(), EAGER) as path, torch.no_grad():
        batch = path.batch(rows(), 0)
        switched = path.losses(model, batch).losses_N
        with model.disable_adapter():
            off = path.losses(model, batch).losses_N
        model.set_adapter("default")
        other = path.losses(model, batch).losses_N
    plain = tiny()
    with fast_path(plain, rows(), EAGER) as path, torch.no_grad():
        torch.testing.assert_close(off, path.losses(plain, batch).losses_N)
    assert float((switched - other).abs().max()) > 1e-3
    assert float((switched - off).abs().max()) > 1e-3


@pytest.mark.parametrize("name", ["llama", "gemma2", "gpt2"])
def test_with_activation_checkpointing(name: str) -> None:
    model = adapted(tiny(name))
    model.gradient_checkpointing_enable({"use_reentrant": False})
    model.enable_input_require_grads()
    path = check_equal(model, rows())
    assert path.packed
    assert "lora" in path.parts


def test_noise_on_the_embeddings_arrives() -> None:
    model = adapted(tiny())
    embedding = model.get_input_embeddings()
    embedding.register_forward_hook(
        lambda module, _, out: out + 0.1 * torch.randn_like(out) * module.training
    )
    with fast_path(model, rows(), EAGER) as path, torch.no_grad():
        assert path.parts == _ALL
        batch = path.batch(rows(), 0)
        one, two = (path.losses(model, batch).losses_N for _ in range(2))
    assert float((one - two).abs().max()) > 1e-3


# ---------------------------------------------------------------- quantized bases


def quantized(folder: Path, name: str, dtype: str) -> Any:
    model = load_model(folder, dtype=dtype, quantization=name)
    spec = parse_spec({"r": 4, "init_lora_weights": False, "lora_dropout": 0, "quantization": name})
    torch.manual_seed(2)
    return add_adapter(model, spec, Base(str(folder), folder, "local", "", 0)).train()


@pytest.mark.parametrize("name", ["nf4", "torchao-int8"])
def test_a_quantized_base_in_fp32(name: str, tiny_base: Path) -> None:
    path = check_equal(quantized(tiny_base, name, "float32"), rows((11, 40, 3)))
    assert (path.parts, path.layers, path.notes) == (_ALL, 2, ())


def _trained(model: Any, parts: tuple[str, ...]) -> tuple[FastPath, Tensor, Tensor]:
    with fast_path(model, rows(), parts) as path, torch.autocast("cpu", torch.bfloat16):
        losses = path.losses(model, path.batch(rows((30, 40, 9)), 0)).losses_N
        found = gradients(model, losses.sum())
    return path, losses.detach(), torch.cat([gradient.flatten().float() for gradient in found.values()])


@pytest.mark.parametrize("name", ["nf4", "torchao-int8"])
def test_a_quantized_base_in_bf16(name: str, tiny_base: Path) -> None:
    model = quantized(tiny_base, name, "bfloat16")
    for key, parameter in model.named_parameters():
        if "lora_B" in key:  # as random as B is here, two orders of the same sums in bf16 differ by a third
            parameter.data *= 0.1
    path, losses, gradient = _trained(model, EAGER)
    general, own, expected = _trained(model, ("packing",))
    assert (path.parts, path.layers, path.notes) == (_ALL, 2, ())
    assert general.parts == ("packing",)
    assert float((losses - own).abs().mean()) < 0.02
    assert float(nn.functional.cosine_similarity(gradient, expected, dim=0)) > 0.99


def test_activations_in_int8_stay_bitsandbytes_own(tiny_base: Path) -> None:
    with fast_path(quantized(tiny_base, "int8", "float32"), rows((11, 40)), EAGER) as path:
        assert path.layers == path.products == 0
        assert "lora: Linear8bitLt with these options takes PEFT's own forward" in path.notes


# ---------------------------------------------------------------- dropout

_TOLERANCE: dict[torch.dtype, dict[str, float]] = {
    torch.float32: {"rtol": 1e-4, "atol": 1e-4},
    torch.bfloat16: {"rtol": 0.05, "atol": 0.25},
}


def _adapter(dropout: float, name: str = "q_proj") -> Any:
    model = adapted(tiny(), lora_dropout=dropout)
    return model.get_submodule(f"base_model.model.model.layers.0.self_attn.{name}")


def test_the_backward_drops_what_the_forward_did() -> None:
    """The product is linear in A, so <dA, A> is the low-rank part of <dy, y>; in x with the base's part."""
    torch.manual_seed(4)
    linear = lora_linear_of(_adapter(0.4))
    assert linear is not None
    assert linear.lora_a is not None and linear.lora_b is not None
    x = torch.randn(50, 32, requires_grad=True)
    y = lora_product(x, linear, torch.float32)
    along = torch.randn_like(y)
    (y * along).sum().backward()
    low = y.detach() - x.detach() @ linear.base.weight.T
    part = float((low * along).sum())
    assert x.grad is not None and linear.lora_a.grad is not None and linear.lora_b.grad is not None
    assert float((linear.lora_a.grad * linear.lora_a).sum()) == pytest.approx(part, rel=1e-3)
    assert float((linear.lora_b.grad * linear.lora_b).sum()) == pytest.approx(part, rel=1e-3)
    assert float((x.grad * x).sum()) == pytest.approx(float((y * along).sum()), rel=1e-3)
    whole = x.detach() @ linear.lora_a.T @ linear.lora_b.T * linear.scale
    assert float((low - whole).abs().max()) > 0.01


@pytest.mark.parametrize("parts", [EAGER, ("head", "packing", "lora")])
def test_torchs_generator_decides_what_is_dropped(parts: tuple[str, ...]) -> None:
    model = adapted(tiny(), lora_dropout=0.3)

    def losses() -> Tensor:
        found: Tensor = path.losses(model, batch).losses_N.detach()
        return found

    with fast_path(model, rows(), parts) as path:
        assert path.parts == parts
        batch = path.batch(rows(), 0)
        state = torch.get_rng_state()
        one, two = losses(), losses()
        torch.set_rng_state(state)
        assert torch.equal(one, losses())
        assert not torch.equal(one, two)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_layers_that_share_an_input_get_what_each_alone_would(dtype: torch.dtype) -> None:
    """Dropout written out: each layer's own share of x is kept and scaled, in the forward and in all gradients."""
    torch.manual_seed(1)
    linears = [lora_linear_of(_adapter(0.4, name)) for name in ("q_proj", "k_proj", "v_proj")]
    known = [each for each in linears if each is not None]
    assert len(known) == 3
    x, along = (
        torch.randn(96, 32, dtype=dtype),
        [torch.randn(96, len(each.base.weight), dtype=dtype) for each in known],
    )
    dropout = draw_dropout(known, len(x))
    assert dropout is not None
    ys, lows = lora_forward(x, known, dropout)
    to_x, to_weights = lora_backward(along, x, lows, known, dropout)
    masks = [(each != 0).float() * dropout.scale for each in dropout(torch.ones_like(x))]
    leaf = x.float().requires_grad_()
    total = torch.zeros(())
    for each, mask, y, grad in zip(known, masks, ys, along, strict=True):
        assert each.lora_a is not None and each.lora_b is not None
        expected = (
            leaf @ each.base.weight.float().T + each.scale * (leaf * mask) @ each.lora_a.T @ each.lora_b.T
        )
        torch.testing.assert_close(y.float(), expected, **_TOLERANCE[dtype])
        total = total + (expected * grad.float()).sum()
    parameters = [weight for each in known for weight in each.weights]
    grads = torch.autograd.grad(total, [leaf, *parameters])
    for mine, right in zip([to_x, *(w for pair in to_weights for w in pair)], grads, strict=True):
        torch.testing.assert_close(mine.float(), right, **_TOLERANCE[dtype])


def test_nothing_is_drawn_without_dropout_or_without_factors() -> None:
    plain, dropped = lora_linear_of(_adapter(0.0)), lora_linear_of(_adapter(0.5))
    still, bare = (
        lora_linear_of(_adapter(0.5).eval()),
        lora_linear_of(torch.nn.Linear(4, 4).requires_grad_(False)),
    )
    assert plain and dropped and still and bare
    assert [draw_dropout([each], 8) for each in (plain, still, bare)] == [None] * 3
    some = draw_dropout([bare, dropped, bare], 8)
    assert some is not None
    assert some.modules == 1
