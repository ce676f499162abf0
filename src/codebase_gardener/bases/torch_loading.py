"""Loading a base model and its tokenizer; converting GGUF to safetensors."""

from __future__ import annotations

import os
import sys
import threading
import warnings
from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerFast

from codebase_gardener.bases.quantization import check_quantization
from codebase_gardener.bases.text import plain_ids
from codebase_gardener.utils.error_handling import ModelError
from codebase_gardener.utils.files import read_json, sha256_text
from codebase_gardener.utils.optional_packages import bring_back

__all__ = [
    "BUILDING",
    "DTYPES",
    "SAMPLE",
    "base_skeleton",
    "convert_gguf",
    "load_model",
    "load_tokenizer",
    "tokenizer_sha256",
]

SAMPLE = """def add(first_value, second=0x1F, *args, **kwargs):
    \'\'\'Adds 1234567 and 3.14159; it\'s "quoted", isn\'t it?\'\'\'
\tif a!=b and not(c<=d):  # TODO: naïve café 北京 Привет 🙂
        return [x**2 for x in range(10, 200)]


class HTTPServer2(Base): ...
    const f = async (a) => { await g(`${a}`); };   // trailing   spaces
"""
"""Words, numbers, indentation, punctuation, scripts: what tokenizers split differently."""

BUILDING = threading.RLock()
"""Held while transformers builds a model: it does so with a dtype, an initialization and a `tie_weights` of its own,
set for the whole process. Two threads that take turns with these leave every later model without tied weights."""

DTYPES = {"bfloat16": torch.bfloat16, "float32": torch.float32, "float16": torch.float16}
transformers.utils.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()
# PEFT calls what transformers is about to rename: nothing that a user could act on
warnings.filterwarnings("ignore", category=FutureWarning, module=r"transformers\.")


def base_skeleton(base: Path) -> Any:
    """The base's modules on torch's meta device: names, kinds and shapes, without values."""
    try:
        config = AutoConfig.from_pretrained(base, local_files_only=True, trust_remote_code=False)
        with BUILDING, torch.device("meta"):
            return AutoModelForCausalLM.from_config(config, trust_remote_code=False)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise ModelError(
            f"the base at {base} cannot be read: {str(error).splitlines()[0]}",
            hint="check that it is a causal language model that this transformers version knows",
        ) from error


def load_tokenizer(path: Path) -> Any:
    """The base's tokenizer, from disk only, without code of its own.

    transformers 5 builds some (StarCoder's, Granite's) from their class and the vocabulary alone, and loses how the
    file splits words; these are taken as the file is. Of others (DeepSeek's) it forgets that a text begins with BOS.

    Raises:
        ModelError: There is none, it has no end token, or it does not give the ids that its tokenizer.json says.
    """
    try:
        tokenizer = AutoTokenizer.from_pretrained(path, local_files_only=True, trust_remote_code=False)
        if difference := _misread(tokenizer, path):
            named = {
                name: token for name, token in tokenizer.special_tokens_map.items() if isinstance(token, str)
            }
            tokenizer = PreTrainedTokenizerFast.from_pretrained(path, local_files_only=True, **named)
            difference = _misread(tokenizer, path)
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
    if difference:
        raise ModelError(
            f"transformers reads the tokenizer at {path} otherwise than its tokenizer.json: {difference}",
            hint="save it again with the transformers version that it was made with",
        )
    if _is_to_begin_with_bos(tokenizer, path):
        tokenizer.add_bos_token = True
    return tokenizer


def _is_to_begin_with_bos(tokenizer: Any, path: Path) -> bool:
    file = path / "tokenizer_config.json"
    asked = file.is_file() and read_json(file).get("add_bos_token") is True
    begins = tokenizer("a")["input_ids"][:1] == [tokenizer.bos_token_id]
    return asked and not begins and tokenizer.bos_token_id is not None and tokenizer.is_fast


