from __future__ import annotations

import os
from pathlib import Path

import psutil
import pytest

from codebase_gardener.utils import limits

GIB = 2**30


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine of 64 GiB and 16 cores."""
    memory = type("Memory", (), {"available": 60 * GIB, "total": 64 * GIB})()
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(16)), raising=False)
    return tmp_path


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def test_without_groups_it_is_the_host(root: Path) -> None:
    assert (limits.available_bytes(root), limits.total_bytes(root), limits.cores(root)) == (
        60 * GIB,
        64 * GIB,
        16,
    )
    assert limits.kernel_kills(root) == 0


def test_version_2_in_a_container(root: Path) -> None:
    group = "sys/fs/cgroup/"
    write(root, {
        "proc/self/cgroup": "0::/\n", f"{group}memory.max": f"{8 * GIB}\n", f"{group}memory.current": f"{5 * GIB}\n",
        f"{group}memory.stat": f"anon {3 * GIB}\ninactive_file {2 * GIB}\n", f"{group}cpu.max": "250000 100000\n",
        f"{group}memory.events": "low 0\noom 2\noom_kill 3\n",
    })  # fmt: skip
    assert limits.available_bytes(root) == 5 * GIB  # the cache of files can be dropped
    assert (limits.total_bytes(root), limits.cores(root), limits.kernel_kills(root)) == (8 * GIB, 3, 3)


def test_the_smallest_of_nested_groups_counts(root: Path) -> None:
    write(root, {
        "proc/self/cgroup": "0::/a.slice/b.scope\n",
        "sys/fs/cgroup/a.slice/memory.max": f"{4 * GIB}", "sys/fs/cgroup/a.slice/memory.current": f"{3 * GIB}",
        "sys/fs/cgroup/a.slice/b.scope/memory.max": "max", "sys/fs/cgroup/a.slice/b.scope/cpu.max": "max 100000",
        "sys/fs/cgroup/a.slice/cpu.max": "50000 100000",
    })  # fmt: skip
    assert (limits.available_bytes(root), limits.total_bytes(root), limits.cores(root)) == (GIB, 4 * GIB, 1)


def test_version_1_whose_path_is_the_hosts(root: Path) -> None:
    write(root, {
        "proc/self/cgroup": "9:cpu,cpuacct:/docker/abc\n4:memory:/docker/abc\n0::/\n",
        "sys/fs/cgroup/memory/memory.limit_in_bytes": f"{2 * GIB}",
            "sys/fs/cgroup/memory/memory.usage_in_bytes": f"{GIB}",
        "sys/fs/cgroup/memory/memory.stat": "cache 1\ntotal_inactive_file 1024\n",
        "sys/fs/cgroup/memory/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n",
        "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "200000", "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000",
    })  # fmt: skip
    assert limits.available_bytes(root) == GIB + 1024
    assert (limits.total_bytes(root), limits.cores(root), limits.kernel_kills(root)) == (2 * GIB, 2, 1)


@pytest.mark.parametrize("text", ["", "max", "9223372036854771712", "x", "-1"])
def test_no_limit_and_nonsense(root: Path, text: str) -> None:
    write(root, {
        "proc/self/cgroup": "0::/\n4:memory,x\nnonsense\n", "sys/fs/cgroup/memory.max": text,
        "sys/fs/cgroup/memory.current": "1", "sys/fs/cgroup/cpu.max": f"{text} 100000",
            "sys/fs/cgroup/memory.stat": "a b c\nd",
    })  # fmt: skip
    assert limits.cores(root) == 16
    assert limits.available_bytes(root) == 60 * GIB


def test_here() -> None:
    assert 0 < limits.available_bytes() <= limits.total_bytes()
    assert limits.cores() >= 1


@pytest.mark.parametrize(
    ("told", "found"),
    [("flags\t\t: fpu avx2 avx512f\n", False), ("flags\t: fpu avx512_bf16\n", True), ("Features\t: asimd bf16\n", True),
     ("model name : x\n", True), (None, True)],
)  # fmt: skip
def test_what_the_processor_says_of_bfloat16(tmp_path: Path, told: str | None, found: bool) -> None:
    if told is not None:
        (tmp_path / "proc").mkdir()
        (tmp_path / "proc" / "cpuinfo").write_text(told)
    assert limits.multiplies_bf16(tmp_path) is found
