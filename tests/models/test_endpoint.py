"""Clients of models over HTTP, against real servers on loopback: what they send, retry, refuse, and never print."""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Callable
from typing import Any

import pytest

from codebase_gardener.models import endpoint
from codebase_gardener.models.ollama_client import OllamaClient
from codebase_gardener.models.openai_client import OpenAIClient
from codebase_gardener.utils.error_handling import InvalidInputError, ModelError
from samples.servers import Reply, serving

KEY = "sk-very-secret-0123456789"
OLLAMA_SAYS: dict[str, Any] = {"response": "Hello.", "done": True}
OPENAI_SAYS: dict[str, Any] = {"choices": [{"message": {"role": "assistant", "content": "Hello."}}]}

Ask = Callable[[str], str]


def ollama(url: str, timeout_s: float = 5.0) -> Ask:
    return lambda prompt: OllamaClient(url, timeout_s).generate("m", prompt)


def openai(url: str, timeout_s: float = 5.0) -> Ask:
    return lambda prompt: OpenAIClient(url, KEY, timeout_s).generate("m", prompt)


BOTH = pytest.mark.parametrize(
    ("client", "path", "fine"),
    [(ollama, "api__generate", OLLAMA_SAYS), (openai, "v1__chat__completions", OPENAI_SAYS)],
    ids=["ollama", "openai"],
)


# ---- both


@BOTH
def test_a_failure_that_passes_is_tried_again(client: Any, path: str, fine: Any) -> None:
    with serving(**{path: [Reply({"error": "busy"}, 500), Reply({}, 429), Reply(fine)]}) as server:
        assert client(server.url)("Hi") == "Hello."
    assert len(server.asked) == 3


@BOTH
def test_a_failure_that_stays_is_raised_after_three_tries(client: Any, path: str, fine: Any) -> None:
    with (
        serving(**{path: [Reply({"error": "out of memory"}, 500)]}) as server,
        pytest.raises(ModelError, match="500: out of memory") as caught,
    ):
        client(server.url)("Hi")
    assert len(server.asked) == 3
    assert caught.value.context["status"] == 500


@BOTH
def test_a_refusal_is_not_tried_again(client: Any, path: str, fine: Any) -> None:
    with serving(**{path: [Reply({"error": {"message": "bad request"}}, 400), Reply(fine)]}) as server:
        with pytest.raises(ModelError, match="400: bad request"):
            client(server.url)("Hi")
        assert len(server.asked) == 1


@BOTH
@pytest.mark.parametrize("slow", [{"wait_s": 1.5}, {"dribble_s": 0.1}], ids=["silence", "a byte at a time"])
def test_an_answer_that_takes_too_long_is_given_up(
    client: Any, path: str, fine: Any, slow: dict[str, float]
) -> None:
    with serving(**{path: [Reply(fine, **slow)]}) as server:  # type: ignore[arg-type]
        started = time.monotonic()
        with pytest.raises(ModelError, match=r"no whole answer within 0\.3 s") as caught:
            client(server.url, 0.3)("Hi")
        assert time.monotonic() - started < 1.2
        assert len(server.asked) == 1
    assert "writer_timeout_s" in caught.value.hint


@BOTH
@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"<html>Welcome</html>", "no JSON: '<html>Welcome</html>'"),
        (b"\xff\x00\x1b[31m", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b"", "no JSON: ''"),
        (b"[]", "not expected"),
        (b"null", "not expected"),
        (b"{}", "not expected"),
        (b'{"response": 1, "choices": []}', "not expected"),
        (b'{"response": null, "choices": [{"message": {"content": ["a"]}}]}', "not expected"),
        (b'{"response": {}, "choices": [{"message": "a"}]}', "not expected"),
    ],
)
def test_nonsense_is_said_to_be_nonsense(client: Any, path: str, fine: Any, body: bytes, said: str) -> None:
    with serving(**{path: [Reply(body)]}) as server, pytest.raises(ModelError) as caught:
        client(server.url)("Hi")
    assert said in caught.value.message
    assert caught.value.message.isprintable()
    assert "another program" in caught.value.hint


