"""Memory and cores that this process may use: the smaller of what the host has and what its container allows.

Control groups, versions 1 and 2: https://docs.kernel.org/admin-guide/cgroup-v2.html,
https://docs.kernel.org/admin-guide/cgroup-v1/memory.html.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

__all__ = [
    "available_bytes", "core_numbers", "cores", "kernel_kills", "load_per_core", "multiplies_bf16", "total_bytes",
]  # fmt: skip

_ROOT = Path("/")
_UNLIMITED = 2**60
"""Version 1 says "no limit" with a number about this large."""


def available_bytes(root: Path = _ROOT) -> int:
    """Bytes of memory that can still be taken without being killed for it.

    Args:
        root: Where /proc and /sys are.
    """
    import psutil

    host = int(psutil.virtual_memory().available)
    return max(0, min([host, *(limit - used for limit, used in _memory(root))]))


def total_bytes(root: Path = _ROOT) -> int:
    """Bytes of memory that there are to take."""
    import psutil

    return min([int(psutil.virtual_memory().total), *(limit for limit, _ in _memory(root))])


def cores(root: Path = _ROOT) -> int:
    """Cores that this process may keep busy: its affinity, and the container's quota rounded up; at least 1."""
    host = len(core_numbers()) or os.cpu_count() or 1
    return max(1, min([host, *(math.ceil(quota) for quota in _quotas(root))]))


def core_numbers() -> list[int]:
    """The cores that this process may run on, by number; none where the system does not say."""
    affinity = getattr(os, "sched_getaffinity", None)
    return sorted(affinity(0)) if affinity else []


def multiplies_bf16(root: Path = _ROOT) -> bool:
    """Whether the processor says that it multiplies bfloat16; True where the system does not tell.

    On x86 that is AVX512-BF16 or AMX, on Arm the extension of that name.
    """
    try:
        told = (root / "proc" / "cpuinfo").read_text("utf-8", "replace")
    except OSError:
        return True
    flags = {flag for line in told.splitlines() if line.lower().startswith(("flags", "features"))
             for flag in line.partition(":")[2].split()}  # fmt: skip
    return not flags or bool(flags & {"avx512_bf16", "amx_bf16", "bf16"})


def load_per_core() -> float:
    """Programs that computed in the last minute, for each core; 0 where the system does not say."""
    return os.getloadavg()[0] / cores() if hasattr(os, "getloadavg") else 0.0


def kernel_kills(root: Path = _ROOT) -> int:
    """How many processes of this container the kernel has killed for lack of memory, so far."""
    kills = [0]
    for folder, version in _groups(root, "memory"):
        text = _text(folder / ("memory.events" if version == 2 else "memory.oom_control"))
        kills += [int(row[1]) for row in map(str.split, text.splitlines()) if row[:1] == ["oom_kill"]]
    return max(kills)


def _memory(root: Path) -> Iterator[tuple[int, int]]:
    """Limit and use of each group that has a limit; what the kernel can drop at once is not counted as used."""
    names = {
        2: ("memory.max", "memory.current", "inactive_file"),
        1: ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
    }
    for folder, version in _groups(root, "memory"):
        limit, used, cached = names[version]
        with suppress(ValueError):  # "max"
            allowed, taken = int(_text(folder / limit)), int(_text(folder / used) or 0)
            rows = dict(
                row.split() for row in _text(folder / "memory.stat").splitlines() if row.count(" ") == 1
            )
            if 0 < allowed < _UNLIMITED:
                yield allowed, max(0, taken - int(rows.get(cached, 0)))


def _quotas(root: Path) -> Iterator[float]:
    for folder, version in _groups(root, "cpu"):
        if version == 2:
            given = _text(folder / "cpu.max").split()
        else:
            given = [_text(folder / "cpu.cfs_quota_us").strip(), _text(folder / "cpu.cfs_period_us").strip()]
        with suppress(ValueError, IndexError, ZeroDivisionError):  # "max", or none
            quota = int(given[0]) / int(given[1])
            if quota > 0:
                yield quota


def _groups(root: Path, controller: str) -> Iterator[tuple[Path, int]]:
    """Folders of the groups that this process is in, from its own outwards, with the version.

    Within a container the path may be that of the host, which is not there: then the mount's root is the group.
    """
    mounts = root / "sys/fs/cgroup"
    for row in _text(root / "proc/self/cgroup").splitlines():
        _, controllers, path = [*row.split(":", 2), "", ""][:3]
        if controllers and controller not in controllers.split(","):
            continue
        top, version = (mounts / controller, 1) if controllers else (mounts, 2)
        if controllers and not top.is_dir():
            top = mounts / controllers
        parts = [part for part in path.split("/") if part not in ("", ".", "..")]
        for depth in range(len(parts), -1, -1):
            yield top.joinpath(*parts[:depth]), version


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, ValueError):
        return ""
