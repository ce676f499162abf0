"""`llm`, whose models of an OpenAI-compatible server are named in a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
import yaml

from serving.conftest import Running

QUESTION = "What does kite_area do?"
OPTIONS = ("-o", "max_tokens", 8, "-o", "temperature", 0)


@pytest.fixture
def ask(running: Running, run: Callable[..., str], tmp_path: Path) -> Callable[..., str]:
    common = {"model_name": "geometry", "api_base": f"{running.url}/v1"}
    models = [{"model_id": "turns", **common}, {"model_id": "texts", **common, "completion": True}]
    (tmp_path / "llm").mkdir()
    (tmp_path / "llm/extra-openai-models.yaml").write_text(yaml.safe_dump(models))
    return lambda *arguments: run("llm/bin/llm", *arguments, LLM_USER_PATH=str(tmp_path / "llm"))


@pytest.mark.parametrize("streaming", [(), ("--no-stream",)])
def test_chat(ask: Callable[..., str], running: Running, streaming: tuple[str, ...]) -> None:
    asked = {"model": "geometry", "messages": [{"role": "user", "content": QUESTION}], "max_tokens": 8}
    wanted = httpx.post(f"{running.url}/v1/chat/completions", json=asked).json()["choices"][0]["message"]
    said = ask("-m", "turns", *OPTIONS, *streaming, QUESTION)
    assert said.removesuffix("\n") == wanted["content"] != ""


def test_a_conversation_goes_on(ask: Callable[..., str], running: Running) -> None:
    turns = [{"role": "user", "content": QUESTION}]
    for question in (QUESTION, "And kite_perimeter?"):
        turns[-1]["content"] = question
        body = {"model": "geometry", "messages": turns, "max_tokens": 8}
        answer = httpx.post(f"{running.url}/v1/chat/completions", json=body).json()["choices"][0]["message"]
        said = ask("-m", "turns", *OPTIONS, *(["-c"] if len(turns) > 1 else []), question)
        assert said.removesuffix("\n") == answer["content"]
        turns += [{"role": "assistant", "content": answer["content"]}, {"role": "user", "content": ""}]


def test_completion(ask: Callable[..., str], running: Running) -> None:
    prompt = "def kite_area(width, height):\n    return "
    body = {"model": "geometry", "prompt": prompt, "max_tokens": 8, "temperature": 0}
    wanted = httpx.post(f"{running.url}/v1/completions", json=body).json()["choices"][0]["text"]
    assert ask("-m", "texts", *OPTIONS, prompt).removesuffix("\n") == wanted != ""
