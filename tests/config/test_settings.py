"""Settings: flag over environment over file over default; what is wrong is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from codebase_gardener.config.settings import ENV_PREFIX, Settings, load_settings
from codebase_gardener.utils.error_handling import InvalidInputError


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "garden"
    folder.mkdir()
    monkeypatch.setenv(f"{ENV_PREFIX}HOME", str(folder))
    return folder


def test_each_source_overrides_the_ones_below(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings().cache_count == 3
    (home / "config.toml").write_text("cache_count = 4")
    assert load_settings().cache_count == 4
    monkeypatch.setenv(f"{ENV_PREFIX}CACHE_COUNT", "5")
    assert load_settings().cache_count == 5
    assert load_settings(cache_count=6).cache_count == 6
    assert load_settings(cache_count=None).cache_count == 5  # a flag that was not given


def test_training_options_of_all_sources_are_joined(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "config.toml").write_text("[training]\nr = 4\nbatch_size = 2\nseed = 1")
    monkeypatch.setenv(f"{ENV_PREFIX}TRAINING__R", "8")
    monkeypatch.setenv(f"{ENV_PREFIX}TRAINING__TARGET_MODULES", "q_proj,v_proj")
    settings = load_settings(training={"seed": 7})
    assert str(settings.training["r"]) == "8"
    assert settings.training["batch_size"] == 2
    assert settings.training["seed"] == 7
    assert settings.training["target_modules"] == "q_proj,v_proj"


@pytest.mark.parametrize("name", sorted(set(Settings.model_fields) - {"home", "training"}))
def test_every_setting_can_come_from_the_environment(
    name: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = {"device": "cpu", "base": "owner/name", "log_level": "DEBUG",
              "registry_url": "sqlite:////tmp/x",
              "repository": '{"exclude": ["docs/de/"]}', "inference_dtype": "float32"}  # fmt: skip
    default = getattr(load_settings(), name)
    text = values.get(name) or ("true" if default is False else "false" if default is True else f"{default}1")
    monkeypatch.setenv(ENV_PREFIX + name.upper(), text)
    assert getattr(load_settings(), name) != default


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("cache_count", "0"),
        ("cache_bytes", "-1"),
        ("cache_count", "many"),
        ("log_level", "LOUD"),
        ("offline", "maybe"),
    ],
)
def test_bad_values_are_named_with_what_was_given(
    name: str, value: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ENV_PREFIX + name.upper(), value)
    with pytest.raises(InvalidInputError) as caught:
        load_settings()
    assert name in caught.value.message
    assert repr(value) in caught.value.message
    assert ENV_PREFIX + name.upper() in caught.value.hint


def test_an_unknown_setting_in_the_file_is_named(home: Path) -> None:
    (home / "config.toml").write_text("cache_cuont = 4")
    with pytest.raises(InvalidInputError, match="cache_cuont"):
        load_settings()


@pytest.mark.parametrize(
    "content", [b"cache_count = ", b"= 1", b'base = "\xff\xfe"', b"[training", b"a = 1\na = 2"]
)
def test_a_file_that_is_not_toml(content: bytes, home: Path) -> None:
    (home / "config.toml").write_bytes(content)
    with pytest.raises(InvalidInputError, match=r"config\.toml"):
        load_settings()


def test_training_options_that_are_no_json(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{ENV_PREFIX}TRAINING", "r=8")
    with pytest.raises(InvalidInputError, match="training"):
        load_settings()


def test_the_home_is_absolute_whatever_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(f"{ENV_PREFIX}HOME", "relative")
    assert load_settings().home == tmp_path / "relative"
    monkeypatch.setenv("HOME", str(tmp_path))
    assert load_settings(home="~/tilde").home == tmp_path / "tilde"
    settings = load_settings()
    for folder in (settings.projects_dir, settings.jobs_dir, settings.bases_dir):
        assert folder.parent == settings.home


def test_an_empty_home_is_not_the_current_folder(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for empty in ("", " "):
        monkeypatch.setenv(f"{ENV_PREFIX}HOME", empty)
        with pytest.raises(InvalidInputError, match=r"home.*empty"):
            load_settings()


@pytest.mark.parametrize("url", ["sqlite:///garden.db", "sqlite+pysqlite:///../garden.db", "sqlite://"])
def test_a_registry_that_is_another_one_in_each_folder_is_refused(
    url: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"{ENV_PREFIX}REGISTRY_URL", url)
    with pytest.raises(InvalidInputError, match=r"registry_url.*sqlite:////absolute"):
        load_settings()


def test_the_file_of_the_home_that_a_flag_names_is_read(home: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "config.toml").write_text("cache_count = 9")
    assert load_settings(home=other).cache_count == 9


def test_a_worker_finds_the_same_home_database_and_limits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(home=tmp_path / "elsewhere", min_free_bytes=7, log_level="ERROR")
    for name, value in settings.for_workers.items():
        monkeypatch.setenv(name, value)
    found = load_settings()
    assert (found.home, found.database_url) == (settings.home, settings.database_url)
    assert (found.min_free_bytes, found.log_level) == (7, "ERROR")


def test_the_registry_is_sqlite_in_the_home_unless_said_otherwise(tmp_path: Path) -> None:
    assert Settings(home=tmp_path).database_url == f"sqlite:///{tmp_path / 'registry.sqlite'}"
    assert Settings(home=tmp_path, registry_url="postgresql://u@h/db").database_url == "postgresql://u@h/db"


def test_settings_do_not_change(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    with pytest.raises(ValueError, match="frozen"):
        settings.cache_count = 4
