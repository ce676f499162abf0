"""The vLLM profile: its rules, as its documentation and source state them, and equality with stock PEFT's answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from codebase_gardener.adapters.files import check_adapter_files
from codebase_gardener.bases.resolution import Base, resolve_base
from codebase_gardener.exports.request import ExportRequest
from codebase_gardener.exports.stock_peft import public_name
from codebase_gardener.exports.torch_vllm import prove_vllm_folder, write_vllm_folder
from codebase_gardener.utils.error_handling import AdapterError
from codebase_gardener.utils.progress import Quiet
from samples.stock_adapters import STOCK, save_adapter, stock_logits

pytestmark = pytest.mark.slow

FOLDED: dict[str, dict[str, Any]] = {
    "plain": {},
    "rslora": {"use_rslora": True, "lora_alpha": 3},
    "patterns": {"rank_pattern": {"q_proj": 2}, "alpha_pattern": {"up_proj": 5}},
    "wide": {"r": 9},
    "one layer": {"layers_to_transform": [1]},
    "head": {"target_modules": ["lm_head", "q_proj"]},
}


def asked(base: Path, folder: Path, place: Path) -> ExportRequest:
    return ExportRequest(
        "garden/default@1", check_adapter_files(folder), resolve_base(str(base), place / "bases"), Quiet()
    )


@pytest.mark.parametrize("kind", FOLDED)
@pytest.mark.filterwarnings("ignore")
def test_contract_with_vllm_and_equality_with_peft(kind: str, tiny_base: Path, tmp_path: Path) -> None:
    """vLLM is not run: its rules are stated here, from `vllm/lora/peft_helper.py` and `vllm/config/lora.py`."""
    adapter = save_adapter(tmp_path / "adapter", tiny_base, {**STOCK["lora"], **FOLDED[kind]})
    request, out = asked(tiny_base, adapter, tmp_path), tmp_path / "out"
    out.mkdir()
    notes = write_vllm_folder(request, out)
    config = json.loads((out / "adapter_config.json").read_text())
    assert {"r", "lora_alpha", "target_modules"} <= set(config)
    assert config["r"] in (8, 16, 32, 64, 128, 256, 320, 512)
    assert isinstance(config["lora_alpha"], int)
    assert config["lora_alpha"] / config["r"] == 1
    assert config["bias"] == "none"
    for refused in (
        "modules_to_save",
        "use_dora",
        "lora_bias",
        "use_rslora",
        "rank_pattern",
        "alpha_pattern",
    ):
        assert not config.get(refused)
    for name, tensor in load_file(out / "adapter_model.safetensors").items():
        prefix, part = name.split(".lora_")
        assert prefix.startswith("base_model.model.")
        assert part in ("A.weight", "B.weight")
        assert tensor.shape[part == "B.weight"] == config["r"]
    assert f"--max-lora-rank {config['r']}" in notes[-1]
    assert torch.allclose(stock_logits(tiny_base, out), stock_logits(tiny_base, adapter), atol=1e-5)
    assert not torch.allclose(stock_logits(tiny_base, out), stock_logits(tiny_base, None), atol=1e-2)
    assert prove_vllm_folder(request, out)["relative_difference"] < 1e-6


REFUSED = {
    "dora": "DoRA",
    "rslora, bias": "bias",
    "saved head": "saved modules",
    "tokens": "trained tokens",
    "embedding": "embedding",
    "biases": "biases",
    "LoHa": "LOHA",
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_vllm_does_not_take(kind: str, tiny_base: Path, tmp_path: Path) -> None:
    adapter = save_adapter(tmp_path / "adapter", tiny_base, STOCK[kind])
    with pytest.raises(AdapterError, match=REFUSED[kind]) as caught:
        write_vllm_folder(asked(tiny_base, adapter, tmp_path), tmp_path)
    assert "merge" in caught.value.hint
    assert ("--to merged" in caught.value.hint) == (kind != "LoHa")


def test_a_tied_head_and_a_rank_too_high(
    make_base: Callable[..., Path], tiny_base: Path, tmp_path: Path
) -> None:
    tied = make_base(seed=2, tie_word_embeddings=True)
    head = save_adapter(tmp_path / "head", tied, {**STOCK["lora"], "target_modules": ["lm_head", "q_proj"]})
    with pytest.raises(AdapterError, match="head alone"):
        write_vllm_folder(asked(tied, head, tmp_path), tmp_path)
    high = save_adapter(tmp_path / "high", tiny_base, {**STOCK["lora"], "r": 513})
    with pytest.raises(AdapterError, match="rank 513"):
        write_vllm_folder(asked(tiny_base, high, tmp_path), tmp_path)


def test_a_wrong_fold_is_seen(tiny_base: Path, tmp_path: Path) -> None:
    request = asked(tiny_base, save_adapter(tmp_path / "adapter", tiny_base, STOCK["lora"]), tmp_path)
    out = tmp_path / "out"
    out.mkdir()
    write_vllm_folder(request, out)
    held = load_file(out / "adapter_model.safetensors")
    name = next(name for name in held if "lora_B" in name)
    save_file({**held, name: held[name] * 1.01}, out / "adapter_model.safetensors")
    with pytest.raises(AdapterError, match="another change"):
        prove_vllm_folder(request, out)


def test_the_base_as_vllm_finds_it(tmp_path: Path) -> None:
    assert public_name(Base("owner/name", tmp_path, "abc", "0", 1)) == ("owner/name", "abc")
    assert public_name(Base("smollm2-135m", tmp_path, "0.1.2", "0", 1)) == (str(tmp_path), None)
    assert public_name(Base(str(tmp_path), tmp_path, "local", "0", 1)) == (str(tmp_path), None)
