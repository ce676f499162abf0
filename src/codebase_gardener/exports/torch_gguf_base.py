"""A base as a GGUF file: config, tokenizer and tensors, one tensor in memory at a time.

What llama.cpp has to be told: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import torch
from torch import Tensor

from codebase_gardener.adapters.torch_safetensors import MappedTensors
from codebase_gardener.bases.resolution import Base
from codebase_gardener.exports.ggml_quantize import k_quantized
from codebase_gardener.exports.gguf_tokenizer import write_tokenizer
from codebase_gardener.utils.error_handling import InvalidInputError, ModelError
from codebase_gardener.utils.progress import Progress, silent

__all__ = [
    "GGUF_QUANTIZATIONS",
    "GGUF_TYPES",
    "Architecture",
    "architecture_of",
    "permuted",
    "reordered",
    "tensor_name",
    "write_gguf_base",
]

GGUF_TYPES = {
    "f32": gguf.GGMLQuantizationType.F32,
    "f16": gguf.GGMLQuantizationType.F16,
    "bf16": gguf.GGMLQuantizationType.BF16,
    "q8_0": gguf.GGMLQuantizationType.Q8_0,
}
"""How weights can be stored; what has one dimension stays float32."""
_Q4_K, _Q6_K = gguf.GGMLQuantizationType.Q4_K, gguf.GGMLQuantizationType.Q6_K
GGUF_QUANTIZATIONS = (*GGUF_TYPES, "q4_k_m")
"""Those, and llama.cpp's mix of 4 and 6 bits."""
_FILE_TYPES = {
    "f32": gguf.LlamaFileType.ALL_F32,
    "f16": gguf.LlamaFileType.MOSTLY_F16,
    "bf16": gguf.LlamaFileType.MOSTLY_BF16,
    "q8_0": gguf.LlamaFileType.MOSTLY_Q8_0,
    "q4_k_m": gguf.LlamaFileType.MOSTLY_Q4_K_M,
}
_F16_MAX = 65504.0
_YARN_ODD = {"attention_factor", "beta_fast", "beta_slow", "mscale", "mscale_all_dim"}


@dataclass(frozen=True)
class Architecture:
    """A model type as llama.cpp knows it.

    Attributes:
        name: Its name there.
        model: Its number in the `gguf` package.
        is_permuted: Whether the rows of q and k stand in another order there: halves of a head interleaved.
    """

    name: str
    model: gguf.MODEL_ARCH
    is_permuted: bool = False


_ARCHITECTURES = {
    "llama": Architecture("llama", gguf.MODEL_ARCH.LLAMA, is_permuted=True),
    "mistral": Architecture("llama", gguf.MODEL_ARCH.LLAMA, is_permuted=True),
    "qwen2": Architecture("qwen2", gguf.MODEL_ARCH.QWEN2),
    "qwen3": Architecture("qwen3", gguf.MODEL_ARCH.QWEN3),
}
"""model_type of config.json → what it is in llama.cpp."""


def architecture_of(base: Base) -> Architecture:
    """What a base is in llama.cpp.

    Raises:
        ModelError: None of those that are known here, or with something that llama.cpp does not compute.
    """
    config = base.config
    kind = str(config.get("model_type"))
    known = _ARCHITECTURES.get(kind)
    if known is None:
        raise ModelError(
            f"{base.title} is a {kind}: it cannot be written as GGUF here",
            hint=f"exported are {', '.join(_ARCHITECTURES)}; --to peft and --to merged carry every base",
        )
    for name, reason in (
        (
            config.get("sliding_window") and config.get("use_sliding_window", kind == "mistral"),
            "a sliding window",
        ),
        (config.get("hidden_act", "silu") != "silu", f"the activation {config.get('hidden_act')}"),
        ("quantization_config" in config, "weights that are stored quantized"),
    ):
        if name:
            raise ModelError(
                f"{base.title} has {reason}, which is not written as GGUF here",
                hint="use --to peft or --to merged",
            )
    return known


def write_gguf_base(base: Base, path: Path, quantize: str = "f32", *, progress: Progress = silent) -> None:
    """Write a base as one GGUF file.

    Args:
        base: Its folder holds config.json, safetensors and tokenizer.json.
        path: The file.
        quantize: One of `GGUF_QUANTIZATIONS`.
        progress: Tensors done.

    Raises:
        ModelError: llama.cpp has no such architecture or tokenizer, or a value does not fit the type.
        InvalidInputError: There is no such type.
    """
    if quantize not in GGUF_QUANTIZATIONS:
        raise InvalidInputError(
            f"no GGUF type {quantize!r}", hint=f"choose from {', '.join(GGUF_QUANTIZATIONS)}"
        )
    architecture = architecture_of(base)
    writer = gguf.GGUFWriter(path, architecture.name)
    try:
        frequencies = _write_config(writer, base, quantize)
        write_tokenizer(writer, base)
        _write_tensors(writer, base, architecture, quantize, frequencies, progress)
    finally:
        writer.close()