def tokenizer_sha256(tokenizer: Any) -> str:
    """Hex SHA-256 of the ids of a fixed text: two tokenizers that differ where it matters have different ones."""
    return sha256_text(" ".join(map(str, plain_ids(tokenizer, SAMPLE))))


def _misread(tokenizer: Any, path: Path) -> str:
    """Where the tokenizer gives other ids than its own tokenizer.json says, in words; or ""."""
    file = path / "tokenizer.json"
    if not file.is_file() or getattr(tokenizer, "backend_tokenizer", None) is None:
        return ""
    own = Tokenizer.from_file(str(file))
    own.no_truncation()
    own.no_padding()
    for line in SAMPLE.splitlines(keepends=True):
        given = list(tokenizer(line, add_special_tokens=False)["input_ids"])
        expected = own.encode(line, add_special_tokens=False).ids
        at = next(
            (n for n, pair in enumerate(zip(given, expected, strict=False)) if pair[0] != pair[1]), None
        )
        if at is not None or len(given) != len(expected):
            here, there = ([tokenizer.decode([n]) for n in ids[at or 0 :][:4]] for ids in (given, expected))
            return f"{line.strip()!r} has {here} where the file says {there}"
    return ""


def load_model(path: Path, *, dtype: str, device: str = "cpu", quantization: str = "none") -> Any:
    """The base model on a device, in eval mode.

    Args:
        path: Folder with config.json and safetensors.
        dtype: A key of `DTYPES`; of a quantized base, that of its products and of what is not quantized.
        device: A torch device.
        quantization: A key of `QUANTIZATIONS`; the base is then prepared for training.

    Raises:
        ModelError: The architecture is not known to transformers, or the files do not fit it.
        InvalidInputError: A quantization that does not work.
        ResourceError: The quantization's package or device is missing.
    """
    check_quantization(quantization, device)
    quantized = _quantized(quantization, DTYPES[dtype], device) if quantization != "none" else {}
    try:
        if "quantization_config" in read_json(
            path / "config.json"
        ):  # stored so, and transformers knows by what
            for package in ("bitsandbytes", "torchao"):
                bring_back(package)
        with BUILDING:
            model = AutoModelForCausalLM.from_pretrained(
                path,
                dtype=DTYPES[dtype],
                local_files_only=True,
                trust_remote_code=False,
                use_safetensors=True,
                **quantized,
            )
    except (OSError, ValueError, KeyError, RuntimeError, ImportError) as error:
        raise ModelError(
            f"the base at {path} cannot be loaded: {str(error).splitlines()[0]}",
            hint="check that it is a causal language model that this transformers version knows",
        ) from error
    return _prepared(model).eval() if quantized else model.to(device).eval()


def _quantized(name: str, dtype: torch.dtype, device: str) -> dict[str, Any]:
    """What `from_pretrained` needs to quantize while it loads."""
    from transformers import BitsAndBytesConfig, TorchAoConfig

    if name == "torchao-int8":
        from torchao.quantization import Int8WeightOnlyConfig

        config: Any = TorchAoConfig(Int8WeightOnlyConfig(set_inductor_config=False))
    elif name == "int8":
        config = BitsAndBytesConfig(load_in_8bit=True)
    else:
        config = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=dtype,
        )
    return {"quantization_config": config, "device_map": {"": device}}


def _prepared(model: Any) -> Any:
    """Ready for training: norms, embeddings and head in fp32 where bitsandbytes is used, everything frozen."""
    from peft import prepare_model_for_kbit_training

    for module in model.modules():
        # bitsandbytes 0.50 repacks 4-bit weights at the first forward in eval mode on a CPU with AVX512-BF16: their
        # scales are rounded for good and gradients through them are 6 % off from then on (test_torch_quantization.py)
        if hasattr(module, "support_avx512bf16_for_cpu"):
            module.support_avx512bf16_for_cpu = False
    return prepare_model_for_kbit_training(model, use_gradient_checkpointing=False)


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


if __name__ == "__main__":
    os.environ["HF_HUB_OFFLINE"] = "1"
    convert_gguf(Path(sys.argv[1]), Path(sys.argv[2]))
