"""QLoRA on the CPU: each quantization trains, is proven, and loads in stock PEFT; what cannot says so, as contracts."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import bitsandbytes
import peft
import pytest
import torch
import transformers
from peft import PeftModel, replace_lora_weights_loftq
from peft.utils.integrations import dequantize_module_weight
from safetensors.torch import load_file, save_file
from transformers.quantizers import auto as quantizers
from transformers.quantizers.base import HfQuantizer

from codebase_gardener.adapters import torch_proof
from codebase_gardener.adapters.files import check_adapter_files
from codebase_gardener.adapters.torch_live_base import LiveBase
from codebase_gardener.adapters.torch_proof import measure
from codebase_gardener.bases.quantization import QUANTIZATIONS
from codebase_gardener.bases.resolution import Base, resolve_base
from codebase_gardener.bases.torch_loading import load_model, load_tokenizer
from codebase_gardener.jobs.directory import JobDirectory
from codebase_gardener.jobs.torch_run import run_job
from codebase_gardener.training.encoding import EncodedExample
from codebase_gardener.training.fast.torch_batch import collate, supervised_losses
from codebase_gardener.training.spec import parse_spec
from codebase_gardener.training.torch_logits import last_logits
from codebase_gardener.training.torch_method import add_adapter
from codebase_gardener.utils.error_handling import AdapterError, InvalidInputError, ModelError

MakeJob = Callable[..., JobDirectory]
WORKING = ("nf4", "int8", "torchao-int8")
LAYERS = {"nf4": "Linear4bit", "int8": "Linear8bitLt", "torchao-int8": "Int8Tensor"}


def run(directory: JobDirectory) -> Any:
    return run_job(directory, "demo/default@1")


def proven(directory: JobDirectory, dtype: str = "float32") -> dict[str, Any]:
    base = directory.spec.base
    return measure(
        directory.artifact, base.path, base_sha256=base.sha256, dtype=dtype, parity=directory.parity
    )


def losses(directory: JobDirectory) -> list[float]:
    return [event["loss"] for event in directory.events.all() if event["kind"] == "step"]


@pytest.fixture
def base(tiny_base: Path, tmp_path: Path) -> Base:
    return resolve_base(str(tiny_base), tmp_path / "bases")


# ---------------------------------------------------------------- loading


@pytest.mark.parametrize("name", WORKING)
def test_the_linear_layers_are_quantized_and_the_rest_is_not(name: str, tiny_base: Path) -> None:
    model = load_model(tiny_base, dtype="bfloat16", quantization=name)
    layer = model.model.layers[0].self_attn.q_proj
    assert LAYERS[name] in (type(layer).__name__, type(layer.weight).__name__)
    assert type(model.lm_head) is torch.nn.Linear
    assert model.lm_head.weight.dtype == (torch.bfloat16 if name == "torchao-int8" else torch.float32)
    assert not any(parameter.requires_grad for parameter in model.parameters())
    if name == "nf4":
        state = layer.weight.quant_state
        assert (state.quant_type, state.nested, layer.compute_dtype) == ("nf4", True, torch.bfloat16)


def test_looking_at_a_model_does_not_change_how_it_trains(make_base: Callable[..., Path]) -> None:
    """bitsandbytes repacks 4-bit weights at the first forward in eval mode; its gradients are off from then on."""
    folder = make_base(3, hidden_size=64, intermediate_size=128)
    row = EncodedExample(tuple(range(1, 30)), tuple(range(1, 30)), False, True)

    def gradient(model: Any) -> torch.Tensor:
        torch.manual_seed(0)
        spec = parse_spec({"r": 4, "init_lora_weights": False, "lora_dropout": 0})
        wrapped = add_adapter(model, spec, Base(str(folder), folder, "local", "", 0)).train()
        supervised_losses(wrapped, collate([row], 0)).losses_N.mean().backward()
        return torch.cat([p.grad.flatten() for p in wrapped.parameters() if p.grad is not None])

    def load() -> Any:
        return load_model(folder, dtype="float32", quantization="nf4")

    looked_at = load()
    last_logits(looked_at, load_tokenizer(folder))
    torch.testing.assert_close(gradient(looked_at), gradient(load()), rtol=0, atol=0)
    repacking = load()
    if (
        not repacking.model.layers[0].self_attn.q_proj.weight.is_cpu
        or not bitsandbytes.functional.has_avx512bf16()
    ):
        return  # only there does it repack
    for module in repacking.modules():
        if hasattr(module, "support_avx512bf16_for_cpu"):
            module.support_avx512bf16_for_cpu = True
    last_logits(repacking, load_tokenizer(folder))
    assert float((gradient(repacking) - gradient(load())).norm() / gradient(load()).norm()) > 0.01


# ---------------------------------------------------------------- training


@pytest.mark.slow
@pytest.mark.parametrize("name", WORKING)
def test_training_on_a_quantized_base_is_proven_on_both_bases(name: str, make_job: MakeJob) -> None:
    # no dropout: in so short a run its luck decides 0.1 nats
    directory = make_job(quantization=name, steps=20, learning_rate=0.02, max_epochs=10, r=16, lora_dropout=0)
    run(directory)
    assert sum(losses(directory)[-5:]) / 5 < losses(directory)[0] - 0.3
    receipt = proven(directory)
    assert (receipt["quantization"], receipt["measured_on"]) == (name, "none")
    assert receipt["tensors_matched"] == receipt["tensors_expected"] > 0
    assert receipt["max_logit_difference"] > 1e-2
    assert receipt["parity_reload"] < 1e-5  # on the base, quantized again
    assert receipt["parity_unload"] == 0
    sidecar = json.loads((directory.artifact / "gardener.json").read_text())
    assert sidecar["training"]["quantization"] == name
    assert QUANTIZATIONS[name].package in sidecar["libraries"]


@pytest.mark.slow
@pytest.mark.parametrize("name", WORKING)
def test_stock_peft_gives_the_trained_logits_on_the_base_quantized_again(
    name: str, make_job: MakeJob, tiny_base: Path
) -> None:
    directory = make_job(quantization=name, learning_rate=0.02, steps=3)
    run(directory)
    stock = PeftModel.from_pretrained(
        load_model(tiny_base, dtype="float32", quantization=name), directory.artifact
    ).eval()
    trained = load_file(directory.parity)["logits"]
    torch.testing.assert_close(last_logits(stock, load_tokenizer(tiny_base)), trained, atol=1e-5, rtol=0)
    plain = PeftModel.from_pretrained(load_model(tiny_base, dtype="float32"), directory.artifact).eval()
    assert float((last_logits(plain, load_tokenizer(tiny_base)) - trained).abs().max()) > 1e-4


OPTIONS: dict[str, dict[str, Any]] = {
    "dora": {"use_dora": True, "quantization": "nf4"},
    "bf16": {"dtype": "bfloat16", "quantization": "nf4"},
    "bf16, int8": {"dtype": "bfloat16", "quantization": "int8"},
    "bf16, torchao": {"dtype": "bfloat16", "quantization": "torchao-int8"},
    "embedding saved": {"modules_to_save": "embed_tokens", "quantization": "nf4"},
    "head adapted": {"target_modules": ("q_proj", "lm_head"), "quantization": "int8"},
    "tokens": {"trainable_token_indices": "65,66", "quantization": "nf4"},
    "rslora": {"use_rslora": True, "quantization": "torchao-int8"},
    "gaussian": {"init_lora_weights": "gaussian", "quantization": "int8"},
    "bias in B": {"lora_bias": True, "quantization": "nf4"},
    "lora+, neftune": {"loraplus_lr_ratio": 4, "neftune_noise_alpha": 5, "quantization": "nf4"},
}


@pytest.mark.slow
@pytest.mark.parametrize("name", OPTIONS)
def test_options_go_with_a_quantized_base(name: str, make_job: MakeJob) -> None:
    directory = make_job(steps=2, learning_rate=0.02, **OPTIONS[name])
    run(directory)
    receipt = proven(directory, OPTIONS[name].get("dtype", "float32"))
    assert receipt["parity_reload"] < 1e-4
    assert receipt["max_logit_difference"] > 1e-4


@pytest.mark.slow
@pytest.mark.parametrize("name", WORKING)
@pytest.mark.parametrize(
    "change", [{"batch_size": 2, "gradient_accumulation_steps": 2}, {"gradient_checkpointing": True}]
)
def test_the_step_is_the_same_however_it_is_computed(
    name: str, change: dict[str, Any], make_job: MakeJob
) -> None:
    same = {
        "rows": [{"prompt": f"{word} = ", "completion": word * 4} for word in ("ab", "c", "def", "gh")],
        "steps": 1, "max_epochs": 1, "lora_dropout": 0.0, "init_lora_weights": False, "warmup_ratio": 0.0,
        "quantization": name,
    }  # fmt: skip
    whole, other = (
        make_job("whole", batch_size=4, **same),
        make_job("other", **{"batch_size": 4, **same, **change}),
    )
    run(whole)
    run(other)
    tensors = [load_file(d.artifact / "adapter_model.safetensors") for d in (whole, other)]
    for key, tensor in tensors[0].items():
        # LLM.int8() rounds the activations of a batch together
        torch.testing.assert_close(tensors[1][key], tensor, atol=4e-3 if name == "int8" else 1e-5, rtol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("name", WORKING)
def test_a_resumed_run_gives_what_an_unbroken_one_does(name: str, make_job: MakeJob) -> None:
    same = {"quantization": name, "steps": 4, "checkpoint_minutes": 1e-6}
    whole, broken = make_job("whole", **same), make_job("broken", **same)
    run(whole)
    run(broken)
    shown = losses(broken)
    for folder in broken.checkpoints.glob("checkpoint-3"):  # killed after the second step
        (folder / "manifest.json").unlink()
    run(broken)
    assert losses(broken)[len(shown) :] == losses(whole)[2:]
    for key, tensor in load_file(whole.artifact / "adapter_model.safetensors").items():
        assert torch.equal(load_file(broken.artifact / "adapter_model.safetensors")[key], tensor)


@pytest.mark.slow
def test_qlora_on_the_embedded_base(embedded_home: Path, make_job: MakeJob) -> None:
    from codebase_gardener.bases.resolution import EMBEDDED

    (folder,) = (embedded_home / "bases").glob(f"smollm2-135m-{EMBEDDED.sha256[:8]}")
    directory = make_job(
        base=folder,
        quantization="nf4",
        steps=8,
        batch_size=8,
        learning_rate=2e-3,
        max_epochs=8,
    )
    result = run(directory)
    assert losses(directory)[-1] < losses(directory)[0] - 0.3
    assert result.supervised_tokens > 0
    receipt = proven(directory)
    assert (receipt["quantization"], receipt["measured_on"]) == ("nf4", "none")
    assert receipt["max_logit_difference"] > 0.1
    assert receipt["parity_reload"] < 0.01


def test_a_layer_that_is_quantized_cannot_be_trained_in_full(base: Base) -> None:
    for name in WORKING:
        model = load_model(base.path, dtype="float32", quantization=name)
        spec = parse_spec({"modules_to_save": "q_proj", "target_modules": "v_proj", "quantization": name})
        with pytest.raises(InvalidInputError, match=r"q_proj is quantized"):
            add_adapter(model, spec, base)


# ---------------------------------------------------------------- proof


@pytest.mark.slow
def test_the_proof_of_a_base_that_fits_only_quantized(
    make_job: MakeJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = make_job(quantization="nf4", learning_rate=0.02)
    run(directory)
    monkeypatch.setattr(torch_proof, "_FREE_SHARE", 0.0)  # a base larger than memory is not to be had here
    receipt = proven(directory)
    assert receipt["measured_on"] == "nf4"
    assert receipt["parity_reload"] < 1e-5


@pytest.mark.slow
def test_what_is_not_what_was_trained_gets_no_receipt(make_job: MakeJob) -> None:
    directory = make_job(quantization="nf4", learning_rate=0.02)
    run(directory)
    path = directory.artifact / "adapter_model.safetensors"
    save_file({k: t * 1.5 for k, t in load_file(path).items()}, path, metadata={"format": "pt"})
    with pytest.raises(AdapterError, match="differs from the trained model"):
        proven(directory)


@pytest.mark.slow
def test_a_sidecar_that_names_an_unknown_quantization(make_job: MakeJob) -> None:
    directory = make_job()
    run(directory)
    path = directory.artifact / "gardener.json"
    sidecar = json.loads(path.read_text())
    path.write_text(json.dumps({**sidecar, "training": {"quantization": "../magic"}}))
    with pytest.raises(AdapterError, match="unknown quantization"):
        check_adapter_files(directory.artifact)


# ---------------------------------------------------------------- LoftQ


def quantization_error(model: Any, exact: dict[str, torch.Tensor]) -> float:
    """Relative distance of the layers, adapter counted in, from the weights on disk."""
    off = total = 0.0
    for name, module in model.get_base_model().named_modules():
        if hasattr(module, "lora_A"):
            weight = exact[f"{name}.weight"]
            now = dequantize_module_weight(module.get_base_layer()).float() + module.get_delta_weight(
                "default"
            )
            off += float((now - weight).square().sum())
            total += float(weight.square().sum())
    return float((off / total) ** 0.5)


@pytest.mark.parametrize("scale", [{}, {"use_rslora": True}, {"lora_alpha": 3, "rank_pattern": "q_proj=2"}])
@pytest.mark.parametrize("name", WORKING)
def test_loftq_begins_nearer_to_the_base(name: str, scale: dict[str, Any], base: Base) -> None:
    exact = load_file(base.path / "model.safetensors")

    def error(**options: Any) -> float:
        spec = parse_spec(
            {"r": 8, "quantization": name, "target_modules": "q_proj,up_proj", **scale, **options}
        )
        return quantization_error(
            add_adapter(load_model(base.path, dtype="float32", quantization=name), spec, base), exact
        )

    assert error(init_lora_weights="loftq") < 0.9 * error()
    assert error(init_lora_weights="loftq", r=32, rank_pattern={}) < 1e-6  # the whole error fits


@pytest.mark.slow
@pytest.mark.parametrize("name", WORKING)
def test_loftq_is_trained_saved_and_loaded_by_stock_peft(
    name: str, make_job: MakeJob, tiny_base: Path
) -> None:
    directory = make_job(init_lora_weights="loftq", quantization=name, learning_rate=0.02, steps=3)
    run(directory)
    receipt = proven(directory)
    assert (receipt["measured_on"], receipt["quantization"]) == (name, name)
    assert receipt["parity_reload"] < 1e-5
    config = json.loads((directory.artifact / "adapter_config.json").read_text())
    assert config["init_lora_weights"] is True  # else whoever loads it would begin anew, and change the base
    stock = PeftModel.from_pretrained(
        load_model(tiny_base, dtype="float32", quantization=name), directory.artifact
    ).eval()
    trained = load_file(directory.parity)["logits"]
    torch.testing.assert_close(last_logits(stock, load_tokenizer(tiny_base)), trained, atol=1e-5, rtol=0)


@pytest.mark.slow
def test_an_adapter_that_began_with_loftq_is_used_on_its_quantized_base(
    make_job: MakeJob, tiny_base: Path
) -> None:
    directory = make_job(init_lora_weights="loftq", quantization="nf4", learning_rate=0.02)
    run(directory)
    files = check_adapter_files(directory.artifact)
    assert (files.quantization, files.is_of_quantized_base) == ("nf4", True)
    live = LiveBase(tiny_base, device="cpu", dtype="float32", quantization=files.quantization)
    live.attach(files, "demo")
    with live.using("demo") as model:
        on = last_logits(model, live.tokenizer)
    torch.testing.assert_close(on, load_file(directory.parity)["logits"], atol=1e-5, rtol=0)


def test_loftq_needs_the_weights_in_full_precision(base: Base, make_base: Callable[..., Path]) -> None:
    model = load_model(base.path, dtype="float32", quantization="nf4")
    folder = make_base(4)
    (folder / "model.safetensors").unlink()
    spec = parse_spec({"init_lora_weights": "loftq", "quantization": "nf4"})
    with pytest.raises(ModelError, match="loftq"):
        add_adapter(model, spec, replace(base, path=folder))


# ---------------------------------------------------------------- contracts: what the table claims of the libraries


def test_contract_devices_of_bitsandbytes() -> None:
    for name in ("nf4", "int8"):
        assert set(QUANTIZATIONS[name].devices) <= bitsandbytes.supported_torch_devices


def test_contract_loftq_of_peft_needs_an_accelerator(base: Base) -> None:
    """Why there is one here; once this fails, PEFT's may do."""
    model = load_model(base.path, dtype="float32", quantization="nf4")
    wrapped = add_adapter(model, parse_spec({"quantization": "nf4"}), base)
    with pytest.raises((AssertionError, RuntimeError), match=r"CUDA|cuda"):
        replace_lora_weights_loftq(wrapped, model_path=str(base.path))


