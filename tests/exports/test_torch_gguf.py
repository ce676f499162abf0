"""GGUF exports, read by llama.cpp itself and compared with the adapter in memory."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModelForCausalLM

from codebase_gardener.adapters.files import check_adapter_files
from codebase_gardener.bases.resolution import resolve_base
from codebase_gardener.exports import torch_gguf
from codebase_gardener.exports.request import ExportReport, ExportRequest
from codebase_gardener.exports.writing import export_adapter
from codebase_gardener.utils.error_handling import AdapterError, InvalidInputError, ModelError, ResourceError
from codebase_gardener.utils.progress import Quiet
from samples.stock_adapters import STOCK, save_adapter

pytestmark = pytest.mark.slow

ALL = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
ADAPTERS: dict[str, dict[str, Any]] = {
    "plain": {"r": 4, "lora_alpha": 8, "target_modules": ALL},
    "rslora": {"r": 4, "lora_alpha": 3, "use_rslora": True, "target_modules": ALL},
    "patterns": {
        "r": 4, "lora_alpha": 8, "target_modules": ALL,
        "rank_pattern": {"q_proj": 7, "layers.1.mlp.up_proj": 2}, "alpha_pattern": {"k_proj": 5, "q_proj": 0.5},
    },
}  # fmt: skip
Make = Callable[..., Path]


@pytest.fixture
def make(make_base: Make, tmp_path: Path) -> Make:
    """A random base of an architecture, with the tiny base's tokenizer."""

    def made(kind: str, **config: Any) -> Path:
        folder = make_base(**config) if kind == "llama" else make_base()
        if kind != "llama":
            shape = json.loads((folder / "config.json").read_text())
            names = ("vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads",
                     "num_key_value_heads", "max_position_embeddings", "eos_token_id")  # fmt: skip
            torch.manual_seed(3)
            options = {**{name: shape[name] for name in names}, **config}
            model = AutoModelForCausalLM.from_config(AutoConfig.for_model(kind, **options))
            for name, parameter in model.named_parameters():
                if name.endswith("bias"):  # which are zero where nothing trained them
                    torch.nn.init.normal_(parameter, std=0.5)
            model.save_pretrained(folder)
        return folder

    return made


def export(
    base: Path,
    folder: Path,
    out: Path,
    quantize: str | None = None,
    target: str = "gguf",
    heldout: Sequence[tuple[str, str]] = (),
) -> ExportReport:
    request = ExportRequest(
        "demo/one@1",
        check_adapter_files(folder),
        resolve_base(str(base), out.parent / "bases"),
        Quiet(),
        quantize,
        heldout,
    )
    return export_adapter(request, target, out)


@pytest.mark.parametrize("name", ADAPTERS)
@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("llama", {"tie_word_embeddings": True}),
        ("llama", {"rope_theta": 500.0, "head_dim": 16}),
        ("qwen2", {"tie_word_embeddings": False}),
        ("qwen3", {"tie_word_embeddings": True, "head_dim": 16}),
        ("mistral", {"tie_word_embeddings": False, "sliding_window": None}),
    ],
)
def test_llama_cpp_answers_as_peft_does(
    make: Make, tmp_path: Path, kind: str, options: dict[str, Any], name: str
) -> None:
    base = make(kind, **options)
    folder = save_adapter(tmp_path / "adapter", base, {"peft_type": "LORA", **ADAPTERS[name]})
    receipt = export(base, folder, tmp_path / "out").receipt
    assert receipt["greedy_equal"] == receipt["tokens"] == 48
    assert receipt["max_logprob_difference"] < 1e-2 and receipt["effect_nats"] > 1e-3
    assert receipt["effect_left"] > 0.999


