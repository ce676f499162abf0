"""Merging into the base: the merged model against the base with the adapter on, and against mergekit."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import AutoModelForCausalLM, GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

from codebase_gardener.bases.resolution import resolve_base
from codebase_gardener.merging.into_base import BaseMergeReport, merge_into_base
from codebase_gardener.merging.merge import MergeInput, MergeSpec
from codebase_gardener.utils.error_handling import AdapterError, InvalidInputError, ModelError

IDS = torch.arange(1, 25)[None]
PLAIN = {"r": 4, "lora_alpha": 8, "target_modules": ["q_proj", "down_proj"]}


def model_of(base: Path) -> Any:
    return AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32).eval()


def write_adapter(base: Path, folder: Path, seed: int = 1, **options: Any) -> Path:
    """A random adapter of a base, saved by PEFT; nothing of it is zero."""
    torch.manual_seed(seed)
    peft = get_peft_model(model_of(base), LoraConfig(task_type="CAUSAL_LM", **{**PLAIN, **options}))
    for name, parameter in peft.named_parameters():
        if parameter.requires_grad:
            magnitude = "magnitude" in name
            parameter.data = (
                parameter.data * (1 + 0.3 * torch.rand_like(parameter))
                if magnitude
                else (torch.randn_like(parameter) * 0.2)
            )
    peft.save_pretrained(folder)
    return folder


def adapted(base: Path, folder: Path) -> Tensor:
    with torch.no_grad():
        found: Tensor = PeftModel.from_pretrained(model_of(base), folder).eval()(input_ids=IDS).logits
        return found


def plain(folder: Path) -> Tensor:
    with torch.no_grad():
        found: Tensor = model_of(folder)(input_ids=IDS).logits
        return found


def merge(base: Path, folders: list[Path], target: Path, **options: Any) -> BaseMergeReport:
    weights = options.pop("weights", [1.0] * len(folders))
    dtype = options.pop("dtype", None)
    inputs = [MergeInput(f, w, f.name) for f, w in zip(folders, weights, strict=True)]
    spec = MergeSpec(**{"method": "linear", **options})
    return merge_into_base(
        inputs, resolve_base(str(base), target.parent / "hashes"), target, spec, dtype=dtype
    )


def small(folder: Path, tokenizer: Path, model: Any, shard: str = "5GB") -> Path:
    model.save_pretrained(folder, max_shard_size=shard)
    for file in tokenizer.glob("token*"):
        shutil.copyfile(file, folder / file.name)
    return folder


@pytest.fixture(scope="module")
def bases(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Architectures that differ in what a merge has to mind."""
    root = tmp_path_factory.mktemp("bases")
    torch.manual_seed(5)
    shape = {"vocab_size": 257, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2}
    shape |= {"num_attention_heads": 4, "num_key_value_heads": 2, "eos_token_id": 0}
    tied = LlamaForCausalLM(LlamaConfig(**shape, tie_word_embeddings=True))
    biased = LlamaForCausalLM(LlamaConfig(**shape, attention_bias=True, mlp_bias=True))
    for name, parameter in biased.named_parameters():
        if name.endswith("bias"):
            parameter.data.normal_()
    gpt2 = GPT2LMHeadModel(
        GPT2Config(vocab_size=257, n_embd=32, n_layer=2, n_head=4, n_positions=64, eos_token_id=0)
    )
    return {
        "llama": tiny_base,
        "tied": small(root / "tied", tiny_base, tied),
        "biased": small(root / "biased", tiny_base, biased),
        "gpt2": small(root / "gpt2", tiny_base, gpt2),
        "sharded": small(root / "sharded", tiny_base, model_of(tiny_base), "30KB"),
    }


