"""The allocator's setting is taken where there is glibc, and refused nowhere else."""

from __future__ import annotations

import platform

from codebase_gardener.utils.allocator import keep_freed_memory


def test_glibc_takes_the_options() -> None:
    assert keep_freed_memory() == (platform.libc_ver()[0] == "glibc")
