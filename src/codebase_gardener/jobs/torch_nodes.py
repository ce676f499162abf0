"""A job that several processes train: the first in the job's folder, the others each in a copy that goes with them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from codebase_gardener.jobs.checkpoints import newest_checkpoint
from codebase_gardener.jobs.directory import JobDirectory
from codebase_gardener.jobs.spec import JobSpec
from codebase_gardener.training.torch_group import Group

__all__ = ["own_directory", "shared_checkpoint"]


@contextmanager
def own_directory(directory: JobDirectory, spec: JobSpec) -> Iterator[JobDirectory]:
    """A folder for a process that is not the group's first one; removed at the end of the block.

    Args:
        directory: The job's, which need not be on this machine.
        spec: The job's, with paths that are good here.
    """
    with tempfile.TemporaryDirectory(prefix="gardener-node-") as home:
        copy = JobDirectory(Path(home) / "jobs" / directory.job_id)
        copy.path.mkdir(parents=True)
        copy.write_spec(spec)
        yield copy


def shared_checkpoint(directory: JobDirectory, group: Group) -> Path | None:
    """The checkpoint that the first process goes on from, its plan and its best weights, in each process's folder.

    Raises:
        TrainingError: The first process's checkpoints are all damaged, or a process is gone.
    """
    checkpoint = newest_checkpoint(directory) if group.is_first else None
    mine = [directory.plan, checkpoint, directory.best] if group.is_first else []
    files = sorted(file for kept in mine if kept is not None for file in _files(kept))
    names = group.told([str(file.relative_to(directory.path)) for file in files])
    for place, name in enumerate(names):
        data = group.told_bytes(files[place].read_bytes() if group.is_first else b"")
        if not group.is_first:
            target = directory.path / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
    return checkpoint if group.is_first else newest_checkpoint(directory)


def _files(path: Path) -> list[Path]:
    return [file for file in path.rglob("*") if file.is_file()] if path.is_dir() else [path] * path.exists()
