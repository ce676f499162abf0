"""`add`, `projects`, `delete` of a project."""

from __future__ import annotations

from pathlib import Path

from .conftest import Cli


def test_add_reports_what_it_read_and_left_out(cli: Cli, small_repository: Path) -> None:
    (small_repository / "logo.png").write_bytes(b"\x89PNG\r\n")
    (small_repository / "key.py").write_text("key = 'AKIA" + "IOSFODNN7ABCDEFG'\n")
    result = cli("add", small_repository).ok()
    assert "geometry: directory at tree:" in result.out
    assert "7 files: 6 python, 1 markdown" in result.out
    assert "2 left out:" in result.out
    assert "logo.png: binary: .png file" in result.out
    assert "secret: AWS access key at line 1" in result.out
    assert "IOSFODNN7ABCDEFG" not in result.out + result.err


def test_add_as_json(cli: Cli, small_repository: Path) -> None:
    (small_repository / "logo.png").write_bytes(b"\x89PNG\r\n")
    data = cli("add", small_repository, "--json").ok().json
    assert data["project"] == "geometry"
    assert data["kind"] == "directory"
    assert data["files"] == 7
    assert data["skipped"] == [{"path": "logo.png", "reason": "binary: .png file"}]


def test_add_lists_twenty_files_and_all_with_verbose(cli: Cli, small_repository: Path) -> None:
    for number in range(25):
        (small_repository / f"{number}.png").write_bytes(b"\x89PNG")
    short, whole = cli("add", small_repository).ok(), cli("add", small_repository, "--verbose").ok()
    assert short.out.count(": binary") == 20
    assert "and 5 more (--verbose)" in short.out
    assert whole.out.count(": binary") == 25


def test_projects(cli: Cli, small_repository: Path) -> None:
    assert "no projects yet" in cli("projects").ok().out
    assert cli("projects", "--json").ok().json == []
    cli("add", small_repository, "--name", "shapes").ok()
    assert "shapes" in cli("projects").ok().out
    assert [row["name"] for row in cli("projects", "--json").ok().json] == ["shapes"]


def test_a_name_taken_by_another_source_is_refused_with_a_hint(
    garden: Cli, tmp_path: Path, small_repository: Path
) -> None:
    other = tmp_path / "elsewhere" / "geometry"
    other.mkdir(parents=True)
    (other / "a.py").write_text("def f(x):\n    y = x + 1\n    return y\n")
    garden("add", other).failed(4, "geometry", "--name")
    garden("add", other, "--name", "other").ok()
    garden("add", small_repository).ok()  # the same source again is a new look at it


def test_delete_of_a_project_asks_first(garden: Cli) -> None:
    refused = garden("delete", "geometry")
    assert refused.code == 130
    assert "nothing was done" in refused.err
    assert len(garden("projects", "--json").json) == 1
    assert "deleted geometry" in garden("delete", "geometry", "--yes").ok().out
    assert garden("projects", "--json").json == []
    assert not (garden.home / "projects" / "geometry").exists()


def test_a_program_has_to_say_that_it_means_the_whole_project(garden: Cli) -> None:
    garden("delete", "geometry", "--json").failed(2, "whole project", "--yes")
    assert len(garden("projects", "--json").json) == 1
    garden("delete", "nothing", "--json").failed(3, "nothing")


def test_deleted_project_can_be_added_again(garden: Cli, small_repository: Path) -> None:
    assert garden("delete", "geometry", "--yes", "--json").ok().json == {"deleted": ["geometry"]}
    garden("add", small_repository).ok()


def test_listings_of_nothing(garden: Cli) -> None:
    assert "no adapters yet" in garden("adapters", "list").ok().out
    assert garden("adapters", "list", "--json").ok().json == []
    assert "no trainings yet" in garden("jobs", "list").ok().out
    assert garden("jobs", "list", "geometry", "--json").ok().json == []
