"""The programs and formats that adapters are exported for."""

from __future__ import annotations

from codebase_gardener.exports import merged, stock_peft
from codebase_gardener.exports.request import ExportTarget

__all__ = ["TARGETS"]

TARGETS: dict[str, ExportTarget] = {
    "peft": ExportTarget("PEFT's own folder", stock_peft.write_folder, stock_peft.prove_folder),
    "merged": ExportTarget(
        "the base with the adapter merged in",
        merged.write_merged_folder,
        merged.prove_merged_folder,
        merged.MERGED_DTYPES,
    ),
}
