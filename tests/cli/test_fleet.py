"""`gardener grow --many`: five repositories of which three fail; the next run does those only."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from codebase_gardener.cli import fleet
from codebase_gardener.cli.display import Display
from codebase_gardener.gardener.fleet import Due, failed
from codebase_gardener.gardener.fleet_file import FleetEntry
from codebase_gardener.utils.error_handling import SourceError
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
    """Five entries: of the third the folder is missing, the fourth has no code, the base of the fifth is not there."""
    for name in NAMES[:2]:
        repository(tmp_path / "sources" / name, name)
    (tmp_path / "sources" / "oval").mkdir()
    (tmp_path / "sources" / "oval" / "notes.txt").write_text("Nothing to learn from.")
    file = tmp_path / "repos.toml"
    text = "".join(f'[[repository]]\nsource = "sources/{name}"\n' for name in NAMES)
    file.write_text(f'{text}base = "./no-such-base"\n')
    return file


@pytest.mark.slow
def test_a_fleet_is_grown_and_what_failed_by_the_next_run(
    file: Path, tmp_path: Path, tiny_base: Path
) -> None:
    training = {**TINY_TRAINING, "CODEBASE_GARDENER_TRAINING__MAX_LENGTH": "512"}
    cli = Cli(tmp_path / "home", **{**training, "CODEBASE_GARDENER_BASE": str(tiny_base)})
    first = cli("grow", "--many", file).failed(8, "3 of 5 could not be grown: kite, oval, rhombus", "again")
    assert "square/default@1: not measured" in first.out
    assert "circle/default@1: not measured" in first.out
    assert "5 of 5 were due" in first.out
    assert "square: begins" in first.err
    for words in ("kite: '", "cannot be opened", "oval: ", "rhombus: ", "no-such-base"):
        assert words in first.err, "what went wrong with each"
    repository(tmp_path / "sources" / "kite", "kite")
    second = cli("grow", "--many", file, "--json")
    told = events(second.out)
    assert second.code == 8
    assert [(one["event"], one.get("name")) for one in told if one["event"] in ("began", "ended")] == [
        ("began", "kite"),
        ("ended", "kite"),
        ("began", "oval"),
        ("ended", "oval"),
        ("began", "rhombus"),
        ("ended", "rhombus"),
    ]
    whole = next(one for one in told if one["event"] == "fleet")
    assert (whole["grown"], whole["failed"], whole["exit_code"]) == (1, 2, 8)
    adapters = [row["last"]["adapter"] for row in whole["repositories"]]
    assert adapters == [f"{name}/default@1" for name in NAMES[:3]] + ["", ""]
    assert {row["name"] for row in cli("projects", "--json").ok().json} == set(NAMES[:3])
    plan = events(cli("grow", "--many", file, "--plan", "--json").ok().out)[0]
    assert [row["due"] for row in plan["repositories"]] == ["", "", "", "failed", "failed"]


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
    "more",
    [
        ["SOURCE"],
        ["--name", "a"],
        ["--revision", "v1"],
        ["--fresh"],
        ["--threads", "1"],
        ["--holdout", "since:v1"],
    ],
)
def test_what_is_of_one_repository_is_refused(cli: Cli, file: Path, more: list[str]) -> None:
    cli("grow", "--many", file, *more).failed(2, "do not go together")


def test_grow_needs_one_or_many(cli: Cli) -> None:
    cli("grow").failed(2, "no SOURCE is named")


def test_a_table_higher_than_the_terminal_leaves_out_what_is_done_first() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=100, height=9, _environ={})
    entries = [FleetEntry(f"r{n}", f"/r{n}") for n in range(20)]
    table = fleet._LiveTable([Due(entry, None, "new") for entry in entries], Display(console))
    for entry in entries[:3]:
        table.began(entry.name)
    table.at("r1", "training 3/9")
    good = failed(entries[0], SourceError("no"), 0.0)
    table.ended(replace(good, state="done", adapter="r0/default@1", word="helped", active=True))
    table.ended(failed(entries[2], SourceError("its \x1b[31mcolour"), 0.0))
    console.print(table)
    shown = console.file.getvalue()  # type: ignore[attr-defined]  # it is a StringIO
    assert "2 of 20 done, 1 of them failed; 5 of 20 shown" in shown
    assert "training 3/9" in shown
    assert "failed: its" in shown
    assert "[31mcolour" in shown
    assert "\x1b[31m" not in shown, "what an error says is no order to the terminal"
    assert "r0/default@1" not in shown, "what is done goes first"
