"""A wiki with nothing to do is told by stamps; any change of what it depends on is seen."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from codebase_gardener.config.settings import Settings
from codebase_gardener.gardener.facade import Gardener
from codebase_gardener.gardener.wikis import build_wiki
from codebase_gardener.knowledge.pages.findings import Finding
from codebase_gardener.repository import stamps
from codebase_gardener.utils.progress import Quiet
from codebase_gardener.wiki.building import Built
from codebase_gardener.wiki.unchanged import BuildWords, StampedSource, remember_build, unchanged_wiki

pytestmark = pytest.mark.slow

CODE = 'def load(path: str) -> str:\n    """Load it."""\n    return path\n'


def built(settings: Settings, what: str) -> Built:
    source = StampedSource.of(settings, what)
    with Gardener(settings) as gardener:
        made = build_wiki(gardener, what, Quiet())
    remember_build(settings, made, source)
    return made


def unchanged(settings: Settings, what: str, phase: str = "6") -> BuildWords | None:
    return unchanged_wiki(settings, what, StampedSource.of(settings, what), phase=phase)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


@pytest.fixture(params=["directory", "git"])
def source(tmp_path: Path, request: pytest.FixtureRequest, settings: Settings) -> Path:
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "shop.py").write_text(CODE)
    (folder / ".gitignore").write_text("*.log\n")
    (folder / "README.md").write_text("# Shop\n\n```python\nfrom shop import load\n\nload('a')\n```\n")
    if request.param == "git":
        git(folder, "init", "-q")
        git(folder, "add", ".")
        git(folder, "commit", "-qm", "first")
    age(folder)
    built(settings, str(folder))
    return folder


def git(folder: Path, *words: str) -> None:
    who = ("-c", "user.name=T", "-c", "user.email=t@example.org")
    subprocess.run(["git", *who, *words], cwd=folder, check=True)


def age(folder: Path) -> None:
    """What was written just now might be written again without another stamp."""
    time.sleep(0.15)


def test_what_is_told_is_what_a_build_tells(settings: Settings, source: Path) -> None:
    told = unchanged(settings, str(source))
    assert told is not None
    assert unchanged(settings, "shop") == told
    again = built(settings, str(source))
    assert told.document == again.as_dict()
    assert list(told.lines) == again.summary()


def test_looking_changes_nothing(settings: Settings, source: Path) -> None:
    with Gardener(settings) as gardener:
        gardener.projects()
        gardener.wiki("shop").pages()
    assert unchanged(settings, "shop") is not None


def rewrite_with_its_time(source: Path) -> None:
    file = source / "shop.py"
    before = file.stat()
    file.write_text(CODE.replace("path", "file"))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


CHANGES: dict[str, Callable[[Path, Settings], object]] = {
    "a file": lambda source, _: (source / "shop.py").write_text(CODE + "\n"),
    "a file of the same size and time": lambda source, _: rewrite_with_its_time(source),
    "a new file": lambda source, _: (source / "new.py").write_text(CODE),
    "a file that is gone": lambda source, _: (source / "README.md").unlink(),
    "what is ignored": lambda source, _: (source / ".gitignore").write_text("README.md\n"),
    "a file for a link": lambda source, _: ((source / "shop.py").rename(source / "x.log"),
                                            (source / "shop.py").symlink_to("x.log")),
    "a page": lambda _, settings: next((settings.projects_dir / "shop/wiki").rglob("*.md")).write_text("x"),
    "a page more": lambda _, settings: (settings.projects_dir / "shop/wiki/own.md").write_text("x"),
    "a page less": lambda _, settings: next((settings.projects_dir / "shop/wiki").rglob("*.md")).unlink(),
    "overrides": lambda _, settings: (settings.projects_dir / "shop/wiki-overrides.yaml").write_text("{}\n"),
    "the database": lambda _, settings: os.utime(settings.home / "registry.sqlite"),
    "no database": lambda _, settings: (settings.home / "registry.sqlite").unlink(),
    "the snapshot": lambda _, settings: next((settings.projects_dir / "shop/snapshots").rglob("*.jsonl")).unlink(),
    "the record": lambda _, settings: (settings.projects_dir / "shop/wiki-cache/build.json").unlink(),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_seen(settings: Settings, source: Path, name: str) -> None:
    CHANGES[name](source, settings)
    age(source)
    assert unchanged(settings, str(source)) is None


def test_a_commit_is_seen(settings: Settings, source: Path) -> None:
    if not (source / ".git").is_dir():
        git(source, "init", "-q")
        git(source, "add", ".")
    git(source, "commit", "-qm", "second", "--allow-empty")
    assert unchanged(settings, str(source)) is None


def test_other_settings_are_seen(settings: Settings, source: Path) -> None:
    for other in ({"max_file_bytes": 10}, {"repository": {"exclude": ["x"]}}):
        assert unchanged(settings.model_copy(update=other), str(source)) is None
    assert unchanged(settings, str(source), phase="2") is None
    assert unchanged(settings, str(source.parent)) is None
    assert unchanged(settings, "nothing") is None


def test_an_ignored_file_is_no_change(settings: Settings, source: Path) -> None:
    (source / "run.log").write_text("x")
    assert unchanged(settings, str(source)) is not None


def test_a_file_of_just_now_cannot_be_told_by_its_stamp(
    settings: Settings, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (source / "shop.py").write_text(CODE + "\n")
    monkeypatch.setattr(stamps, "_MARGIN_NS", 10**12)
    built(settings, str(source))
    assert unchanged(settings, str(source)) is None
    monkeypatch.undo()
    age(source)
    built(settings, str(source))
    assert unchanged(settings, str(source)) is not None


def test_other_code_of_ours_is_seen(
    settings: Settings, source: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("codebase_gardener.__path__", [str(tmp_path)])
    assert unchanged(settings, str(source)) is None


def test_findings_are_told_again(settings: Settings, source: Path) -> None:
    made = built(settings, str(source))
    finding = Finding("a.md", 1, "links", "leads to no page")
    remember_build(
        settings,
        replace(made, build=replace(made.build, findings=(finding,))),
        StampedSource.of(settings, str(source)),
    )
    told = unchanged(settings, str(source))
    assert told is not None
    assert told.document["findings"] == [vars(finding)]
