"""Which checkpoint a job goes on from: the newest that is, byte for byte, what was written."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from codebase_gardener.jobs.directory import JobDirectory
from codebase_gardener.utils.error_handling import TrainingError
from codebase_gardener.utils.files import MANIFEST, is_published

__all__ = ["newest_checkpoint"]

_NAME = re.compile(r"checkpoint-(\d{1,12})")


def newest_checkpoint(directory: JobDirectory) -> Path | None:
    """The newest whole checkpoint, or None where none was ever finished; the event log says which, and what is damaged.

    One without a manifest was cut short by a kill and never counts; several of them and no whole one are damage. What
    does not count is removed once an older one is whole, or where only one was begun.

    Raises:
        TrainingError: There are checkpoints, and all are damaged.
    """
    damaged: list[Path] = []
    unfinished: list[Path] = []
    for step, folder in sorted(_by_step(directory.checkpoints).items(), reverse=True):
        if not (folder / MANIFEST).exists():
            unfinished.append(folder)
        elif not is_published(folder, check_hashes=True):
            damaged.append(folder)
        else:
            directory.events.append("resumed", step=step, damaged=[each.name for each in damaged])
            for each in (*unfinished, *damaged):
                shutil.rmtree(each)
            return folder
    if damaged or len(unfinished) > 1:
        bad = damaged or unfinished
        raise TrainingError(
            f"no checkpoint in {directory.checkpoints} is as it was written: "
            f"{', '.join(each.name for each in bad)} damaged",
            hint=directory.from_start,
            context={"job": directory.job_id, "damaged": [str(each) for each in bad]},
        )
    for each in unfinished:
        shutil.rmtree(each)
    return None


def _by_step(checkpoints: Path) -> dict[int, Path]:
    """Folders that are named as the Trainer names its checkpoints; nothing else counts or is removed."""
    return {
        int(found[1]): folder
        for folder in checkpoints.glob("checkpoint-*")
        if (found := _NAME.fullmatch(folder.name)) and folder.is_dir() and not folder.is_symlink()
    }
