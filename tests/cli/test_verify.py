"""`gardener verify --claims`."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from .conftest import Cli

CODE = "def load(path):\n    return path\n\n\ndef save(path):\n    return None\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "repo"
    folder.mkdir()
    (folder / "store.py").write_text(CODE)
    (tmp_path / "good.md").write_text("| `load` | store.py:L1-2 |\n\nSee store.py:1.\n")
    (tmp_path / "bad.md").write_text("# Bad\n\n`save` (`store.py:L1-6`), `drop` (`store.py:9`)\n")
    return folder


def test_claims_that_hold(cli: Cli, project: Path) -> None:
    result = cli("verify", "--claims", project.parent / "good.md", "--repo", project).ok()
    assert "good.md:1" in result.out
    assert result.out.splitlines()[-1] == "2 claims: 1 exact, 1 no-symbol"


def test_claims_that_do_not(cli: Cli, project: Path) -> None:
    result = cli("verify", "--claims", project.parent / "bad.md", "--repo", project)
    result.failed(11, "2 of 2 claims do not hold")
    row = next(line for line in result.out.splitlines() if " save " in line).split()
    assert row[1:] == ["store.py:L1-6", "save", "L5-6", "off"]
    assert result.out.splitlines()[-1] == "2 claims: 1 off, 1 gone"


@pytest.mark.parametrize(
    "form", [["--claims", "A", "B"], ["--claims", "A", "--claims", "B"], ["B", "--claims", "A"]]
)
def test_several_files(cli: Cli, project: Path, form: list[str]) -> None:
    names = {"A": str(project.parent / "good.md"), "B": str(project.parent / "bad.md")}
    result = cli("verify", *(names.get(word, word) for word in form), "--repo", project, "--json")
    assert result.code == 11
    made = result.json
    assert not made["ok"]
    assert made["tally"] == {"exact": 1, "off": 1, "wrong": 0, "gone": 1, "no-symbol": 1}
    assert [Path(claim["document"]).name for claim in made["claims"]] == ["good.md"] * 2 + ["bad.md"] * 2
    first = made["claims"][0]
    assert (first["path"], first["symbol"], first["claimed"], first["actual"], first["verdict"]) == (
        "store.py", "load", "L1-2", "L1-2", "exact",
    )  # fmt: skip
    assert (first["claimed_lines"], first["line"], first["file"]) == ([1, 2], 1, "store.py")


def test_json_of_what_holds(cli: Cli, project: Path) -> None:
    made = cli("verify", "--claims", project.parent / "good.md", "--repo", project, "--json").ok().json
    assert made["ok"]
    assert "error" not in made


def commit(repository: Path) -> str:
    who = ("-c", "user.name=T", "-c", "user.email=t@example.org")
    for words in (["init", "-q"], ["add", "."], [*who, "commit", "-qm", "c"]):
        subprocess.run(["git", *words], cwd=repository, check=True)
    head = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=repository, check=True, capture_output=True, text=True
    )
    return head.stdout.strip()


def test_a_revision(cli: Cli, project: Path) -> None:
    first = commit(project)
    (project / "store.py").write_text("\n" + CODE)
    commit(project)
    arguments = ("verify", "--claims", project.parent / "good.md", "--repo", project)
    cli(*arguments, "--revision", first).ok()
    cli(*arguments).failed(11)


def test_what_cannot_be_verified(cli: Cli, project: Path, tmp_path: Path) -> None:
    cli("verify").failed(2, "--claims")
    cli("verify", "geometry").failed(3, "geometry")
    cli("verify", "geometry", "other").failed(2, "one is verified at a time")
    cli("verify", "--claims", tmp_path / "none.md", "--repo", project).failed(2, "none.md cannot be read")
    cli("verify", "--claims", tmp_path / "good.md", "--repo", tmp_path / "nowhere").failed(5)
    (tmp_path / "odd.md").write_bytes(b"\xff\xfe\x00`load` store.py:L1-2\r\n")
    cli("verify", "--claims", tmp_path / "odd.md", "--repo", project).ok()


def test_a_project_wins_over_a_folder_of_its_name(
    cli: Cli, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli("add", project, "--name", "store").ok()
    here = tmp_path / "here"
    (here / "store").mkdir(parents=True)
    monkeypatch.chdir(here)
    cli("verify", "--claims", "../good.md", "--repo", "store").ok()
    cli("verify", "--claims", "../good.md", "--repo", "./store").failed(5, "is empty")


def test_fix_writes_what_is_certain(cli: Cli, project: Path) -> None:
    bad = project.parent / "bad.md"
    bad.chmod(0o640)
    result = cli("verify", "--claims", bad, "--repo", project, "--fix")
    result.failed(11, "1 of 2 claims do not hold")
    assert bad.read_text() == "# Bad\n\n`save` (`store.py:L5-6`), `drop` (`store.py:9`)\n"
    assert bad.stat().st_mode & 0o777 == 0o640
    row = next(line for line in result.out.splitlines() if " save " in line).split()
    assert row[1:5] == ["store.py:L1-6", "save", "L5-6", "fixed"]
    assert result.out.splitlines()[-1] == f"1 fixed in {bad}"
    left = cli("verify", "--claims", bad, "--repo", project, "--fix", "--json")
    assert [(claim["verdict"], claim["fixed"]) for claim in left.json["claims"]] == [
        ("exact", False),
        ("gone", False),
    ]
    assert left.json["claims"][1]["doubt"] == "the symbol is not in store.py"
    assert left.json["written"] == []


def test_fix_ends_well_where_nothing_is_left(cli: Cli, project: Path) -> None:
    link = project.parent / "link.md"
    (project.parent / "bad.md").write_text("`save` (store.py:L1)\n")
    link.symlink_to("bad.md")
    made = cli("verify", "--claims", link, "--repo", project, "--fix", "--json").ok().json
    assert (made["ok"], made["fixed"], made["tally"]["off"] + made["tally"]["wrong"]) == (True, 1, 1)
    assert link.is_symlink()
    assert (project.parent / "bad.md").read_text() == "`save` (store.py:L5-6)\n"


def test_a_folder_stands_for_its_markdown(cli: Cli, project: Path) -> None:
    docs = project.parent / "docs"
    (docs / "node_modules/x").mkdir(parents=True)
    (docs / "node_modules/x/README.md").write_text("`drop` (store.py:9)\n")
    cli("verify", "--claims", docs, "--repo", project).failed(2, "holds no Markdown file")
    (docs / "deep").mkdir()
    (docs / "deep/a.MD").write_text("`load` (store.py:L1-2)\n")
    (docs / "b.md").write_text("`load` (store.py:L1-2)\n")
    made = cli("verify", "--claims", docs, docs / "b.md", "--repo", project, "--json").ok().json
    assert [Path(claim["document"]).name for claim in made["claims"]] == ["b.md", "a.MD"]


def test_since_judges_what_changed(cli: Cli, project: Path) -> None:
    (project / "other.py").write_text("def far():\n    return 1\n")
    (project / "a.md").write_text("`far` (other.py:9)\n\n`load` (store.py:9)\n")
    first = commit(project)
    arguments = ("verify", "--claims", project, "--repo", project, "--since", first, "--json")
    assert cli(*arguments).ok().json["claims"] == []
    (project / "a.md").write_text("`far` (other.py:9)\n\n`load` (store.py:9)\n\n`save` (store.py:9)\n")
    assert [claim["symbol"] for claim in cli(*arguments).json["claims"]] == ["save"]
    (project / "store.py").write_text("\n" + CODE)
    assert [claim["symbol"] for claim in cli(*arguments).json["claims"]] == ["load", "save"]
    (project / "other.py").unlink()
    assert [claim["symbol"] for claim in cli(*arguments).json["claims"]] == ["far", "load", "save"]


@pytest.mark.parametrize("option", [["--fix"], ["--since", "HEAD"], ["--format", "sarif"]])
def test_options_of_claims_alone(cli: Cli, option: list[str]) -> None:
    cli("verify", "geometry", *option).failed(2, "are of --claims")


def test_a_project_stands_for_its_source(cli: Cli, project: Path, tmp_path: Path) -> None:
    cli("add", project, "--name", "shop").ok()
    arguments = ("verify", "--claims", project.parent / "good.md", "--repo")
    assert cli(*arguments, "shop", "--json").ok().json["repository"] == str(project)
    cli(*arguments, "none").failed(5)
