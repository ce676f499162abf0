"""The npm packages that tests use."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

__all__ = ["node_packages"]


def node_packages(left_out: str) -> Path:
    """Their folder; without node or the npm registry the test is left out, or fails in CI.

    Args:
        left_out: What is not tested then, in capitals.
    """
    script = Path(__file__).parents[2] / "scripts/node_clients.sh"
    made = subprocess.run([script, "install"], capture_output=True, text=True, timeout=300, check=False)
    if made.returncode:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"{left_out}: {made.stderr.strip()[-300:]}")
    return Path(made.stdout.strip())
