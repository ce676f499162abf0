"""`grow` builds the wiki, and its dataset is the same whatever wiki was there before."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from codebase_gardener.config.settings import Settings
from codebase_gardener.dataset.assembly import Dataset
from codebase_gardener.gardener import growing
from codebase_gardener.gardener.facade import Gardener
from codebase_gardener.gardener.wikis import build_wiki
from codebase_gardener.utils.progress import Quiet
from codebase_gardener.wiki.writing import OpenWriter
from samples.written_garden import write_repository

pytestmark = pytest.mark.slow


class StopError(Exception):
    pass


@pytest.fixture
def homes(tmp_path: Path, embedded_home: Path) -> tuple[Path, Path]:
    """Two homes that have the embedded base: it is not converted for each test."""
    homes = tmp_path / "home", tmp_path / "other"
    for home in homes:
        home.mkdir()
        (home / "bases").symlink_to(embedded_home / "bases")
    return homes


@pytest.fixture
def gardener(homes: tuple[Path, Path]) -> Iterator[Gardener]:
    with Gardener(Settings(home=homes[0])) as gardener:
        yield gardener


@pytest.fixture
def source(tmp_path: Path) -> Path:
    write_repository(tmp_path / "garden")
    return tmp_path / "garden"


def dataset_of_grow(gardener: Gardener, source: Path, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """What `grow` would train on: it is stopped before the training."""
    found: list[Dataset] = []
    make = Gardener.dataset

    def spied(self: Gardener, *arguments: object, **options: object) -> object:
        made = make(self, *arguments, **options)  # type: ignore[arg-type]
        found.append(made[0])
        raise StopError

    with monkeypatch.context() as patch, pytest.raises(StopError):
        patch.setattr(Gardener, "dataset", spied)
        growing.grow(gardener, str(source), Quiet(), show_plan=lambda _: None)
    return found[0]


@pytest.mark.parametrize(
    ("tokens", "goes_on", "functions"),
    [(4_000, False, 16), (215_000, False, 21), (900_000, False, 32), (4_000, True, 32)],
)
def test_a_verdict_takes_a_tenth_of_the_training(tokens: int, goes_on: bool, functions: int) -> None:
    row: Any = SimpleNamespace(metrics={"tokens": tokens}, lineage={"parent": "p@1"} if goes_on else None)
    assert growing.functions_after(row) == functions


def test_grow_builds_the_wiki(gardener: Gardener, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = dataset_of_grow(gardener, source, monkeypatch)
    wiki = gardener.wiki("garden")
    assert wiki.current_pages() == (wiki.pages(), "")
    assert any(row.task.startswith("wiki_") for row in made.train)
    assert gardener.dataset("garden")[0].hash == made.hash


@pytest.mark.parametrize("before", ["none", "current", "phase 1a", "older", "by a model", "being built"])
def test_the_dataset_is_the_same_whatever_wiki_was_there(
    gardener: Gardener, source: Path, homes: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, before: str
) -> None:
    with Gardener(Settings(home=homes[1])) as other:
        expected = dataset_of_grow(other, source, monkeypatch).hash
    prepare(before, gardener, source, monkeypatch)
    pages = {file: file.read_bytes() for file in gardener.settings.projects_dir.rglob("wiki/*/*.md")}
    if before == "being built":
        from codebase_gardener.knowledge.pages.wiki_folder import wiki_lock

        lock = wiki_lock(gardener.wiki("garden").paths.folder)
        assert lock.acquire()
    assert dataset_of_grow(gardener, source, monkeypatch).hash == expected
    if before == "by a model":
        assert pages
        assert all(file.read_bytes() == text for file, text in pages.items())


def prepare(before: str, gardener: Gardener, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if before in ("current", "being built"):
        build_wiki(gardener, str(source), Quiet())
    elif before == "phase 1a":
        build_wiki(gardener, str(source), Quiet(), phase="1a")
    elif before == "older":
        file = source / "README.md"
        text = file.read_text()
        file.write_text("# Another\n")
        build_wiki(gardener, str(source), Quiet())
        file.write_text(text)
    elif before == "by a model":
        writer = OpenWriter("openai:a", lambda prompt: "It is used in the garden.")
        monkeypatch.setattr("codebase_gardener.gardener.wikis.named_writer", lambda *_: writer)
        build_wiki(gardener, str(source), Quiet(), writer="openai:a")
