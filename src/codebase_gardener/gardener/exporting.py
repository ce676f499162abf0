"""An adapter that is asked for by name, on its way out."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codebase_gardener.adapters.files import check_adapter_files
from codebase_gardener.exports.request import ExportReport, ExportRequest
from codebase_gardener.exports.writing import export_adapter
from codebase_gardener.gardener.locating import Located, base_of, locate
from codebase_gardener.utils.progress import Quiet, Reporter

if TYPE_CHECKING:
    from codebase_gardener.gardener.facade import Gardener

__all__ = ["export"]


def export(
    gardener: Gardener,
    what: str,
    target: str,
    out: Path,
    *,
    quantize: str | None = None,
    base: str | None = None,
    reporter: Reporter | None = None,
) -> tuple[Located, ExportReport]:
    """Export an adapter for another program; the receipt is kept where the adapter is in the registry.

    Raises:
        NotFoundError: There is no such adapter.
        AdapterError, InvalidInputError: As `export_adapter`.
    """
    located = locate(gardener, what)
    request = ExportRequest(
        located.label,
        check_adapter_files(located.directory),
        base_of(gardener, located, base),
        reporter or Quiet(),
        quantize,
        _facts(gardener, located),
    )
    report = export_adapter(request, target, out.resolve())
    if located.row is not None:
        gardener.registry.add_receipt(located.row, f"export-{target}", asdict(report))
    return located, report


def _facts(gardener: Gardener, located: Located) -> dict[str, Any]:
    if located.row is None:
        return {}
    row = located.row
    verdict = gardener.registry.latest_verdict(row)
    return {
        "commit": row.commit,
        "dataset_hash": row.dataset_hash,
        "spec": row.spec,
        "metrics": row.metrics,
        "receipts": [{"kind": receipt.kind, **receipt.data} for receipt in gardener.registry.receipts(row)],
        "verdict": verdict.data if verdict else None,
    }
