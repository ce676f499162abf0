"""The hub's folder: what its card says, and that hostile names stay text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import ModelCard
from markdown_it import MarkdownIt

from codebase_gardener.adapters.files import check_adapter_files
from codebase_gardener.bases.resolution import Base, resolve_base
from codebase_gardener.exports.hub_folder import prove_hub_folder, write_card, write_hub_folder
from codebase_gardener.exports.request import ExportRequest
from codebase_gardener.utils.progress import Quiet
from samples.stock_adapters import STOCK, save_adapter

VERDICT = {
    "word": "helped",
    "arms": {"base": {"nats_per_token": 1.5, "nats_per_token_95": [1.25, 1.75], "next_line": 0.25}},
    "difference": {"nats_per_token": -0.2, "low": -0.3, "high": -0.1},
    "general": {"base": 2.0, "adapter": 2.1},
}
RECEIPT = {"kind": "proof", "tensors_matched": 8, "tensors_expected": 8, "max_logit_difference": 0.5}


def written(
    base: Path, place: Path, label: str = "garden/default@1", **facts: Any
) -> tuple[ExportRequest, Path]:
    folder = save_adapter(place / "adapter", base, STOCK["lora"])
    resolved = resolve_base(str(base), place / "bases")
    at_hub = Base("owner/name@abc", resolved.path, "abc123", resolved.sha256, 1, resolved.beside_sha256)
    request = ExportRequest(label, check_adapter_files(folder), at_hub, Quiet(), facts=facts)
    out = place / "out"
    out.mkdir()
    write_hub_folder(request, out)
    return request, out


def test_the_card_says_what_is_known(tiny_base: Path, tmp_path: Path) -> None:
    _, out = written(
        tiny_base,
        tmp_path,
        commit="c0ffee",
        dataset_hash="d" * 64,
        repository="https://example.org/garden",
        repository_licence="mit",
        verdict=VERDICT,
        receipts=[RECEIPT],
    )
    card = ModelCard.load(out / "README.md")
    assert card.data.base_model == "owner/name"
    assert card.data.to_dict()["base_model_relation"] == "adapter"
    assert card.data.library_name == "peft"
    text = card.text.replace("\\", "")
    for said in ("revision abc123", "c0ffee", "d" * 64, "licence: mit", "-0.300 to -0.100", "8 of 8 tensors",
                 "| base | 1.500 | 1.250 to 1.750 | 25.0% |"):  # fmt: skip
        assert said in text
    config = json.loads((out / "adapter_config.json").read_text())
    assert (config["base_model_name_or_path"], config["revision"]) == ("owner/name", "abc123")


@pytest.mark.slow
def test_the_folder_is_proven_by_a_fresh_process(tiny_base: Path, tmp_path: Path) -> None:
    request, out = written(tiny_base, tmp_path, commit="c0ffee")
    assert prove_hub_folder(request, out)["max_logit_difference"] > 0


LINEAGE = {
    "parent": "garden/default@1",
    "commit": "abc",
    "new_rows": 7,
    "new_files": 1,
    "changed_files": 2,
    "old_rows": 64,
}
REGROWN = {
    "kind": "regrown",
    "word": "better",
    "old": {"name": "garden/default@3", "base": "/home/me/small"},
    "difference": {"nats_per_byte": -0.2, "low": -0.3, "high": -0.1},
    "next_line": {"share": 0.1, "low": 0.05, "high": 0.15},
}


def test_the_card_says_what_it_was_grown_from(tiny_base: Path, tmp_path: Path) -> None:
    _, out = written(
        tiny_base, tmp_path, rows=1234, lineage=LINEAGE, verdict=VERDICT, receipts=[REGROWN, RECEIPT]
    )
    text = ModelCard.load(out / "README.md").text.replace("\\", "")
    assert "rows: 1,234 trained on" in text
    assert "goes on from: garden/default@1 (abc): 7 new rows of 1 new and 2 changed files, 64 old" in text
    assert "garden/default@3 on small: better" in text
    assert "-0.200 nats per byte (95 % interval -0.300 to -0.100); exact next lines +10.0 points" in text
    assert "/home/me" not in text


def test_a_card_beside_what_is_no_folder_of_peft_does_not_say_that_it_is(
    tiny_base: Path, tmp_path: Path
) -> None:
    request, _ = written(tiny_base, tmp_path, lineage={"parent": "garden/default@1"})
    (tmp_path / "gguf").mkdir()
    write_card(request, tmp_path / "gguf")
    card = ModelCard.load(tmp_path / "gguf/README.md")
    assert set(card.data.to_dict()) == {"tags", "base_model"}
    assert "goes on from: garden/default@1" in card.text.replace("\\", "")


def test_no_path_of_this_machine_leaves(tiny_base: Path, tmp_path: Path) -> None:
    folder = save_adapter(tmp_path / "adapter", tiny_base, STOCK["lora"])
    (folder / "gardener.json").write_text(json.dumps({"base": {"path": str(tiny_base)}, "training": {}}))
    request = ExportRequest(
        "garden/default@1", check_adapter_files(folder), resolve_base(str(tiny_base), tmp_path / "b"), Quiet()
    )
    out = tmp_path / "out"
    out.mkdir()
    assert any("no model of the hub" in note for note in write_hub_folder(request, out))
    for file in out.iterdir():
        assert str(tiny_base.parent).encode() not in file.read_bytes()


def test_hostile_names_are_text(tiny_base: Path, tmp_path: Path) -> None:
    hostile = (
        "x](http://evil.example) <script>alert(1)</script> **b** `c` www.evil.example\n---\n# no heading"
    )
    _, out = written(tiny_base, tmp_path, repository=hostile, commit=hostile, label=hostile)
    card = ModelCard.load(out / "README.md")
    assert set(card.data.to_dict()) == {"library_name", "tags", "base_model", "base_model_relation"}
    tokens = MarkdownIt("gfm-like", {"linkify": False, "html": True}).parse(card.text)
    kinds = {child.type for token in tokens for child in (token, *(token.children or ()))}
    assert not kinds & {"link_open", "html_inline", "html_block", "strong_open", "code_inline", "hr", "image"}
    assert len([token for token in tokens if token.type == "heading_open"]) == 2
    assert "www.evil" not in card.text
