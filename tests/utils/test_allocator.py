"""The allocator's setting is taken where there is glibc, and refused nowhere else."""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

import pytest

from codebase_gardener.utils.allocator import keep_freed_memory


def test_glibc_takes_the_options() -> None:
    assert keep_freed_memory() == (platform.libc_ver()[0] == "glibc")


@pytest.mark.slow
def test_freed_memory_goes_back_to_the_system() -> None:
    pages = Path("/proc/self/statm")
    if not pages.exists():
        return
    script = """
import numpy, sys
from pathlib import Path
from codebase_gardener.utils.allocator import give_back_freed_memory, keep_freed_memory
keep_freed_memory()
blocks = [numpy.ones(1 << 20) for _ in range(40)]
del blocks
before = int(Path("/proc/self/statm").read_text().split()[1])
assert give_back_freed_memory()
after = int(Path("/proc/self/statm").read_text().split()[1])
sys.exit(before - after < 40_000)
"""
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
