"""Exports for llama.cpp: the adapter as a GGUF file, or its base with the adapter merged in, quantized."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from codebase_gardener.bases.text import plain_ids
from codebase_gardener.bases.torch_loading import SAMPLE, load_tokenizer
from codebase_gardener.exports.llamacpp import LlamaServer
from codebase_gardener.exports.request import ExportRequest
from codebase_gardener.exports.torch_effect import InMemory, compared, in_memory
from codebase_gardener.exports.torch_gguf_adapter import write_gguf_adapter
from codebase_gardener.exports.torch_gguf_base import write_gguf_base
from codebase_gardener.merging.into_base import merge_into_base
from codebase_gardener.merging.merge import MergeInput, MergeSpec
from codebase_gardener.training.encoding import IGNORE, text_ids
from codebase_gardener.training.torch_logits import PROMPTS
from codebase_gardener.utils.error_handling import ModelError, ResourceError
from codebase_gardener.utils.progress import Progress

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
    write_gguf_adapter(request.files, request.base, folder / ADAPTER)
    return [
        f"llama-server -m BASE.gguf --lora {ADAPTER}; the base has to be {request.base.title}, as f16 or better",
    ]


def write_merged_gguf(request: ExportRequest, file: Path, quantize: str) -> None:
    """Write the base with the adapter merged in, rounded once: from float32 to what the file has.

    Raises:
        ResourceError: The disk has no room for the merged model in float32, which lies beside the file meanwhile.
    """
    needed, free = (
        request.base.weight_bytes * 4,
        shutil.disk_usage(file.parent).free,
    )  # of 2 bytes a weight, mostly
    if free < needed:
        raise ResourceError(
            f"{file.parent.parent}: {free / 1e9:.1f} GB are free, and a merge of {request.label} into "
            f"{request.base.title} takes up to {needed / 1e9:.1f} GB while it is made",
            hint="free some space, or choose an --out on another disk",
        )
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
    known = in_memory(request.files, request.base, request.heldout)
    server = LlamaServer(model, adapters)
    try:
        _check_tokens(server, request)
        scales = [{"id": number, "scale": 1.0} for number in range(len(adapters))]
        letter = text_ids(load_tokenizer(request.base.path), "a")[-1]
        there = _distributions(server, known, scales, letter)
        loss = _loss(server, known, scales, letter, request.progress) if known.rows else None
    finally:
        server.close()
    where = f"GGUF {request.quantize}" if request.quantize else "GGUF"
    return {"read_by": "llama.cpp", **compared(request.label, where, known, there, loss)}


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
    """Log-probabilities before each token that was said: [tokens, V], as llama.cpp computes them."""
    size = known.on.shape[1]
    rows = []
    for ids, start in zip(known.sequences, known.starts, strict=True):
        for place in range(start, len(ids)):
            body = {"prompt": ids[:place], "samplers": ["temperature"], "lora": lora}
            top = server.all_scores(body, letter, size)["top_logprobs"]
            row = torch.full((size,), -1e9)
            row[torch.tensor([one["id"] for one in top])] = torch.tensor(
                [float(one["logprob"]) for one in top]
            )
            rows.append(row)
    return torch.stack(rows)


def _loss(
    server: LlamaServer, known: InMemory, lora: list[dict[str, float]], letter: int, progress: Progress
) -> float:
    """Mean negative log-likelihood of the held-out functions' tokens, nats."""
    asked = [
        (row.ids, place)
        for row in known.rows
        for place in range(1, len(row.ids))
        if row.labels[place] != IGNORE
    ]
    said = 0.0
    for done, (ids, place) in enumerate(asked, 1):
        body = {"prompt": ids[:place], "samplers": ["temperature"], "lora": lora}
        said -= float(server.score(body, ids[place], letter, known.on.shape[1])["logprob"])
        progress(done, len(asked))
    return said / len(asked)
