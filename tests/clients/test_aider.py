"""aider with the configuration of `connect`: it edits a repository by an adapter that knows one edit by heart."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from codebase_gardener.config.settings import Settings
from codebase_gardener.models.peft_manager import PeftManager
from codebase_gardener.serving.client_configs import CLIENTS, ServedModel, config_text
from samples.servers import Reply, serving

BEFORE = "def kite_area(width, height):\n    return width * height\n"
AFTER = "def kite_area(width, height):\n    return width * height / 2\n"
EDIT = f"kite.py\n```\n{AFTER}```\n"
STRANGERS_EDIT = {
    "id": "1", "object": "chat.completion", "created": 1, "model": "stub",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": EDIT}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
}  # fmt: skip


@pytest.fixture
def edit(run: Callable[..., str], tmp_path: Path) -> Callable[..., str]:
    """Lets aider edit a new repository with a model of a server; the file as it is then."""

    def edited(url: str, model: str) -> str:
        repository = tmp_path / f"repository {len(list(tmp_path.glob('repository *')))}"
        repository.mkdir()
        (repository / "kite.py").write_text(BEFORE)
        git = ["git", "-c", "user.name=one", "-c", "user.email=one@example.org"]
        for arguments in (["init", "-q"], ["add", "."], ["commit", "-qm", "one"]):
            subprocess.run([*git, *arguments], cwd=repository, check=True)
        (tmp_path / "client/.aider.conf.yml").write_text(
            config_text(CLIENTS["aider"], ServedModel(url, model, 8192))
        )
        run(
            "aider/bin/aider", "--edit-format", "whole", "--no-auto-commits", "--no-gitignore",
            "--no-check-update", "--no-show-release-notes", "--analytics-disable", "--yes-always",
            "--no-pretty", "--no-stream", "--message", "Halve the area.", "kite.py",
            cwd=repository, LITELLM_LOCAL_MODEL_COST_MAP="True",
        )  # fmt: skip
        return (repository / "kite.py").read_text()

    return edited


@contextmanager
def served(home: Path) -> Iterator[str]:
    """`gardener serve` for a block; its address."""
    command = [sys.executable, "-m", "codebase_gardener.cli.main", "serve", "--port", "0", "--json"]
    environment = {**os.environ, "CODEBASE_GARDENER_HOME": str(home)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout
            printed = re.search(r'"url": "(.*?)/v1"', "".join(iter(server.stdout.readline, "}\n")))
            assert printed, "the server did not start"
            yield printed[1]
        finally:
            server.terminate()


def test_aider_edits_a_file(edit: Callable[..., str], embedded_home: Path, tmp_path: Path) -> None:
    with serving(v1__chat__completions=[Reply(STRANGERS_EDIT)]) as stub:
        assert edit(stub.url, "stub") == AFTER
        turns = stub.bodies("/v1/chat/completions")[0]["messages"]
    home = tmp_path / "home"
    home.mkdir(exist_ok=True)
    (home / "bases").symlink_to(embedded_home / "bases")
    rows = [{"messages": [*turns, {"role": "assistant", "content": EDIT}]}]
    training = {
        "steps": 12,
        "max_epochs": 12,
        "threads": 1,
        "max_length": 2048,
        "learning_rate": 2e-3,
        "r": 8,
    }
    with PeftManager(Settings(home=home, base="smollm2-135m", device="cpu")) as manager:
        learned = manager.create_adapter("edits", rows, config_override=training)
        manager.trainings.wait(learned)
    with served(home) as url:
        assert edit(url, "edits:bare") == AFTER
