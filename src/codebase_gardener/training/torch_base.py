"""Loading a base model and its tokenizer; converting GGUF to safetensors."""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path
from typing import Any

import torch
import transformers
from transformers import AutoModelForCausalLM, AutoTokenizer

from codebase_gardener.utils.error_handling import ModelError

__all__ = ["DTYPES", "convert_gguf", "load_model", "load_tokenizer"]

DTYPES = {"bfloat16": torch.bfloat16, "float32": torch.float32, "float16": torch.float16}
transformers.utils.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()
# PEFT calls what transformers is about to rename: nothing that a user could act on
warnings.filterwarnings("ignore", category=FutureWarning, module=r"transformers\.")


def load_tokenizer(path: Path) -> Any:
    """The base's tokenizer, from disk only, without code of its own.

    Raises:
        ModelError: There is none, or it has no end token.
    """
    try:
        tokenizer = AutoTokenizer.from_pretrained(path, local_files_only=True, trust_remote_code=False)
    except (OSError, ValueError) as error:
        raise ModelError(
            f"the base at {path} has no usable tokenizer: {str(error).splitlines()[0]}",
            hint="save the tokenizer beside the weights (tokenizer.save_pretrained)",
        ) from error
    if tokenizer.eos_token_id is None:
        raise ModelError(
            f"the tokenizer at {path} has no end token, so a model trained on it would never stop",
            hint="set eos_token in tokenizer_config.json",
        )
    return tokenizer


def load_model(path: Path, *, dtype: str, device: str = "cpu") -> Any:
    """The base model on a device, in eval mode.

    Args:
        path: Folder with config.json and safetensors.
        dtype: A key of `DTYPES`.
        device: A torch device.

    Raises:
        ModelError: The architecture is not known to transformers, or the files do not fit it.
    """
    try:
        model = AutoModelForCausalLM.from_pretrained(
            path, dtype=DTYPES[dtype], local_files_only=True, trust_remote_code=False, use_safetensors=True
        )
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise ModelError(
            f"the base at {path} cannot be loaded: {str(error).splitlines()[0]}",
            hint="check that it is a causal language model that this transformers version knows",
        ) from error
    return model.to(device).eval()


def convert_gguf(gguf: Path, out: Path) -> None:
    """Write a GGUF model as a folder of safetensors (bf16), config and tokenizer."""
    from transformers import GgufConfig

    folder, name = str(gguf.parent), gguf.name
    tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=name)
    # without dequantize=True the model cannot be saved again
    model = AutoModelForCausalLM.from_pretrained(
        folder, gguf_file=name, quantization_config=GgufConfig(dequantize=True), dtype=torch.bfloat16
    )
    model.save_pretrained(out)
    tokenizer.save_pretrained(out)
    for file in out.iterdir():
        file.chmod(0o644)


if __name__ == "__main__":
    os.environ["HF_HUB_OFFLINE"] = "1"
    convert_gguf(Path(sys.argv[1]), Path(sys.argv[2]))
