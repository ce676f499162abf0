"""Children import nothing of the folder that they are started in."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import codebase_gardener
from codebase_gardener.utils.children import python_module


def test_a_module_of_the_current_folder_is_not_imported(tmp_path: Path) -> None:
    (tmp_path / "argparse.py").write_text("raise SystemExit(77)")
    command = [*python_module("json.tool"), "--help"]
    assert subprocess.run([command[0], *command[2:]], cwd=tmp_path, check=False).returncode == 77
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode == 0


def test_every_child_is_started_so() -> None:
    sources = Path(codebase_gardener.__file__).parent.rglob("*.py")
    started = [path.name for path in sources if re.search(r'executable,\s*"-m"', path.read_text())]
    assert started == []
