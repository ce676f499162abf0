"""A file of repositories: what it means, and what is said of one that cannot be right."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from codebase_gardener.gardener.fleet_file import FleetEntry, read_fleet
from codebase_gardener.utils.error_handling import InvalidInputError

WHOLE = """\
minutes = 7
every = "1d"
training = {r = 8}

[[repository]]
source = "click"

[[repository]]
source = "https://example.org/flask.git"
name = "flask-2"
revision = "v2.0"
base = "./bases/tiny"
minutes = 2.5
every = "90m"
fresh = true
training = {r = 4, target_modules = ["q_proj", "v_proj"]}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "repos.toml"


def refused(file: Path, text: str) -> InvalidInputError:
    file.write_text(text)
    with pytest.raises(InvalidInputError) as refusal:
        read_fleet(file)
    return refusal.value


def test_what_stands_above_is_for_those_that_do_not_say(file: Path) -> None:
    file.write_text(WHOLE)
    assert read_fleet(file) == (
        FleetEntry(
            name="click",
            source=str(file.parent / "click"),
            options={"r": 8, "minutes": 7},
            every_s=86_400,
            where=f"{file}:5",
        ),
        FleetEntry(
            name="flask-2",
            source="https://example.org/flask.git",
            revision="v2.0",
            base=str(file.parent / "bases/tiny"),
            options={"r": 4, "target_modules": ["q_proj", "v_proj"], "minutes": 2.5},
            fresh=True,
            every_s=5_400,
            where=f"{file}:8",
        ),
    )


def test_the_command_is_for_those_that_do_not_say(file: Path) -> None:
    file.write_text(WHOLE)
    first, second = read_fleet(file, base="other", minutes=1)
    assert (first.base, first.options["minutes"]) == ("other", 1)
    assert (second.base, second.options["minutes"]) == (str(file.parent / "bases/tiny"), 2.5)


def test_a_schedule_is_no_part_of_what_is_asked_for() -> None:
    assert FleetEntry("a", "/a", every_s=60).asked == FleetEntry("a", "/a", where="f:1").asked
    assert FleetEntry("a", "/a", options={"r": 8}).asked != FleetEntry("a", "/a").asked


@pytest.mark.parametrize(
    ("text", "line", "words", "write"),
    [
        ("[[repository]]\nsource = 'a'\nminute = 5\n", 3, "'minute' is no key", "write minutes"),
        ("minutez = 5\n[[repository]]\nsource = 'a'\n", 1, "'minutez' is no key", "write minutes"),
        ("name = 'a'\n[[repository]]\nsource = 'a'\n", 1, "'name' is no key above", "base, minutes"),
        ("[[repository]]\nname = 'a'\n", 1, "without a source", "write source ="),
        ("[[repository]]\nsource = 5\n", 2, "source is not right", 'write a text, such as source = "'),
        ("[[repository]]\nsource = ''\n", 2, "source is empty", "write a text"),
        ("[[repository]]\nsource = \"a\\u0000b\"\n", 2, "control characters", "write a text"),
        ("[[repository]]\nsource = '~nobody-of-this-name/a'\n", 2, "~nobody", "the whole path"),
        ("[[repository]]\nsource = 'a'\nminutes = '5'\n", 3, "minutes is not right", "minutes = 5"),
        ("[[repository]]\nsource = 'a'\nminutes = true\n", 3, "minutes is not right", "minutes = 5"),
        ("[[repository]]\nsource = 'a'\nminutes = -5\n", 3, "minutes", "gardener train --help"),
        ("[[repository]]\nsource = 'a'\nminutes = nan\n", 3, "minutes", "gardener train --help"),
        ("[[repository]]\nsource = 'a'\nfresh = 'yes'\n", 3, "fresh is not right", "fresh = true"),
        ("[[repository]]\nsource = 'a'\nevery = 'daily'\n", 3, "'daily' is no time", 'every = "1d"'),
        ("[[repository]]\nsource = 'a'\nevery = '0d'\n", 3, "'0d' is no time", 'every = "1d"'),
        ("[[repository]]\nsource = 'a'\nname = '../b'\n", 3, "project name", "use letters"),
        ("[[repository]]\nsource = 'a'\nrevision = '--upload-pack=x'\n", 3, "--upload-pack", ""),
        ("[[repository]]\nsource = 'a'\ntraining = {rr = 8}\n", 3, "training option rr", "known options"),
        ("[[repository]]\nsource = 'a'\n[repository.training]\nr = 'x'\n", 3, "training option r", ""),
        ("[[repository]]\nsource = 'a/x'\n[[repository]]\nsource = 'b/x'\n", 3, "the project x", "another name"),
        ("[[repository]]\nsource = 'a'\n[[repository]]\nsource = 'b'\nname = 'a'\n", 5, "project a", "a-2"),
        ("[[repository]]\nsource = 'a'\nsource = 'b'\n", 3, "is not valid TOML", "[[repository]]"),
        ("repository = 5\n", 1, "not an array of tables", "[[repository]]"),
        ("repository = ['a']\n", 1, "not an array of tables", "[[repository]]"),
        ("minutes = 5\n", 1, "there is no repository", "[[repository]]"),
        ("", 1, "there is no repository", "[[repository]]"),
    ],
)  # fmt: skip
def test_what_cannot_be_right_is_told_with_its_line(
    file: Path, text: str, line: int, words: str, write: str
) -> None:
    error = refused(file, text)
    assert error.message.startswith(f"{file}:{line}"), error.message
    assert words in error.message
    assert write in error.hint


def test_what_is_no_text_file_is_refused(file: Path) -> None:
    with pytest.raises(InvalidInputError, match="cannot be read"):
        read_fleet(file)
    with pytest.raises(InvalidInputError, match=r"is no file|cannot be read"):
        read_fleet(file.parent)
    file.write_bytes(b"a = 1\n\xff")
    with pytest.raises(InvalidInputError, match=r"repos\.toml:2 is not UTF-8"):
        read_fleet(file)
    file.write_text("x" * 4_000_001)
    with pytest.raises(InvalidInputError, match="larger than"):
        read_fleet(file)
    file.unlink()
    os.mkfifo(file)
    with pytest.raises(InvalidInputError, match="is no file"):
        read_fleet(file)


@pytest.mark.parametrize(
    "hostile", ["x = " + "[" * 5_000 + "]" * 5_000, "a." * 5_000 + "b = 1", "a = " + "9" * 5_000]
)
def test_a_hostile_file_ends_in_an_error(file: Path, hostile: str) -> None:
    refused(file, hostile)
