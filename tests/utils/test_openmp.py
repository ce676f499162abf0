"""Idle threads soon sleep: what libgomp itself says it was told, in a command's process and in a worker's."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from codebase_gardener.config.settings import Settings
from codebase_gardener.utils.openmp import for_waiting

_COMMAND = "import sys; sys.argv = ['gardener', '--version']; from codebase_gardener.cli.main import run"
_THEN_TORCH = f"""{_COMMAND}
try:
    run()
except SystemExit:
    import torch
"""


def test_what_the_user_has_decided_stays() -> None:
    (name,) = for_waiting({})
    assert name == "GOMP_SPINCOUNT"
    assert for_waiting({"OMP_WAIT_POLICY": "active"}) == {}
    assert for_waiting({"GOMP_SPINCOUNT": "7"}) == {"GOMP_SPINCOUNT": "7"}
    assert for_waiting({"GOMP_SPINCOUNT": "7", "OMP_WAIT_POLICY": "active"}) == {"GOMP_SPINCOUNT": "7"}


def _told(code: str, **environment: str) -> str:
    """What libgomp prints of how long it spins when torch loads it."""
    outside = {
        name: value for name, value in os.environ.items() if name not in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")
    }
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**outside, "OMP_DISPLAY_ENV": "verbose", **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    found = re.search(r"GOMP_SPINCOUNT = '(\d+)'", done.stderr)
    if found is None:
        pytest.skip("torch has another OpenMP than libgomp here")
    return found.group(1)


@pytest.mark.slow
def test_threads_of_commands_and_workers_soon_sleep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GOMP_SPINCOUNT", raising=False)
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    (wanted,) = for_waiting({}).values()
    assert _told("import torch") != wanted  # libgomp's own is another
    assert _told(_THEN_TORCH) == wanted
    assert _told(_THEN_TORCH, GOMP_SPINCOUNT="77") == "77"
    assert _told("import torch", **Settings(home=tmp_path).for_workers) == wanted