def _rope(config: Mapping[str, Any]) -> tuple[float, Mapping[str, Any]]:
    """Theta and scaling, where transformers 5 and where 4 has them."""
    given = config.get("rope_parameters") or {}
    scaling = given or config.get("rope_scaling") or {}
    return float(given.get("rope_theta") or config.get("rope_theta") or 10_000.0), scaling


def _write_config(writer: gguf.GGUFWriter, base: Base, quantize: str) -> np.ndarray[Any, Any] | None:
    """Returns what llama.cpp takes as a tensor: what each frequency is divided by, where that is not 1."""
    config = base.config
    heads = int(config["num_attention_heads"])
    head_width = int(config.get("head_dim") or config["hidden_size"] // heads)
    theta, scaling = _rope(config)
    writer.add_name(base.title)
    writer.add_file_type(_FILE_TYPES[quantize])
    writer.add_context_length(int(config.get("max_position_embeddings") or 2048))
    writer.add_embedding_length(int(config["hidden_size"]))
    writer.add_block_count(int(config["num_hidden_layers"]))
    writer.add_feed_forward_length(int(config["intermediate_size"]))
    writer.add_head_count(heads)
    writer.add_head_count_kv(int(config.get("num_key_value_heads") or heads))
    writer.add_key_length(head_width)
    writer.add_value_length(head_width)
    writer.add_rope_dimension_count(head_width)
    writer.add_rope_freq_base(theta)
    writer.add_layer_norm_rms_eps(float(config.get("rms_norm_eps", 1e-6)))
    writer.add_vocab_size(int(config["vocab_size"]))
    kind = scaling.get("rope_type") or scaling.get("type") or "default"
    if kind == "llama3":
        return _llama3_factors(scaling, theta, head_width)
    if kind in ("linear", "yarn"):
        writer.add_rope_scaling_type(gguf.RopeScalingType(kind))
        writer.add_rope_scaling_factor(float(scaling["factor"]))
        if kind == "yarn":
            if odd := sorted(_YARN_ODD & {name for name, value in scaling.items() if value is not None}):
                raise ModelError(
                    f"{base.title} sets {', '.join(odd)} of yarn, which is not written as GGUF here",
                    hint="use --to peft or --to merged",
                )
            whole = scaling.get("original_max_position_embeddings") or config["max_position_embeddings"]
            writer.add_rope_scaling_orig_ctx_len(int(whole))
    elif kind != "default":
        raise ModelError(
            f"{base.title} scales its positions by {kind!r}, which is not written as GGUF here",
            hint="use --to peft or --to merged",
        )
    return None


def _llama3_factors(scaling: Mapping[str, Any], theta: float, width: int) -> np.ndarray[Any, Any]:
    """What llama.cpp divides each frequency by: [head width / 2], float32, as Llama 3.1 defines it."""
    factor, low, high = (float(scaling[n]) for n in ("factor", "low_freq_factor", "high_freq_factor"))
    whole = float(scaling["original_max_position_embeddings"])
    waves = 2 * np.pi * theta ** (np.arange(0, width, 2, dtype=np.float64) / width)
    smooth = np.clip((whole / waves - low) / (high - low), 0.0, 1.0)
    return (1.0 / ((1 - smooth) / factor + smooth)).astype(np.float32)


def permuted(rows: Tensor, heads: int) -> Tensor:
    """q or k with the rows of each head as llama.cpp has them: the two halves interleaved.

    Args:
        rows: [heads · width, …].
        heads: Of it.
    """
    halves = rows.reshape(heads, 2, rows.shape[0] // heads // 2, *rows.shape[1:])
    return halves.transpose(1, 2).reshape(rows.shape)


def tensor_name(architecture: Architecture, layers: int) -> Callable[[str], str | None]:
    """How transformers' name of a tensor is said in llama.cpp; None where it has none."""
    names = gguf.get_tensor_name_map(architecture.model, layers)

    def said(name: str) -> str | None:
        found: str | None = names.get_name(name, try_suffixes=(".weight", ".bias"))
        return found

    return said


def reordered(name: str, tensor: Tensor, architecture: Architecture, config: Mapping[str, Any]) -> Tensor:
    """A tensor with its rows as llama.cpp has them."""
    if not architecture.is_permuted:
        return tensor
    heads = int(config["num_attention_heads"])
    count = {"q_proj": heads, "k_proj": int(config.get("num_key_value_heads") or heads)}
    module = name.rsplit(".", 2)[-2]
    return permuted(tensor, count[module]) if module in count else tensor


def _write_tensors(
    writer: gguf.GGUFWriter,
    base: Base,
    architecture: Architecture,
    quantize: str,
    frequencies: np.ndarray[Any, Any] | None,
    progress: Progress,
) -> None:
    config = base.config
    layers = int(config["num_hidden_layers"])
    said = tensor_name(architecture, layers)
    tied = bool(config.get("tie_word_embeddings", False))
    if frequencies is not None:
        writer.add_tensor_info("rope_freqs.weight", frequencies.shape, frequencies.dtype, frequencies.nbytes)
    head = "token_embd.weight" if tied else "output.weight"
    work: list[tuple[MappedTensors, str, gguf.GGMLQuantizationType]] = []
    for file in sorted(base.path.glob("*.safetensors")):
        shard = MappedTensors(file)
        for name in shard.names:
            if name == "lm_head.weight" and tied:
                continue  # it is the embedding again
            own = name if name.startswith(("model.", "lm_head.")) else f"model.{name}"
            there = said(own)
            if there is None:
                if own.endswith("rotary_emb.inv_freq"):
                    continue
                raise ModelError(
                    f"{file}: llama.cpp has no tensor for {name}", hint="use --to peft or --to merged"
                )
            shape = shard.shape(name)
            stored = _stored_as(quantize, there, shape, layers, head)
            type_, size = (np.float16, 2) if stored is GGUF_TYPES["f16"] else (np.float32, 4)
            count = int(np.prod(shape))
            if stored in (GGUF_TYPES["f32"], GGUF_TYPES["f16"]):
                writer.add_tensor_info(there, shape, np.dtype(type_), count * size)
            else:
                block, bytes_ = gguf.GGML_QUANT_SIZES[stored]
                packed = (*shape[:-1], shape[-1] // block * bytes_)
                writer.add_tensor_info(
                    there, packed, np.dtype(np.uint8), int(np.prod(packed)), raw_dtype=stored
                )
            work.append((shard, name, stored))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    if frequencies is not None:
        writer.write_tensor_data(frequencies)
    for number, (shard, name, stored) in enumerate(work, 1):
        tensor = reordered(name, shard[name].float(), architecture, config)
        writer.write_tensor_data(_packed(name, tensor, stored))
        shard.release()
        progress(number, len(work))


def _stored_as(
    quantize: str, name: str, shape: tuple[int, ...], layers: int, head: str
) -> gguf.GGMLQuantizationType:
    if len(shape) == 1:
        return GGUF_TYPES["f32"]
    if quantize in GGUF_TYPES:
        kind = GGUF_TYPES[quantize]
        return kind if shape[-1] % gguf.GGML_QUANT_SIZES[kind][0] == 0 else GGUF_TYPES["f16"]
    if shape[-1] % 256:
        raise InvalidInputError(
            f"q4_k_m stores blocks of 256 numbers, and {name} has rows of {shape[-1]}",
            hint="use --quantize q8_0",
        )
    return _Q6_K if name == head or _has_more_bits(name, layers) else _Q4_K


def _has_more_bits(name: str, layers: int) -> bool:
    """Whether llama.cpp's q4_k_m gives a tensor 6 bits, as it does the head: v and down in a part of the layers."""
    if not name.endswith(("attn_v.weight", "ffn_down.weight")):
        return False
    layer, eighth = int(name.split(".")[1]), layers // 8
    return layer < eighth or layer >= 7 * layers // 8 or (layer - eighth) % 3 == 2


def _packed(name: str, tensor: Tensor, kind: gguf.GGMLQuantizationType) -> np.ndarray[Any, Any]:
    if not bool(torch.isfinite(tensor).all()):
        raise ModelError(f"{name} has NaN or infinite values", hint="the base is damaged: fetch it again")
    if kind is GGUF_TYPES["f16"] and float(tensor.abs().max()) > _F16_MAX:
        raise ModelError(f"{name} has values that f16 cannot hold", hint="export with --quantize f32")
    values = tensor.contiguous().numpy()
    if kind in (_Q4_K, _Q6_K):
        return k_quantized(values, kind)
    packed: np.ndarray[Any, Any] = gguf.quants.quantize(values, kind)
    return packed
