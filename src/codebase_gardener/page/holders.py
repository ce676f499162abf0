"""Memory and disk of a home by what holds them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from codebase_gardener.config.settings import Settings
from codebase_gardener.gardener.facade import Gardener
from codebase_gardener.jobs.directory import JobDirectory
from codebase_gardener.jobs.queue import worker_of
from codebase_gardener.page.works import Work
from codebase_gardener.registry.rows import JobRow
from codebase_gardener.utils.files import tree_bytes

__all__ = ["Holder", "disk_holders", "memory_holders"]

_WORDS = {
    "bases": "base models", "jobs": "trainings", "runs": "logs of what the page started",
    "compiled": "compiled kernels", "registry.sqlite": "registry", ".reserve": "room for the registry on a full disk",
    "snapshots": "source", "wiki-cache": "what the wiki's next build needs", "wiki-html": "site", "graphs": "graph",
    "indexes": "search indexes",
}  # fmt: skip
"""Of folders whose names do not say it."""


@dataclass(frozen=True)
class Holder:
    """What holds bytes.

    Attributes:
        what: In words.
        bytes: How many.
        parts: What they are made of, largest first.
        project: Whose they are; "" where no project's.
    """

    what: str
    bytes: int
    parts: tuple[tuple[str, int], ...] = ()
    project: str = ""


def memory_holders(gardener: Gardener, jobs: Iterable[JobRow], works: Iterable[Work]) -> list[Holder]:
    """This server with the adapters and bases in it, each training that is under way, and what else the page started.

    Args:
        gardener: The home.
        jobs: Those that wait or work.
        works: Those that work.
    """
    import psutil

    used = gardener.manager.get_memory_usage() if gardener.manager.has_loaded else {}
    parts = [(what, used.get(f"{what}_bytes", 0)) for what in ("bases", "adapters")]
    size = psutil.Process().memory_info().rss
    held = [Holder("this server", size, tuple(part for part in parts if part[1]))]
    for job in jobs:
        if process := worker_of(JobDirectory(job.directory)):
            try:
                size = process.memory_info().rss
            except psutil.Error:  # it has just ended
                continue
            held.append(Holder(f"training of {job.ref}", size, project=job.project))
    sized = ((work, work.rss_bytes) for work in works)
    return held + [Holder(work.words, size, project=work.project) for work, size in sized if size]


def disk_holders(settings: Settings) -> list[Holder]:
    """What lies in a home, largest first; each project with its parts.

    Args:
        settings: Of the home.
    """
    projects = [
        Holder(folder.name, sum(size for _, size in parts), tuple(parts), folder.name)
        for folder in _inside(settings.projects_dir)
        if (parts := _parts(folder))
    ]
    others: Counter[str] = Counter()
    for name, size in _sizes(settings.home):
        if settings.home / name != settings.projects_dir:
            others[_WORDS.get(name.partition("-")[0], name)] += size
    return sorted(
        [*projects, *(Holder(what, size) for what, size in others.items())], key=lambda held: -held.bytes
    )


def _parts(project: Path) -> list[tuple[str, int]]:
    return sorted(
        ((_WORDS.get(name, name), size) for name, size in _sizes(project)), key=lambda part: -part[1]
    )


def _sizes(folder: Path) -> list[tuple[str, int]]:
    return [(path.name, size) for path in _inside(folder) if (size := _size(path))]


def _inside(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _size(path: Path) -> int:
    """0 for what is being removed."""
    try:
        return tree_bytes(path) if path.is_dir() and not path.is_symlink() else path.lstat().st_size
    except FileNotFoundError:
        return 0
