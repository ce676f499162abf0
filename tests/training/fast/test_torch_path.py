"""The fast path gives PEFT's own losses and gradients for every architecture, and says what it does not take."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from codebase_gardener.training.encoding import IGNORE, EncodedExample
from codebase_gardener.training.fast import torch_compiled, torch_layers, torch_path
from codebase_gardener.training.fast.parts import FAST_PARTS
from codebase_gardener.training.fast.torch_attention import ROWS
from codebase_gardener.training.fast.torch_batch import FastPath
from codebase_gardener.training.fast.torch_check import Baseline
from codebase_gardener.training.fast.torch_path import fast_path
from codebase_gardener.training.fast.torch_reference import in_float32
from samples.fast_models import CONFIGS, adapted, gradients, own_losses, rows, tiny

pytestmark = pytest.mark.slow

EAGER = tuple(part for part in FAST_PARTS if part != "compile")
_HEAD = "head: that of {} is trained, or is more than a product"
_LAYERS = "layers: those of {} are not known"
_WINDOW = "layers: 2 of 2 take the model's own forward: sliding window"
_OWN_PRODUCT = "lora: Linear with these options takes PEFT's own forward"
_EXPERTS = "lora: ParamWrapper with these options takes PEFT's own forward"

# architecture → parts in effect, layers as one function, LoRA products as one function, notes
IN_EFFECT: dict[str, tuple[tuple[str, ...], int, int, tuple[str, ...]]] = {
    "llama": (EAGER, 2, 0, ()),
    "qwen2": (EAGER, 2, 0, ()),
    "qwen3": (("head", "packing", "lora"), 0, 14, (_LAYERS.format("Qwen3ForCausalLM"),)),
    "mistral": (EAGER, 2, 0, ()),
    "mistral, short window": (("head", "packing", "lora"), 0, 14, (_WINDOW,)),
    "gemma2": (
        ("packing", "lora"),
        0,
        14,
        (_HEAD.format("Gemma2ForCausalLM"), _LAYERS.format("Gemma2ForCausalLM")),
    ),
    "gemma3": (
        ("packing", "lora"),
        0,
        14,
        (_HEAD.format("Gemma3ForCausalLM"), _LAYERS.format("Gemma3ForCausalLM")),
    ),
    "phi": (("packing", "lora"), 0, 12, (_HEAD.format("PhiForCausalLM"), _LAYERS.format("PhiForCausalLM"))),
    "phi3": (("head", "packing", "lora"), 0, 8, (_LAYERS.format("Phi3ForCausalLM"),)),
    "gpt2": (("head", "packing", "lora"), 0, 8, (_LAYERS.format("GPT2LMHeadModel"),)),
    "gpt_neox": (("head", "packing", "lora"), 0, 8, (_LAYERS.format("GPTNeoXForCausalLM"),)),
    "starcoder2": (("head", "packing", "lora"), 0, 12, (_LAYERS.format("Starcoder2ForCausalLM"),)),
    "mixtral": (("head", "packing", "lora"), 0, 8, (_LAYERS.format("MixtralForCausalLM"), _EXPERTS)),
    "qwen3_moe": (("head", "packing", "lora"), 0, 8, (_LAYERS.format("Qwen3MoeForCausalLM"), _EXPERTS)),
}


def packed_losses(model: Any, path: FastPath, encoded: list[EncodedExample]) -> list[Tensor]:
    """Summed losses of each row, all in one batch."""
    scored = path.losses(model, path.batch(encoded, 0))
    return [scored.losses_N[scored.rows_N == number].sum() for number in range(len(encoded))]


def check_equal(model: Any, encoded: list[EncodedExample], parts: tuple[str, ...] = EAGER) -> FastPath:
    """The fast path's losses and gradients are those of PEFT's own forward on the rows one by one."""
    own = own_losses(model, encoded)
    expected = gradients(model, torch.stack(own).sum())
    with fast_path(model, encoded, parts) as path:
        mine = packed_losses(model, path, encoded)
        got = gradients(model, torch.stack(mine).sum())
    torch.testing.assert_close(torch.stack(mine), torch.stack(own), atol=1e-5, rtol=1e-5)
    assert got.keys() == expected.keys() != set()
    for name, gradient in expected.items():
        scale = float(gradient.abs().max())
        torch.testing.assert_close(got[name], gradient, atol=2e-5 * scale, rtol=1e-4)
    return path


@pytest.mark.parametrize("name", CONFIGS)
def test_an_architecture_trains_as_with_peft(name: str) -> None:
    path = check_equal(adapted(tiny(name)), rows())
    parts, layers, products, notes = IN_EFFECT[name]
    assert (path.parts, path.layers, path.products) == (parts, layers, products)
    assert path.notes == notes
    assert path.difference < 1e-5


@pytest.mark.slow
def test_with_compiled_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch_path, "_WORTH_COMPILING", 0)
    compiled: dict[Any, Any] = {}
    monkeypatch.setattr(torch_compiled._State, "compiled", compiled)
    monkeypatch.setattr(torch_compiled._State, "known", {})
    monkeypatch.setattr(torch_compiled._State, "failed", set())
    path = check_equal(adapted(tiny()), rows((200, 224, 230, 33)), FAST_PARTS)
    assert (path.parts, path.notes) == (FAST_PARTS, ())
    made = {key[0].__name__ for key, function in compiled.items() if function is not key[0]}
    assert made == {
        *(
            "rms_norm",
            "rms_norm_backward",
            "swiglu",
            "swiglu_backward",
            "rotate_heads",
            "rotate_heads_backward",
        ),
        *("split_heads", "join_heads", "causal_softmax", "causal_softmax_backward"),
        *("log_sum_exp", "softmax_minus_label"),
    }


@pytest.mark.parametrize("lengths", [(200, 224, 230), (450, 460, 470, 33, 5, 2)], ids=str)
def test_rows_of_several_blocks_that_go_together(lengths: tuple[int, ...]) -> None:
    assert check_equal(adapted(tiny()), rows(lengths), EAGER).layers == 2


def test_kernels_that_cannot_be_compiled_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch_path, "_WORTH_COMPILING", 0)
    monkeypatch.setattr(torch_compiled._State, "compiled", {})
    monkeypatch.setattr(torch_compiled._State, "known", {})
    monkeypatch.setattr(torch_compiled._State, "failed", set())
    monkeypatch.setattr(torch_compiled, "_compiled", None)
    path = check_equal(adapted(tiny()), rows(), FAST_PARTS)
    assert path.notes[0].startswith("compile: causal_softmax, ") and "as they are" in path.notes[0]


def test_a_window_counts_from_the_longest_row() -> None:
    path = check_equal(adapted(tiny("mistral", sliding_window=29)), rows((11, 2, 29, 3)))
    assert path.layers == 2
    model, longer = adapted(tiny("mistral", sliding_window=29)), rows((11, 30))
    own = torch.stack(own_losses(model, longer))
    with fast_path(model, longer[:1], EAGER) as path:  # evaluation may bring longer rows than were seen
        assert path.layers == 2
        torch.testing.assert_close(torch.stack(packed_losses(model, path, longer)), own)


@pytest.mark.parametrize("name", ["llama", "gemma3", "gpt2"])
def test_rows_have_no_part_in_one_another(name: str) -> None:
    model, encoded = adapted(tiny(name)), rows((11, 5, 340, 29, 3))
    changed = list(encoded)
    changed[2] = EncodedExample(tuple(reversed(encoded[2].ids)), tuple(reversed(encoded[2].ids)), False, True)
    with fast_path(model, encoded, EAGER) as path, torch.no_grad():
        before, after = (packed_losses(model, path, batch) for batch in (encoded, changed))
    assert abs(float(before[2] - after[2])) > 0.1
    for number in (0, 1, 3, 4):
        assert float(before[number]) == pytest.approx(float(after[number]), abs=1e-6)


def test_a_lone_row_and_one_without_labels() -> None:
    check_equal(adapted(tiny()), rows((7,)))
    silent = EncodedExample((5, 6, 7), (5, IGNORE, IGNORE), False, True)
    model = adapted(tiny())
    with fast_path(model, [silent], EAGER) as path:
        assert path.notes == ("all: no row to compare with the model's own forward",)
        assert len(path.losses(model, path.batch([silent], 0)).losses_N) == 0


# ---------------------------------------------------------------- what is odd is found, and the model is left as it was


def state(model: Any) -> tuple[str, list[str], bool]:
    inner = model.get_base_model()
    altered = [name for name, module in model.named_modules() if "forward" in vars(module)]
    return inner.config._attn_implementation, altered, model.training


def altered_norm(model: Any) -> str:
    """An epsilon that the norm's forward does not take from its field."""
    for name, module in model.named_modules():
        if name.endswith("input_layernorm"):
            weight = module.weight
            module.forward = lambda x, weight=weight: weight * x * torch.rsqrt(x.pow(2).mean(-1, True) + 0.5)
    return "layers"


