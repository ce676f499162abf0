"""`gardener wiki build`: whose bug it is where the fresh wiki does not hold."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from codebase_gardener.cli.main import cli as command
from codebase_gardener.knowledge.pages.inline_quotes import QuotableText
from samples.written_garden import write_repository

from .conftest import Cli


def test_a_fresh_wiki_that_does_not_hold_is_our_bug(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_repository(tmp_path / "garden")
    whole = CliRunner().invoke(command, ["wiki", "build", str(tmp_path / "garden")])
    assert whole.exit_code == 0, whole.output
    monkeypatch.setattr(QuotableText, "has", lambda *_: False)
    write_repository(tmp_path / "other")
    (tmp_path / "other" / "notes.md").write_text("# Notes\n\nNothing more.\n")
    broken = CliRunner().invoke(command, ["wiki", "build", str(tmp_path / "other"), "--json"])
    assert broken.exit_code == 11, broken.output
    told = json.loads(broken.stdout)
    assert told["findings"] and "a bug in Codebase Gardener" in str(told)


def test_text_of_a_repository_is_no_order_to_the_terminal(cli: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "hostile"
    folder.mkdir()
    (folder / "README.md").write_text("# Tulips\n\nRed ones \x1b]0;title\x07 and \x1b[31mothers.\n")
    (folder / "a.py").write_text(
        'def tulips(red):\n    """Tulips \x1b[2J of \x9b31m red."""\n    return red\n'
    )
    cli("wiki", "build", folder, "--name", "hostile").ok()
    shown = cli("wiki", "show", "README.md:L1-3", "--project", "hostile").ok().out
    assert r"Red ones \x1b]0;title\x07 and" in shown
    for words in (
        ("wiki", "show", "a.py:L1-3", "--project", "hostile"),
        ("wiki", "show", "Overview", "--project", "hostile"),
        ("wiki", "search", "hostile", "tulips red"),
        ("ask", "hostile", "what is tulips?", "--no-explain"),
    ):
        assert not set(cli(*words).ok().out) & {"\x1b", "\x07", "\x9b"}


@pytest.mark.slow
def test_pages_lines_and_files_are_shown_by_project(cli: Cli, tmp_path: Path) -> None:
    for name in ("pots", "lids"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "README.md").write_text(f"# {name.title()}\n\nOf clay.\n\n--glaze is blue.\n")
        (folder / "a.py").write_text(f"def {name}(red):\n    return red\n")
        cli("wiki", "build", folder, "--name", name).ok()
    assert cli("wiki", "show", "pots").ok().out.startswith("# pots: the way in")
    assert "def pots(red)" in cli("wiki", "show", "pots", "a.py:L1-2").ok().out
    assert "return red" in cli("wiki", "show", "--project", "pots", "a.py:2").ok().out
    assert "Of clay." in cli("wiki", "show", "lids", "README.md").ok().out
    assert "README.md:L1-5" in cli("wiki", "search", "pots", "--glaze").ok().out
    assert "gardener wiki show PROJECT a.py:L1-2" in cli("wiki", "show", "a.py:L1-2").failed(2).err
    cli("wiki", "show").failed(2)
    cli("wiki", "show", "pots", "a.py:L1-2", "more").failed(2)
    cli("wiki", "show", "pots", "none.py").failed(3)


@pytest.mark.slow
def test_a_search_that_asks_what_the_graph_knows_is_answered_first(cli: Cli, tmp_path: Path) -> None:
    write_repository(tmp_path / "garden")
    cli("wiki", "build", tmp_path / "garden", "--name", "garden").ok()
    asked = cli("wiki", "search", "garden", "who calls prune?").ok().out
    assert asked.startswith("test: Pruning  (tests/test_growing.py:L")
    assert cli("wiki", "search", "garden", "prune").ok().out.lstrip()[0].isdigit()
    assert isinstance(cli("wiki", "search", "garden", "who calls prune?", "--json").ok().json, list)
