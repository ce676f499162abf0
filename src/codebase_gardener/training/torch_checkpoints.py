"""Checkpoints that are whole: written by time, marked when complete, the newest complete one resumed from."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from codebase_gardener.training.events import EventLog
from codebase_gardener.utils.files import write_atomic

__all__ = ["CheckpointByTime", "newest_checkpoint"]

_COMPLETE = "COMPLETE"


class CheckpointByTime(TrainerCallback):  # type: ignore[misc]  # transformers is untyped
    """Asks for a checkpoint every so many minutes, and marks each once it is whole."""

    def __init__(self, minutes: float, events: EventLog) -> None:
        self.every_s = minutes * 60
        self.events = events
        self.last = time.monotonic()

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> TrainerControl:
        """Save when the time has come."""
        if time.monotonic() - self.last >= self.every_s and state.global_step < state.max_steps:
            control.should_save = True
        return control

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """The Trainer has written every file: now the checkpoint counts."""
        folder = Path(args.output_dir) / f"checkpoint-{state.global_step}"
        write_atomic(folder / _COMPLETE, "")
        self.last = time.monotonic()
        self.events.append("checkpoint", step=state.global_step)


def newest_checkpoint(checkpoints: Path) -> Path | None:
    """The last complete checkpoint; those that a kill left half-written are removed."""
    complete: list[tuple[int, Path]] = []
    for folder in checkpoints.glob("checkpoint-*"):
        if (folder / _COMPLETE).exists():
            complete.append((int(folder.name.rpartition("-")[2]), folder))
        else:
            shutil.rmtree(folder)
    return max(complete)[1] if complete else None
