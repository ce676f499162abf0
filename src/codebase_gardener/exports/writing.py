"""An export: written beside its place, read back as its program would, then moved there whole."""

from __future__ import annotations

import time
from dataclasses import asdict, replace
from pathlib import Path

from codebase_gardener.adapters.files import check_base
from codebase_gardener.exports.request import ExportReport, ExportRequest
from codebase_gardener.exports.table import TARGETS
from codebase_gardener.utils.error_handling import InvalidInputError, ModelError
from codebase_gardener.utils.files import publish_dir, staging, write_json, writing

__all__ = ["RECEIPT", "export_adapter"]

RECEIPT = "export.json"
"""What was measured, beside what was exported."""


def export_adapter(request: ExportRequest, name: str, out: Path) -> ExportReport:
    """Export an adapter into a new folder.

    Args:
        request: What.
        name: A key of `TARGETS`.
        out: A folder that does not exist yet. Nothing is left there on failure.

    Raises:
        InvalidInputError: There is no such target or quantization, or the folder exists.
        AdapterError: The base is another one, the target cannot carry the adapter, or its effect is lost there.
        ModelError: The base is gone, or the target does not know its architecture.
        ResourceError: The disk is full or the place cannot be written.
    """
    started = time.perf_counter()
    target = TARGETS.get(name)
    if target is None:
        raise InvalidInputError(f"no export to {name!r}", hint=f"choose from {', '.join(TARGETS)}")
    if request.quantize is not None and request.quantize not in target.quantizations:
        raise InvalidInputError(
            f"an export to {name} has no quantization {request.quantize!r}",
            hint=f"choose from {', '.join(target.quantizations)}"
            if target.quantizations
            else "leave --quantize out",
        )
    if out.exists():
        raise InvalidInputError(f"{out} exists already", hint="name a folder that does not exist yet")
    check_base(request.label, request.files, request.base)
    if not (request.base.path / "config.json").is_file():
        raise ModelError(
            f"the base of {request.label} is gone: {request.base.path}",
            hint="bring the folder back, or name the base where it is now with --base",
        )
    with staging(out) as place, writing(out):
        staged = place / "export"  # a folder with the permissions of the user's umask
        staged.mkdir()
        with request.reporter.stage("export", "files") as stage:
            notes = target.write(request, staged)
            files = {
                path.relative_to(staged).as_posix(): path.stat().st_size
                for path in sorted(staged.rglob("*"))
                if path.is_file()
            }
            stage(len(files), len(files))
        with request.reporter.stage("proof", "tokens") as stage:
            receipt = target.prove(replace(request, progress=stage), staged)
        report = ExportReport(
            name, request.label, files, tuple(notes), receipt, time.perf_counter() - started
        )
        write_json(staged / RECEIPT, asdict(report))
        publish_dir(staged, out, private=False)
    return report