def altered_mlp(model: Any) -> str:
    """Something between the linear layers."""
    for name, module in model.named_modules():
        if name.endswith("mlp"):
            own = module.forward
            module.forward = lambda x, own=own: own(x) * 1.5
    return "layers"


def leaking_rows(model: Any) -> str:
    """A decoder in which rows see each other, whatever the attention does."""
    decoder = model.get_base_model().model
    decoder.norm.forward = lambda x: x.cumsum(1) / 10
    return "packing"


def altered_head(model: Any) -> str:
    head = model.get_base_model().lm_head
    head.forward = lambda x: nn.functional.linear(x, head.weight) * 0.7
    return "head"


@pytest.mark.parametrize("alter", [altered_norm, altered_mlp, leaking_rows, altered_head])
def test_what_a_model_computes_otherwise_is_left_out(alter: Any) -> None:
    model = adapted(tiny())
    part = alter(model)
    before = state(model)
    path = check_equal(model, rows())
    assert part not in path.parts
    assert [note for note in path.notes if note.startswith(f"{part}:")]
    assert state(model) == before


def test_a_product_that_is_altered_takes_its_own_forward() -> None:
    model = adapted(tiny())
    base = model.get_submodule("base_model.model.model.layers.0.self_attn.q_proj.base_layer")
    base.forward = lambda x: nn.functional.linear(x, base.weight) + 0.3
    path = check_equal(model, rows())
    assert (path.layers, path.products) == (1, 6)
    assert path.notes == ("layers: 1 of 2 take the model's own forward: linear layers", _OWN_PRODUCT)


