"""A wiki's folder is replaced as a whole."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from codebase_gardener.knowledge.pages import wiki_folder
from codebase_gardener.knowledge.pages.wiki_folder import publish_wiki, read_wiki_files, replacing


def test_what_a_build_changed(tmp_path: Path) -> None:
    folder = tmp_path / "wiki"
    assert publish_wiki(folder, {"a.md": "1", "b/c.md": "2"}).written == ("a.md", "b/c.md")
    kept = (folder / "a.md").stat().st_ino
    found = publish_wiki(folder, {"a.md": "1", "b/d.md": "3"})
    assert (found.written, found.removed, found.kept) == (("b/d.md",), ("b/c.md",), 1)
    assert read_wiki_files(folder) == {"a.md": "1", "b/d.md": "3"}
    assert (folder / "a.md").stat().st_ino == kept, "a hard link"
    assert not publish_wiki(folder, {"a.md": "1", "b/d.md": "3"}).written


def test_after_a_crash_between_two_renames_the_old_wiki_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "wiki"
    publish_wiki(folder, {"a.md": "old"})
    rename = os.rename

    def crash(source: Path, target: Path) -> None:
        if Path(target) == folder:
            raise KeyboardInterrupt
        rename(source, target)

    monkeypatch.setattr(wiki_folder.os, "rename", crash)
    with pytest.raises(KeyboardInterrupt):
        publish_wiki(folder, {"a.md": "new"})
    assert not folder.exists()
    monkeypatch.setattr(wiki_folder.os, "rename", rename)
    assert publish_wiki(folder, {"a.md": "old"}).kept == 1


def test_a_folder_that_is_not_filled_leaves_the_old_one(tmp_path: Path) -> None:
    folder = tmp_path / "site"
    with replacing(folder) as staged:
        (staged / "a").write_text("old")
    with pytest.raises(ValueError, match="no"), replacing(folder) as staged:
        (staged / "a").write_text("new")
        raise ValueError("no")
    assert (folder / "a").read_text() == "old"
