"""Every kind of adapter beside every other on one base, against fresh stock PEFT models."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoTokenizer, MixtralConfig, MixtralForCausalLM

from codebase_gardener.adapters.files import check_adapter_files
from codebase_gardener.adapters.torch_live_base import LiveBase
from codebase_gardener.training.encoding import text_ids
from codebase_gardener.utils.error_handling import AdapterError
from samples.stock_adapters import IN_SLOTS, STOCK, TEXT, UNMERGEABLE, save_adapter, stock_logits, structure

Stock = Callable[..., Path]


@pytest.fixture
def live(tiny_base: Path) -> LiveBase:
    return LiveBase(tiny_base, device="cpu", dtype="float32")


@torch.no_grad()
def logits_of(model: Any, live: LiveBase) -> torch.Tensor:
    ids = torch.tensor([text_ids(live.tokenizer, TEXT)])
    logits: torch.Tensor = model(input_ids=ids, use_cache=False).logits[0].float()
    return logits


@contextmanager
def unchanged(live: LiveBase) -> Iterator[None]:
    """The base is made of the same modules and weights afterwards, and answers the same."""
    before, bare = structure(live.base), live.logits(TEXT, None)
    yield
    assert structure(live.base) == before
    assert torch.equal(live.logits(TEXT, None), bare)


@pytest.mark.parametrize("dtype", ["float32", pytest.param("bfloat16", marks=pytest.mark.slow)])
@pytest.mark.parametrize("kind", STOCK)
def test_a_kind_answers_as_stock_peft_does(kind: str, dtype: str, stock: Stock, tiny_base: Path) -> None:
    live = LiveBase(tiny_base, device="cpu", dtype=dtype)
    with unchanged(live):
        live.attach(check_adapter_files(stock(tiny_base, kind)), "a")
        assert (live.state()["adapters"]["a"]["held"] == "slot") == (kind in IN_SLOTS)
        expected = stock_logits(tiny_base, stock(tiny_base, kind), dtype)
        found = live.logits(TEXT, "a")
        assert torch.allclose(found, expected, atol=1e-5 if dtype == "float32" else 0.05)
        if kind not in IN_SLOTS:
            assert torch.equal(found, expected)
        if kind != "tokens":
            assert not torch.allclose(found, live.logits(TEXT, None), atol=1e-3)
        live.detach("a")


@pytest.mark.slow
def test_all_kinds_share_a_base(live: LiveBase, stock: Stock, tiny_base: Path) -> None:
    """DoRA answered as the base once another kind had been there, and IA3 and LoHa changed one another's flags."""
    for kind in STOCK:
        live.attach(check_adapter_files(stock(tiny_base, kind)), kind)
    expected = {kind: live.logits(TEXT, kind) for kind in STOCK}
    with unchanged(live):
        for one, other in itertools.islice(itertools.permutations(STOCK, 2), 0, None, 7):
            assert torch.equal(live.logits(TEXT, one), expected[one]), (one, other)
            assert torch.equal(live.logits(TEXT, other), expected[other]), (one, other)
        for kind in list(STOCK)[::2]:
            live.detach(kind)
        for kind in list(STOCK)[1::2]:
            assert torch.equal(live.logits(TEXT, kind), expected[kind])
            assert torch.allclose(expected[kind], stock_logits(tiny_base, stock(tiny_base, kind)), atol=1e-5)


def test_a_refused_adapter_leaves_nothing(
    live: LiveBase, stock: Stock, tiny_base: Path, tmp_path: Path
) -> None:
    """`modules_to_save: "lm_head"` left wrappers, after which IA3 could not be loaded, nor DoRA again."""
    import json
    import shutil

    bad = Path(shutil.copytree(stock(tiny_base, "lora"), tmp_path / "bad"))
    config = json.loads((bad / "adapter_config.json").read_text())
    (bad / "adapter_config.json").write_text(json.dumps({**config, "modules_to_save": "lm_head"}))
    with unchanged(live):
        for kind in ("dora", "IA3", "dora"):
            with pytest.raises(AdapterError):
                live.attach(check_adapter_files(bad), "bad")
            live.attach(check_adapter_files(stock(tiny_base, kind)), "a")
            assert torch.equal(live.logits(TEXT, "a"), stock_logits(tiny_base, stock(tiny_base, kind)))
            live.detach("a")


@pytest.mark.slow
@pytest.mark.parametrize("kind", [kind for kind in STOCK if kind not in UNMERGEABLE])
def test_what_is_merged_changes_no_other_answer(
    kind: str, live: LiveBase, stock: Stock, tiny_base: Path
) -> None:
    """The base's handle was off by 1.1 within the block, another adapter's by 0.9, one's own by 1.3."""
    kinds = (kind, "lora", "dora")
    for name in {*kinds}:
        live.attach(check_adapter_files(stock(tiny_base, name)), name)
    expected = {name: live.logits(TEXT, name) for name in (*kinds, None)}
    with unchanged(live), live.merged(kind) as model:
        assert torch.allclose(logits_of(model, live), expected[kind], atol=1e-4)
        for name, logits in expected.items():
            assert torch.equal(live.logits(TEXT, name), logits)
        live.attach(check_adapter_files(stock(tiny_base, "dora", seed=1)), "new")
        new = stock_logits(tiny_base, stock(tiny_base, "dora", seed=1))
        assert torch.equal(live.logits(TEXT, "new"), new)
        live.detach("new")
        with live.merged("lora") as other:
            assert torch.allclose(logits_of(other, live), expected["lora"], atol=1e-4)
    assert torch.equal(live.logits(TEXT, kind), expected[kind])