@BOTH
def test_an_answer_without_end_is_cut(
    client: Any, path: str, fine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoint, "MAX_ANSWER_BYTES", 1000)
    with (
        serving(**{path: [Reply(b"x" * 5000)]}) as server,
        pytest.raises(ModelError, match="more than 1,000"),
    ):
        client(server.url)("Hi")


@BOTH
def test_nobody_listens(client: Any, path: str, fine: Any) -> None:
    with socket.socket() as held:  # bound, not listening: nobody else can take the port
        held.bind(("127.0.0.1", 0))
        with pytest.raises(ModelError, match=r"cannot be reached at http://127\.0\.0\.1") as caught:
            client(f"http://127.0.0.1:{held.getsockname()[1]}")("Hi")
    assert "start" in caught.value.hint


@BOTH
def test_redirects_are_not_followed(client: Any, path: str, fine: Any) -> None:
    with serving(elsewhere=[Reply(fine)]) as other:
        away = Reply(b"", 307, headers={"Location": other.url + "/elsewhere"})
        with serving(**{path: [away]}) as server, pytest.raises(ModelError, match="status 307"):
            client(server.url)("Hi")
    assert other.asked == []


@BOTH
def test_a_proxy_is_not_asked_for_this_machine(
    client: Any, path: str, fine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with serving(**{path: [Reply(fine)]}) as server:
        assert client(server.url)("Hi") == "Hello."


@pytest.mark.parametrize("url", ["", "localhost:11434", "ftp://a", "http://", "file:///etc/passwd"])
def test_a_url_that_is_none(url: str) -> None:
    with pytest.raises(InvalidInputError, match="no URL"):
        OllamaClient(url)


def test_lone_surrogates_can_be_sent() -> None:
    with serving(api__generate=[Reply(OLLAMA_SAYS)]) as server:
        assert ollama(server.url)("a\ud800b") == "Hello."


# ---- Ollama


def test_ollama_health_models_and_what_is_sent() -> None:
    tags = {"models": [{"name": "qwen:7b"}, {"name": "llama3:latest"}, "odd", {"name": 3}]}
    with serving(
        api__version=[Reply({"version": "0.5.1"})],
        api__tags=[Reply(tags)],
        api__generate=[Reply(OLLAMA_SAYS)],
    ) as server:
        client = OllamaClient(server.url)
        assert client.health() == "0.5.1"
        assert client.list_models() == ["llama3:latest", "qwen:7b"]
        client.check_model("llama3")
        client.check_model("qwen:7b")
        with pytest.raises(ModelError, match="no model 'qwen'; it has llama3:latest, qwen:7b") as caught:
            client.check_model("qwen")
        assert client.generate("llama3", "Hi", max_tokens=7) == "Hello."
    assert caught.value.hint == "fetch it with `ollama pull qwen`"
    body = server.bodies("/api/generate")[0]
    assert (body["model"], body["prompt"], body["stream"]) == ("llama3", "Hi", False)
    assert body["options"] == {"temperature": 0.0, "seed": 0, "num_predict": 7, "num_ctx": 4096}


def test_ollama_model_that_is_not_pulled() -> None:
    with (
        serving(api__generate=[Reply({"error": "model 'm' not found"}, 404)]) as server,
        pytest.raises(ModelError, match="has no model 'm'") as caught,
    ):
        ollama(server.url)("Hi")
    assert "ollama pull m" in caught.value.hint


@pytest.mark.parametrize("body", [[], {}, {"version": 1}])
def test_ollama_health_of_another_program(body: Any) -> None:
    with serving(api__version=[Reply(body)]) as server, pytest.raises(ModelError, match="not expected"):
        OllamaClient(server.url).health()


# ---- OpenAI


def test_openai_health_models_and_what_is_sent() -> None:
    models = {"data": [{"id": "b"}, {"id": "a"}, {}]}
    with serving(v1__models=[Reply(models)], v1__chat__completions=[Reply(OPENAI_SAYS)]) as server:
        client = OpenAIClient(server.url, KEY)
        assert (client.health(), client.list_models()) == (2, ["a", "b"])
        client.check_model("a")
        assert server.bodies("/v1/chat/completions") == []  # listed: nothing is generated to find out
        assert client.generate("a", "Hi", max_tokens=7) == "Hello."
    body = server.bodies("/v1/chat/completions")[0]
    assert body["messages"] == [{"role": "user", "content": "Hi"}]
    assert (body["model"], body["max_tokens"], body["temperature"]) == ("a", 7, 0.0)
    assert {headers["Authorization"] for _, _, headers, _ in server.asked} == {f"Bearer {KEY}"}


def test_a_url_with_a_path_is_taken_as_it_is() -> None:
    with serving(proxy__v2__chat__completions=[Reply(OPENAI_SAYS)]) as server:
        assert OpenAIClient(server.url + "/proxy/v2/").generate("m", "Hi") == "Hello."
    assert "Authorization" not in server.asked[0][2]


def test_a_model_that_is_not_listed_is_tried() -> None:
    with serving(v1__models=[Reply({"data": []})], v1__chat__completions=[Reply(OPENAI_SAYS)]) as server:
        OpenAIClient(server.url).check_model("alias")
    absent = Reply({"error": {"message": "no such model"}}, 404)
    with (
        serving(v1__models=[Reply({"data": [{"id": "a"}]})], v1__chat__completions=[absent]) as server,
        pytest.raises(ModelError, match=r"no model 'b' that answers.*no such model") as caught,
    ):
        OpenAIClient(server.url).check_model("b")
    assert caught.value.hint == "name one of a"


def test_parameters_that_a_model_refuses_are_replaced_once() -> None:
    def refused(name: str) -> Reply:
        return Reply({"error": {"message": f"Unsupported parameter: '{name}'", "param": name}}, 400)

    replies = [refused("max_tokens"), refused("temperature"), Reply(OPENAI_SAYS)]
    with serving(v1__chat__completions=replies) as server:
        client = OpenAIClient(server.url)
        assert client.generate("m", "Hi") == "Hello."
        assert client.generate("m", "Again") == "Hello."
    bodies = server.bodies("/v1/chat/completions")
    assert len(bodies) == 4
    assert bodies[-1]["max_completion_tokens"] == 400
    assert not {"max_tokens", "temperature"} & set(bodies[-1])
    with (
        serving(v1__chat__completions=[refused("max_tokens")]) as server,
        pytest.raises(ModelError, match="Unsupported"),
    ):
        OpenAIClient(server.url).generate("m", "Hi")
    assert len(server.asked) == 2  # no endless loop


def test_a_refusal_to_speak_is_an_empty_text() -> None:
    said = {"choices": [{"message": {"content": None, "refusal": "No."}}]}
    with serving(v1__chat__completions=[Reply(said)]) as server:
        assert openai(server.url)("Hi") == ""


def test_the_key_is_never_printed(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    echo = Reply({"error": {"message": f"Incorrect API key provided: {KEY}"}}, 401)
    with (
        serving(v1__chat__completions=[echo]) as server,
        pytest.raises(ModelError, match="401: Incorrect API key provided: …") as caught,
    ):
        openai(server.url)("Hi")
    with serving(v1__chat__completions=[Reply(KEY.encode())]) as server, pytest.raises(ModelError) as garbage:
        openai(server.url)("Hi")
    client = OpenAIClient(server.url, KEY)
    shown = f"{caught.value.as_dict()} {garbage.value.as_dict()} {client!r} {vars(client)} {caplog.text}"
    assert KEY not in shown
    assert caught.value.hint == "check the key"


def test_a_key_that_is_none_is_not_printed_either() -> None:
    with pytest.raises(InvalidInputError) as caught:
        OpenAIClient("http://127.0.0.1:1", "sk-\nsecret")
    assert "secret" not in str(caught.value.as_dict())


def test_a_password_in_the_url_is_not_printed() -> None:
    with (
        serving() as server,
        pytest.raises(ModelError) as caught,
    ):
        OllamaClient(server.url.replace("//", "//me:hunter2@")).health()
    assert "hunter2" not in str(caught.value.as_dict())
    assert server.asked[0][2]["Authorization"].startswith("Basic ")
