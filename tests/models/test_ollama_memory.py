"""Memory that Ollama holds, against a stub of it: told where it is short, given up where that is allowed."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from codebase_gardener.config.settings import Settings
from codebase_gardener.models import ollama_memory
from codebase_gardener.models.ollama_memory import BesideOllama
from codebase_gardener.models.peft_manager import PeftManager
from codebase_gardener.registry.rows import VersionRow
from codebase_gardener.utils import limits
from codebase_gardener.utils.error_handling import ResourceError
from samples.ollama_stub import ollama_stub

GB = 10**9
HELD = {"small:latest": GB, "qwen:7b": 5 * GB}
ROWS = [{"prompt": f"f({n}) = ", "completion": f"{n * n}"} for n in range(20)]


def test_stub_what_is_held_is_put_into_the_refusal() -> None:
    error = ResourceError("too little memory", hint="close other programs")
    with ollama_stub(models=set(HELD), held=dict(HELD)) as stub:
        assert not BesideOllama(stub.url, may_unload=False).make_room(error)
        assert stub.held == HELD
    assert error.hint == (
        "Ollama holds qwen:7b (5.0 GB), small:latest (1.0 GB): `ollama stop qwen:7b`, or set ollama_unload; "
        "or close other programs"
    )
    assert [row["name"] for row in error.context["ollama"]] == ["qwen:7b", "small:latest"]


def test_stub_what_is_held_is_unloaded_where_a_setting_allows(caplog: pytest.LogCaptureFixture) -> None:
    error = ResourceError("too little memory", hint="close other programs")
    with ollama_stub(models=set(HELD), held=dict(HELD)) as stub:
        assert BesideOllama(stub.url, may_unload=True).make_room(error)
        assert stub.held == {}
        assert not BesideOllama(stub.url, may_unload=True).make_room(error)  # nothing more to free
    assert "Ollama is told to unload qwen:7b (5.0 GB), small:latest (1.0 GB)" in caplog.text
    assert error.hint == "close other programs"


def test_stub_that_does_not_unload_is_not_waited_for_forever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ollama_memory, "_UNLOAD_S", 0.3)
    with ollama_stub(held=dict(HELD)) as stub:  # it holds what it does not know: each unload is refused
        assert not BesideOllama(stub.url, may_unload=True).make_room(ResourceError("too little"))


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "nonsense", "http://192.0.2.1:11434"])
def test_where_no_server_of_this_machine_listens_the_refusal_stands(url: str) -> None:
    error = ResourceError("too little memory", hint="close other programs")
    assert not BesideOllama(url, may_unload=True).make_room(error)
    assert error.hint == "close other programs"


def test_stub_a_base_that_does_not_fit_is_loaded_and_said(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with ollama_stub(models=set(HELD), held=dict(HELD)) as stub:
        BesideOllama(stub.url, may_unload=True).before_load(1)
        assert stub.asked == []  # it fits: Ollama is not asked
        monkeypatch.setattr(ollama_memory, "available_bytes", lambda: GB)
        BesideOllama(stub.url, may_unload=False).before_load(2 * GB)
        assert "a base of 2.0 GB is loaded, and 1.0 GB are free; Ollama holds qwen:7b" in caplog.text
        BesideOllama(stub.url, may_unload=True).before_load(2 * GB)
        assert stub.held == {}


def test_stub_is_asked_before_a_training_and_a_load(
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    ready: Callable[..., VersionRow],
    trained: Callable[..., object],
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
) -> None:
    trained()  # while there is memory
    monkeypatch.setattr(limits, "available_bytes", lambda: 1000)
    monkeypatch.setattr(ollama_memory, "available_bytes", lambda: 1000)
    with ollama_stub(models=set(HELD), held=dict(HELD)) as stub:
        told = settings.model_copy(update={"ollama_url": stub.url})
        with PeftManager(told) as manager:
            with pytest.raises(ResourceError, match="this training needs") as caught:
                manager.create_adapter("demo", ROWS)
            assert "Ollama holds qwen:7b" in caught.value.hint
            ready(manager, "demo", "default")
            caplog.set_level(logging.WARNING)
            manager.load_adapter("demo").generate("a", max_new_tokens=1)
            assert "a base of 0.0 GB is loaded" in caplog.text
        allowed = told.model_copy(update={"ollama_unload": True})
        with PeftManager(allowed) as manager, pytest.raises(ResourceError, match="this training needs"):
            manager.create_adapter("demo", ROWS)  # Ollama's are gone, and still nothing is free
        assert stub.held == {}


def test_a_worker_is_told_where_ollama_is(settings: Settings) -> None:
    told = settings.model_copy(update={"ollama_url": "http://127.0.0.1:5", "ollama_unload": True}).for_workers
    assert told["CODEBASE_GARDENER_OLLAMA_URL"] == "http://127.0.0.1:5"
    assert told["CODEBASE_GARDENER_OLLAMA_UNLOAD"] == "True"