def test_a_model_of_its_own_stays_what_it_was(live: LiveBase, stock: Stock, tiny_base: Path) -> None:
    for kind in ("lora", "dora", "IA3"):
        live.attach(check_adapter_files(stock(tiny_base, kind)), kind)
    models = {kind: live.to_peft(kind) for kind in ("lora", "dora", "IA3")}
    expected = {kind: logits_of(model, live) for kind, model in models.items()}
    live.switch("lora")
    live.logits(TEXT, "IA3")
    for kind in models:
        live.detach(kind)
    for kind, model in models.items():
        assert torch.equal(logits_of(model, live), expected[kind])
        assert torch.allclose(expected[kind], stock_logits(tiny_base, stock(tiny_base, kind)), atol=1e-5)


def test_threads_that_use_different_kinds(live: LiveBase, stock: Stock, tiny_base: Path) -> None:
    kinds = ["IA3", "LoHa", "lora", "dora"]
    for kind in kinds:
        live.attach(check_adapter_files(stock(tiny_base, kind)), kind)
    expected = {kind: live.logits(TEXT, kind) for kind in kinds}
    wrong: list[str] = []

    def ask(kind: str) -> None:
        wrong.extend(kind for _ in range(25) if not torch.equal(live.logits(TEXT, kind), expected[kind]))

    threads = [threading.Thread(target=ask, args=(kind,)) for kind in kinds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert wrong == []


@pytest.mark.parametrize(
    "options",
    [
        {"target_modules": ["lm_head", "q_proj"]},
        {"target_modules": ["lm_head", "embed_tokens"]},
        {"target_modules": ["embed_tokens", "q_proj"]},
        {"target_modules": ["lm_head", "q_proj"], "ensure_weight_tying": True},
        {"target_modules": ["q_proj"], "modules_to_save": ["lm_head"]},
        {"target_modules": ["q_proj"], "trainable_token_indices": [5, 6]},
    ],
)
@pytest.mark.parametrize("dtype", ["float32", pytest.param("bfloat16", marks=pytest.mark.slow)])
def test_a_head_that_is_tied_to_the_embedding(
    options: dict[str, Any], dtype: str, make_base: Callable[..., Path], tmp_path: Path
) -> None:
    base = make_base(tie_word_embeddings=True)
    folder = save_adapter(tmp_path / "adapter", base, {"peft_type": "LORA", "r": 4, **options})
    live = LiveBase(base, device="cpu", dtype=dtype)
    expected = stock_logits(base, folder, dtype)
    with unchanged(live):
        live.attach(check_adapter_files(folder), "a")
        assert torch.equal(live.logits(TEXT, "a"), expected)
        with live.merged("a") as model:
            assert torch.allclose(logits_of(model, live), expected, atol=1e-4 if dtype == "float32" else 0.1)


@pytest.mark.parametrize(
    "options",
    [
        {"target_modules": [], "target_parameters": ["mlp.experts.gate_up_proj", "mlp.experts.down_proj"]},
        {"target_modules": ["q_proj"], "target_parameters": ["mlp.experts.down_proj", "mlp.gate.weight"]},
    ],
)
def test_parameters_that_are_no_layer(options: dict[str, Any], tiny_base: Path, tmp_path: Path) -> None:
    """Experts in one tensor, which `target_parameters` names."""
    torch.manual_seed(0)
    shape = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
    config = MixtralConfig(
        vocab_size=257, num_key_value_heads=2, num_local_experts=4, eos_token_id=0, **shape
    )
    MixtralForCausalLM(config).save_pretrained(tmp_path / "base")
    AutoTokenizer.from_pretrained(tiny_base).save_pretrained(tmp_path / "base")
    folder = save_adapter(tmp_path / "adapter", tmp_path / "base", {"peft_type": "LORA", "r": 4, **options})
    live = LiveBase(tmp_path / "base", device="cpu", dtype="float32")
    with unchanged(live):
        live.attach(check_adapter_files(folder), "a")
        assert torch.equal(live.logits(TEXT, "a"), stock_logits(tmp_path / "base", folder))


def test_biases_of_the_base_are_the_adapters_own(tmp_path: Path, make_base: Callable[..., Path]) -> None:
    base = make_base(attention_bias=True)
    options = {"peft_type": "LORA", "r": 4, "target_modules": ["up_proj"], "bias": "all"}
    folder = save_adapter(tmp_path, base, options)
    live = LiveBase(base, device="cpu", dtype="float32")
    with unchanged(live):
        live.attach(check_adapter_files(folder), "a")
        assert torch.equal(live.logits(TEXT, "a"), stock_logits(base, folder))


@pytest.mark.slow
@pytest.mark.parametrize("quantization", ["nf4", "int8", "torchao-int8"])
def test_kinds_beside_one_another_on_a_quantized_base(
    quantization: str, stock: Stock, tiny_base: Path
) -> None:
    live = LiveBase(tiny_base, device="cpu", dtype="float32", quantization=quantization)
    kinds = ["IA3", "OFT", "saved head", "lora", *(["dora"] if quantization != "int8" else [])]
    with unchanged(live):
        for kind in kinds:
            live.attach(check_adapter_files(stock(tiny_base, kind)), kind)
            held = live.state()["adapters"][kind]["bytes"]
            assert held < 40_000, "the base's own tensors are counted"
        for kind in kinds * 2:
            expected = stock_logits(tiny_base, stock(tiny_base, kind), quantization=quantization)
            assert torch.allclose(live.logits(TEXT, kind), expected, atol=1e-4), kind
            with pytest.raises(AdapterError, match="quantized"), live.merged(kind):
                pass
