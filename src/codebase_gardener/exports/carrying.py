"""What of an adapter a GGUF file cannot carry, by its config alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["gguf_refusal"]

_NOT_CARRIED = {
    "use_dora": "DoRA's magnitudes",
    "modules_to_save": "saved modules",
    "trainable_token_indices": "trained tokens",
    "target_parameters": "changed parameters",
    "layer_replication": "replicated layers",
    "lora_bias": "biases",
    "use_qalora": "QALoRA's groups",
    "kasa_config": "KaSA's singular values",
    "alora_invocation_tokens": "tokens that switch it on",
    "use_bdlora": "block-diagonal factors",
    "arrow_config": "a router",
}


def gguf_refusal(config: Mapping[str, Any]) -> str:
    """What of it a GGUF adapter cannot carry; "" where it is low-rank factors of linear layers alone.

    Example:
        >>> gguf_refusal({"peft_type": "LORA", "use_dora": True})
        "DoRA's magnitudes"
    """
    if config.get("peft_type") != "LORA":
        return f"the kind {config.get('peft_type')}"
    if config.get("bias") not in (None, "none"):
        return "biases"
    return next(
        (what for name, what in _NOT_CARRIED.items() if config.get(name) not in (None, False, [], {})), ""
    )
