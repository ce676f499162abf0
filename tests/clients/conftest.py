"""Foreign programs against a server; `make clients` alone collects this folder."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from serving.conftest import running

__all__ = ["running"]

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def programs() -> Path:
    """The folder of the clients' environments; one that is missing is a failure."""
    script = ROOT / "scripts/clients.sh"
    made = subprocess.run([script, "install"], stdout=subprocess.PIPE, text=True, check=True)
    return Path(made.stdout.strip())


@pytest.fixture
def run(programs: Path, tmp_path: Path) -> Callable[..., str]:
    """Runs a program of a client in a home of its own, and gives what it printed."""
    home = tmp_path / "client"
    home.mkdir()

    def ran(program: str, *arguments: object, cwd: Path = home, **environment: str) -> str:
        known = {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8", "OPENAI_API_KEY": "none"}
        done = subprocess.run(
            [programs / program, *map(str, arguments)],
            cwd=cwd, env={**known, **environment}, stdin=subprocess.DEVNULL, capture_output=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, (done.stdout + done.stderr).decode()[-3000:]
        return done.stdout.decode()

    return ran
