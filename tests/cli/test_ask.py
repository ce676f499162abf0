"""`ask` and `generate` through an Ollama server, which is a stub: what is printed where."""

from __future__ import annotations

from pathlib import Path

import pytest

from samples.ollama_stub import ollama_stub

from .conftest import Cli

OLLAMA = ("--engine", "ollama", "--model", "qwen")


@pytest.mark.slow
def test_a_model_of_ollama_answers(garden: Cli) -> None:
    with ollama_stub(models={"qwen:latest"}) as stub:
        url = {"CODEBASE_GARDENER_OLLAMA_URL": stub.url}
        said = garden("ask", "geometry", "What is kite_area?", *OLLAMA, **url).ok()
        computed, _, added = said.out.partition("The model adds (not computed from the repository):")
        assert "kite.py:L" in computed
        assert added.strip() == "qwen:latest chats"
        assert "no adapter on ollama:qwen" in said.err
        row = garden("ask", "geometry", "What is kite_area?", *OLLAMA, "--json", **url).ok().json["model"]
        assert (row["engine"], row["base"]) == ("ollama", "ollama:qwen")
        text = garden("generate", "--prompt", "a = ", *OLLAMA, **url).ok()
        assert text.out == "qwen:latest goes on\n"
        [chat] = garden("generate", "--prompt", "a", "--chat", *OLLAMA, "--json", **url).ok().json
        assert (chat["text"], chat["engine"]) == ("qwen:latest chats", "ollama")


@pytest.mark.slow
def test_the_fallback_to_the_base_is_said_aloud(garden: Cli, tiny_base: Path) -> None:
    dead = {"CODEBASE_GARDENER_OLLAMA_URL": "http://127.0.0.1:1", "CODEBASE_GARDENER_BASE": str(tiny_base)}
    asked = ("ask", "geometry", "What is kite_area?", "--tokens", "2", *OLLAMA)
    said = garden(*asked, **dead).ok()
    assert "Ollama cannot be reached" in said.err
    assert "the base answers in this process" in said.err
    row = garden(*asked, "--json", **dead).ok().json["model"]
    assert (row["engine"], row["adapter"], row["base"]) == ("torch", None, str(tiny_base))
    assert "the base answers in this process" in row["note"]
    text = garden("generate", "--prompt", "a = ", "--tokens", "2", *OLLAMA, **dead).ok()
    assert "the base answers in this process" in text.err
    [one] = garden("generate", "--prompt", "a = ", "--tokens", "2", *OLLAMA, "--json", **dead).ok().json
    assert one["engine"] == "torch"
    assert "the base answers in this process" in one["note"]


def test_options_of_the_other_engine_are_refused(garden: Cli) -> None:
    garden("ask", "geometry", "a", "--model", "qwen").failed(2, "--engine ollama")
    garden("ask", "geometry", "a", "--endpoint", "http://h").failed(2, "--engine endpoint")
    garden("ask", "geometry", "a", "--engine", "endpoint").failed(2, "--model NAME")
    garden("generate", "--prompt", "a", "--merged", *OLLAMA).failed(2, "--merged goes with --engine torch")
    garden("generate", "--prompt", "a", "--and-base", *OLLAMA).failed(2, "--and-base")
    garden("ask", "geometry", "a", *OLLAMA, CODEBASE_GARDENER_OLLAMA_URL="nowhere").failed(
        2, "no URL of Ollama"
    )