@pytest.mark.parametrize("quantize", ["f32", "bf16", "f16", "q8_0"])
def test_merged_and_quantized(make: Make, tmp_path: Path, quantize: str) -> None:
    base = make("llama", tie_word_embeddings=True)
    folder = save_adapter(tmp_path / "adapter", base, STOCK["dora"])  # which no GGUF adapter can carry
    report = export(base, folder, tmp_path / "out", quantize)
    assert set(report.files) == {f"model-{quantize}.gguf"}
    assert report.receipt["effect_left"] > (0.999 if quantize == "f32" else 0.9)
    assert set(report.receipt["loss_nats"]) == {"base", "adapter", "merged", "export"}


def test_held_out_losses_of_base_live_merged_and_quantized(make: Make, tmp_path: Path) -> None:
    base = make("llama", tie_word_embeddings=True)
    folder = save_adapter(tmp_path / "adapter", base, STOCK["lora"])
    rows = [("def f(a):\n", "    return a\n"), ("# ü\ndef g():\n", "    return 'é 木 🌱'\n")]
    alone = export(base, folder, tmp_path / "alone", heldout=rows).receipt
    loss = alone["heldout_loss_nats"]
    assert alone["heldout_functions"] == 2 and alone["heldout_tokens"] > 20
    assert loss["adapter"] == pytest.approx(loss["export"], abs=1e-3)
    assert loss["adapter"] == pytest.approx(loss["merged"], abs=1e-4)
    assert abs(loss["adapter"] - loss["base"]) > 5e-3
    small = export(base, folder, tmp_path / "small", "q8_0", heldout=rows).receipt
    assert small["heldout_loss_nats"]["export"] == pytest.approx(loss["adapter"], abs=0.02)
    assert small["kl_of_nats"]["export"] > small["kl_of_nats"]["merged"]


def test_room_for_the_merge_is_asked_for_first(
    tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = save_adapter(tmp_path / "adapter", tiny_base, STOCK["lora"])
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1000))
    with pytest.raises(ResourceError, match="GB are free"):
        export(tiny_base, folder, tmp_path / "out", "f16")
    assert not list(tmp_path.glob("*out*"))


def test_an_adapted_head_gets_values_of_its_own(make: Make, tmp_path: Path) -> None:
    base = make("llama", tie_word_embeddings=True)
    folder = save_adapter(tmp_path / "adapter", base, STOCK["head"])
    with pytest.raises(AdapterError, match="head"):
        export(base, folder, tmp_path / "out")
    assert export(base, folder, tmp_path / "out", "f32").receipt["effect_left"] > 0.999


def test_q4_k_m_where_256_divides_the_widths(make: Make, tmp_path: Path) -> None:
    wide = make("llama", hidden_size=256, intermediate_size=512)
    folder = save_adapter(tmp_path / "adapter", wide, {"peft_type": "LORA", **ADAPTERS["plain"]})
    report = export(wide, folder, tmp_path / "out", "q4_k_m")
    assert 0.5 <= report.receipt["effect_left"] < 1
    assert (
        report.files["model-q4_k_m.gguf"]
        < export(wide, folder, tmp_path / "f16", "f16").files["model-f16.gguf"] / 2
    )


def test_widths_that_256_does_not_divide_are_refused(tiny_base: Path, tmp_path: Path) -> None:
    folder = save_adapter(tmp_path / "adapter", tiny_base, STOCK["lora"])
    with pytest.raises(InvalidInputError, match="blocks of 256"):
        export(tiny_base, folder, tmp_path / "out", "q4_k_m")
    assert not (tmp_path / "out").exists()


def test_a_quantization_that_eats_the_adapter_is_refused(tiny_base: Path, tmp_path: Path) -> None:
    folder = save_adapter(tmp_path / "adapter", tiny_base, STOCK["lora"])
    file = folder / "adapter_model.safetensors"
    save_file({name: tensor * 0.15 for name, tensor in load_file(file).items()}, file)
    with pytest.raises(AdapterError, match=r"keeps \d+% of its effect"):
        export(tiny_base, folder, tmp_path / "out", "q8_0")
    assert not (tmp_path / "out").exists()
    assert export(tiny_base, folder, tmp_path / "out").receipt["effect_left"] > 0.5


