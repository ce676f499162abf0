"""The adapter as PEFT's own folder: any of its users loads it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from codebase_gardener.adapters.files import ADAPTER_FILES
from codebase_gardener.adapters.proof import prove
from codebase_gardener.bases.hub import HUB_ID
from codebase_gardener.bases.resolution import Base
from codebase_gardener.bases.sidecar import SIDECAR
from codebase_gardener.exports.request import ExportRequest
from codebase_gardener.utils.files import write_json

__all__ = ["public_name", "prove_folder", "write_folder", "write_sidecar"]


def write_folder(request: ExportRequest, folder: Path) -> list[str]:
    """Copy the adapter's files."""
    for name in ADAPTER_FILES:
        source = request.files.directory / name
        if source.is_file():
            shutil.copyfile(source, folder / name)
    return []


def prove_folder(request: ExportRequest, folder: Path) -> dict[str, Any]:
    """Load the copy with stock PEFT in a fresh process, and measure it."""
    return prove(folder, request.base)


def public_name(base: Base) -> tuple[str, str | None]:
    """A base as other programs find it: the hub's `owner/name` and its commit, else its folder and None."""
    name = base.id.partition("@")[0]
    if base.revision != "local" and HUB_ID.fullmatch(name):
        return name, base.revision
    return str(base.path), None


def write_sidecar(request: ExportRequest, folder: Path) -> None:
    """Of our own metadata only which base it fits: no path of this machine."""
    base, files = request.base, request.files
    training = {"quantization": files.quantization}
    if files.is_of_quantized_base:
        training["init_lora_weights"] = "loftq"
    hashes = {"sha256": base.sha256, "beside_sha256": base.beside_sha256}
    write_json(folder / SIDECAR, {"base": hashes, "training": training})
