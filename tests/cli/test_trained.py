"""The commands around a training, on one home in which a small repository was grown with a tiny base."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from samples.geometry import FUNCTIONS

from .conftest import TINY_TRAINING, Cli, Result

pytestmark = pytest.mark.slow

STEPS = 3


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("source") / "geometry"
    root.mkdir()
    for name in ("square", "circle", "kite", "oval", "rhombus", "cube"):
        (root / f"{name}.py").write_text(FUNCTIONS.format(name=name))
    return root


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, tiny_base: Path) -> Cli:
    folder = tmp_path_factory.mktemp("trained")
    return Cli(folder, **{**TINY_TRAINING, "CODEBASE_GARDENER_BASE": str(tiny_base)})


@pytest.fixture(scope="module")
def grown(home: Cli, repository: Path) -> Result:
    return home("grow", repository, "--json").ok()


@pytest.fixture
def cli(home: Cli, grown: Result) -> Iterator[Cli]:
    """The home once the repository is grown; whatever a test starts is ended."""
    yield home
    for job in home("jobs", "list", "--json").json:
        if job["status"] in ("queued", "training"):
            home("jobs", "cancel", job["job_id"])


def first_job(cli: Cli, state: str = "ready") -> str:
    jobs = cli("jobs", "list", "--json").json
    return str(next(job["job_id"] for job in jobs if job["status"] == state))


# ---- grow


def test_grow_prints_its_plan_and_its_result(grown: Result, tiny_base: Path) -> None:
    data = grown.json
    assert data["adapter"] == "geometry/default@1"
    assert data["verdict"]["word"] in ("helped", "unchanged", "hurt")
    assert len(data["verdict"]["arms"]) == 8  # each without and with the memory of the repository
    assert data["metrics"]["steps"] == STEPS
    assert data["was_there"] is False
    assert Path(data["directory"], "adapter_model.safetensors").exists()
    for line in (
        "Plan: project geometry",
        f"base    {tiny_base}",
        "device  cpu",
        "memory  about",
        "disk    about",
    ):
        assert line in grown.err
    done = [line[: line.index(": done")] for line in grown.err.splitlines() if ": done" in line]
    wiki = ["facts", *(stage for stage in done if stage[0].isdigit())]
    assert len(wiki) > 5
    assert [stage for stage in done if stage != "base model"] == [
        "snapshot", *wiki, "dataset", "training", "evaluation",
    ]  # fmt: skip


def test_grow_again_prints_the_result_and_trains_nothing(cli: Cli, repository: Path, grown: Result) -> None:
    before = cli("jobs", "list", "--json").json
    started = time.monotonic()
    again = cli("grow", repository).ok()
    assert time.monotonic() - started < 5
    assert "Nothing has changed since this was grown" in again.out
    for words in ("base + retrieval", "adapter + retrieval", "Verdict: ", "Next:", "gardener ask geometry"):
        assert words in again.out
    assert f"grow {repository} --base" in again.out
    assert cli("grow", repository, "--json").ok().json == {**grown.json, "was_there": True}
    assert cli("jobs", "list", "--json").json == before


# ---- jobs


def test_jobs(cli: Cli, tmp_path: Path) -> None:
    job = first_job(cli)
    assert "geometry/default@1" in cli("jobs", "list", "geometry").ok().out
    shown = cli("jobs", "show", job, "--image", tmp_path / "new" / "loss.png").ok()
    assert "ready" in shown.out
    assert f"1{'':<1}" in shown.out
    assert (tmp_path / "new" / "loss.png").read_bytes().startswith(b"\x89PNG")
    data = cli("jobs", "show", job, "--json").ok().json
    assert [step for step, _ in data["losses"]] == [1, 2, 3]
    assert data["spec"]["r"] == 4


def test_jobs_tail(cli: Cli) -> None:
    out = cli("jobs", "tail", first_job(cli)).ok().out
    for words in (
        "started",
        f"step {STEPS}/{STEPS} loss",
        "published",
        "proven",
        "geometry/default@1: ready",
    ):
        assert words in out
    events = [line for line in cli("jobs", "tail", first_job(cli), "--json").ok().out.splitlines() if line]
    assert all(line.startswith('{"kind": ') for line in events)


def test_a_job_that_has_ended_can_be_neither_cancelled_nor_resumed(cli: Cli) -> None:
    cli("jobs", "cancel", first_job(cli)).failed(4, "ready")
    cli("jobs", "resume", first_job(cli)).failed(4, "ready")


# ---- adapters, evaluate, ask


def test_adapters(cli: Cli) -> None:
    out = cli("adapters", "list").ok().out
    assert "geometry/default@1" in out
    shown = cli("adapters", "show", "geometry/default").ok().out
    for words in ("geometry/default@1", "directory", "receipt", "tensors_matched", "Verdict: ", "torch 2."):
        assert words in shown
    data = cli("adapters", "show", "geometry/default@1", "--json").ok().json
    assert data["ref"] == "geometry/default@1"
    assert data["receipts"][0]["data"]["max_logit_difference"] > 0


def test_adapter_of_that_version_does_not_exist(cli: Cli) -> None:
    cli("adapters", "show", "geometry/default@99").failed(3, "99")


def test_evaluate(cli: Cli) -> None:
    result = cli("evaluate", "geometry", "--functions", "2").ok()
    assert "2 functions of" in result.out
    assert "Verdict: " in result.out


def test_evaluate_require(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    from codebase_gardener.evaluation import verdict

    arguments = ("evaluate", "geometry", "--functions", "1", "--require")
    monkeypatch.setattr(verdict, "_word", lambda _: "unchanged")
    missed = cli(*arguments, "helped", "--json").failed(11, "'unchanged'", "'helped' was required")
    assert missed.json["exit_code"] == 11
    assert missed.json["verdict"]["word"] == "unchanged"
    cli(*arguments, "unchanged").ok()


def test_ask(cli: Cli) -> None:
    question = "Where is circle_area defined?"
    whole = cli("ask", "geometry/default", question, "--tokens", "4", "--json").ok().json
    assert whole["model"]["adapter"] == "geometry/default@1"
    assert any("circle.py:L" in source for source in whole["model"]["sources"])
    assert "circle.py:L" in whole["graph"]["lines"][0]["anchor"]
    bare = cli(
        "ask", "geometry", question, "--tokens", "4", "--no-adapter", "--no-retrieval", "--explain", "--json"
    ).ok().json  # fmt: skip
    assert bare["model"]["adapter"] is None
    assert bare["model"]["sources"] == []
    said = cli("ask", "geometry/default", question, "--tokens", "4").ok()
    assert "geometry/default@1 on " in said.err
    assert "circle.py:L" in said.err


# ---- doctor


def test_doctor_finds_a_home_in_order(cli: Cli) -> None:
    result = cli("doctor", "--json")
    assert result.code == 0, result.out
    states = {check["check"]: check["state"] for check in result.json["checks"]}
    assert states["registry against files"] == "ok"
    assert states["base model"] == "ok"


def test_doctor_clears_litter(cli: Cli) -> None:
    litter = [
        cli.home / "jobs" / "01NOBODY",
        cli.home / "projects" / "geometry" / "adapters" / "default" / "77",
        cli.home / "projects" / "geometry" / "datasets" / ".abcd.k3x_1z9q",
        cli.home / "projects" / "nobody",
    ]
    for folder in litter:
        folder.mkdir(parents=True)
        (folder / "file").write_text("left by a kill")
    assert "none" in litter_line(cli), "somebody may be at work there"
    for path in [path for folder in litter for path in (folder / "file", folder)]:
        os.utime(path, (0, 0))
    said = cli("doctor").ok()
    assert "4 leftovers" in said.out
    assert "gardener doctor --fix" in said.out
    assert all(folder.exists() for folder in litter)
    assert "cleared 4 leftovers" in cli("doctor", "--fix").ok().out
    assert not any(folder.exists() for folder in litter)
    assert "geometry/default@1" in cli("adapters", "list").out
    assert "none" in litter_line(cli)


def litter_line(cli: Cli) -> str:
    return next(line for line in cli("doctor").ok().out.splitlines() if "litter" in line)


def test_a_missing_adapter_file_is_a_problem(cli: Cli, grown: Result) -> None:
    file = Path(grown.json["directory"], "adapter_config.json")
    content = file.read_bytes()
    file.unlink()
    try:
        cli("doctor").failed(11, "registry against files")
        result = cli("doctor", "--json").failed(11)
        assert result.json["ok"] is False
        assert result.json["exit_code"] == 11
        cli("ask", "geometry/default", "why?", "--tokens", "1").failed(7)
    finally:
        file.write_bytes(content)
    cli("doctor").ok()


# ---- further trainings: each adds to the home


def test_train_of_what_is_there_is_the_same_version(cli: Cli) -> None:
    data = cli("train", "geometry", "--json").ok().json
    assert (data["adapter"], data["state"]) == ("geometry/default@1", "ready")


def test_train_waits_and_options_arrive(cli: Cli) -> None:
    result = cli(
        "train", "geometry/small", "--r", "2", "--target-modules", "q_proj,v_proj", "--wait", "--json"
    )
    assert result.ok().json["state"] == "ready"
    config = cli("adapters", "show", "geometry/small", "--json").json["spec"]
    assert config["r"] == 2
    assert config["target_modules"] == ["q_proj", "v_proj"]
    assert "* geometry/small@1" in cli("adapters", "list", "geometry").out, "the first version is active"


def test_cancel_and_delete_what_is_in_training(cli: Cli) -> None:
    started = cli("train", "geometry/long", "--steps", "100000", "--max-epochs", "1000").ok()
    assert "watch it with: gardener jobs tail" in started.out
    job = first_job(cli, "training")
    cli("delete", "geometry/long").failed(4, "in training", f"gardener jobs cancel {job}")
    at = time.monotonic()
    assert "cancelled" in cli("jobs", "cancel", job).ok().out
    assert time.monotonic() - at < 2
    assert cli("jobs", "show", job, "--json").json["status"] == "cancelled"
    cli("jobs", "cancel", job).failed(4, "cancelled")
    assert cli("delete", "geometry/long", "--json").ok().json == {"deleted": ["geometry/long@1"]}
    cli("jobs", "show", job).failed(3)


def test_options_that_fit_no_module_are_refused_with_what_there_is(cli: Cli) -> None:
    cli("train", "geometry/wrong", "--target-modules", "nope", "--wait").failed(2, "nope", "q_proj")
    cli("adapters", "show", "geometry/wrong").failed(3)


def test_a_changed_tree_makes_a_new_version_and_keep_prunes(cli: Cli, repository: Path) -> None:
    (repository / "ring.py").write_text(FUNCTIONS.format(name="ring"))
    data = cli("grow", repository, "--json").ok().json
    assert data["adapter"] == "geometry/default@2"
    (repository / "ring.py").unlink()
    back = cli("grow", repository, "--json").ok().json
    assert (back["adapter"], back["was_there"]) == ("geometry/default@2", True)  # which knows all of it
    kept = {row["adapter_id"] for row in cli("adapters", "list", "--json").json if row["active"]}
    deleted = cli("delete", "geometry", "--keep", "1", "--json").ok().json["deleted"]
    assert set(deleted) == {"geometry/default@1"} - kept
    left = {row["adapter_id"] for row in cli("adapters", "list", "--json").json}
    assert "geometry/default@2" in left
    assert kept <= left


def test_project_with_adapters_is_deleted_whole(cli: Cli) -> None:
    deleted = cli("delete", "geometry", "--yes", "--json").ok().json["deleted"]
    assert deleted[-1] == "geometry"
    assert cli("adapters", "list", "--json").json == []
    assert not (cli.home / "projects" / "geometry").exists()
    assert cli("doctor", "--json").ok().json["ok"]