VARIANTS: list[tuple[str, str, dict[str, Any]]] = [
    ("plain", "llama", {}),
    ("rslora", "llama", {"use_rslora": True}),
    ("patterns", "llama", {"rank_pattern": {"q_proj": 2}, "alpha_pattern": {"down_proj": 3}}),
    ("dora", "llama", {"use_dora": True}),
    ("dora and rslora", "llama", {"use_dora": True, "use_rslora": True}),
    ("bias", "biased", {"lora_bias": True}),
    ("saved head", "llama", {"modules_to_save": ["lm_head"]}),
    ("tokens", "llama", {"trainable_token_indices": [3, 5]}),
    ("tokens by module", "llama", {"trainable_token_indices": {"embed_tokens": [3, 5]}}),
    ("embedding", "llama", {"target_modules": ["embed_tokens", "q_proj"]}),
    ("tied", "tied", {}),
    ("tied, tokens", "tied", {"trainable_token_indices": [3, 5]}),
    ("tied, embedding", "tied", {"target_modules": ["embed_tokens", "q_proj"]}),
    ("tied, head", "tied", {"target_modules": ["lm_head", "q_proj"]}),
    ("tied, saved head", "tied", {"modules_to_save": ["lm_head"]}),
    ("tied, saved embedding", "tied", {"modules_to_save": ["embed_tokens"]}),
    ("Conv1D", "gpt2", {"target_modules": ["c_attn", "c_proj"], "fan_in_fan_out": True}),
    ("Conv1D, dora", "gpt2", {"target_modules": ["c_attn"], "fan_in_fan_out": True, "use_dora": True}),
    ("sharded", "sharded", {"target_modules": "all-linear"}),
]


@pytest.mark.slow
@pytest.mark.parametrize(("variant", "base", "options"), VARIANTS, ids=[row[0] for row in VARIANTS])
@pytest.mark.filterwarnings("ignore")
def test_the_merged_model_is_the_base_with_the_adapter_on(
    variant: str, base: str, options: dict[str, Any], bases: dict[str, Path], tmp_path: Path
) -> None:
    adapter = write_adapter(bases[base], tmp_path / "adapter", **options)
    report = merge(bases[base], [adapter], tmp_path / "out")
    assert report.changed > 0
    on = adapted(bases[base], adapter)
    assert float((on - plain(bases[base])).abs().max()) > 1e-2
    assert torch.allclose(plain(tmp_path / "out"), on, atol=1e-5)
    files = {file.name for file in bases[base].iterdir()}
    assert files - {"adapter"} <= {file.name for file in (tmp_path / "out").iterdir()}


def test_shards_and_index_are_those_of_the_base(bases: dict[str, Path], tmp_path: Path) -> None:
    merge(bases["sharded"], [write_adapter(bases["sharded"], tmp_path / "adapter")], tmp_path / "out")
    name = "model.safetensors.index.json"
    wanted, found = (
        json.loads((folder / name).read_text()) for folder in (bases["sharded"], tmp_path / "out")
    )
    assert len(set(wanted["weight_map"].values())) > 3
    assert found["weight_map"] == wanted["weight_map"]
    assert found["metadata"]["total_size"] == wanted["metadata"]["total_size"]


def test_another_dtype(bases: dict[str, Path], tmp_path: Path) -> None:
    adapter = write_adapter(bases["tied"], tmp_path / "adapter", target_modules=["embed_tokens", "q_proj"])
    report = merge(bases["tied"], [adapter], tmp_path / "out", dtype="bfloat16")
    held = load_file(tmp_path / "out" / "model.safetensors")
    assert {tensor.dtype for tensor in held.values()} == {torch.bfloat16}
    assert report.untied == ["lm_head.weight"]
    config = json.loads((tmp_path / "out" / "config.json").read_text())
    assert (config["dtype"], config["tie_word_embeddings"]) == ("bfloat16", False)
    assert float((plain(tmp_path / "out") - adapted(bases["tied"], adapter)).abs().max()) < 0.1


@pytest.mark.parametrize(
    ("method", "weights", "density"),
    [("task_arithmetic", [0.7, -0.3], 1.0), ("ties", [0.7, 0.4], 0.4), ("ties", [1.0, 1.0], 0.8)],
)
@pytest.mark.filterwarnings("ignore")
def test_as_mergekit_merges_whole_models(
    method: str, weights: list[float], density: float, bases: dict[str, Path], tmp_path: Path
) -> None:
    from mergekit.merge_methods import merge_state_dicts

    base = bases["llama"]
    variants = [{"use_dora": True, "modules_to_save": ["lm_head"]}, {"use_rslora": True, "r": 2}]
    adapters = [write_adapter(base, tmp_path / f"a{n}", n, **options) for n, options in enumerate(variants)]
    models = [
        PeftModel.from_pretrained(model_of(base), folder).merge_and_unload().state_dict()
        for folder in adapters
    ]
    parameters = {"weight": [None, *weights]}
    if method == "ties":
        parameters |= {"density": [None, density, density]}
    wanted = merge_state_dicts(
        {"base": model_of(base).state_dict(), "one": models[0], "two": models[1]},
        method,
        base="base",
        parameters={
            name: dict(zip(("one", "two"), row[1:], strict=True)) for name, row in parameters.items()
        },
    )
    merge(base, adapters, tmp_path / "out", method=method, weights=weights, density=density)
    found = model_of(tmp_path / "out").state_dict()
    assert set(found) == set(wanted)
    assert max(float((found[name] - wanted[name]).abs().max()) for name in wanted) < 1e-5


