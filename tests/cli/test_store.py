import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from codebase_gardener.cli.main import cli
from codebase_gardener.gardener.facade import Gardener
from samples.stored_versions import add_version


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(cli, ["store", *arguments])
    return done.exit_code, done.output


def test_a_home_is_synced_and_its_state_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Gardener() as gardener:
        row = add_version(gardener)
    assert run("status")[0] == 2
    monkeypatch.setenv("CODEBASE_GARDENER_STORE", f"file://{tmp_path / 'store'}")
    assert run("sync")[0] == 2
    assert "in this home only: 1" in run("status")[1]
    code, said = run("sync", "--to-store")
    assert (code, "1 folders published, 0 were there already" in said) == (0, True)
    assert "1 adapters; 2 files" in run("status")[1]
    monkeypatch.setenv("CODEBASE_GARDENER_REGISTRY_URL", gardener.settings.database_url)
    monkeypatch.setenv("CODEBASE_GARDENER_HOME", str(tmp_path / "two"))
    moved = json.loads(CliRunner().invoke(cli, ["store", "sync", "--from-store", "--json"]).stdout)
    assert moved["moved"] == [f"projects/demo/adapters/taken/{row.version}"]
    assert json.loads(run("status", "--json")[1])["not_here"] == 0


@pytest.mark.parametrize("url", ["s3://key:s3cret@bucket", "gs://bucket/s3cret", "nonsense-s3cret"])
def test_a_url_that_is_none_is_not_shown(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CODEBASE_GARDENER_STORE", url)
    code, said = run("status")
    assert code == 2
    assert "s3cret" not in said
    assert "s3://BUCKET/PREFIX" in said
