"""`litellm`, by OpenAI's interface and by Ollama's."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from serving.conftest import Running

TURNS = [{"role": "user", "content": "What does kite_area do?"}]
PROMPT = "def kite_area(width, height):\n    return "
PROGRAM = """
import json, sys
import litellm
url, turns, prompt = sys.argv[1], json.loads(sys.argv[2]), sys.argv[3]
asked = {"max_tokens": 8, "temperature": 0}
openai = {"model": "openai/geometry", "api_base": url + "/v1", "api_key": "none", **asked}
ollama = {"model": "ollama_chat/geometry", "api_base": url, **asked}
def turn(by, **more):
    return litellm.completion(messages=turns, **by, **more)
def streamed(by):
    return "".join(chunk.choices[0].delta.content or "" for chunk in turn(by, stream=True))
text = litellm.text_completion(prompt=prompt, **{**openai, "model": "text-completion-openai/geometry"})
try:
    unknown = turn({**openai, "model": "openai/nothing"})
except litellm.NotFoundError as error:
    unknown = str(error)
print(json.dumps({
    "openai": turn(openai).choices[0].message.content, "openai streamed": streamed(openai),
    "ollama": turn(ollama).choices[0].message.content, "ollama streamed": streamed(ollama),
    "tokens": turn(openai).usage.completion_tokens, "text": text.choices[0].text, "unknown": unknown,
}))
"""


@pytest.fixture
def said(running: Running, run: Callable[..., str]) -> dict[str, Any]:
    arguments = ("-c", PROGRAM, running.url, json.dumps(TURNS), PROMPT)
    printed = run("litellm/bin/python", *arguments, LITELLM_LOCAL_MODEL_COST_MAP="True")
    answers: dict[str, Any] = json.loads(printed.splitlines()[-1])
    return answers


def test_litellm(said: dict[str, Any], running: Running) -> None:
    body = {"model": "geometry", "messages": TURNS, "max_tokens": 8, "temperature": 0}
    turn = httpx.post(f"{running.url}/v1/chat/completions", json=body).json()["choices"][0]["message"][
        "content"
    ]
    ways = ("openai", "openai streamed", "ollama", "ollama streamed")
    assert [said[way] for way in ways] == [turn] * 4
    assert turn and said["tokens"] == 8
    body = {"model": "geometry", "prompt": PROMPT, "max_tokens": 8, "temperature": 0}
    assert said["text"] == httpx.post(f"{running.url}/v1/completions", json=body).json()["choices"][0]["text"]
    assert "geometry" in said["unknown"]
