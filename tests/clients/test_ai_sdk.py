"""The AI SDK's provider for OpenAI-compatible servers (npm `@ai-sdk/openai-compatible`)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import httpx

from clients.conftest import ROOT
from serving.conftest import Running


def test_the_ai_sdk_chats_streams_and_completes(programs: Path, running: Running) -> None:
    client = shutil.copy(ROOT / "tests/samples/ai_sdk_client.mjs", programs / "node")
    ran = subprocess.run(
        ["node", client, f"{running.url}/v1", "geometry"],
        capture_output=True, text=True, timeout=120, check=False, env={"PATH": os.environ["PATH"]},
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    said = json.loads(ran.stdout.splitlines()[-1])
    turns = [{"role": "user", "content": "What does kite_area do?"}]
    chat = httpx.post(
        f"{running.url}/v1/chat/completions", json={"model": "geometry", "messages": turns, "max_tokens": 8}
    ).json()
    assert said["chat"] == said["streamed"] == chat["choices"][0]["message"]["content"] != ""
    assert said["tokens"] == said["streamedTokens"] == 8 and said["finish"] == "length"
    prompt = "user:\nWrite kite_area.\n\nassistant:\n"  # so it writes turns for a model of texts
    text = httpx.post(
        f"{running.url}/v1/completions", json={"model": "geometry", "prompt": prompt, "max_tokens": 8}
    ).json()
    assert said["completion"] == text["choices"][0]["text"] != ""
    assert said["unknown"]["status"] == 404 and "geometry" in said["unknown"]["message"]
