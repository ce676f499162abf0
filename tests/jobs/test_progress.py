"""Where a training is, and what its user was not told by the plan."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from codebase_gardener.gardener.growing import follow
from codebase_gardener.jobs.directory import JobDirectory
from codebase_gardener.jobs.progress import TrainingProgress
from codebase_gardener.utils.progress import Quiet

NOTE = "layers: left out, its gradients differ by 0.9 (1.1 in one parameter) from the model's own"


def progress(folder: Path, left_out: list[str]) -> TrainingProgress:
    events = JobDirectory(folder).events
    events.append("fast_path", parts=["head"], left_out=left_out)
    events.append("planned", steps=7, memory_bytes=6_100_000_000)
    job: Any = SimpleNamespace(id="1", ref="demo/default@1", state="training", error=None, directory=folder)
    return TrainingProgress.of_job(job)


def test_what_is_left_out_is_told_with_steps_and_memory(tmp_path: Path) -> None:
    assert progress(tmp_path, []).slower == ""
    told = progress(tmp_path, [NOTE]).slower
    assert NOTE in told
    assert told.endswith("7 steps, about 6.1 GB of memory.")


def test_who_watches_is_told_once(tmp_path: Path) -> None:
    said: list[str] = []

    class Listening(Quiet):
        def say(self, message: str) -> None:
            said.append(message)

    now = progress(tmp_path, [NOTE])
    trainings = SimpleNamespace(wait=lambda _, callback: (callback(now), callback(now), now)[2])
    gardener: Any = SimpleNamespace(manager=SimpleNamespace(trainings=trainings))
    follow(gardener, "1", Listening())
    assert said == [now.slower]
