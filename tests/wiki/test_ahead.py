"""A rebuild's source is read once, by a thread, while the builder is loaded."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from codebase_gardener.config.settings import Settings
from codebase_gardener.gardener.facade import Gardener
from codebase_gardener.gardener.wikis import build_wiki
from codebase_gardener.repository import secrets, snapshot
from codebase_gardener.repository.secrets import Scanned, Secret
from codebase_gardener.repository.snapshot import take_snapshot
from codebase_gardener.utils.error_handling import SourceError
from codebase_gardener.utils.progress import Quiet
from codebase_gardener.wiki.ahead import read_ahead, reading_ahead
from codebase_gardener.wiki.unchanged import StampedSource, remember_build
from samples.written_garden import write_repository


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


@pytest.fixture
def garden(tmp_path: Path, settings: Settings) -> Path:
    write_repository(tmp_path / "garden")
    time.sleep(0.15)  # what was written just now has no stamp
    source = StampedSource.of(settings, str(tmp_path / "garden"))
    with Gardener(settings) as gardener:
        made = build_wiki(gardener, str(tmp_path / "garden"), Quiet())
    remember_build(settings, made, source)
    (tmp_path / "garden/README.md").write_text("# Garden\n")
    return tmp_path / "garden"


@pytest.mark.parametrize("named", ["path", "project"])
def test_what_was_read_ahead_is_not_read_again(
    garden: Path, settings: Settings, named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    what = str(garden) if named == "path" else "garden"
    monkeypatch.chdir(garden.parent.parent)
    with (
        reading_ahead(settings, what, StampedSource.of(settings, what)) as ahead,
        Gardener(settings) as gardener,
    ):
        assert ahead is not None
        assert ahead.result() == take_snapshot(str(garden))
        monkeypatch.setattr(snapshot, "take_snapshot", lambda *_, **__: pytest.fail("read again"))
        built = build_wiki(gardener, what, Quiet(), ahead=ahead)
    assert built.revision == ahead.result().revision


def test_threads_take_turns_as_before(garden: Path, settings: Settings) -> None:
    before = sys.getswitchinterval()
    with reading_ahead(settings, str(garden), StampedSource.of(settings, str(garden))):
        assert sys.getswitchinterval() < before
    assert sys.getswitchinterval() == before


def test_of_what_was_never_built_nothing_is_read_ahead(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "new").mkdir()
    source = StampedSource.of(settings, str(tmp_path / "new"))
    with reading_ahead(settings, str(tmp_path / "new"), source) as ahead:
        assert ahead is None
    assert not (settings.projects_dir / "new").exists()


def test_another_source_is_not_mistaken_for_it(garden: Path, settings: Settings, tmp_path: Path) -> None:
    with reading_ahead(settings, "garden", StampedSource.of(settings, "garden")) as ahead:
        assert read_ahead(ahead, str(tmp_path)) is None
        found = read_ahead(ahead, str(garden))
        assert found is not None
        assert found.source == str(garden)


def test_a_source_that_cannot_be_read_says_so(garden: Path, settings: Settings) -> None:
    source = StampedSource.of(settings, str(garden))
    for path in sorted(garden.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    with reading_ahead(settings, str(garden), source) as ahead, pytest.raises(SourceError):
        read_ahead(ahead, str(garden))


def test_the_first_build_keeps_what_the_scan_found(
    garden: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    scanned: list[int] = []
    find = secrets._find

    def counted(texts: list[Scanned]) -> list[list[Secret]]:
        scanned.append(len(texts))
        return find(texts)

    counted.__module__, counted.__qualname__ = find.__module__, find.__qualname__
    monkeypatch.setattr(secrets, "_find", counted)
    with Gardener(settings) as gardener:
        build_wiki(gardener, str(garden), Quiet())
    assert scanned == [1]
