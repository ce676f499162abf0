"""The main job with the embedded base: a repository in, a proven adapter and a verdict out."""

from __future__ import annotations

import json

import pytest

from codebase_gardener.adapters.files import check_adapter_files
from codebase_gardener.bases.torch_loading import load_model, load_tokenizer
from codebase_gardener.gardener.asking import ask
from codebase_gardener.training.torch_logits import last_logits
from codebase_gardener.utils.files import is_published
from codebase_gardener.utils.names import parse_ref

pytestmark = pytest.mark.slow


def test_grow_ends_with_four_arms_and_a_verdict(grown):
    verdict = grown.output["verdict"]
    assert verdict["word"] in ("helped", "unchanged", "hurt")
    four = ["base", "base + retrieval", "adapter", "adapter + retrieval"]
    assert list(verdict["arms"]) == [*four, *(f"{name} + memory" for name in four)]
    assert list(verdict["memory"]) == four
    for arm in verdict["arms"].values():
        low, high = arm["nats_per_token_95"]
        assert low <= arm["nats_per_token"] <= high
        assert arm["tokens"] == verdict["arms"]["base"]["tokens"]
    assert (
        verdict["difference"]["low"]
        <= verdict["difference"]["nats_per_token"]
        <= verdict["difference"]["high"]
    )
    assert grown.output["was_there"] is False


def test_six_steps_on_code_that_repeats_itself_lower_its_loss(grown):
    arms = grown.output["verdict"]["arms"]
    assert arms["adapter"]["nats_per_token"] < arms["base"]["nats_per_token"]


def test_the_receipt_says_that_every_tensor_found_its_module(grown):
    receipts = grown.gardener.registry.receipts(grown.version)
    (receipt,) = (one for one in receipts if one.kind == "proof")  # other tests of this adapter add theirs
    assert receipt.data["tensors_matched"] == receipt.data["tensors_expected"] == 2 * 7 * 30
    assert receipt.data["max_logit_difference"] > 0.01
    assert receipt.data["mean_kl_nats"] > 0
    assert receipt.data["parity_reload"] == 0
    assert receipt.data["parity_unload"] == 0
    assert receipt.data["base_sha256"] == grown.version.base_hash


def test_the_published_files_are_whole_and_what_the_ecosystem_expects(grown):
    folder = grown.version.directory
    assert is_published(folder, check_hashes=True)
    names = {path.name for path in folder.iterdir()}
    assert {"adapter_config.json", "adapter_model.safetensors", "README.md", "tokenizer.json"} <= names
    sidecar = json.loads((folder / "gardener.json").read_text())
    assert sidecar["dataset_sha256"] == grown.version.dataset_hash
    assert set(sidecar["libraries"]) >= {"torch", "peft", "transformers"}
    assert len(check_adapter_files(folder).shapes) == 420


def test_stock_peft_gives_the_logits_that_our_loader_gives(grown):
    from peft import PeftModel

    base = grown.gardener.base(grown.version.base_id)
    tokenizer = load_tokenizer(base.path)
    stock = PeftModel.from_pretrained(load_model(base.path, dtype="float32"), grown.version.directory).eval()
    expected = last_logits(stock, tokenizer)

    from codebase_gardener.adapters.torch_live_base import LiveBase

    live = LiveBase(base.path, device="cpu", dtype="float32")
    live.attach(check_adapter_files(grown.version.directory), "ours")
    with live.using("ours") as model:
        assert (last_logits(model, tokenizer) - expected).abs().max() < 1e-4


def test_ask_answers_with_sources_with_and_without_the_adapter(grown):
    ref = parse_ref(grown.version.project)
    answer = ask(grown.gardener, ref, "What does kite_area return?", explain=True, max_new_tokens=8).model
    assert any(source.startswith("kite.py:L") for source in answer.sources)
    if grown.version.active:
        assert answer.adapter == str(grown.version.ref)
    base_only = ask(grown.gardener, ref, "Why kites?", adapter=False, retrieval=False, max_new_tokens=8).model
    assert base_only.adapter is None
    assert base_only.sources == ()


def test_growing_the_same_tree_again_trains_nothing(grown):
    from codebase_gardener.gardener.growing import grow
    from codebase_gardener.utils.progress import Quiet

    class Silent(Quiet):
        def stage(self, title, unit):
            assert title not in ("training", "evaluation")
            return super().stage(title, unit)

    before = grown.gardener.registry.jobs()
    again = grow(
        grown.gardener, str(grown.source), Silent(), options={"steps": 6}, show_plan=lambda plan: None
    )
    assert again.was_there
    assert again.version.ref == grown.version.ref
    assert grown.gardener.registry.jobs() == before
