"""An export: written beside its place, read back as its program would, then moved there whole."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

from codebase_gardener.adapters.files import check_base
from codebase_gardener.exports.hub_folder import write_card
from codebase_gardener.exports.request import ExportReport, ExportRequest, ExportTarget
from codebase_gardener.exports.table import TARGETS
from codebase_gardener.utils.error_handling import CodebaseGardenerError, InvalidInputError, ModelError
from codebase_gardener.utils.files import publish_dir, staging, write_json, writing

__all__ = ["RECEIPT", "export_adapter"]

_SPELLINGS = (("f32", "float32"), ("f16", "float16"), ("bf16", "bfloat16"))
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
    request = replace(request, quantize=_spelt(request.quantize, target))
    if request.quantize is not None and request.quantize not in target.quantizations:
        raise InvalidInputError(
            f"an export to {name} has no quantization {request.quantize!r}",
            hint=f"choose from {', '.join(target.quantizations)}"
            if target.quantizations
            else "leave --quantize out",
        )
    if out.exists() or out.is_symlink():
        raise InvalidInputError(f"{out} exists already", hint="name a folder that does not exist yet")
    check_base(request.label, request.files, request.base)
    if not (request.base.path / "config.json").is_file():
        raise ModelError(
            f"the base of {request.label} is gone: {request.base.path}",
            hint="bring the folder back, or name the base where it is now with --base",
        )
    try:
        with writing(out):
            out.parent.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise InvalidInputError(f"{out.parent} is a file", hint="name another place for --out") from error
    with staging(out) as place, _named(place, out), writing(out):
        staged = place / "export"  # a folder with the permissions of the user's umask
        staged.mkdir()
        with request.reporter.stage("export", "files") as stage:
            notes = target.write(request, staged)
            if request.card:
                write_card(request, staged)
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


def _spelt(quantize: str | None, target: ExportTarget) -> str | None:
    """`f16` is `float16`, in whichever way the target says it."""
    both = next((pair for pair in _SPELLINGS if quantize in pair), ())
    return next((word for word in both if word in target.quantizations), quantize)


@contextmanager
def _named(place: Path, out: Path) -> Iterator[None]:
    """An error tells the folder that the user named, not the one beside it that is gone by then."""
    try:
        yield
    except CodebaseGardenerError as error:
        said = error.message.replace(str(place / "export"), str(out)).replace(str(place), str(out))
        if said == error.message:
            raise
        raise type(error)(said, hint=error.hint, context=error.context) from error
