"""The programs and formats that adapters are exported for."""

from __future__ import annotations

from codebase_gardener.exports import stock_peft
from codebase_gardener.exports.request import ExportTarget

__all__ = ["TARGETS"]

TARGETS: dict[str, ExportTarget] = {
    "peft": ExportTarget("PEFT's own folder", stock_peft.write_folder, stock_peft.prove_folder),
}
