"""`--engine ollama`, against a stub of Ollama: which model answers, what is said where none does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from codebase_gardener.config.settings import Settings
from codebase_gardener.gardener.asking import ModelAnswer, ask
from codebase_gardener.gardener.facade import Gardener
from codebase_gardener.gardener.through_ollama import generate_through_ollama
from codebase_gardener.registry.rows import VersionRow
from codebase_gardener.utils.error_handling import InvalidInputError, NotFoundError
from codebase_gardener.utils.names import parse_ref
from samples.ollama_stub import OllamaStub, ollama_stub

pytestmark = pytest.mark.slow

SAMPLING: dict[str, Any] = {
    "max_new_tokens": 2,
    "temperature": 0.0,
    "top_p": 1.0,
    "top_k": 0,
    "stop": (),
    "seed": None,
}


@pytest.fixture
def stub() -> Iterator[OllamaStub]:
    with ollama_stub(models={"qwen:latest"}) as stub:
        yield stub


@pytest.fixture
def gardener(
    settings: Settings, stub: OllamaStub, small_repository: Path, ready: Callable[..., VersionRow]
) -> Iterator[Gardener]:
    with Gardener(settings.model_copy(update={"ollama_url": stub.url})) as gardener:
        gardener.add(str(small_repository), name="geometry")
        ready(gardener.manager, "geometry", "default")
        gardener.activate(parse_ref("geometry/default"))
        yield gardener


def asked(gardener: Gardener, what: str = "geometry", **options: Any) -> ModelAnswer:
    question = "What does kite_area do?"
    answer = ask(gardener, parse_ref(what), question, max_new_tokens=2, engine="ollama", **options)
    assert answer.model is not None
    return answer.model


def test_a_model_that_is_named_answers_with_retrieved_code_before_the_question(
    gardener: Gardener, stub: OllamaStub
) -> None:
    answer = asked(gardener, model="qwen")
    assert (answer.text, answer.base, answer.engine) == ("qwen:latest chats", "ollama:qwen", "ollama")
    assert (answer.adapter, answer.note) == (None, "ollama:qwen answers, not geometry/default@1")
    [body] = stub.bodies("/api/chat")
    assert "def kite_area" in body["messages"][0]["content"]
    assert body["options"]["num_predict"] == 2
    assert any("kite.py" in source for source in answer.sources)
    asked(gardener, model="qwen", retrieval=False)
    assert stub.bodies("/api/chat")[1]["messages"][0]["content"] == "What does kite_area do?"


@pytest.mark.parametrize(
    ("name", "adapter"),
    [("geometry/default:1", "geometry/default@1"), ("geometry/default:latest", "geometry/default"),
     ("geometry/default@1", "geometry/default@1")],
)  # fmt: skip
def test_the_adapters_own_model_answers_where_ollama_has_it(
    gardener: Gardener, stub: OllamaStub, name: str, adapter: str
) -> None:
    stub.models.add(name)
    answer = asked(gardener)
    assert (answer.engine, answer.adapter, answer.note) == ("ollama", adapter, "")
    assert asked(gardener, "geometry/default@1").adapter == adapter
    assert asked(gardener, adapter=False).engine == "torch"  # no model is named for it


def test_the_settings_model_answers_where_ollama_lacks_the_adapter(
    gardener: Gardener, stub: OllamaStub
) -> None:
    gardener.settings = gardener.settings.model_copy(update={"ollama_model": "qwen"})
    answer = asked(gardener)
    assert (answer.base, answer.note) == ("ollama:qwen", "ollama:qwen answers, not geometry/default@1")
    assert asked(gardener, adapter=False).note == ""
    stub.models.add("geometry/default:1")
    assert asked(gardener).adapter == "geometry/default@1"


def test_the_fallback_to_the_base_is_said(gardener: Gardener, stub: OllamaStub) -> None:
    here = ask(
        gardener,
        parse_ref("geometry"),
        "What does kite_area do?",
        explain=True,
        adapter=False,
        max_new_tokens=2,
    ).model
    assert here is not None
    assert (here.engine, here.note) == ("torch", "")
    for options, why in (
        ({}, "has no model of geometry/default@1; it has qwen:latest"),
        ({"model": "x"}, "no model 'x'"),
    ):
        answer = asked(gardener, **options)
        assert (answer.text, answer.adapter, answer.engine) == (here.text, None, "torch")
        assert why in answer.note
        assert "the base answers in this process, without an adapter" in answer.note
    stub.busy = [500] * 3
    assert "500" in asked(gardener, model="qwen").note
    gardener.settings = gardener.settings.model_copy(update={"ollama_url": "http://127.0.0.1:1"})
    assert "cannot be reached" in asked(gardener, model="qwen").note
    assert "ollama serve" in asked(gardener, model="qwen").note


def test_an_adapter_that_is_not_there_is_no_reason_to_fall_back(gardener: Gardener) -> None:
    for what in ("geometry/other", "geometry/default@9", "nothing"):
        with pytest.raises(NotFoundError):
            asked(gardener, what, model="qwen")


def test_generate_goes_on_with_texts_and_answers_turns(gardener: Gardener, stub: OllamaStub) -> None:
    turns = [{"role": "user", "content": "Hi"}]
    options = {**SAMPLING, "temperature": 0.5, "top_k": 3, "stop": ("\n",)}
    text, turn = generate_through_ollama(gardener, [], ["a = ", turns], "qwen", **options)
    assert (text.text, turn.text) == ("qwen:latest goes on", "qwen:latest chats")
    assert (text.base, text.engine, text.adapter, text.note) == ("ollama:qwen", "ollama", None, "")
    [body] = stub.bodies("/api/generate")
    assert (body["prompt"], body["raw"]) == ("a = ", True)
    assert body["options"] == {
        "num_ctx": 4096, "num_predict": 2, "temperature": 0.5, "top_p": 1.0, "top_k": 3, "stop": ["\n"],
        "seed": -1, "repeat_penalty": 1.0,
    }  # fmt: skip


def test_generate_asks_each_adapters_model_and_falls_back_one_by_one(
    gardener: Gardener, stub: OllamaStub
) -> None:
    stub.models.add("geometry/default:1")
    [there] = generate_through_ollama(gardener, ["geometry/default"], ["a"], None, **SAMPLING)
    assert (there.adapter, there.engine) == ("geometry/default@1", "ollama")
    [lacking] = generate_through_ollama(gardener, [], ["a"], None, **SAMPLING)
    assert lacking.text == gardener.manager.base_handle().generate("a", max_new_tokens=2)
    assert (lacking.engine, lacking.adapter) == ("torch", None)
    assert "to be told which model" in lacking.note
    with pytest.raises(InvalidInputError, match="in place of"):
        generate_through_ollama(gardener, ["geometry/default"], ["a"], "qwen", **SAMPLING)
    with pytest.raises(NotFoundError):
        generate_through_ollama(gardener, ["geometry/none"], ["a"], None, **SAMPLING)
