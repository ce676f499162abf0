"""A folder for the Hugging Face hub: the adapter, and a model card of what is known of it. Nothing is uploaded."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from codebase_gardener.adapters.files import CONFIG, TOKENIZER_FILES, WEIGHTS
from codebase_gardener.adapters.proof import prove
from codebase_gardener.exports.card import introduced, measured
from codebase_gardener.exports.licences import licence_of
from codebase_gardener.exports.request import ExportRequest
from codebase_gardener.exports.stock_peft import public_name, write_sidecar
from codebase_gardener.training.warm import described
from codebase_gardener.utils.error_handling import AdapterError
from codebase_gardener.utils.files import write_json

__all__ = ["prove_hub_folder", "write_card", "write_hub_folder"]

_CARD = "README.md"
_MAX_FILE = 1 << 20


def write_hub_folder(request: ExportRequest, folder: Path) -> list[str]:
    """Copy the adapter and write its card; paths of this machine are left out."""
    for name in (WEIGHTS, *TOKENIZER_FILES):
        if (request.files.directory / name).is_file():
            shutil.copyfile(request.files.directory / name, folder / name)
    public, revision = _named(request)
    config = {**request.files.config, "base_model_name_or_path": public, "revision": revision}
    write_json(folder / CONFIG, config)
    write_sidecar(request, folder)
    write_card(request, folder)
    notes = (
        []
        if revision
        else [f"the base is no model of the hub: {CONFIG} and the card name it {public!r} only"]
    )
    return [*notes, "nothing was uploaded; to do so: hf upload OWNER/NAME FOLDER"]


def _named(request: ExportRequest) -> tuple[str, str | None]:
    """The base without a path of this machine, and its revision where it has one."""
    name, revision = public_name(request.base)
    return (name if revision else Path(request.base.id).name), revision


def write_card(request: ExportRequest, folder: Path) -> None:
    """Write what is known of the adapter, and what it was grown from, as the hub's model card."""
    public, revision = _named(request)
    licence = licence_of(_texts(request.base.path))
    is_peft = (folder / CONFIG).is_file()
    (folder / _CARD).write_text(_card(request, public, revision, licence, is_peft=is_peft), encoding="utf-8")


def prove_hub_folder(request: ExportRequest, folder: Path) -> dict[str, Any]:
    """Load the copy with stock PEFT in a fresh process; and the card's front matter parses."""
    card = (folder / _CARD).read_text(encoding="utf-8")
    front = yaml.safe_load(card.split("---\n")[1])
    if front.get("library_name") != "peft":
        raise AdapterError(
            "the model card has no front matter", hint="this is a fault of the export: report it"
        )
    return prove(folder, request.base)


def _texts(folder: Path) -> list[tuple[str, str]]:
    return [
        (path.name, path.read_text(encoding="utf-8", errors="replace"))
        for path in sorted(folder.iterdir())
        if path.is_file() and path.suffix in ("", ".md", ".txt") and path.stat().st_size < _MAX_FILE
    ]


def _card(
    request: ExportRequest, base: str, revision: str | None, licence: str | None, *, is_peft: bool
) -> str:
    facts = request.facts
    front: dict[str, Any] = {"library_name": "peft"} if is_peft else {}
    front["tags"] = ["lora", "codebase-gardener"]
    if revision:
        front |= {"base_model": base, **({"base_model_relation": "adapter"} if is_peft else {})}
    if licence:
        front["license"] = licence
    rows = {
        "base": f"{base} at revision {revision}" if revision else f"{base} (a local folder)",
        "base's weights": f"sha256 {request.base.sha256}",
        "base's licence": licence or "its files do not tell",
        "repository": facts.get("repository"),
        "repository's licence": facts.get("repository_licence") or "its files do not tell",
        "commit": facts.get("commit"),
        "dataset": f"sha256 {facts['dataset_hash']}" if facts.get("dataset_hash") else None,
        "rows": f"{facts['rows']:,} trained on" if facts.get("rows") else None,
        "goes on from": _lineage(facts.get("lineage")),
    }
    parts = [
        *introduced(request.label, rows),
        *measured(facts),
    ]
    return f"---\n{yaml.safe_dump(front, sort_keys=False)}---\n\n" + "\n\n".join(parts) + "\n"


def _lineage(lineage: Mapping[str, Any] | None) -> str | None:
    if not lineage:
        return None
    return described(lineage) if "new_rows" in lineage else str(lineage["parent"])
