"""An adapter that is asked for by name, on its way out."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codebase_gardener.adapters.files import check_adapter_files
from codebase_gardener.dataset.writer import load_dataset
from codebase_gardener.evaluation.measuring import heldout_functions
from codebase_gardener.exports.licences import is_licence_file, licence_of
from codebase_gardener.exports.request import ExportReport, ExportRequest
from codebase_gardener.exports.writing import export_adapter
from codebase_gardener.gardener.locating import Located, base_of, locate
from codebase_gardener.utils.error_handling import CodebaseGardenerError, InvalidInputError
from codebase_gardener.utils.foreign_files import refusal
from codebase_gardener.utils.progress import Quiet, Reporter

if TYPE_CHECKING:
    from codebase_gardener.gardener.facade import Gardener

__all__ = ["export"]

_HELDOUT_FUNCTIONS = 8  # each of their tokens is asked for by itself


def export(
    gardener: Gardener,
    what: str,
    target: str,
    out: Path,
    *,
    quantize: str | None = None,
    base: str | None = None,
    create: str = "",
    card: bool = False,
    reporter: Reporter | None = None,
) -> tuple[Located, ExportReport]:
    """Export an adapter for another program; the receipt is kept where the adapter is in the registry.

    Args:
        gardener: The home.
        what: A name or a folder.
        target: A key of `TARGETS`.
        out: A new folder.
        quantize: How the weights are stored, where the target can.
        base: Base model; by default the one that the adapter was trained on.
        card: Whether a model card is written beside it; with "hub" there always is one.
        create: With "ollama": what the server is to call the model that it makes.
        reporter: Who is told.

    Raises:
        NotFoundError: There is no such adapter.
        AdapterError, InvalidInputError: As `export_adapter`.
    """
    if create and target != "ollama":
        raise InvalidInputError(f"nothing is created with --to {target}", hint="--create is for --to ollama")
    card = card or target == "hub"
    located = locate(gardener, what)
    request = ExportRequest(
        _label(located),
        check_adapter_files(located.directory),
        base_of(gardener, located, base),
        reporter or Quiet(),
        quantize,
        _heldout(gardener, located) if target in ("gguf", "ollama") else (),
        {**_facts(gardener, located), **(_grown_from(gardener, located) if card else {})},
        ollama_url=gardener.settings.ollama_url if target == "ollama" else "",
        create=create,
        card=card and target != "hub",
    )
    out = out.absolute()
    report = export_adapter(request, target, out)
    if create:
        from codebase_gardener.exports.torch_ollama import ollama_create

        report = replace(report, notes=(*report.notes[:-1], ollama_create(request, out)))
    if located.row is not None:
        gardener.registry.add_receipt(located.row, f"export-{target}", asdict(report))
    return located, report


def _label(located: Located) -> str:
    """What it is called where it goes: of a folder no path of this machine, and nothing that moves a terminal."""
    label = located.label if located.row is not None else located.directory.name
    return "".join(letter if letter.isprintable() else "?" for letter in label)


def _heldout(gardener: Gardener, located: Located) -> Sequence[tuple[str, str]]:
    """What the adapter was not trained on; nothing where it comes from no dataset, or that is gone."""
    if located.row is None:
        return ()
    try:
        functions = heldout_functions(load_dataset(gardener.heldout_dataset(located.row)), _HELDOUT_FUNCTIONS)
    except CodebaseGardenerError:
        return ()
    return [(function.prompt, function.completion) for function in functions]


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
        "lineage": row.lineage,
        "receipts": [{"kind": receipt.kind, **receipt.data} for receipt in gardener.registry.receipts(row)],
        "verdict": verdict.data if verdict else None,
    }


def _grown_from(gardener: Gardener, located: Located) -> dict[str, Any]:
    """How many rows there were, where the dataset is there; and the repository."""
    from codebase_gardener.dataset.writer import load_dataset

    rows = {}
    if located.row is not None:
        with suppress(CodebaseGardenerError):
            rows = {"rows": len(load_dataset(gardener.heldout_dataset(located.row)).train)}
    return {**rows, **_repository(gardener, located)}


def _repository(gardener: Gardener, located: Located) -> dict[str, Any]:
    """Where the repository is, unless that is a folder of this machine; and its licence, as its files tell."""
    if located.row is None or located.row.snapshot_id is None:
        return {}
    project = gardener.registry.project(located.row.project)
    is_folder = Path(project.source).is_absolute()
    try:
        files = [
            (file.path, file.text) for file in gardener.snapshot(project.name).files if "/" not in file.path
        ]
    except CodebaseGardenerError:  # an old snapshot may be gone, and the adapter still leaves
        files = []
    root = Path(project.source)
    if is_folder and root.is_dir():
        files += [
            (path.name, path.read_text(encoding="utf-8", errors="replace"))
            for path in root.iterdir()
            if is_licence_file(path.name) and not refusal(path) and path.is_file()
        ]
    return {
        "repository": project.name if is_folder else project.source,
        "repository_licence": licence_of(files),
    }
