"""A job's folder: what is asked, what happens, and what came of it.

spec.json      what to train; never changed
resumed.json   device and base of the request that resumed it: they count in place of those in spec.json
plan.json      steps and number format, fixed by the first start, so that a resumed run goes the same way
events.jsonl   one event a line
log.txt        what the worker printed
lock           held by the worker for as long as it lives
cancel         its presence asks the worker to stop
checkpoints/   by time; one without its manifest of hashes, or not as that says, does not count
best/          the weights with the lowest validation loss so far
artifact/      the adapter, before it is published
initial/       the adapter before its first step, where it began as a part of the base: what it is converted with
parity.safetensors   logits of the trained model on the fixed prompts, for the proof to compare with
here           of a job that a cluster placed: it is trained in this home
mirrored       of one that is trained in another: the number of the last event that was brought here
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from codebase_gardener.bases.resolution import Base
from codebase_gardener.jobs.events import EventLog
from codebase_gardener.jobs.spec import JobSpec
from codebase_gardener.utils.error_handling import TrainingError
from codebase_gardener.utils.files import FileLock, read_json, write_json
from codebase_gardener.utils.home_paths import kept_path

__all__ = ["JobDirectory"]


class JobDirectory:
    """Paths and files of one job: those of the list above, by name.

    Args:
        path: The folder; its name is the job's id, and it lies in the folder `jobs` of its home.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.job_id, self.home = path, path.name, path.parent.parent
        self.events = EventLog(path / "events.jsonl")
        self.resumed, self.plan = path / "resumed.json", path / "plan.json"
        self.log, self.lock, self.cancel = path / "log.txt", path / "lock", path / "cancel"
        self.checkpoints, self.best = path / "checkpoints", path / "best"
        self.artifact, self.initial = path / "artifact", path / "initial"
        self.parity = path / "parity.safetensors"

    @property
    def spec(self) -> JobSpec:
        """What to train, on the device and with the base of the request that came last."""
        return JobSpec.from_dict(
            {**self._read(self.path / "spec.json"), **self._read(self.resumed, missing={})}, self.home
        )

    def _read(self, path: Path, missing: Any = None) -> Any:
        """What a file holds; `missing` stands for one that need not be there.

        Raises:
            TrainingError: It is damaged.
        """
        try:
            return read_json(path)
        except FileNotFoundError:
            if missing is None:
                raise
            return missing
        except (OSError, ValueError) as error:
            raise TrainingError(
                f"{path} cannot be read: {error}", hint=self.from_start, context={"job": self.job_id}
            ) from error

    @property
    def from_start(self) -> str:
        """The command that trains anew, to be shown where what a run left is of no use."""
        return f"begin anew with: gardener jobs resume {self.job_id} --from-start"

    def forget_run(self) -> None:
        """Remove what earlier starts left, so that the next one begins at the first step."""
        for folder in (self.checkpoints, self.best):
            shutil.rmtree(folder, ignore_errors=True)
        for file in (self.plan, self.resumed):
            file.unlink(missing_ok=True)

    def write_spec(self, spec: JobSpec) -> None:
        """Write `spec.json`, once."""
        write_json(self.path / "spec.json", spec.as_dict(self.home))

    def move(self, device: str, base: Base) -> None:
        """Let a resumed run take another device, or the same base from another folder."""
        moved = {**base.as_dict(), "path": kept_path(base.path, self.home)}
        write_json(self.resumed, {"device": device, "base": moved})
        if plan := self.planned():
            write_json(self.plan, {**plan, "device": device})

    def planned(self) -> dict[str, Any]:
        """What the first start fixed; nothing before it."""
        plan: dict[str, Any] = self._read(self.plan, missing={})
        return plan

    def is_alive(self) -> bool:
        """Whether a worker holds the lock."""
        return not FileLock.is_free(self.lock)
