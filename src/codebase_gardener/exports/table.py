"""The programs and formats that adapters are exported for; a row's module is imported when it is used."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from codebase_gardener.exports import hub_folder, merged, stock_peft
from codebase_gardener.exports.request import ExportRequest, ExportTarget

__all__ = ["TARGETS"]


def _late(module: str, name: str) -> Callable[[ExportRequest, Path], Any]:
    """A function of a module that loads torch, which takes seconds: only once it is called."""

    def call(request: ExportRequest, folder: Path) -> Any:
        return getattr(import_module(f"codebase_gardener.exports.{module}"), name)(request, folder)

    return call


TARGETS: dict[str, ExportTarget] = {
    "peft": ExportTarget(stock_peft.write_folder, stock_peft.prove_folder),
    "gguf": ExportTarget(
        _late("torch_gguf", "write_gguf"),
        _late("torch_gguf", "prove_gguf"),
        ("f32", "bf16", "f16", "q8_0", "q4_k_m"),
    ),
    "merged": ExportTarget(
        merged.write_merged_folder,
        merged.prove_merged_folder,
        merged.MERGED_DTYPES,
    ),
    "vllm": ExportTarget(
        _late("torch_vllm", "write_vllm_folder"),
        _late("torch_vllm", "prove_vllm_folder"),
    ),
    "ollama": ExportTarget(
        _late("torch_ollama", "write_ollama_folder"),
        _late("torch_ollama", "prove_ollama_folder"),
        ("f16", "f32", "bf16", "q8_0"),
    ),
    "hub": ExportTarget(
        hub_folder.write_hub_folder,
        hub_folder.prove_hub_folder,
    ),
}
