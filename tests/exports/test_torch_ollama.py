"""The folder for Ollama: contract tests against two stubs of its server, and real llama.cpp on its files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from codebase_gardener.adapters.files import check_adapter_files
from codebase_gardener.bases.resolution import resolve_base
from codebase_gardener.bases.text import conversation_ids, render_conversation
from codebase_gardener.bases.torch_loading import load_tokenizer
from codebase_gardener.exports.llamacpp import is_installed
from codebase_gardener.exports.ollama_template import CONVERSATIONS
from codebase_gardener.exports.request import ExportRequest
from codebase_gardener.exports.torch_ollama import ollama_create
from codebase_gardener.exports.writing import export_adapter
from codebase_gardener.utils.error_handling import InvalidInputError, ModelError
from codebase_gardener.utils.progress import Quiet
from samples.go_template import go_render, modelfile_template
from samples.ollama_stub import ollama_stub
from samples.stock_adapters import STOCK, save_adapter


def asked(base: Path, place: Path, kind: str = "lora", **options: Any) -> ExportRequest:
    folder = save_adapter(place / "adapter", base, STOCK[kind])
    resolved = resolve_base(str(base), place / "bases")
    return ExportRequest("garden/default@1", check_adapter_files(folder), resolved, Quiet(), "f32", **options)


@pytest.mark.slow
def test_contract_with_an_old_server_that_takes_adapters(tiny_base: Path, tmp_path: Path) -> None:
    with ollama_stub(version="0.12.11") as stub:
        request = asked(tiny_base, tmp_path, ollama_url=stub.url, create="garden")
        report = export_adapter(request, "ollama", tmp_path / "out")
        assert "garden:latest" not in stub.models
        ollama_create(request, tmp_path / "out")
        assert "garden:latest" in stub.models
        [body] = stub.bodies("/api/create")
    assert set(body["adapters"]) == {"adapter.gguf"}
    assert set(body["files"]) == {"model.gguf"}
    assert body["parameters"]["stop"]
    assert {"model.gguf", "adapter.gguf", "Modelfile"} <= set(report.files)
    assert "ADAPTER ./adapter.gguf" in (tmp_path / "out/Modelfile").read_text()
    if is_installed():
        assert report.receipt["effect_left"] > 0.9 and report.receipt["read_by"] == "llama.cpp"


@pytest.mark.slow
def test_contract_with_a_new_server_that_refuses_adapters(tiny_base: Path, tmp_path: Path) -> None:
    with ollama_stub(version="0.34.1") as stub:
        request = asked(tiny_base, tmp_path, ollama_url=stub.url, create="garden:v1")
        report = export_adapter(request, "ollama", tmp_path / "out")
        ollama_create(request, tmp_path / "out")
        [body] = stub.bodies("/api/create")
    assert "adapters" not in body
    assert "adapter.gguf" not in report.files
    assert "ADAPTER" not in (tmp_path / "out/Modelfile").read_text()
    assert any("MB for each adapter" in note for note in report.notes)
    assert not [path for path in tmp_path.iterdir() if path.name not in ("adapter", "bases", "out")]
    if is_installed():
        assert report.receipt["effect_left"] > 0.9 and report.receipt["read_by"] == "llama.cpp"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "why"), [("dora", "DoRA"), ("saved head", "saved modules"), ("embedding", "embed")]
)
def test_what_no_gguf_adapter_carries_is_merged_for_an_old_server_too(
    tiny_base: Path, tmp_path: Path, kind: str, why: str
) -> None:
    with ollama_stub() as stub:
        report = export_adapter(
            asked(tiny_base, tmp_path, kind, ollama_url=stub.url), "ollama", tmp_path / "out"
        )
    assert "adapter.gguf" not in report.files
    assert any("is merged" in note and why in note for note in report.notes)


@pytest.mark.slow
def test_the_template_gives_the_tokenizers_ids(tiny_base: Path, tmp_path: Path) -> None:
    report = export_adapter(asked(tiny_base, tmp_path), "ollama", tmp_path / "out")
    template = modelfile_template((tmp_path / "out/Modelfile").read_text())
    tokenizer = load_tokenizer(tiny_base)
    for talk in CONVERSATIONS:
        wanted = conversation_ids(tokenizer, render_conversation(tokenizer, talk, answer_next=True))
        assert tokenizer(go_render(template, talk))["input_ids"] == wanted
    assert report.receipt["conversations_compared"] == len(CONVERSATIONS)
    assert any("no Ollama server answers" in note and "assumed" in note for note in report.notes)


def test_names_and_servers_are_checked_before_anything_is_written(tiny_base: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="takes no model"):
        export_adapter(asked(tiny_base, tmp_path, create="a b"), "ollama", tmp_path / "out")
    gone = asked(tiny_base, tmp_path, create="a", ollama_url="http://127.0.0.1:9")
    with pytest.raises(ModelError):
        export_adapter(gone, "ollama", tmp_path / "out")
    assert not (tmp_path / "out").exists()
