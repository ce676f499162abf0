"""A job's folder where it is not trained: its spec and events as the registry has them, so that all who read it can."""

from __future__ import annotations

import json

from codebase_gardener.jobs.directory import JobDirectory
from codebase_gardener.jobs.placement import is_placed
from codebase_gardener.registry.rows import JobRow
from codebase_gardener.registry.transactions import Registry
from codebase_gardener.utils.files import FileLock, append_line, make_folder, write_atomic, write_json

__all__ = ["mark_as_here", "mirror", "write_spec"]

_HERE, _SEEN, _LOCK = "here", "mirrored", "mirror.lock"


def mark_as_here(directory: JobDirectory) -> None:
    """Say that a job is trained in this home: its events are written here first."""
    (directory.path / _HERE).touch()


def write_spec(registry: Registry, job: JobRow) -> JobDirectory:
    """The job's folder, made of what the registry has where this home has none.

    Raises:
        NotFoundError: An earlier version reserved the job, and its spec is on another machine only.
    """
    directory = JobDirectory(job.directory)
    if not (directory.path / "spec.json").exists():
        spec = registry.job_spec(job.id)
        make_folder(directory.path)
        write_json(directory.path / "spec.json", spec)
    return directory


def mirror(registry: Registry, job: JobRow) -> None:
    """Bring what other machines have told of a placed job into its folder here; nothing where it is trained here.

    Raises:
        NotFoundError: An earlier version reserved the job, and its spec is on another machine only.
    """
    if not is_placed(job.device) or job.node is None or (job.directory / _HERE).exists():
        return
    directory = write_spec(registry, job)
    seen = directory.path / _SEEN
    lock = FileLock(directory.path / _LOCK)
    if not lock.acquire():  # another program of this home is at it
        return
    try:
        known = int(seen.read_text()) if seen.exists() else 0
        for row in registry.job_events(job.id, after=known):
            append_line(directory.events.path, json.dumps(row.event, ensure_ascii=False))
            known = row.seq
        write_atomic(seen, str(known))
    finally:
        lock.release()
