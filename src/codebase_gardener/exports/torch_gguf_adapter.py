"""A LoRA adapter as a GGUF file, on the GGUF file of its base.

llama.cpp multiplies `B A` by alpha over the rank of each B, with one alpha for all: rsLoRA, patterns and mixed ranks
are folded into B.
"""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np
from torch import Tensor

from codebase_gardener.adapters.factor_options import beyond_factors
from codebase_gardener.adapters.files import AdapterFiles
from codebase_gardener.adapters.torch_factors import FactorReader
from codebase_gardener.bases.resolution import Base
from codebase_gardener.exports.torch_gguf_base import architecture_of, reordered, tensor_name
from codebase_gardener.utils.error_handling import AdapterError

__all__ = ["NotCarriedError", "write_gguf_adapter"]

_PREFIX = "base_model.model."


class NotCarriedError(AdapterError):
    """A GGUF adapter cannot carry all of it; a merged model can."""


def write_gguf_adapter(files: AdapterFiles, base: Base, path: Path) -> None:
    """Write an adapter's factors, float32.

    Raises:
        NotCarriedError: It has more than low-rank factors of linear layers.
        AdapterError: It has NaN.
        ModelError: llama.cpp has no such architecture.
    """
    if what := beyond_factors(files.config):
        raise _not_carried(files, what)
    architecture = architecture_of(base)
    config = base.config
    said = tensor_name(architecture, int(config["num_hidden_layers"]))
    reader = FactorReader(files)
    if reader.copies or not reader.modules:
        raise _not_carried(files, "embeddings")
    rank = max(kind.rank for module in reader.modules if (kind := reader.kind(module)))
    writer = gguf.GGUFWriter(path, architecture.name)
    try:
        writer.add_type(gguf.GGUFType.ADAPTER)
        writer.add_string(gguf.Keys.Adapter.TYPE, "lora")
        writer.add_float32(gguf.Keys.Adapter.LORA_ALPHA, float(rank))
        writer.add_name(files.directory.name)
        for module in reader.modules:
            name = f"{module.removeprefix(_PREFIX)}.weight"
            factors = reader.read([module])
            there = said(name)
            if there is None or factors.bias is not None or name.endswith("embed_tokens.weight"):
                raise _not_carried(files, f"{name} with a bias" if factors.bias is not None else name)
            if name == "lm_head.weight" and config.get("tie_word_embeddings"):
                raise _not_carried(files, "a change of the head alone, which is the embedding in this base")
            b = factors.b[0].float() * (factors.scale * factors.rank / rank)
            _add(writer, f"{there}.lora_a", factors.a[0].float())
            _add(writer, f"{there}.lora_b", reordered(name, b, architecture, config))
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
    finally:
        writer.close()


def _add(writer: gguf.GGUFWriter, name: str, tensor: Tensor) -> None:
    writer.add_tensor(name, np.ascontiguousarray(tensor.numpy()))


def _not_carried(files: AdapterFiles, what: str) -> NotCarriedError:
    return NotCarriedError(
        f"{files.directory} has {what}, which a GGUF adapter cannot carry",
        hint="--quantize f16 writes its base with the adapter merged in",
    )
