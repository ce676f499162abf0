"""Continue's own client (npm `@continuedev/openai-adapters`) against a real server."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest

from samples.node_packages import node_packages
from serving.conftest import Running

ROOT = Path(__file__).parents[2]
CURSOR = {"prompt": "def area(width, height):\n    return ", "suffix": "\n\n\nprint(area(1, 2))\n"}
ASKED = {"model": "geometry", "max_tokens": 8, "temperature": 0}


@pytest.fixture(scope="module")
def packages() -> Path:
    """The folder of the npm packages; without node or the npm registry these tests are left out, or fail in CI."""
    return node_packages("CONTINUE'S CLIENT IS NOT TESTED")


@pytest.mark.slow
def test_continue_chats_and_fills_in(packages: Path, running: Running) -> None:
    client = shutil.copy(ROOT / "tests/samples/continue_client.mjs", packages)
    ran = subprocess.run(
        ["node", client, f"{running.url}/v1/", "geometry"],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    said = json.loads(ran.stdout.splitlines()[-1])
    assert said["chat"] == said["streamed"] != ""
    fim = "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in said["fim"])
    whole = httpx.post(f"{running.url}/v1/fim/completions", json={**ASKED, **CURSOR}).json()
    assert fim == whole["choices"][0]["message"]["content"] != ""


def test_a_fill_in_has_mistrals_form(running: Running) -> None:
    whole: dict[str, Any] = httpx.post(f"{running.url}/v1/fim/completions", json={**ASKED, **CURSOR}).json()
    assert {"id", "object", "created", "model", "choices", "usage"} <= set(whole)
    assert whole["object"] == "chat.completion"
    choice = whole["choices"][0]
    assert {"index", "message", "finish_reason"} <= set(choice)
    assert choice["message"]["role"] == "assistant" and choice["finish_reason"] in ("stop", "length")
    assert {"prompt_tokens", "completion_tokens", "total_tokens"} <= set(whole["usage"])
    with httpx.stream(
        "POST", f"{running.url}/v1/fim/completions", json={**ASKED, **CURSOR, "stream": True}
    ) as answered:
        events = [line.removeprefix("data: ") for line in answered.iter_lines() if line]
    assert events[-1] == "[DONE]"
    chunks = [json.loads(event) for event in events[:-1]]
    assert {chunk["object"] for chunk in chunks} == {"chat.completion.chunk"}
    text = "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks)
    assert text == choice["message"]["content"]
    only_prefix = httpx.post(f"{running.url}/v1/fim/completions", json={**ASKED, "prompt": "a = "})
    assert only_prefix.status_code == 200


def test_mistrals_seed_is_the_seed(running: Running) -> None:
    hot = {**ASKED, **CURSOR, "temperature": 3.0}
    said = [
        httpx.post(f"{running.url}/v1/fim/completions", json={**hot, **seed}).json()["choices"][0]["message"]
        for seed in ({"random_seed": 1}, {"seed": 1}, {"random_seed": 2})
    ]
    assert said[0] == said[1] != said[2]
