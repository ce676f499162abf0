"""`/infill` with the request bodies of llama.vim and llama.vscode, against a real server."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from codebase_gardener.registry.rows import VersionRow
from codebase_gardener.serving.engine import Decoding
from codebase_gardener.serving.infill_api import within_indent
from serving.conftest import Running

pytestmark = pytest.mark.slow

SAMPLES = Path(__file__).parents[1] / "samples/infill"
CLIENTS = {name: json.loads((SAMPLES / f"{name}.json").read_text()) for name in ("llama_vim", "llama_vscode")}
FILL = {
    "input_prefix": "def area(width):\n",
    "input_suffix": "\n    return a\n",
    "prompt": "    a = ",
    "n_predict": 8,
}


@pytest.fixture
def ask(running: Running) -> Callable[..., Any]:
    """Puts a body to /infill and gives what is answered."""

    def asked(body: dict[str, Any], path: str = "/infill") -> Any:
        answered = httpx.post(running.url + path, json=body, timeout=60)
        assert answered.status_code == 200, answered.text
        return answered.json()

    return asked


@pytest.mark.parametrize("client", CLIENTS)
def test_what_the_editors_plugin_sends_is_filled_in(
    client: str, ask: Callable[..., Any], running: Running
) -> None:
    body = CLIENTS[client]["fill"]
    told = ask(body)
    prepared = running.answering.fill_in(
        "geometry",
        body["input_prefix"] + body["prompt"],
        body["input_suffix"],
        Decoding(max_tokens=12, top_k=40, top_p=body["top_p"]),
        extra=[(one["filename"], one["text"]) for one in body["input_extra"]],
    )
    wanted = running.answering.engine.submit(prepared.request).text()
    assert told["content"] == within_indent(wanted, 4)
    assert "shapes/kite.py" in prepared.sources


def test_llama_vim_reads_the_fields_that_it_asks_for(ask: Callable[..., Any]) -> None:
    body = CLIENTS["llama_vim"]["fill"]
    told = ask(body)
    assert set(told) == set(body["response_fields"])
    assert told["timings/predicted_n"] > 0 and told["timings/prompt_ms"] > 0
    assert ask(CLIENTS["llama_vim"]["warm_up"]) == {}


def test_llama_vscode_reads_content_and_timings(ask: Callable[..., Any]) -> None:
    body = CLIENTS["llama_vscode"]["fill"]
    told = ask(body)
    assert told["stop"] is True and told["model"] == "geometry"
    assert {"prompt_n", "prompt_ms", "prompt_per_second", "predicted_n", "predicted_ms"} <= set(
        told["timings"]
    )
    several = ask({**body, "n_cmpl": 3, "seed": 7})
    assert [one["index"] for one in several] == [0, 1, 2]
    assert ask(CLIENTS["llama_vscode"]["warm_up"])["content"] == ""


def test_streamed_events_are_the_answer(running: Running, ask: Callable[..., Any]) -> None:
    whole = ask(FILL)
    with httpx.stream("POST", f"{running.url}/infill", json={**FILL, "stream": True}) as answered:
        events = [json.loads(line.removeprefix("data: ")) for line in answered.iter_lines() if line]
    assert "".join(event["content"] for event in events) == whole["content"]
    assert [event["stop"] for event in events] == [False] * (len(events) - 1) + [True]
    assert events[-1]["timings"]["predicted_n"] == whole["tokens_predicted"] == 8


def test_an_answer_ends_where_the_indentation_does(ask: Callable[..., Any]) -> None:
    free = ask({**FILL, "n_predict": 60, "temperature": 2.0, "seed": 3})["content"]
    kept = ask({**FILL, "n_predict": 60, "temperature": 2.0, "seed": 3, "n_indent": 40})["content"]
    assert kept == within_indent(free, 40)


def test_an_answer_ends_with_its_time_once_a_line_is_there(ask: Callable[..., Any], running: Running) -> None:
    asked = {**FILL, "n_predict": 400, "temperature": 5.0, "seed": 3, "t_max_predict_ms": 1}
    told = ask(asked)
    assert told["stop_type"] == "limit" and told["tokens_predicted"] < 400
    assert "\n" in told["content"]
    assert running.answering.engine.state().running == 0


def test_the_model_is_named_in_the_body_or_the_address(ask: Callable[..., Any]) -> None:
    assert ask({**FILL, "model": "geometry/other:bare"})["model"] == "geometry/other:bare"
    assert ask(FILL, "/infill?model=geometry/default@1")["model"] == "geometry/default@1"


def test_props_say_how_much_fits(running: Running) -> None:
    for query in ("", "?model=geometry/other&autoload=false"):
        told = httpx.get(f"{running.url}/props{query}").json()
        assert told["default_generation_settings"]["n_ctx"] > 0


def test_without_a_name_there_has_to_be_one_project(
    running: Running, ready: Callable[..., VersionRow], small_repository: Path
) -> None:
    running.gardener.add(str(small_repository), name="second")
    ready(running.gardener.manager, "second", "default", seed=9)
    answered = httpx.post(f"{running.url}/infill", json=FILL)
    assert answered.status_code == 400
    assert (
        "geometry" in answered.json()["error"]["message"] and "second" in answered.json()["error"]["message"]
    )


@pytest.mark.parametrize(
    "wrong", [{"n_cmpl": 0}, {"n_predict": "many"}, {"input_extra": ["a"]}, {"top_p": 0}, {"stop": [""]}]
)
def test_what_cannot_be_is_refused(wrong: dict[str, Any], running: Running) -> None:
    answered = httpx.post(f"{running.url}/infill", json={**FILL, **wrong})
    assert answered.status_code == 400 and answered.json()["error"]["message"]


def test_an_unknown_model_is_answered_with_those_that_there_are(running: Running) -> None:
    answered = httpx.post(f"{running.url}/infill", json={**FILL, "model": "nothing"})
    assert answered.status_code == 404 and "geometry" in answered.json()["error"]["message"]
