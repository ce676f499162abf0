"""The adapter as PEFT's own folder: any of its users loads it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from codebase_gardener.adapters.files import ADAPTER_FILES
from codebase_gardener.adapters.proof import prove
from codebase_gardener.exports.request import ExportRequest

__all__ = ["prove_folder", "write_folder"]


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
