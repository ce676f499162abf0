"""Runs of `grow` that outlive the page: forms, folders, states, and the processes."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from codebase_gardener.config.settings import Settings
from codebase_gardener.page.grow_runs import GrowForm, GrowRun, runs_of, waiting_runs
from codebase_gardener.page.processes import STOPPED, process_in
from codebase_gardener.registry.rows import JobRow
from codebase_gardener.utils.error_handling import ConflictError, InvalidInputError, NotFoundError
from codebase_gardener.utils.files import FileLock, make_folder, write_json

PLAN = {"project": "garden", "rows": 9, "plan": "…"}
CANCELLED = {"error": "TrainingError", "message": "…", "context": {"job": "j", "state": "cancelled"}}
ERROR = {"error": "ModelError", "message": "the base is gone", "hint": "name another"}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def run_in(home: Path, name: str = "20260101-000000-00000000", **files: object) -> GrowRun:
    """A run that is kept as it is after its process has ended."""
    run = GrowRun(home / "runs" / name)
    make_folder(run.folder)
    write_json(run.folder / "asked.json", {"source": "/src/garden"})
    for file, content in files.items():
        text = content if isinstance(content, str) else json.dumps(content)
        (run.folder / f"{file}.json").write_text(text)
    return run


def test_a_form_is_what_grow_takes() -> None:
    assert GrowForm.of({"source": " /src/garden ", "token": "x"}).arguments == ["--", "/src/garden"]
    asked = GrowForm.of(
        {"source": "-rf", "name": "a", "revision": "--help", "base": "org/b", "minutes": "0.5"}
    )
    assert asked.arguments == ["--name=a", "--revision=--help", "--base=org/b", "--minutes=0.5", "--", "-rf"]
    asked = GrowForm.of({"source": "a", "threads": "1", "fresh": "yes"})
    assert asked.arguments == ["--threads=1", "--fresh", "--", "a"]


@pytest.mark.parametrize(
    ("fields", "word"),
    [({}, "no repository"), ({"source": "  "}, "no repository"), ({"source": "a\x00b"}, "control"),
     ({"source": "a\nb"}, "control"), ({"source": "\u202eb"}, "control"), ({"source": "x" * 5000}, "too long"),
     ({"source": "a", "revision": "\x1b[31m"}, "control"), ({"source": "a", "name": "../b"}, "project name"),
     ({"source": "a", "name": "-x"}, "project name"), ({"source": "a", "minutes": "five"}, "minutes"),
     ({"source": "a", "minutes": "nan"}, "minutes"), ({"source": "a", "minutes": "-1"}, "minutes"),
     ({"source": "a", "threads": "-1"}, "threads"), ({"source": "a", "threads": "²"}, "threads"),
     ({"source": "a", "threads": "99999"}, "threads"),
     ({"source": "a", "minutes": "0"}, "minutes"), ({"source": "a", "minutes": "inf"}, "minutes")],
)  # fmt: skip
def test_a_form_that_cannot_be_right_begins_nothing(fields: Mapping[str, str], word: str) -> None:
    with pytest.raises(InvalidInputError, match=word) as caught:
        GrowForm.of(fields)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("files", "state"),
    [({}, "failed"), ({"plan": ""}, "failed"), ({"plan": "[1]"}, "failed"), ({"plan": ERROR}, "failed"),
     ({"plan": PLAN}, "planned"), ({"plan": {"project": "garden", "there": "garden/default@1"}}, "grown"),
     ({"plan": PLAN, "grown": ""}, "failed"), ({"plan": PLAN, "grown": ERROR}, "failed"),
     ({"plan": PLAN, "grown": {"ref": "garden/default@1"}}, "grown")],
)  # fmt: skip
def test_the_state_is_what_the_folder_shows(home: Path, files: dict[str, object], state: str) -> None:
    run = run_in(home, **files)
    assert run.state == state
    assert run.is_open == (state == "planned")
    assert run.error == (ERROR if ERROR in files.values() else {})


@pytest.mark.parametrize(
    ("files", "job"),
    [
        ({"plan": STOPPED}, ""),
        ({"plan": PLAN, "grown": STOPPED}, ""),
        ({"plan": PLAN, "grown": CANCELLED}, "j"),
    ],
)
def test_what_a_person_ended_has_not_failed(home: Path, files: dict[str, object], job: str) -> None:
    run = run_in(home, **files)
    assert (run.state, run.is_open, run.ended_training) == ("stopped", False, job)


def test_what_waits_for_a_person_is_listed_until_its_repository_is_grown_again(home: Path) -> None:
    run_in(home, "20260101-000000-00000000", plan=ERROR)
    assert [state for _, state in waiting_runs(home)] == ["failed"]
    run_in(home, "20260102-000000-00000000", plan=STOPPED)
    assert [state for _, state in waiting_runs(home)] == ["stopped"]
    run_in(home, "20260103-000000-00000000", plan=PLAN)
    run_in(home, "20260104-000000-00000000", plan=PLAN, grown={"adapter": "garden/default@1"})
    assert [state for _, state in waiting_runs(home)] == ["planned"]


@pytest.mark.slow
def test_a_run_is_stopped_while_it_plans_and_leaves_no_process(home: Path, small_repository: Path) -> None:
    environment = {**Settings(home=home, device="cpu", offline=True).for_workers}
    run = GrowRun.ask(home, GrowForm.of({"source": str(small_repository)}), environment)
    process = process_in(run.folder)
    assert process and run.state == "planning"
    run.stop()
    assert run.state == "stopped" and process_in(run.folder) is None and not process.is_running()
    with pytest.raises(ConflictError, match="stopped"):
        run.start(environment)
    run.stop()  # pressed twice
    run.discard()
    assert waiting_runs(home) == []


def test_while_its_lock_is_held_it_works(home: Path) -> None:
    run = run_in(home, plan="")
    lock = FileLock(run.folder / "lock")
    assert lock.acquire()
    assert run.state == "planning"
    assert [how for _, how in run.steps] == ["now", "later", "later"]
    (run.folder / "grown.json").write_text("")
    (run.folder / "plan.json").write_text(json.dumps(PLAN))
    assert run.state == "growing"
    far = {"unit": "steps", "done": 1, "total": 9, "left_s": None}
    for stage, steps in {
        "facts": ["done", "now", "later"],
        "training": ["done", "now", "later"],
        "evaluation": ["done", "done", "now"],
    }.items():
        (run.folder / "progress.json").write_text(json.dumps({"stage": stage, **far}))
        assert [how for _, how in run.steps] == steps
    with pytest.raises(ConflictError, match="growing"):
        run.discard()
    lock.release()
    assert run.state == "failed"  # it was killed
    assert [how for _, how in run.steps] == ["done", "done", "failed"]


def test_which_training_a_run_follows(home: Path) -> None:
    run = run_in(home, plan=PLAN, grown="")
    lock = FileLock(run.folder / "lock")
    assert lock.acquire()
    before, own, after = (
        cast(
            JobRow, SimpleNamespace(id=at, created_at=f"2026-01-01T0{at}:00:00.000000+00:00", started_at=None)
        )
        for at in "135"
    )
    began = datetime(2026, 1, 1, 2, tzinfo=UTC).timestamp()
    (run.folder / "process.json").write_text(json.dumps({"pid": 1, "create_time": began}))
    far = {"unit": "steps", "done": 1, "total": 9, "left_s": None}

    def at(stage: str) -> JobRow | None:
        (run.folder / "progress.json").write_text(json.dumps({"stage": stage, **far}))
        return run.training([after, own, before])

    assert at("facts") is None
    assert at("training") is own
    assert at("evaluation") is None
    (run.folder / "resumed").write_text("1")
    assert at("facts") is before and run.waits_for("1") and not run.waits_for("3")
    assert at("training") is before and not run.waits_for("1")
    lock.release()
    assert not run.waits_for("1")


@pytest.mark.parametrize("files", [{}, {"plan": ERROR}])
def test_without_a_plan_nothing_is_trained(home: Path, files: dict[str, object]) -> None:
    run = run_in(home, **files)
    with pytest.raises(ConflictError, match="failed"):
        run.start({"CODEBASE_GARDENER_HOME": str(home)})
    assert not (run.folder / "grown.json").exists()


@pytest.mark.parametrize("name", ["", "..", "../projects", "20260101-000000-0000000g", "20260101-000000-00000001",
                                  "20260101-000000-00000000\n"])  # fmt: skip
def test_only_a_run_that_is_there_is_found(home: Path, name: str) -> None:
    run_in(home)
    assert GrowRun.find(home, "20260101-000000-00000000").asked.source == "/src/garden"
    with pytest.raises(NotFoundError):
        GrowRun.find(home, name)


def test_the_end_of_a_long_log_is_shown(home: Path) -> None:
    run = run_in(home)
    assert run.log_tail() == ""
    (run.folder / "log.txt").write_bytes(b"x" * 20_000 + b"\xff\nthe end")
    assert run.log_tail().endswith("\ufffd\nthe end") and len(run.log_tail()) <= 16 * 1024


@pytest.mark.slow
def test_a_plan_is_a_process_of_its_own_and_old_runs_go(
    home: Path, small_repository: Path, tiny_base: Path
) -> None:
    for number in range(60):
        run_in(home, f"20250101-0000{number:02}-00000000", grown={"ref": "x"})
    waiting = run_in(home, "20240101-000000-00000000", plan=PLAN)
    settings = Settings(home=home, device="cpu", offline=True)
    environment = {**settings.for_workers, "CODEBASE_GARDENER_BASE": str(tiny_base)}
    run = GrowRun.ask(home, GrowForm.of({"source": str(small_repository)}), environment)
    kept = runs_of(home)
    assert (kept[0].id, kept[-1].id, len(kept)) == (
        run.id,
        waiting.id,
        51,
    )  # 50, and one that waits for a person
    assert run.state == "planning"
    with pytest.raises(ConflictError, match="planning"):
        run.start(environment)
    assert (run.folder / "plan.json").stat().st_mode & 0o077 == 0
    ends_at = time.monotonic() + 100
    while run.state == "planning" and time.monotonic() < ends_at:
        time.sleep(0.1)
    assert run.state == "planned", (run.error, run.log_tail())
    assert run.plan and run.plan["project"] == small_repository.name and run.plan["rows"] > 0
    assert list((home / "projects").glob("*/adapters/*")) == []  # nothing is trained
