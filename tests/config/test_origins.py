"""Where settings come from, and that what is secret in them is not told."""

from __future__ import annotations

from pathlib import Path

import pytest

from codebase_gardener.config.origins import SettingRow, setting_rows
from codebase_gardener.config.settings import ENV_PREFIX, load_settings


@pytest.fixture
def rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, SettingRow]:
    (tmp_path / "config.toml").write_text(
        'base = "org/model"\nopenai_base_url = "https://me:hunter2@host/v1?api_key=abc&v=1"\ncache_count = 2\n'
        '[training]\nr = 4\nepochs = 2\n[repository]\nexclude = ["*.min.js", "vendor/"]\n'
    )
    monkeypatch.setenv(f"{ENV_PREFIX}CACHE_COUNT", "7")
    monkeypatch.setenv(f"{ENV_PREFIX}TRAINING__R", "16")
    monkeypatch.setenv(f"{ENV_PREFIX}REGISTRY_URL", "postgresql://me:p%40ss@host/db")
    return {row.name: row for row in setting_rows(load_settings(home=tmp_path, device="cpu"))}


def test_each_has_its_value_and_where_that_comes_from(rows: dict[str, SettingRow], tmp_path: Path) -> None:
    file = str(tmp_path / "config.toml")
    told = {name: (row.value, row.origin, row.where) for name, row in rows.items()}
    assert told["base"] == ("org/model", "file", file)
    assert told["cache_count"] == ("7", "environment", f"{ENV_PREFIX}CACHE_COUNT")
    assert told["device"] == ("cpu", "command line", "")
    assert told["offline"] == ("false", "default", "")
    assert told["training.r"][1:] == ("environment", f"{ENV_PREFIX}TRAINING__R")
    assert told["training.epochs"] == ("2", "file", file)
    assert told["repository.exclude"] == ("*.min.js, vendor/", "file", file)
    assert told["repository.include"] == ("", "default", "")


def test_passwords_and_keys_are_hidden(rows: dict[str, SettingRow]) -> None:
    assert rows["registry_url"].value == "postgresql://•••@host/db"
    assert rows["openai_base_url"].value == "https://•••@host/v1?api_key=•••&v=1"
    assert not any("hunter2" in row.value or "abc" in row.value for row in rows.values())
