"""A wiki's folder is replaced as a whole."""

from __future__ import annotations

import os
import stat
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


def test_the_files_of_the_wiki_before_the_last_are_written_over(tmp_path: Path) -> None:
    folder = tmp_path / "wiki"
    publish_wiki(folder, {"a.md": "a long text", "b/c.md": "2", "b/d.md": "kept", "e/f.md": "gone"})
    first = (folder / "a.md").stat().st_ino
    publish_wiki(folder, {"a.md": "second", "b/c.md": "3", "b/d.md": "kept"})
    wanted = {"a.md": "short", "b/c.md": "4", "b/d.md": "changed"}
    with (folder / "b" / "d.md").open() as reader:
        publish_wiki(folder, wanted)
        assert reader.read() == "kept"
    assert (folder / "a.md").stat().st_ino == first
    assert read_wiki_files(folder) == wanted
    assert not (folder / "e").exists()
    assert stat.S_IMODE((folder / "a.md").stat().st_mode) == 0o600


def test_a_file_that_two_wikis_have_is_not_written_over(tmp_path: Path) -> None:
    folder, aside = tmp_path / "wiki", tmp_path / "aside.md"
    publish_wiki(folder, {"a.md": "1"})
    os.link(folder / "a.md", aside)
    for text in "23":
        publish_wiki(folder, {"a.md": text})
    assert (aside.read_text(), read_wiki_files(folder)) == ("1", {"a.md": "3"})


def test_what_lies_where_the_next_wiki_is_put_together_does_no_harm(tmp_path: Path) -> None:
    folder, outside = tmp_path / "wiki", tmp_path / "outside.md"
    outside.write_text("mine")
    for text in "12":
        publish_wiki(folder, {"a.md": text, "b.md": "as before", "c/d.md": text})
    old = tmp_path / ".wiki.old"
    (old / "a.md").unlink()
    (old / "a.md").symlink_to(outside)
    (old / "b.md").unlink()
    (old / "b.md").mkdir()
    (old / "b.md" / "in.md").write_text("a folder where a file should be")
    (old / "c" / "d.md").unlink()
    (old / "c").rmdir()
    (old / "c").write_text("a file where a folder should be")
    publish_wiki(folder, {"a.md": "3", "b.md": "as before", "c/d.md": "3"})
    assert read_wiki_files(folder) == {"a.md": "3", "b.md": "as before", "c/d.md": "3"}
    assert not (folder / "a.md").is_symlink()
    assert outside.read_text() == "mine"


def test_a_build_that_is_cut_off_while_it_writes_leaves_the_old_wiki(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "wiki"
    for text in "12":
        publish_wiki(folder, {"a.md": text, "b.md": text})
    monkeypatch.setattr(wiki_folder, "_exchange", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        publish_wiki(folder, {"a.md": "3", "b.md": "2"})
    assert read_wiki_files(folder) == {"a.md": "2", "b.md": "2"}
    monkeypatch.undo()
    publish_wiki(folder, {"a.md": "4", "b.md": "4"})
    assert read_wiki_files(folder) == {"a.md": "4", "b.md": "4"}


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
