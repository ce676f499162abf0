"""The losses: the chunked head and left padding give what plain cross entropy on single rows gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from torch.nn.functional import cross_entropy
from transformers import Gemma2Config, Gemma2ForCausalLM, GPT2Config, GPT2LMHeadModel

from codebase_gardener.bases.torch_loading import load_model
from codebase_gardener.training.encoding import IGNORE, EncodedExample
from codebase_gardener.training.fast.parts import HEAD_CHUNK
from codebase_gardener.training.fast.torch_batch import collate, supervised_losses
from codebase_gardener.training.fast.torch_head import head_losses, plain_head

H, V = 24, 97


@pytest.mark.parametrize(
    "count", [1, 2, HEAD_CHUNK - 1, HEAD_CHUNK, HEAD_CHUNK + 1, 2 * HEAD_CHUNK, 2 * HEAD_CHUNK + 3]
)
def test_chunks_give_losses_and_gradients_of_cross_entropy(count: int) -> None:
    torch.manual_seed(count)
    hidden, weight = torch.randn(count, H), torch.randn(V, H) / H**0.5
    labels, scale = torch.randint(0, V, (count,)), torch.rand(count)
    mine, plain = (hidden.clone().requires_grad_() for _ in range(2))
    losses, unused = head_losses(mine, weight, labels)
    assert not unused.any()  # training has no use for them
    hits = head_losses(mine.detach(), weight, labels)[1]
    logits = plain @ weight.T
    expected = cross_entropy(logits, labels, reduction="none")
    torch.testing.assert_close(losses, expected, atol=1e-6, rtol=1e-6)
    assert torch.equal(hits, logits.argmax(-1) == labels)
    (losses * scale).sum().backward()
    (expected * scale).sum().backward()
    torch.testing.assert_close(mine.grad, plain.grad, atol=1e-6, rtol=1e-6)


def test_the_gradient_is_that_of_finite_differences() -> None:
    torch.manual_seed(0)
    hidden = torch.randn(5, 4, dtype=torch.float64)
    weight, labels = torch.randn(7, 4, dtype=torch.float64), torch.randint(0, 7, (5,))
    mine = hidden.clone().requires_grad_()
    head_losses(mine, weight, labels)[0].sum().backward()
    for place in ((0, 0), (4, 3), (2, 1)):
        step = torch.zeros_like(hidden)
        step[place] = 1e-3
        ends = [cross_entropy((hidden + s) @ weight.T, labels, reduction="sum") for s in (step, -step)]
        assert mine.grad is not None
        assert float(mine.grad[place]) == pytest.approx(float(ends[0] - ends[1]) / 2e-3, abs=1e-4)


def test_nothing_supervised_is_no_loss() -> None:
    losses, hits = head_losses(
        torch.zeros(0, H, requires_grad=True), torch.zeros(V, H), torch.zeros(0).long()
    )
    assert losses.shape == hits.shape == (0,)


def rows(
    seed: int = 0, vocabulary: int = 200, lengths: tuple[int, ...] = (5, 17, 9, 30)
) -> list[EncodedExample]:
    rng = torch.Generator().manual_seed(seed)
    made = []
    for length in lengths:
        ids = torch.randint(1, vocabulary, (length,), generator=rng).tolist()
        prompt = length // 2
        made.append(EncodedExample(tuple(ids), (*[IGNORE] * prompt, *ids[prompt:]), False, True))
    return made


def frozen(model: Any) -> Any:
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    return model


def gpt2() -> Any:
    config = GPT2Config(
        vocab_size=200, n_embd=32, n_layer=2, n_head=4, n_positions=64, bos_token_id=0, eos_token_id=0
    )
    return GPT2LMHeadModel(config)


def gemma2() -> Any:
    """Its logits are capped (30 · tanh(logits / 30)): the short cut would be wrong."""
    return Gemma2ForCausalLM(
        Gemma2Config(
            vocab_size=200,
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            head_dim=8,
            final_logit_softcapping=0.5,
            attn_implementation="eager",
        )
    )


@pytest.fixture(params=["llama", "gpt2", "gemma2", "llama + lora", "tied llama"])
def model(request: pytest.FixtureRequest, tiny_base: Path, make_base: Any) -> Any:
    torch.manual_seed(0)
    if request.param == "gpt2":
        return gpt2().eval()
    if request.param == "gemma2":
        return gemma2().eval()
    if request.param == "tied llama":
        return load_model(make_base(1, tie_word_embeddings=True), dtype="float32")
    model = load_model(tiny_base, dtype="float32")
    if request.param == "llama":
        return model
    return get_peft_model(model, LoraConfig(target_modules="all-linear", init_lora_weights=False)).eval()


def test_only_plain_heads_take_the_short_cut(model: Any, request: pytest.FixtureRequest) -> None:
    kind = request.node.callspec.params["model"]
    assert (plain_head(frozen(model)) is not None) == (kind != "gemma2")


def test_a_head_that_is_trained_takes_the_general_path(tiny_base: Path) -> None:
    def wrapped(**options: Any) -> Any:
        return get_peft_model(load_model(tiny_base, dtype="float32"), LoraConfig(**options))

    assert plain_head(wrapped(target_modules=["q_proj", "lm_head"])) is None
    assert plain_head(wrapped(target_modules=["q_proj"], modules_to_save=["lm_head"])) is None
    trained = load_model(tiny_base, dtype="float32")
    assert plain_head(trained) is None  # its head still takes gradients
    assert plain_head(wrapped(target_modules=["q_proj"])) is not None


def test_losses_are_those_of_the_model_s_own_labels(model: Any) -> None:
    """Also of capped and tied heads; padding has no part in it."""
    frozen(model)
    encoded = rows()
    scored = supervised_losses(model, collate(encoded, pad_id=0))
    for number, row in enumerate(encoded):
        mine = scored.losses_N[scored.rows_N == number]
        ids = torch.tensor([row.ids])
        own = model(input_ids=ids, labels=torch.tensor([row.labels])).loss
        assert len(mine) == row.supervised
        assert float(mine.mean()) == pytest.approx(float(own), abs=1e-5)


def test_left_padding_contaminates_nothing(model: Any) -> None:
    frozen(model)
    encoded = rows(3)
    together = supervised_losses(model, collate(encoded, pad_id=0))
    other_pad = supervised_losses(model, collate(encoded, pad_id=7))
    assert torch.equal(together.losses_N, other_pad.losses_N)
    alone = torch.cat([supervised_losses(model, collate([row], pad_id=0)).losses_N for row in encoded])
    torch.testing.assert_close(together.losses_N, alone, atol=1e-5, rtol=1e-5)


def test_gradients_of_both_paths_are_equal(tiny_base: Path) -> None:
    grads = []
    for short_cut in (True, False):
        torch.manual_seed(1)
        base = load_model(tiny_base, dtype="float32")
        model = get_peft_model(base, LoraConfig(target_modules="all-linear", init_lora_weights=False))
        if not short_cut:
            base.config.model_type = "unknown"
        assert (plain_head(model) is not None) == short_cut
        supervised_losses(model, collate(rows(), pad_id=0)).losses_N.sum().backward()
        grads.append({name: p.grad for name, p in model.named_parameters() if p.grad is not None})
    assert grads[0].keys() == grads[1].keys()
    for name, gradient in grads[0].items():
        torch.testing.assert_close(gradient, grads[1][name], atol=1e-5, rtol=1e-4)


def test_batches_have_their_text_on_the_right() -> None:
    batch = collate(
        [EncodedExample((5, 6, 7), (IGNORE, 6, 7), False, True), EncodedExample((8,), (8,), False, True)], 0
    )
    assert batch["input_ids"].tolist() == [[5, 6, 7], [0, 0, 8]]
    assert batch["attention_mask"].tolist() == [[1, 1, 1], [0, 0, 1]]
    assert batch["position_ids"].tolist() == [[0, 1, 2], [0, 0, 0]]
    assert batch["labels"].tolist() == [[IGNORE, 6, 7], [IGNORE, IGNORE, IGNORE]]
