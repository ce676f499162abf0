"""`gardener connect` beside a running server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from codebase_gardener.cli.main import cli
from serving.conftest import Running, running

__all__ = ["running"]


@pytest.mark.slow
def test_a_clients_config_is_printed_or_written(
    running: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.delenv("CONTINUE_GLOBAL_DIR", raising=False)
    asked = ["connect", "continue", "--url", running.url, "--model", "geometry/other"]
    printed = CliRunner().invoke(cli, asked)
    assert printed.exit_code == 0, printed.output
    assert yaml.safe_load(printed.stdout)["models"][0]["model"] == "geometry/other"
    assert not (tmp_path / ".continue").exists()
    written = CliRunner().invoke(cli, [*asked, "--write", "--json"])
    assert json.loads(written.stdout)["backup"] is None
    assert (tmp_path / ".continue/config.yaml").read_text() == printed.stdout


@pytest.mark.slow
def test_what_cannot_be_is_told(running: Running) -> None:
    unknown = CliRunner().invoke(cli, ["connect", "aider", "--url", running.url, "--model", "nothing"])
    assert unknown.exit_code != 0 and "geometry" in unknown.output
    shell = CliRunner().invoke(cli, ["connect", "openai", "--url", running.url, "--write"])
    assert shell.exit_code != 0 and "no file of its own" in shell.output
