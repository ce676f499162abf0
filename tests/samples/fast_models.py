"""Tiny random models of many architectures, and rows of odd lengths, for the tests of the fast path."""

from __future__ import annotations

from typing import Any

import torch
import transformers
from peft import LoraConfig, get_peft_model
from torch import Tensor
from torch.nn.functional import cross_entropy

from codebase_gardener.training.encoding import IGNORE, EncodedExample

__all__ = ["CONFIGS", "adapted", "gradients", "own_losses", "rows", "tiny"]

_SHAPE = {
    "vocab_size": 96,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 512,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
_GEMMA = {"head_dim": 8, "sliding_window": 16, "query_pre_attn_scalar": 8}

# name → class of its config, what differs from `_SHAPE` (None: without it)
CONFIGS: dict[str, tuple[str, dict[str, Any]]] = {
    "llama": ("LlamaConfig", {}),
    "qwen2": ("Qwen2Config", {}),
    "qwen3": ("Qwen3Config", {"head_dim": 8}),
    "mistral": ("MistralConfig", {}),
    "mistral, short window": ("MistralConfig", {"sliding_window": 24}),
    "gemma2": ("Gemma2Config", _GEMMA),
    "gemma3": ("Gemma3TextConfig", _GEMMA),
    "phi": ("PhiConfig", {}),
    "phi3": ("Phi3Config", {}),
    "gpt2": ("GPT2Config", {"resid_pdrop": 0.0, "embd_pdrop": 0.0, "attn_pdrop": 0.0}),
    "gpt_neox": ("GPTNeoXConfig", {"num_key_value_heads": None}),
    "starcoder2": ("Starcoder2Config", {"residual_dropout": 0.0, "embedding_dropout": 0.0}),
    "mixtral": ("MixtralConfig", {"num_local_experts": 4, "num_experts_per_tok": 2}),
    "qwen3_moe": (
        "Qwen3MoeConfig",
        {"head_dim": 8, "num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 16},
    ),
}


def tiny(name: str = "llama", **more: Any) -> Any:
    """A random model of two layers, fp32."""
    kind, differing = CONFIGS[name]
    shape = {key: value for key, value in {**_SHAPE, **differing, **more}.items() if value is not None}
    torch.manual_seed(0)
    return transformers.AutoModelForCausalLM.from_config(getattr(transformers, kind)(**shape))


def adapted(model: Any, **options: Any) -> Any:
    """With a LoRA adapter whose B is not zero, in train mode."""
    given = {"r": 4, "target_modules": "all-linear", "init_lora_weights": False, **options}
    torch.manual_seed(1)
    return get_peft_model(model, LoraConfig(task_type="CAUSAL_LM", **given)).train()


def rows(lengths: tuple[int, ...] = (11, 2, 340, 29, 3), seed: int = 3) -> list[EncodedExample]:
    """Rows whose first third has no label; the longest takes two blocks of attention."""
    generator = torch.Generator().manual_seed(seed)
    made = []
    for length in lengths:
        ids = tuple(torch.randint(3, 96, (length,), generator=generator).tolist())
        made.append(EncodedExample(ids, (IGNORE,) * (length // 3) + ids[length // 3 :], False, True))
    return made


def own_losses(model: Any, encoded: list[EncodedExample]) -> list[Tensor]:
    """Summed losses of each row, alone, by the model's own forward."""
    losses = []
    for row in encoded:
        logits = model(input_ids=torch.tensor([row.ids])).logits[0, :-1]
        losses.append(cross_entropy(logits.float(), torch.tensor(row.labels[1:]), reduction="sum"))
    return losses


def gradients(model: Any, loss: Tensor) -> dict[str, Tensor]:
    """Of all that is trained, by name; none is left behind."""
    loss.backward()
    found = {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}
    model.zero_grad(set_to_none=True)
    return found
