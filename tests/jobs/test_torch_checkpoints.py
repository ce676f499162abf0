"""A job goes on from the newest checkpoint that is what was written, says what is damaged, and offers a clean start."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from codebase_gardener.config.settings import Settings
from codebase_gardener.jobs.checkpoints import newest_checkpoint
from codebase_gardener.jobs.directory import JobDirectory
from codebase_gardener.jobs.queue import resume
from codebase_gardener.jobs.torch_run import run_job
from codebase_gardener.registry.transactions import Registry
from codebase_gardener.utils.error_handling import TrainingError
from samples.queued_jobs import queue_job

pytestmark = pytest.mark.slow

MakeJob = Callable[..., JobDirectory]


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-9])


def flip(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


def empty(file: Path) -> None:
    file.write_bytes(b"")


DAMAGES = [
    pytest.param(file, damage, id=f"{damage.__name__} {file}")
    for file, damage in (
        ("adapter_model.safetensors", cut),
        ("adapter_model.safetensors", flip),
        ("optimizer.pt", flip),
        ("optimizer.pt", empty),
        ("scheduler.pt", Path.unlink),
        ("rng_state.pth", cut),
        ("trainer_state.json", cut),
        ("manifest.json", cut),
        ("manifest.json", flip),
    )
]


def run(directory: JobDirectory) -> None:
    run_job(directory, "demo/default@1")


@pytest.fixture
def stopped(make_job: MakeJob) -> JobDirectory:
    """Four steps were made; the checkpoints of the second and the third are there."""
    directory = make_job(steps=4, checkpoint_minutes=1e-6)
    run(directory)
    assert sorted(p.name for p in directory.checkpoints.iterdir()) == ["checkpoint-2", "checkpoint-3"]
    return directory


def steps(directory: JobDirectory) -> list[int]:
    return [event["step"] for event in directory.events.all() if event["kind"] == "step"]


@pytest.mark.parametrize(("file", "damage"), DAMAGES)
def test_a_damaged_checkpoint_is_passed_over(
    file: str, damage: Callable[[Path], None], stopped: JobDirectory
) -> None:
    before = len(steps(stopped))
    damage(stopped.checkpoints / "checkpoint-3" / file)
    run(stopped)
    assert steps(stopped)[before:] == [3, 4]
    said = stopped.events.last("resumed")
    assert said is not None
    assert (said["step"], said["damaged"]) == (2, ["checkpoint-3"])


@pytest.mark.parametrize(("file", "damage"), DAMAGES[:2])
def test_with_none_that_is_whole_a_clean_start_is_offered(
    file: str, damage: Callable[[Path], None], stopped: JobDirectory, settings: Settings
) -> None:
    for number in (2, 3):
        damage(stopped.checkpoints / f"checkpoint-{number}" / file)
    with pytest.raises(TrainingError, match="checkpoint-3, checkpoint-2 damaged") as caught:
        run(stopped)
    assert caught.value.exit_code == 8
    assert f"gardener jobs resume {stopped.job_id} --from-start" in caught.value.hint
    stopped.forget_run()
    before = len(steps(stopped))
    run(stopped)
    assert steps(stopped)[before:] == [1, 2, 3, 4]


def test_one_without_a_manifest_never_counts(stopped: JobDirectory) -> None:
    shutil.copytree(stopped.checkpoints / "checkpoint-3", stopped.checkpoints / "checkpoint-12")
    for number in (3, 12):
        (stopped.checkpoints / f"checkpoint-{number}" / "manifest.json").unlink()
    before = len(steps(stopped))
    run(stopped)
    assert steps(stopped)[before:] == [3, 4]
    said = stopped.events.last("resumed")
    assert said is not None
    assert said["damaged"] == []
    assert not (stopped.checkpoints / "checkpoint-12").exists()


@pytest.mark.parametrize("file", ["plan.json", "resumed.json"])
def test_a_damaged_plan_is_told_and_a_start_anew_makes_another(
    file: str, make_job: MakeJob, settings: Settings
) -> None:
    with Registry(settings.database_url) as registry:
        registry.add_project("demo", "rows:demo", "rows")
        job = queue_job(registry, lambda job_id: make_job(job_id).path, device="elsewhere:cpu")
        registry.claim_job(job.id)
        registry.fail_job(job.id, "killed")
        directory = JobDirectory(job.directory)
        (directory.path / file).write_text('{"steps": 4, ')
        with pytest.raises(TrainingError, match=file) as caught:
            resume(registry, job.id, device="cpu")
        assert "--from-start" in caught.value.hint
        assert resume(registry, job.id, device="cpu", from_start=True).state == "queued"
        assert not directory.plan.exists()


def test_what_is_no_checkpoint_neither_counts_nor_goes(tmp_path: Path) -> None:
    directory = JobDirectory(tmp_path / "jobs" / "one")
    directory.checkpoints.mkdir(parents=True)
    (directory.checkpoints / "checkpoint-tmp").mkdir()
    (directory.checkpoints / "checkpoint-9").write_text("")
    (directory.checkpoints / "checkpoint-8").symlink_to(tmp_path / "gone")
    assert newest_checkpoint(directory) is None
    assert len(list(directory.checkpoints.iterdir())) == 3


@pytest.mark.parametrize("empty", [False, True])
def test_checkpoints_that_lost_their_manifests_are_damaged(tmp_path: Path, empty: bool) -> None:
    directory = JobDirectory(tmp_path / "jobs" / "one")
    for step in (1, 2, 3):
        (directory.checkpoints / f"checkpoint-{step}").mkdir(parents=True)
        if empty:
            (directory.checkpoints / f"checkpoint-{step}" / "manifest.json").write_text('{"files": {}}')
    with pytest.raises(TrainingError, match="damaged"):
        newest_checkpoint(directory)
    assert (directory.checkpoints / "checkpoint-1").is_dir()