@pytest.mark.parametrize("name", ["hqq", "gptq", "awq", "eetq"])
def test_contract_transformers_has_a_config_and_a_quantizer(name: str) -> None:
    assert name in quantizers.AUTO_QUANTIZATION_CONFIG_MAPPING
    assert name in quantizers.AUTO_QUANTIZER_MAPPING
    assert find_spec(QUANTIZATIONS[name].package) is None, "installed: the row may be out of date"


def test_contract_hqq(tiny_base: Path) -> None:
    with pytest.raises(ImportError, match="HQQ version"):
        transformers.HqqConfig(nbits=4)
    kind = quantizers.AUTO_QUANTIZER_MAPPING["hqq"]
    assert kind.get_quantize_ops is HfQuantizer.get_quantize_ops  # the base class's, which raises
    with pytest.raises(NotImplementedError, match="not available yet"):
        HfQuantizer.get_quantize_ops(
            type("Quantizer", (), {"quantization_config": type("C", (), {"quant_method": "hqq"})})
        )
    with pytest.raises(ValueError, match="CPU"):
        kind.validate_environment(None, device_map={"": "cpu"})
    assert "get_quantize_ops" in QUANTIZATIONS["hqq"].lacks


def test_contract_gptq(tiny_base: Path) -> None:
    config = transformers.GPTQConfig(bits=4, dataset=["a = 1"])
    with pytest.raises(ImportError, match="optimum"):
        transformers.AutoModelForCausalLM.from_pretrained(tiny_base, quantization_config=config)
    assert "7.0.0" in inspect.getsource(peft.import_utils.is_gptqmodel_available)
    assert "gptqmodel >= 7 and optimum" in QUANTIZATIONS["gptq"].lacks


def test_contract_awq(tiny_base: Path) -> None:
    with pytest.raises(ValueError, match="pre-quantized"):
        transformers.AutoModelForCausalLM.from_pretrained(
            tiny_base, quantization_config=transformers.AwqConfig(bits=4)
        )
    kind = quantizers.AUTO_QUANTIZER_MAPPING["awq"]
    assert kind.requires_calibration
    with pytest.raises(ImportError, match="gptqmodel"):
        kind.validate_environment(None)
    assert "gptqmodel" in QUANTIZATIONS["awq"].lacks


def test_contract_eetq(tiny_base: Path) -> None:
    with pytest.raises(ImportError, match="kernels"):
        transformers.AutoModelForCausalLM.from_pretrained(
            tiny_base, quantization_config=transformers.EetqConfig("int8")
        )
    assert not peft.import_utils.is_eetq_available()
    assert 'find_spec("eetq")' in inspect.getsource(peft.import_utils.is_eetq_available)
    assert "CUDA" in QUANTIZATIONS["eetq"].lacks
