"""Whether an adapter is more than low-rank factors of linear layers: all that slots, GGUF files and vLLM carry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["beyond_factors"]

_WITHOUT_MEANING = frozenset(
    {
        *("alpha_pattern", "lora_alpha", "lora_bias", "lora_dropout", "r", "rank_pattern", "use_rslora"),
        *("exclude_modules", "layers_pattern", "layers_to_transform", "target_modules"),
        *("corda_config", "eva_config", "init_lora_weights", "loftq_config", "lora_ga_config"),
        *("base_model_name_or_path", "peft_type", "peft_version", "revision", "task_type", "auto_mapping"),
        *("fan_in_fan_out", "inference_mode", "megatron_core", "qalora_group_size"),
    }
)
"""Options that do not change what the factors mean; any other that is set needs PEFT's own layers."""
_WORDS = {
    "use_dora": "DoRA's magnitudes",
    "modules_to_save": "saved modules",
    "trainable_token_indices": "trained tokens",
    "target_parameters": "changed parameters",
    "layer_replication": "replicated layers",
    "bias": "biases",
}


def beyond_factors(config: Mapping[str, Any], *, biases: bool = False) -> str:
    """What of an adapter low-rank factors do not carry, in words; "" where they are all of it.

    Args:
        config: Its adapter_config.json.
        biases: Whether biases beside the factors (`lora_bias`) are carried with them.

    Example:
        >>> beyond_factors({"peft_type": "LORA", "r": 8}), beyond_factors({"peft_type": "LORA", "use_dora": True})
        ('', "DoRA's magnitudes")
    """
    if config["peft_type"] != "LORA":
        return f"the kind {config['peft_type']}"
    options = {**config, "bias": config.get("bias") not in (None, "none")}
    if config.get("lora_bias") and not biases:
        return _WORDS["bias"]
    odd = (name for name, value in options.items() if value and name not in _WITHOUT_MEANING)
    return next((_WORDS.get(name, f"the option {name}") for name in odd), "")
