"""`gardener grow --many`: five repositories of which one fails; the next run does that one only."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from samples.geometry import FUNCTIONS

from .conftest import TINY_TRAINING, Cli

NAMES = ("square", "circle", "kite", "oval", "rhombus")


def repository(folder: Path, name: str) -> None:
    folder.mkdir(parents=True)
    (folder / f"{name}.py").write_text(FUNCTIONS.format(name=name))


def events(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Five entries; the folder of the last is missing."""
    for name in NAMES[:-1]:
        repository(tmp_path / "sources" / name, name)
    file = tmp_path / "repos.toml"
    file.write_text("".join(f'[[repository]]\nsource = "sources/{name}"\n' for name in NAMES))
    return file


@pytest.mark.slow
def test_a_fleet_is_grown_and_the_one_that_failed_by_the_next_run(
    file: Path, tmp_path: Path, tiny_base: Path
) -> None:
    training = {**TINY_TRAINING, "CODEBASE_GARDENER_TRAINING__MAX_LENGTH": "512"}
    cli = Cli(tmp_path / "home", **{**training, "CODEBASE_GARDENER_BASE": str(tiny_base)})
    first = cli("grow", "--many", file).failed(8, "1 of 5 could not be grown: rhombus", "again")
    assert "rhombus: '" in first.err, "what went wrong"
    assert "cannot be opened" in first.err
    assert "square/default@1: not measured" in first.out
    assert "5 of 5 were due" in first.out
    assert "square: begins" in first.err
    repository(tmp_path / "sources" / NAMES[-1], NAMES[-1])
    told = events(cli("grow", "--many", file, "--json").ok().out)
    assert [(one["event"], one.get("name")) for one in told if one["event"] != "said"] == [
        ("began", "rhombus"),
        ("ended", "rhombus"),
        ("fleet", None),
    ]
    assert (told[-1]["grown"], told[-1]["failed"]) == (1, 0)
    assert [row["last"]["adapter"] for row in told[-1]["repositories"]] == [
        f"{name}/default@1" for name in NAMES
    ]
    third = cli("grow", "--many", file).ok()
    assert "0 of 5 were due" in third.out
    assert {row["name"] for row in cli("projects", "--json").ok().json} == set(NAMES)


def test_what_is_due_is_told_and_nothing_done(file: Path, cli: Cli) -> None:
    shown = cli("grow", "--many", file, "--plan").ok()
    assert "5 of 5 are due" in shown.out
    plan = events(cli("grow", "--many", file, "--plan", "--json").ok().out)[0]
    assert [(row["name"], row["due"]) for row in plan["repositories"]] == [(name, "new") for name in NAMES]
    assert cli("projects", "--json").ok().json == []


def test_a_file_that_cannot_be_right_is_told_with_its_line(cli: Cli, file: Path) -> None:
    file.write_text("[[repository]]\nsource = 'a'\nminute = 5\n")
    cli("grow", "--many", file).failed(2, f"{file}:3: 'minute' is no key of a repository", "write minutes")
    assert cli("grow", "--many", file, "--json").failed(2).json["context"]["line"] == 3


@pytest.mark.parametrize(
    "more", [["SOURCE"], ["--name", "a"], ["--revision", "v1"], ["--fresh"], ["--holdout", "since:v1"]]
)
def test_what_is_of_one_repository_is_refused(cli: Cli, file: Path, more: list[str]) -> None:
    cli("grow", "--many", file, *more).failed(2, "do not go together")


def test_grow_needs_one_or_many(cli: Cli) -> None:
    cli("grow").failed(2, "no SOURCE is named")
