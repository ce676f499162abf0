"""`gardener wiki build`: whose bug it is where the fresh wiki does not hold."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from codebase_gardener.cli.main import cli
from codebase_gardener.knowledge.pages.inline_quotes import QuotableText
from samples.written_garden import write_repository


def test_a_fresh_wiki_that_does_not_hold_is_our_bug(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_repository(tmp_path / "garden")
    whole = CliRunner().invoke(cli, ["wiki", "build", str(tmp_path / "garden")])
    assert whole.exit_code == 0, whole.output
    monkeypatch.setattr(QuotableText, "has", lambda *_: False)
    write_repository(tmp_path / "other")
    (tmp_path / "other" / "notes.md").write_text("# Notes\n\nNothing more.\n")
    broken = CliRunner().invoke(cli, ["wiki", "build", str(tmp_path / "other"), "--json"])
    assert broken.exit_code == 11, broken.output
    told = json.loads(broken.stdout)
    assert told["findings"] and "a bug in Codebase Gardener" in str(told)
