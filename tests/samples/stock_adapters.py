"""Adapters of every kind that stock PEFT makes, with random weights on the tiny base; and what stock PEFT answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from peft import PeftModel, get_peft_config, get_peft_model

from codebase_gardener.bases.torch_loading import load_model, load_tokenizer
from codebase_gardener.training.encoding import text_ids

TEXT = "def area(w, h):\n    return"
_SOME = {"r": 4, "target_modules": ["q_proj", "up_proj"]}


def _lora(**options: Any) -> dict[str, Any]:
    return {"peft_type": "LORA", **_SOME, **options}


STOCK: dict[str, dict[str, Any]] = {
    "lora": _lora(),
    "lora, rank 8": _lora(r=8, target_modules="all-linear"),
    "rslora, bias": _lora(use_rslora=True, lora_bias=True),
    "dora": _lora(use_dora=True),
    "dora, embedding": _lora(use_dora=True, target_modules=["embed_tokens", "v_proj"]),
    "saved head": _lora(modules_to_save=["lm_head"]),
    "saved norms": _lora(modules_to_save=["norm", "input_layernorm"]),
    "saved attention": _lora(modules_to_save=["self_attn"]),
    "tokens": _lora(trainable_token_indices=[5, 6]),
    "embedding": _lora(target_modules=["embed_tokens", "q_proj"]),
    "head": _lora(target_modules=["lm_head", "q_proj"]),
    "parameters": _lora(target_modules=[], target_parameters=["q_proj.weight", "up_proj.weight"]),
    "replicated layers": _lora(layer_replication=[[0, 2], [0, 2]]),
    "biases": _lora(bias="all"),
    "kasa": _lora(kasa_config={}),
    "qalora": _lora(use_qalora=True, qalora_group_size=16),
    "AdaLoRA": {"peft_type": "ADALORA", "total_step": 10},
    "BOFT": {"peft_type": "BOFT"},
    "IA3": {"peft_type": "IA3"},
    "LN tuning": {"peft_type": "LN_TUNING"},
    "LoHa": {"peft_type": "LOHA", **_SOME},
    "LoKr": {"peft_type": "LOKR", **_SOME},
    "OFT": {"peft_type": "OFT", "oft_block_size": 16},
    "OSF": {"peft_type": "OSF"},
    "HiRA": {"peft_type": "HIRA", **_SOME},
    "TinyLoRA": {"peft_type": "TINYLORA"},
    "VeRA": {"peft_type": "VERA", **_SOME},
    "adaption prompt": {"peft_type": "ADAPTION_PROMPT", "adapter_len": 4, "adapter_layers": 2},
}
IN_SLOTS = ("lora", "lora, rank 8", "rslora, bias")
UNMERGEABLE = ("adaption prompt",)


def save_adapter(folder: Path, base: Path, config: dict[str, Any], seed: int = 0) -> Path:
    """Have stock PEFT make an adapter, with weights moved at random, and save it."""
    torch.manual_seed(seed)
    peft = get_peft_model(
        load_model(base, dtype="float32"), get_peft_config({"task_type": "CAUSAL_LM", **config})
    )
    for name, parameter in peft.named_parameters():
        if parameter.requires_grad:
            wide = 0.3 if "token_adapter" in name or "adaption_gate" in name else 0.1
            parameter.data.add_(torch.randn_like(parameter) * wide)
    peft.save_pretrained(folder)
    return folder


@torch.no_grad()
def stock_logits(
    base: Path, folder: Path | None, dtype: str = "float32", *, quantization: str = "none"
) -> torch.Tensor:
    """What a fresh stock PEFT model answers; without a folder, the base."""
    model = load_model(base, dtype=dtype, quantization=quantization)
    if folder is not None:
        model = PeftModel.from_pretrained(model, str(folder)).eval()
    ids = torch.tensor([text_ids(load_tokenizer(base), TEXT)])
    logits: torch.Tensor = model(input_ids=ids).logits[0].float()
    return logits


def structure(model: Any) -> list[tuple[Any, ...]]:
    """What must not change about a base: its modules, where its weights lie, how often they were written."""
    modules = [
        (name, id(module), type(module).__name__.removeprefix("Slotted"))
        for name, module in model.named_modules()
    ]
    weights = [(name, id(p), p.data_ptr(), p._version) for name, p in model.named_parameters()]
    return [*modules, *weights, tuple(sorted(vars(model)))]
