from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codebase_gardener.repository.snapshot import SkippedFile, Snapshot, SourceFile
from codebase_gardener.repository.store import load_snapshot, save_snapshot
from codebase_gardener.utils.error_handling import SourceError
from codebase_gardener.utils.files import is_published

FILES = (
    SourceFile("-rf.py", "python", "0" * 64, "x = '\u2028\x0c\x85 ä'\n"),
    SourceFile("../b", "text", "1" * 64, ""),
)
SNAPSHOT = Snapshot(
    "1" * 16, "/x", "git", "c" * 40, "1" * 64, True, "2024", FILES, (SkippedFile("a\\n", "binary"),)
)

text = st.text(max_size=50)


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    save_snapshot(SNAPSHOT, tmp_path / "s")
    assert load_snapshot(tmp_path / "s") == SNAPSHOT
    assert sorted(path.name for path in tmp_path.rglob("*")) == [
        "manifest.json",
        "s",
        "snapshot.json",
        "sources.jsonl",
    ]
    assert is_published(tmp_path / "s", check_hashes=True)


@pytest.mark.slow
@given(st.lists(st.builds(SourceFile, text, text, text, text), max_size=4), st.none() | text)
def test_any_snapshot_survives(
    tmp_path_factory: pytest.TempPathFactory, files: list[SourceFile], commit: str
) -> None:
    directory = tmp_path_factory.mktemp("any") / "s"
    snapshot = Snapshot("i", "s", "git", commit, "t", False, "d", tuple(files), ())
    save_snapshot(snapshot, directory)
    assert load_snapshot(directory) == snapshot


def test_saving_again_changes_nothing(tmp_path: Path) -> None:
    save_snapshot(SNAPSHOT, tmp_path / "s")
    before = (tmp_path / "s").stat().st_ino
    save_snapshot(SNAPSHOT, tmp_path / "s")
    assert (tmp_path / "s").stat().st_ino == before


def test_the_same_state_with_other_left_out_files_is_the_same(tmp_path: Path) -> None:
    save_snapshot(SNAPSHOT, tmp_path / "s")
    save_snapshot(replace(SNAPSHOT, skipped=(), date="2025"), tmp_path / "s")
    assert load_snapshot(tmp_path / "s") == SNAPSHOT


def test_another_state_never_overwrites(tmp_path: Path) -> None:
    save_snapshot(SNAPSHOT, tmp_path / "s")
    with pytest.raises(FileExistsError):
        save_snapshot(replace(SNAPSHOT, commit=None), tmp_path / "s")
    assert load_snapshot(tmp_path / "s") == SNAPSHOT
    assert [path.name for path in tmp_path.iterdir()] == ["s"]


def test_a_damaged_directory_is_written_anew(tmp_path: Path) -> None:
    save_snapshot(SNAPSHOT, tmp_path / "s")
    (tmp_path / "s/sources.jsonl").unlink()
    save_snapshot(SNAPSHOT, tmp_path / "s")
    assert load_snapshot(tmp_path / "s") == SNAPSHOT
    assert [path.name for path in tmp_path.iterdir()] == ["s"]


@pytest.mark.parametrize("damage", ["missing", "cut", "version", "no json"])
def test_damage_is_an_error_that_says_what_to_do(tmp_path: Path, damage: str) -> None:
    save_snapshot(SNAPSHOT, tmp_path / "s")
    about, rows = tmp_path / "s/snapshot.json", tmp_path / "s/sources.jsonl"
    if damage == "missing":
        rows.unlink()
    elif damage == "cut":
        rows.write_text(rows.read_text().split("\n")[0] + "\n")
    elif damage == "version":
        about.write_text(about.read_text().replace('"schema": 1', '"schema": 99'))
    else:
        about.write_text("{")
    with pytest.raises(SourceError, match="no readable snapshot") as caught:
        load_snapshot(tmp_path / "s")
    assert "gardener add" in caught.value.hint


def test_a_crash_while_saving_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("codebase_gardener.repository.store.write_atomic", crash)
    with pytest.raises(OSError, match="No space"):
        save_snapshot(SNAPSHOT, tmp_path / "s")
    assert list(tmp_path.iterdir()) == []
