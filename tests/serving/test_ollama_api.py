"""Ollama's own client against the server."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import ollama
import openai
import pytest

from codebase_gardener.serving.engine import Generation, Piece
from codebase_gardener.serving.ollama_api import REFUSED
from serving.conftest import Running

pytestmark = pytest.mark.slow

PROMPT = "def kite_area(width, height):\n"
ASKED = "What does kite_area do?"
FEW = {"num_predict": 8}


@pytest.fixture
def client(running: Running) -> Iterator[ollama.Client]:
    with ollama.Client(running.url) as client:
        yield client


@pytest.fixture
def openai_client(running: Running) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{running.url}/v1", api_key="none", max_retries=0)


# ---- models


def test_every_name_is_a_model(client: ollama.Client, openai_client: openai.OpenAI) -> None:
    models = client.list().models
    assert [model.model for model in models] == [model.id for model in openai_client.models.list()]
    rows = {model.model: model for model in models}
    version, moving, other = rows["geometry/default@2"], rows["geometry"], rows["geometry/other"]
    assert version.size and version.modified_at and version.details
    assert version.details.family == "llama"
    assert version.details.parameter_size
    assert rows["geometry/default@1"].digest != version.digest != other.digest
    assert moving.digest == rows["geometry/default"].digest


def test_a_model_is_shown(client: ollama.Client, running: Running) -> None:
    shown = client.show("geometry/default@2")
    assert shown.modelinfo and shown.capabilities == ["completion", "insert"]
    assert shown.modelinfo["general.architecture"] == "llama"
    assert shown.modelinfo["llama.context_length"] == 2048
    assert ".Suffix" in (shown.template or "")
    assert "num_predict" in (shown.parameters or "")
    older = httpx2.post(f"{running.url}/api/show", json={"name": "geometry"})
    assert older.json()["capabilities"] == shown.capabilities


def test_what_is_in_memory_is_listed(client: ollama.Client) -> None:
    assert client.ps().models == []
    loaded = client.generate("geometry/other")
    assert (loaded.done_reason, loaded.response, loaded.done) == ("load", "", True)
    [row] = client.ps().models
    assert (row.name, row.context_length) == ("geometry/other@1", 2048)
    assert row.size and row.expires_at
    assert client.generate("geometry/other", keep_alive=0).done_reason == "unload"
    assert client.ps().models == []
    assert client.chat("geometry/other", [], keep_alive="0s").done_reason == "unload"


def test_without_keep_alive_an_adapter_leaves_the_memory_once_it_has_answered(
    client: ollama.Client, running: Running
) -> None:
    turns = [{"role": "user", "content": "a"}]
    few = {"options": {"num_predict": 2}, "keep_alive": 0}
    asks: list[Callable[[], Any]] = [
        lambda: client.generate("geometry/other", "a", **few),
        lambda: client.chat("geometry/other", turns, **few),
        lambda: list(client.generate("geometry/other", "a", stream=True, **few)),
        lambda: list(client.chat("geometry/other", turns, stream=True, **few)),
    ]
    for ask in asks:
        client.generate("geometry/other", "a", options=few["options"], keep_alive="5m")
        client.generate("geometry", "a", options=few["options"])
        assert {model.model for model in client.ps().models} == {"geometry/other@1", "geometry/default@2"}
        ask()
        assert [model.model for model in client.ps().models] == ["geometry/default@2"]
    served = running.answering.catalog.resolve("geometry/other").served
    assert served.adapter
    with running.gardener.manager.loaded.holding(served.adapter):  # pinned, or answering somebody
        asks[0]()
        assert "geometry/other@1" in {model.model for model in client.ps().models}


def test_version_and_root_are_there(running: Running) -> None:
    version = httpx2.get(f"{running.url}/api/version").json()["version"]
    assert [int(part) >= 0 for part in version.split(".")] == [True] * 3
    assert httpx2.head(running.url).status_code == 200


# ---- answers


def test_raw_is_openais_bare_completion(client: ollama.Client, openai_client: openai.OpenAI) -> None:
    for version in (1, 2):
        name = f"geometry/default@{version}"
        said = client.generate(name, PROMPT, raw=True, options=FEW)
        wanted = openai_client.completions.create(model=f"{name}:bare", prompt=PROMPT, max_tokens=8)
        assert said.response == wanted.choices[0].text
        assert wanted.usage and (said.prompt_eval_count, said.eval_count) == (wanted.usage.prompt_tokens, 8)


def test_suffix_is_openais_fill_in(client: ollama.Client, openai_client: openai.OpenAI) -> None:
    said = client.generate("geometry", PROMPT, suffix="    return area\n", options=FEW)
    wanted = openai_client.completions.create(
        model="geometry", prompt=PROMPT, suffix="    return area\n", max_tokens=8
    )
    assert said.response == wanted.choices[0].text
    bare = client.generate("geometry", PROMPT, suffix="    return area\n", raw=True, options=FEW)
    assert (bare.prompt_eval_count or 0) < (said.prompt_eval_count or 0)


def test_a_prompt_is_a_turn_as_in_chat(client: ollama.Client, openai_client: openai.OpenAI) -> None:
    turn = {"role": "user", "content": ASKED}
    wanted = openai_client.chat.completions.create(model="geometry", messages=[turn], max_tokens=8)  # type: ignore[list-item]
    chat = client.chat("geometry", [turn], options=FEW)
    generated = client.generate("geometry", ASKED, options=FEW)
    assert wanted.choices[0].message.content == chat.message.content == generated.response
    assert chat.message.role == "assistant"
    assert wanted.usage and wanted.usage.prompt_tokens == chat.prompt_eval_count
    system = client.generate("geometry", ASKED, system="Be brief.", options=FEW)
    turns = [{"role": "system", "content": "Be brief."}, turn]
    assert system.response == client.chat("geometry", turns, options=FEW).message.content
    assert (system.prompt_eval_count or 0) > (generated.prompt_eval_count or 0)


def test_options_are_openais_parameters(client: ollama.Client, openai_client: openai.OpenAI) -> None:
    drawn = {"temperature": 1.5, "top_p": 0.9, "seed": 7, "presence_penalty": 0.5, "frequency_penalty": 0.5}
    further = {"num_ctx": 4096, "num_thread": 2, "typical_p": 1.0, "mirostat": 0}
    said = client.generate(
        "geometry", PROMPT, raw=True, options={**drawn, **FEW, **further, "top_k": 40, "repeat_penalty": 1.3}
    )
    wanted = openai_client.completions.create(
        model="geometry:bare",
        prompt=PROMPT,
        max_tokens=8,
        extra_body={"top_k": 40, "repetition_penalty": 1.3},
        **drawn,  # type: ignore[arg-type]
    )
    assert said.response == wanted.choices[0].text
    assert said.response != client.generate("geometry", PROMPT, raw=True, options=FEW).response


def test_stop_ends_and_a_negative_number_fills_the_context(client: ollama.Client) -> None:
    drawn = {"num_predict": 32, "temperature": 1.0, "seed": 1}
    whole = client.generate("geometry", PROMPT, raw=True, options=drawn).response or ""
    letter = next(one for one in reversed(whole) if one.isascii())
    stopped = client.generate("geometry", PROMPT, raw=True, options={**drawn, "stop": letter})
    assert (stopped.response, stopped.done_reason) == (whole[: whole.index(letter)], "stop")
    long = "def area(width):\n" + "    a = 1\n" * 170
    for number in range(40):  # one of these is not ended by the model itself
        filled = client.generate("geometry", f"{long}{number}", raw=True, options={"num_predict": -1})
        if filled.done_reason == "length":
            break
    assert (filled.done_reason, (filled.prompt_eval_count or 0) + (filled.eval_count or 0)) == (
        "length",
        2048,
    )


@pytest.mark.parametrize("raw", [True, False])
def test_streamed_rows_are_the_answer(client: ollama.Client, raw: bool) -> None:
    whole = client.generate("geometry", PROMPT, raw=raw, options=FEW)
    *rows, last = client.generate("geometry", PROMPT, raw=raw, options=FEW, stream=True)
    assert "".join(row.response or "" for row in rows) == whole.response
    assert [row.done for row in rows] == [False] * len(rows)
    assert (last.done, last.response, last.done_reason, last.eval_count) == (True, "", "length", 8)
    assert last.total_duration and last.eval_duration
    assert last.total_duration >= (last.prompt_eval_duration or 0) + last.eval_duration > 0
    turns = [{"role": "user", "content": ASKED}]
    *parts, end = client.chat("geometry", turns, options=FEW, stream=True)
    said = "".join(part.message.content or "" for part in parts)
    assert said == client.chat("geometry", turns, options=FEW).message.content
    assert (end.done, end.message.content, end.prompt_eval_count) == (True, "", end.prompt_eval_count)


def test_a_stream_is_what_is_meant_where_nothing_is_said(running: Running) -> None:
    body = json.dumps({"model": "geometry:latest", "prompt": PROMPT, "options": FEW}).encode()
    with urllib.request.urlopen(f"{running.url}/api/generate", body) as answer:
        assert answer.headers["Content-Type"] == "application/x-ndjson"
        rows = [json.loads(line) for line in answer]
    assert len(rows) > 1
    assert rows[-1]["done"]
    assert rows[-1]["model"] == "geometry:latest"
    assert any("kite.py" in source for source in rows[-1]["gardener"]["sources"])


def test_scores_are_openais(client: ollama.Client, openai_client: openai.OpenAI) -> None:
    said = client.generate("geometry", PROMPT, raw=True, options=FEW, logprobs=True, top_logprobs=2)
    wanted = openai_client.completions.create(model="geometry", prompt=PROMPT, max_tokens=8, logprobs=2)
    assert said.logprobs and wanted.choices[0].logprobs
    assert [row.logprob for row in said.logprobs] == pytest.approx(
        wanted.choices[0].logprobs.token_logprobs, abs=1e-5
    )
    assert {len(row.top_logprobs or []) for row in said.logprobs} == {2}


# ---- errors


@pytest.mark.parametrize(
    "wrong",
    [{"template": "{{ .Prompt }}"}, {"format": "json"}, {"think": True}, {"images": [b"a"]}, {"context": [1]},
     {"options": {"mirostat": 2}}, {"options": {"min_p": 0.1}}, {"options": {"num_predict": 0}},
     {"options": {"temperature": -1}}, {"options": {"stop": [""]}}, {"raw": True, "system": "a"},
     {"prompt": "a" * 5000}],
)  # fmt: skip
def test_what_cannot_be_is_refused(client: ollama.Client, wrong: dict[str, object]) -> None:
    with pytest.raises(ollama.ResponseError) as caught:
        client.generate(**{"model": "geometry", "prompt": "a", **wrong})  # type: ignore[call-overload]
    assert caught.value.status_code == 400
    assert not caught.value.error.startswith("{")


def test_an_unknown_model_is_answered_with_those_that_there_are(client: ollama.Client) -> None:
    for ask in (client.show, client.generate, lambda name: client.generate(name, "a", stream=True)):
        with pytest.raises(ollama.ResponseError, match="there are: geometry") as caught:
            list(ask("nothing"))
        assert caught.value.status_code == 404


def test_what_only_ollama_does_is_refused_by_name(client: ollama.Client, running: Running) -> None:
    for name, ask in {
        "embed": lambda: client.embed("geometry", "a"),
        "embeddings": lambda: client.embeddings("geometry", "a"),
        "pull": lambda: client.pull("geometry"),
        "push": lambda: client.push("geometry"),
        "create": lambda: client.create("mine", from_="geometry"),
        "copy": lambda: client.copy("geometry", "mine"),
        "delete": lambda: client.delete("geometry"),
    }.items():
        with pytest.raises(ollama.ResponseError, match=f"{name} is not supported") as caught:
            ask()
        assert caught.value.status_code == 501
    with pytest.raises(ollama.ResponseError, match="pull is not supported"):
        list(client.pull("geometry", stream=True))
    assert httpx2.post(f"{running.url}/api/blobs/sha256:00").status_code == 501
    assert len(REFUSED) == 8


def test_errors_have_ollamas_form(running: Running) -> None:
    for answer in (
        httpx2.get(f"{running.url}/api/nothing"),
        httpx2.get(f"{running.url}/api/generate"),
        httpx2.post(f"{running.url}/api/chat", content=b"{"),
        httpx2.post(f"{running.url}/api/chat", json={"model": "geometry", "messages": "a"}),
        httpx2.post(f"{running.url}/api/show", json={"model": ""}),
    ):
        assert answer.status_code in (400, 404, 405)
        assert isinstance(answer.json()["error"], str)


def test_an_engine_that_fails_ends_the_stream_with_an_error(
    client: ollama.Client, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    def submit(request: object, listener: object) -> Generation:
        generation = Generation(request, listener)  # type: ignore[arg-type]
        generation.give(Piece("a", 1))
        generation.give(Piece(finish="error", error=RuntimeError("/secret/path")))
        return generation

    monkeypatch.setattr(running.answering.engine, "submit", submit)
    rows = client.generate("geometry", "a", stream=True)
    assert next(rows).response == "a"
    with pytest.raises(ollama.ResponseError, match="its log says why"):
        next(rows)
    with pytest.raises(ollama.ResponseError, match="its log says why") as caught:
        client.generate("geometry", "a")
    assert caught.value.status_code == 500
