"""A folder for the Hugging Face hub: the adapter, and a model card of what is known of it. Nothing is uploaded."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from codebase_gardener.adapters.files import CONFIG, TOKENIZER_FILES, WEIGHTS
from codebase_gardener.adapters.proof import prove
from codebase_gardener.exports.licences import licence_of
from codebase_gardener.exports.request import ExportRequest
from codebase_gardener.exports.stock_peft import public_name, write_sidecar
from codebase_gardener.training.warm import described
from codebase_gardener.utils.error_handling import AdapterError
from codebase_gardener.utils.files import write_json

__all__ = ["prove_hub_folder", "write_card", "write_hub_folder"]

_CARD = "README.md"
_PUNCTUATION = re.compile(r"([!-+:-@\[-`{-~.])")
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
    lines = [f"- {_plain(key)}: {_plain(str(value))}" for key, value in rows.items() if value]
    parts = [
        f"# {_plain(request.label)}",
        "A low-rank adapter of a language model to one repository.",
        "\n".join(lines),
        "## Measured",
        *_verdict(facts.get("verdict")),
        *_beside(facts.get("receipts") or ()),
        *_receipt(facts.get("receipts") or ()),
    ]
    return f"---\n{yaml.safe_dump(front, sort_keys=False)}---\n\n" + "\n\n".join(parts) + "\n"


def _lineage(lineage: Mapping[str, Any] | None) -> str | None:
    if not lineage:
        return None
    return described(lineage) if "new_rows" in lineage else str(lineage["parent"])


def _beside(receipts: Iterable[Mapping[str, Any]]) -> list[str]:
    """The adapter beside the version on another base that it was grown again from."""
    found = next((one for one in receipts if one.get("kind") == "regrown" and "difference" in one), None)
    if found is None:
        return []
    old, gained, lines = found["old"], found["difference"], found["next_line"]
    base = Path(old["base"]).name if Path(old["base"]).is_absolute() else old["base"]
    return [
        f"Grown again from the rows of {_plain(old['name'])} on {_plain(base)}: {_plain(found['word'])}. "
        f"On the same held-out bytes {gained['nats_per_byte']:+.3f} nats per byte "
        f"(95 % interval {gained['low']:+.3f} to {gained['high']:+.3f}); exact next lines "
        f"{100 * lines['share']:+.1f} points ({100 * lines['low']:+.1f} to {100 * lines['high']:+.1f})."
    ]


def _verdict(verdict: Mapping[str, Any] | None) -> list[str]:
    if not verdict or not verdict.get("arms"):
        return ["Not evaluated on held-out code."]
    decisive, general = verdict["difference"], verdict["general"]
    return [
        f"Verdict: {_plain(str(verdict['word']))}. On held-out code, adapter with retrieval less base with retrieval: "
        f"{decisive['nats_per_token']:+.3f} nats per token "
        f"(95 % interval {decisive['low']:+.3f} to {decisive['high']:+.3f}).",
        f"On general text: {general['base']:.3f} nats per token with the base, {general['adapter']:.3f} with the "
        "adapter.",
    ]


def _receipt(receipts: Any) -> list[str]:
    """The newest proof of the adapter in a fresh process."""
    for receipt in reversed(list(receipts)):
        if "max_logit_difference" in receipt and "tensors_matched" in receipt:
            return [
                f"Receipt: {receipt['tensors_matched']} of {receipt['tensors_expected']} tensors found their module; "
                f"logits differ from the base's by {receipt['max_logit_difference']:.3g} at most."
            ]
    return []


def _plain(text: str) -> str:
    """A name as text on one line, whatever it holds: no markup, no tags, no links."""
    return _PUNCTUATION.sub(r"\\\1", " ".join(text.split()))