def test_attention_that_ignores_where_rows_end_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    from codebase_gardener.training.fast import torch_attention

    monkeypatch.setattr(torch_attention, "row_ends", lambda places: (int(places[-1]),))
    path = check_equal(adapted(tiny("qwen3")), rows())
    assert "packing" not in path.parts
    assert any(note.startswith("packing: left out, its losses differ by") for note in path.notes)


def test_an_error_of_the_models_own_code_is_told() -> None:
    model = adapted(tiny())

    def refuses(module: Any, args: Any, options: dict[str, Any]) -> None:
        if options.get("cu_seq_lens_q") is not None:
            raise ValueError("no packed rows here")

    model.get_base_model().model.register_forward_pre_hook(refuses, with_kwargs=True)
    path = check_equal(model, rows())
    assert path.parts == ("head", "lora")
    assert path.notes == (
        "packing: left out, ValueError: no packed rows here",
        "layers: they are made for packed rows",
    )


@pytest.mark.parametrize("factor", [-5.0, 0.0])
@pytest.mark.parametrize("fresh", [True, False])
def test_a_wrong_gradient_is_found(factor: float, fresh: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of A too, which is 0 for as long as B is."""
    model = adapted(tiny())
    if fresh:
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                nn.init.zeros_(parameter)
    own = torch_layers.lora_backward

    def wrong(*args: Any) -> Any:
        to_x, weights = own(*args)
        return to_x, [(to_a * factor, to_b) for to_a, to_b in weights]

    monkeypatch.setattr(torch_layers, "lora_backward", wrong)
    before = {name: p.clone() for name, p in model.named_parameters()}
    with fast_path(model, rows(), EAGER) as path:
        assert path.parts == ("head", "packing", "lora")
        assert path.notes[0].startswith("layers: left out, its gradients differ by")
    assert all(torch.equal(before[name], p) for name, p in model.named_parameters())


def in_bf16(name: str, seed: int) -> tuple[Any, list[EncodedExample]]:
    """A model with weights small to large, and rows, both of a seed."""
    base = tiny(name)
    torch.manual_seed(seed)
    for parameter in base.parameters():
        if parameter.dim() > 1:
            nn.init.normal_(parameter, std=(0.02, 0.06, 0.16)[seed % 3])
    lengths = [int(n) for n in torch.randint(5, 200, (9,))]
    model = adapted(base.to(torch.bfloat16), init_lora_weights=bool(seed % 2))
    return model, rows((*lengths,), seed)


@pytest.mark.parametrize(
    "seeds", [range(12), pytest.param(range(12, 212), marks=pytest.mark.slow)], ids=["a few", "200"]
)
def test_rounding_refuses_no_right_part_in_bf16(seeds: range) -> None:
    """Sparse ones too, in which rounding sends a token to another expert."""
    names = ("llama", "qwen2", "gemma3", "mixtral")
    for seed in seeds:
        name = names[seed % len(names)]
        model, encoded = in_bf16(name, seed)
        with fast_path(model, encoded, EAGER) as path:
            assert path.parts == IN_EFFECT[name][0], (seed, path.notes)


@pytest.mark.parametrize("which", ["all", "one kind", "one layer"])
@pytest.mark.parametrize(
    ("a", "b"), [(0.0, 1.0), (-1.0, 1.0), (1.5, 1.0), (1.0, 1.5), (1.0, 0.0), (1.0, -1.0)], ids=str
)
def test_a_wrong_gradient_is_found_in_bf16(
    a: float, b: float, which: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where only the MLP's last product is wrong, or only that of one layer; a direction would not tell 1.5."""
    own, calls = torch_layers.lora_backward, [0]

    def wrong(grads: Any, x: Tensor, *more: Any) -> Any:
        to_x, weights = own(grads, x, *more)
        calls[0] += x.shape[1] == 48
        if which == "all" or (x.shape[1] == 48 and (which == "one kind" or calls[0] % 2)):
            weights = [(to_a * a, to_b * b) for to_a, to_b in weights]
        return to_x, weights

    monkeypatch.setattr(torch_layers, "lora_backward", wrong)
    for seed in range(4):
        calls[0] = 0
        model, encoded = in_bf16("llama", seed)
        with fast_path(model, encoded, EAGER) as path:
            assert "layers" not in path.parts, seed
            assert any(note.startswith("layers: left out, its gradients differ by") for note in path.notes)


@pytest.mark.parametrize("alter", [altered_norm, altered_mlp, leaking_rows, altered_head])
def test_what_is_computed_otherwise_is_left_out_in_bf16(alter: Any) -> None:
    model, encoded = in_bf16("llama", 1)
    part = alter(model)
    with fast_path(model, encoded, EAGER) as path:
        assert part not in path.parts


def test_the_reference_leaves_the_model_as_it_was() -> None:
    model, encoded = in_bf16("mixtral", 0)
    before = {name: (id(p), p.clone()) for name, p in model.named_parameters()}
    with in_float32(model):
        loss = torch.stack(own_losses(model, encoded)).sum()
        exact = gradients(model, loss)
    assert [(name, id(p)) for name, p in model.named_parameters()] == [(n, i) for n, (i, _) in before.items()]
    assert all(torch.equal(before[name][1], p) for name, p in model.named_parameters())
    model.float()
    wide = gradients(model, torch.stack(own_losses(model, encoded)).sum())
    for name, gradient in wide.items():
        torch.testing.assert_close(exact[name], gradient, atol=1e-5 * float(gradient.abs().max()), rtol=1e-4)


def test_one_sample_by_chance_refuses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """What differs on one sample of rows and not on another is rounding."""
    own, asked = Baseline.compare, []

    def unlucky(check: Baseline, *args: Any) -> tuple[float, str]:
        asked.append(check)
        return (1.0, "its gradients differ by chance") if check is asked[0] else own(check, *args)

    monkeypatch.setattr(Baseline, "compare", unlucky)
    model, encoded = in_bf16("llama", 0)
    with fast_path(model, encoded, EAGER) as path:
        assert path.parts == EAGER
    assert len(asked) == 2


def test_no_number_is_no_agreement() -> None:
    model = adapted(tiny())
    nn.init.constant_(model.get_base_model().model.norm.weight, float("nan"))
    with fast_path(model, rows(), EAGER) as path:
        assert path.parts == () and all("losses differ by nan" in note for note in path.notes[:3])


@pytest.mark.parametrize("parts", [(), ("head",), ("packing",), ("packing", "lora"), ("head", "lora"), EAGER])
def test_each_part_alone(parts: tuple[str, ...]) -> None:
    assert check_equal(adapted(tiny()), rows(), parts).parts == parts


def test_the_model_is_afterwards_as_it_was() -> None:
    model = adapted(tiny()).eval()
    outer = model.get_submodule("base_model.model.model.layers.1")
    own = outer.forward
    outer.forward = partial(own)
    put_in, before = outer.forward, state(model)
    with pytest.raises(KeyError), fast_path(model, rows(), EAGER):
        assert state(model)[0] == ROWS
        raise KeyError
    assert state(model) == before
    assert outer.forward is put_in
    assert all(p.grad is None for p in model.parameters())


def test_a_model_that_is_wrapped_goes_its_own_way() -> None:
    class Wrapper(nn.Module):
        def __init__(self, module: nn.Module) -> None:
            super().__init__()
            self.module = module

    with fast_path(Wrapper(adapted(tiny())), rows(), EAGER) as path:
        assert path.parts == ()
        assert path.notes[0].startswith("all: Wrapper wraps the model")


@pytest.mark.parametrize("name", ["attention_chunk_size", "layer_types"])
def test_layers_that_would_mix_rows_are_not_packed(name: str) -> None:
    model = adapted(tiny())
    setattr(
        model.get_base_model().config, name, 8192 if name == "attention_chunk_size" else ["linear_attention"]
    )
    with fast_path(model, rows(), EAGER) as path:
        assert not path.packed
        assert any(note.startswith("packing: layers of LlamaForCausalLM") for note in path.notes)
