"""The programs and formats that adapters are exported for; a row's module is imported when it is used."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from codebase_gardener.exports import stock_peft
from codebase_gardener.exports.request import ExportRequest, ExportTarget

__all__ = ["TARGETS"]


def _write_gguf(request: ExportRequest, folder: Path) -> list[str]:
    from codebase_gardener.exports.torch_gguf import write_gguf

    return write_gguf(request, folder)


def _prove_gguf(request: ExportRequest, folder: Path) -> dict[str, Any]:
    from codebase_gardener.exports.torch_gguf import prove_gguf

    return prove_gguf(request, folder)


TARGETS: dict[str, ExportTarget] = {
    "peft": ExportTarget("PEFT's own folder", stock_peft.write_folder, stock_peft.prove_folder),
    "gguf": ExportTarget(
        "llama.cpp: the adapter, or with --quantize its base with it merged in",
        _write_gguf,
        _prove_gguf,
        ("f32", "bf16", "f16", "q8_0", "q4_k_m"),
    ),
}