def test_dare_and_pruning_keep_their_share(bases: dict[str, Path], tmp_path: Path) -> None:
    base = bases["llama"]
    adapter = write_adapter(base, tmp_path / "adapter", target_modules=["q_proj"])
    own, name = load_file(base / "model.safetensors"), "model.layers.0.self_attn.q_proj.weight"
    merge(base, [adapter], tmp_path / "whole")
    whole = load_file(tmp_path / "whole" / "model.safetensors")[name] - own[name]
    for method, scale in (("dare_linear", 4.0), ("magnitude_prune", 1.0)):
        merge(base, [adapter], tmp_path / method, method=method, density=0.25)
        change = load_file(tmp_path / method / "model.safetensors")[name] - own[name]
        kept = change != 0
        assert float(kept.float().mean()) == pytest.approx(0.25, abs=0.05)
        assert torch.allclose(change[kept], whole[kept] * scale, atol=1e-5)


# ---------------------------------------------------------------- refused, with nothing left


def test_what_a_base_cannot_take(
    bases: dict[str, Path], make_base: Callable[..., Path], tmp_path: Path
) -> None:
    base = bases["llama"]
    adapter = write_adapter(base, tmp_path / "adapter")
    biased = write_adapter(base, tmp_path / "biased", lora_bias=True)
    wide = make_base(seed=3, intermediate_size=48)
    deep = write_adapter(make_base(seed=3, num_hidden_layers=3), tmp_path / "deep")
    invocation = Path(shutil.copytree(adapter, tmp_path / "invocation"))
    config = json.loads((adapter / "adapter_config.json").read_text())
    (invocation / "adapter_config.json").write_text(json.dumps({**config, "alora_invocation_tokens": [1]}))
    spoiled = Path(shutil.copytree(adapter, tmp_path / "spoiled"))
    held = load_file(spoiled / "adapter_model.safetensors")
    name = next(name for name in held if "lora_B" in name)
    save_file({**held, name: torch.full_like(held[name], torch.nan)}, spoiled / "adapter_model.safetensors")
    quantized = Path(shutil.copytree(base, tmp_path / "quantized"))
    told = json.loads((base / "config.json").read_text())
    (quantized / "config.json").write_text(
        json.dumps({**told, "quantization_config": {"quant_method": "bitsandbytes", "load_in_4bit": True}})
    )
    before = set(tmp_path.iterdir())
    for where, folder, words in (
        (base, biased, "has none in this base"),
        (wide, adapter, "does not fit this base"),
        (base, deep, "has no module model.layers.2"),
        (base, invocation, "invocation tokens"),
        (base, spoiled, "NaN"),
        (quantized, adapter, "stored quantized"),
    ):
        with pytest.raises((AdapterError, ModelError), match=words) as caught:
            merge(where, [folder], tmp_path / "out")
        assert caught.value.hint
    for options in (
        {"method": "svd"},
        {"rank": 3},
        {"space": "factors"},
        {"dtype": "int8"},
        {"density": 0.0},
    ):
        with pytest.raises(InvalidInputError):
            merge(base, [adapter], tmp_path / "out", **options)
    with pytest.raises(InvalidInputError, match="exists"):
        merge(base, [adapter], adapter)
    assert {path for path in tmp_path.iterdir() if path.name != "hashes"} == before


def test_an_adapter_of_a_quantized_base_gets_a_note(bases: dict[str, Path], tmp_path: Path) -> None:
    adapter = write_adapter(bases["llama"], tmp_path / "adapter")
    assert merge(bases["llama"], [adapter], tmp_path / "plain").notes == ()
    (adapter / "gardener.json").write_text(json.dumps({"training": {"quantization": "nf4"}}))
    assert "nf4" in merge(bases["llama"], [adapter], tmp_path / "out").notes[0]
