"""OllamaClient's contract with Ollama, against a stub: Ollama's server is not to be had here."""

from __future__ import annotations

from pathlib import Path

import pytest

from codebase_gardener.models import endpoint
from codebase_gardener.models.ollama_client import HeldModel, OllamaClient
from codebase_gardener.utils.error_handling import InvalidInputError, ModelError
from samples.ollama_stub import ollama_stub
from samples.servers import Reply, serving

TURNS = [{"role": "user", "content": "Hi"}]


def test_stub_chat_sends_turns_and_options() -> None:
    with ollama_stub(models={"m:latest"}) as stub:
        client = OllamaClient(stub.url)
        assert client.chat("m", TURNS, max_tokens=5, repeat_penalty=1.1) == "m:latest chats"
        assert client.generate("m", "a = ", raw=True, stop=["\n"]) == "m:latest goes on"
    [chat], [text] = stub.bodies("/api/chat"), stub.bodies("/api/generate")
    assert (chat["messages"], chat["stream"]) == (TURNS, False)
    assert chat["options"] == {
        "num_ctx": 4096, "temperature": 0.0, "seed": 0, "num_predict": 5, "repeat_penalty": 1.1
    }  # fmt: skip
    assert (text["raw"], text["options"]["stop"]) == (True, ["\n"])


def test_stub_what_is_held_is_listed_and_unloaded() -> None:
    with ollama_stub(models={"a:latest", "b:latest"}, held={"a:latest": 5, "b:latest": 7}) as stub:
        client = OllamaClient(stub.url)
        assert client.ps() == [HeldModel("b:latest", 7), HeldModel("a:latest", 5)]
        client.unload("b")
        assert [model.name for model in client.ps()] == ["a:latest"]
        with pytest.raises(ModelError, match="no model 'c'"):
            client.unload("c")
    assert stub.bodies("/api/generate")[0] == {"model": "b", "stream": False, "keep_alive": 0}


def test_stub_pull_tells_its_progress_and_goes_on_where_it_broke() -> None:
    told: list[tuple[int, int]] = []
    with ollama_stub(library={"qwen"}, breaks=1, busy=[503]) as stub:
        client = OllamaClient(stub.url)
        client.pull("qwen", lambda done, total: told.append((done, total)))
        client.check_model("qwen")
        assert len(stub.bodies("/api/pull")) == 3  # busy, broken, done
        assert told == [(5, 10), (10, 10)] * 2
        with pytest.raises(ModelError, match="broke /api/pull off: pull model manifest: file does not exist"):
            client.pull("qwne")
        assert len(stub.bodies("/api/pull")) == 4  # what will not pass is not tried again


def test_stub_create_sends_files_first(tmp_path: Path) -> None:
    (tmp_path / "m.gguf").write_bytes(b"GGUF of a model")
    with ollama_stub(busy=[500]) as stub:
        client = OllamaClient(stub.url)
        client.create("mine", files=[tmp_path / "m.gguf"], system="Be brief.")
        assert client.list_models() == ["mine:latest"]
        with pytest.raises(InvalidInputError, match="no file"):
            client.create("mine", from_="m", adapters=[tmp_path / "none.gguf"])
    [body] = stub.bodies("/api/create")
    assert set(body) == {"model", "files", "system", "stream"}
    assert body["files"]["m.gguf"] in stub.blobs
    assert len(stub.asked) == 4  # the file twice: the server was busy


@pytest.mark.parametrize(
    "body", [b"[]", b'{"models": 1}', b'{"models": [1]}', b'{"models": [{"name": "a"}]}']
)
def test_nonsense_about_what_is_held(body: bytes) -> None:
    with serving(api__ps=[Reply(body)]) as server, pytest.raises(ModelError, match="not expected"):
        OllamaClient(server.url).ps()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"<html>", "no JSON"),
        (b"", "not expected"),
        (b'{"status": "pulling"}\n', "not expected"),
        (b"[]\n1\n", "not expected"),
        (b"x" * 5000, "more than 1,000"),
        (b'{"error": "\x1b[31mno\xff"}\n', "broke|no JSON"),
    ],
)
def test_nonsense_about_a_pull(body: bytes, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "MAX_ANSWER_BYTES", 1000)
    with serving(api__pull=[Reply(body)]) as server, pytest.raises(ModelError, match=said) as caught:
        OllamaClient(server.url).pull("m")
    assert caught.value.message.isprintable()


@pytest.mark.slow
def test_a_pull_may_take_longer_than_an_answer_but_not_be_silent() -> None:
    done = b'{"status": "success"}\n'
    with serving(api__pull=[Reply(done, dribble_s=0.03), Reply(done, wait_s=1.5)]) as server:
        client = OllamaClient(server.url, 0.4)
        client.pull("m")
        with pytest.raises(ModelError, match="no whole answer"):
            client.pull("m")
