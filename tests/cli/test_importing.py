"""`import` and `generate`: from folders, with names that do not match, and from a hub on this machine."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from .conftest import TINY_TRAINING, Cli

pytestmark = pytest.mark.slow
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def cli(tmp_path: Path, tiny_base: Path) -> Cli:
    return Cli(tmp_path / "home", **{**TINY_TRAINING, "CODEBASE_GARDENER_BASE": str(tiny_base)})


@pytest.fixture(scope="module")
def adapter(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    torch.manual_seed(1)
    model = AutoModelForCausalLM.from_pretrained(tiny_base, dtype=torch.float32)
    peft: Any = get_peft_model(model, LoraConfig(task_type="CAUSAL_LM", r=4, target_modules="all-linear"))
    for parameter in peft.parameters():
        if parameter.requires_grad:
            parameter.data.normal_(std=0.2)
    folder = tmp_path_factory.mktemp("mine") / "adapter"
    peft.save_pretrained(folder)
    return folder


@pytest.fixture
def misnamed(adapter: Path, tmp_path: Path) -> Path:
    from safetensors.torch import load_file, save_file

    folder = tmp_path / "misnamed"
    shutil.copytree(adapter, folder)
    path = folder / "adapter_model.safetensors"
    save_file({name.replace(".lora_", ".base_layer.lora_"): t for name, t in load_file(path).items()}, path)
    return folder


def test_names_that_do_not_match_are_listed_and_renamed_on_request(cli: Cli, misnamed: Path) -> None:
    result = cli("import", misnamed, "--as", "demo/a")
    assert result.code == 7
    assert "28 tensors match no module" in result.err
    assert "base_layer.lora_A" in result.err
    assert "--rename" in result.err
    assert cli("adapters", "list", "--json").json == []
    renamed = cli("import", misnamed, "--as", "demo/a", "--rename").ok()
    assert "28 of 28 tensors found their module" in renamed.out


def test_generate_by_name_and_by_folder_and_merged(cli: Cli, adapter: Path, tiny_base: Path) -> None:
    cli("import", adapter, "--as", "demo/a").ok()
    options = ("--prompt", "def area(w):", "--tokens", "12")
    by_name = cli("generate", "demo/a", *options).ok().out
    assert cli("generate", adapter, *options).ok().out == by_name
    rows = cli("generate", "demo/a", adapter, "--and-base", *options, "--prompt", "x", "--json").ok().json
    names = [
        row["adapter"] and row["adapter"].partition("#")[0] for row in rows
    ]  # a folder's has a mark of its content
    assert names == ["demo/a@1"] * 2 + [str(adapter)] * 2 + [None] * 2
    assert rows[0]["text"] == rows[2]["text"] == by_name.removesuffix("\n")
    assert rows[4]["text"] != rows[0]["text"]
    alone = cli("generate", *options, "--json").ok().json
    assert alone[0]["text"] == rows[4]["text"]
    merged = cli("generate", "demo/a", "--merged", *options, "--json").ok().json
    assert merged[0]["text"] == rows[0]["text"]
    assert cli("generate", "demo/a").code == 2
    assert "no prompt" in cli("generate", "demo/a").err
    unknown = cli("generate", "demo/b", *options, CODEBASE_GARDENER_OFFLINE="1")
    unknown.failed(3, "demo/b", "demo/a@1")


class Hub(ThreadingHTTPServer):
    """The hub's calls for a repository's files, answered from a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.asked = folder, list[str]()
        super().__init__(("127.0.0.1", 0), _Answers)


class _Answers(BaseHTTPRequestHandler):
    server: Hub

    def do_GET(self) -> None:
        self._answer(body=True)

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def _answer(self, *, body: bool) -> None:
        path = self.path.partition("?")[0]
        self.server.asked.append(path)
        if "/tree/" in path:
            listed = [
                {"type": "file", "path": file.name, "size": file.stat().st_size, "oid": file.name}
                for file in self.server.folder.iterdir()
            ]
            self._send(json.dumps(listed).encode(), body)
            return
        if path.startswith("/api/models/"):
            names = [{"rfilename": file.name} for file in self.server.folder.iterdir()]
            about = {
                "id": "owner/adapter",
                "sha": COMMIT,
                "siblings": names,
                "private": False,
                "modelId": "x",
            }
            self._send(json.dumps(about).encode(), body)
            return
        file = self.server.folder / path.rpartition("/")[2]
        if file.is_file():
            self._send(file.read_bytes(), body)
        else:
            self.send_error(404)

    def _send(self, data: bytes, body: bool) -> None:
        self.send_response(200)
        for name, value in (
            ("Content-Length", str(len(data))),
            ("ETag", f'"{hash(data):x}"'),
            ("X-Repo-Commit", COMMIT),
            ("Content-Type", "application/json"),
        ):
            self.send_header(name, value)
        self.end_headers()
        if body:
            self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def hub(adapter: Path, tmp_path: Path) -> Iterator[Callable[[], Hub]]:
    folder = tmp_path / "on the hub"
    shutil.copytree(adapter, folder)
    (folder / "pytorch_model.bin").write_bytes(b"never fetched")
    server = Hub(folder)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield lambda: server
    server.shutdown()
    server.server_close()


def gardener(home: Path, *arguments: object, **variables: str) -> subprocess.CompletedProcess[str]:
    """A process of its own: the hub's client reads its variables when it is imported."""
    environment = {**os.environ, **TINY_TRAINING, "CODEBASE_GARDENER_HOME": str(home), **variables}
    command = [sys.executable, "-m", "codebase_gardener.cli.main", *map(str, arguments)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=300)


def test_from_the_hub(hub: Callable[[], Hub], tmp_path: Path) -> None:
    server = hub()
    online = {
        "CODEBASE_GARDENER_OFFLINE": "false",
        "HF_ENDPOINT": f"http://127.0.0.1:{server.server_port}",
        "HF_HOME": str(tmp_path / "hf"),
        "HF_HUB_OFFLINE": "0",
        "HF_HUB_DISABLE_XET": "1",
    }
    home = tmp_path / "home"
    imported = gardener(home, "import", "owner/adapter", "--as", "demo/a", **online)
    assert "28 of 28 tensors" in imported.stdout, imported.stderr + str(server.asked)
    assert not any(path.endswith(".bin") for path in server.asked)
    asked = ("--prompt", "def f", "--tokens", "4", "--json")
    from_hub = gardener(home, "generate", "owner/adapter", *asked, **online)
    by_name = gardener(home, "generate", "demo/a", *asked)
    assert json.loads(from_hub.stdout)[0]["text"] == json.loads(by_name.stdout)[0]["text"]
    missing = gardener(home, "import", "owner/adapter", "--as", "demo/b", HF_HOME=str(tmp_path / "x"))
    assert missing.returncode == 3
    assert "owner/adapter" in missing.stderr