@pytest.mark.parametrize(
    "name", ["dora", "saved head", "tokens", "embedding", "biases", "rslora, bias", "LoHa"]
)
def test_what_a_gguf_adapter_cannot_carry_is_named(tiny_base: Path, tmp_path: Path, name: str) -> None:
    folder = save_adapter(tmp_path / "adapter", tiny_base, STOCK[name])
    with pytest.raises(AdapterError, match="cannot carry") as caught:
        export(tiny_base, folder, tmp_path / "out")
    assert ("--to peft" if name == "LoHa" else "--quantize") in (caught.value.hint or "")
    assert not list(tmp_path.glob(".out*"))


def test_other_architectures_are_refused_by_name(tmp_path: Path, make: Make) -> None:
    base = make("llama")
    config = json.loads((base / "config.json").read_text())
    folder = save_adapter(tmp_path / "adapter", base, STOCK["lora"])
    (base / "config.json").write_text(json.dumps({**config, "model_type": "gpt_neox"}))
    with pytest.raises(ModelError, match="gpt_neox"):
        export(base, folder, tmp_path / "out")


def test_nan_is_refused(tiny_base: Path, tmp_path: Path) -> None:
    folder = save_adapter(tmp_path / "adapter", tiny_base, STOCK["lora"])
    file = folder / "adapter_model.safetensors"
    save_file({name: tensor * float("nan") for name, tensor in load_file(file).items()}, file)
    for quantize in (None, "f16"):
        with pytest.raises(AdapterError, match="NaN"):
            export(tiny_base, folder, tmp_path / "out", quantize)


def test_other_tokens_are_told(tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = save_adapter(tmp_path / "adapter", tiny_base, STOCK["lora"])
    monkeypatch.setattr(torch_gguf, "plain_ids", lambda *_: [1, 2, 3])
    with pytest.raises(ModelError, match="other tokens"):
        export(tiny_base, folder, tmp_path / "out")


@pytest.mark.slow
def test_the_embedded_base(embedded_home: Path, tmp_path: Path) -> None:
    base = resolve_base("smollm2-135m", embedded_home / "bases")
    folder = save_adapter(
        tmp_path / "adapter", base.path, {"peft_type": "LORA", "r": 8, "target_modules": "all-linear"}
    )
    request = ExportRequest("demo/one@1", check_adapter_files(folder), base, Quiet())
    receipt = export_adapter(request, "gguf", tmp_path / "out").receipt
    assert receipt["greedy_equal"] == receipt["tokens"] and receipt["max_logprob_difference"] < 1e-2


def test_tokens_beyond_the_vocabulary_are_told(make: Make, tmp_path: Path) -> None:
    base = make("llama", vocab_size=100)
    folder = save_adapter(tmp_path / "adapter", base, STOCK["lora"])
    with pytest.raises(ModelError, match="more tokens"):
        export(base, folder, tmp_path / "out")


@pytest.mark.parametrize(
    ("scaling", "is_written"),
    [
        ({"rope_type": "linear", "factor": 2.0}, True),
        ({"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
          "original_max_position_embeddings": 16}, True),
        ({"rope_type": "yarn", "factor": 2.0, "beta_fast": 8.0, "original_max_position_embeddings": 64}, False),
        ({"rope_type": "dynamic", "factor": 2.0}, False),
    ],
)  # fmt: skip
def test_scaled_positions(make: Make, tmp_path: Path, scaling: dict[str, Any], is_written: bool) -> None:
    base = make("llama", rope_parameters={"rope_theta": 10_000.0, **scaling})
    folder = save_adapter(tmp_path / "adapter", base, STOCK["lora, rank 8"])
    if is_written:
        receipt = export(base, folder, tmp_path / "out").receipt
        assert receipt["max_logprob_difference"] < 1e-2 and receipt["greedy_equal"] == receipt["tokens"]
        return
    with pytest.raises(ModelError, match="not written as GGUF"):
        export(base, folder, tmp_path / "out")
