"""Exports for llama.cpp: the adapter as a GGUF file, or its base with the adapter merged in, quantized."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from codebase_gardener.adapters.factor_options import beyond_factors
from codebase_gardener.bases.text import plain_ids
from codebase_gardener.bases.torch_loading import SAMPLE, load_tokenizer
from codebase_gardener.exports.llamacpp import LlamaServer
from codebase_gardener.exports.request import ExportRequest
from codebase_gardener.exports.torch_effect import InMemory, compared, in_memory
from codebase_gardener.exports.torch_gguf_adapter import write_gguf_adapter
from codebase_gardener.exports.torch_gguf_base import write_gguf_base
from codebase_gardener.merging.into_base import merge_into_base
from codebase_gardener.merging.merge import MergeInput, MergeSpec
from codebase_gardener.training.encoding import text_ids
from codebase_gardener.training.torch_logits import PROMPTS
from codebase_gardener.utils.error_handling import AdapterError, ModelError

__all__ = ["ADAPTER", "prove_gguf", "read_by_llamacpp", "write_gguf", "write_merged_gguf"]

ADAPTER = "adapter.gguf"


def write_gguf(request: ExportRequest, folder: Path) -> list[str]:
    """Without a quantization the adapter alone, else `model-….gguf` with the adapter merged in."""
    if request.quantize is not None:
        file = folder / f"model-{request.quantize}.gguf"
        write_merged_gguf(request, file, request.quantize)
        return [
            f"the adapter is merged into the base: {file.stat().st_size / 1e6:.0f} MB, and no base is needed beside it",
            f"llama-server -m {file.name}",
        ]
    if what := beyond_factors(request.files.config):
        raise AdapterError(
            f"a GGUF adapter cannot carry {what}, which {request.label} has",
            hint="--quantize f16 writes its base with the adapter merged in",
        )
    write_gguf_adapter(request.files, request.base, folder / ADAPTER)
    return [
        f"llama-server -m BASE.gguf --lora {ADAPTER}; the base has to be {request.base.title}, as f16 or better",
    ]


def write_merged_gguf(request: ExportRequest, file: Path, quantize: str) -> None:
    """Write the base with the adapter merged in, rounded once: from float32 to what the file has."""
    with tempfile.TemporaryDirectory(prefix=".merged.", dir=file.parent.parent) as place:
        merged = Path(place) / "model"
        merge_into_base(
            [MergeInput(request.files.directory, 1.0, request.label)],
            request.base,
            merged,
            MergeSpec("linear"),
            vouched=True,
            dtype="float32",
        )
        write_gguf_base(replace(request.base, path=merged), file, quantize)


def prove_gguf(request: ExportRequest, folder: Path) -> dict[str, Any]:
    """Have llama.cpp read what was written, and compare it with the adapter in memory.

    Raises:
        AdapterError, ModelError: As `read_by_llamacpp`.
    """
    adapter = folder / ADAPTER
    if not adapter.is_file():
        return read_by_llamacpp(request, next(folder.glob("model-*.gguf")), [])
    with tempfile.TemporaryDirectory(prefix=".proof.", dir=folder.parent) as place:
        model = Path(place) / "base.gguf"
        write_gguf_base(request.base, model)
        return read_by_llamacpp(request, model, [adapter])


def read_by_llamacpp(request: ExportRequest, model: Path, adapters: Sequence[Path]) -> dict[str, Any]:
    """Compare what llama.cpp says with the adapter in memory.

    Raises:
        AdapterError: Its effect is lost.
        ModelError: llama.cpp is not installed, does not read it, or reads text as other tokens.
    """
    known = in_memory(request.files, request.base)
    server = LlamaServer(model, adapters)
    try:
        _check_tokens(server, request)
        scales = [{"id": number, "scale": 1.0} for number in range(len(adapters))]
        letter = text_ids(load_tokenizer(request.base.path), "a")[-1]
        there = _distributions(server, known, scales, letter)
    finally:
        server.close()
    where = f"GGUF {request.quantize}" if request.quantize else "GGUF"
    return {"read_by": "llama.cpp", **compared(request.label, where, known, there)}


def _check_tokens(server: LlamaServer, request: ExportRequest) -> None:
    tokenizer = load_tokenizer(request.base.path)
    for text in (SAMPLE, *PROMPTS, *SAMPLE.splitlines()):
        body = {"content": text, "add_special": False, "parse_special": False}
        if server.ask("/tokenize", body)["tokens"] != plain_ids(tokenizer, text):
            raise ModelError(
                f"llama.cpp splits text into other tokens than {request.base.title}'s tokenizer: {text[:40]!r}",
                hint="use --to peft or --to merged; please report which base it is",
            )


def _distributions(server: LlamaServer, known: InMemory, lora: list[dict[str, float]], letter: int) -> Tensor:
    """Log-probabilities before each token that was said: [tokens, V], as llama.cpp computes them.

    Args:
        server: llama.cpp.
        known: The texts.
        lora: Scales of its adapters.
        letter: A token that is a whole letter: where llama.cpp draws a part of one, it says no probabilities.
    """
    size = known.on.shape[1]
    rows = []
    for ids, start in zip(known.sequences, known.starts, strict=True):
        for place in range(start, len(ids)):
            answer = server.ask(
                "/completion",
                {
                    "prompt": ids[:place],
                    "n_predict": 1,
                    "n_probs": size,
                    "temperature": 0.0,
                    "logit_bias": [
                        [letter, 10_000.0]
                    ],  # said in place of the likeliest; probabilities are without it
                    "samplers": ["temperature"],
                    "lora": lora,
                },
            )
            top = answer["completion_probabilities"][0]["top_logprobs"]
            row = torch.full((size,), -1e9)
            row[torch.tensor([one["id"] for one in top])] = torch.tensor(
                [float(one["logprob"]) for one in top]
            )
            rows.append(row)
    return torch.stack(rows)
