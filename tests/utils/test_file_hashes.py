from __future__ import annotations

import os
from pathlib import Path

import pytest

from codebase_gardener.utils import file_hashes
from codebase_gardener.utils.file_hashes import FileHashes, changed_files
from codebase_gardener.utils.files import publish_dir, sha256_file


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that were read through."""
    names: list[str] = []
    real = file_hashes.sha256_file

    def counting(path: Path) -> str:
        names.append(path.name)
        return real(path)

    monkeypatch.setattr(file_hashes, "sha256_file", counting)
    return names


@pytest.fixture
def published(tmp_path: Path) -> Path:
    staged = tmp_path / "staged"
    staged.mkdir()
    for name in ("weights", "config"):
        (staged / name).write_bytes(name.encode() * 100)
    publish_dir(staged, tmp_path / "1")
    return tmp_path / "1"


def test_a_file_is_read_once(published: Path, hashed: list[str]) -> None:
    for _ in range(2):
        assert changed_files(published, FileHashes(published.parent / "memory")) == []
    assert sorted(hashed) == ["config", "weights"]


@pytest.mark.parametrize("keep_times", [False, True])
def test_other_bytes_of_the_same_size_are_seen(published: Path, keep_times: bool) -> None:
    memory = published.parent / "memory"
    assert changed_files(published, FileHashes(memory)) == []
    file = published / "weights"
    before = file.stat()
    data = bytearray(file.read_bytes())
    data[50] ^= 1
    file.write_bytes(data)
    if keep_times:
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert changed_files(published, FileHashes(memory)) == ["weights"]


def test_what_is_gone_or_cut_is_seen_and_what_has_no_manifest_is_not_compared(
    published: Path, tmp_path: Path
) -> None:
    (published / "weights").unlink()
    (published / "config").write_bytes(b"x")
    assert changed_files(published, FileHashes(tmp_path / "memory")) == ["config", "weights"]
    (tmp_path / "plain").mkdir()
    assert changed_files(tmp_path / "plain", FileHashes(tmp_path / "memory")) == []


@pytest.mark.parametrize("memory", ["nonsense", "[1]", '{"a": 1}'])
def test_a_damaged_memory_is_as_good_as_none(published: Path, memory: str) -> None:
    (published.parent / "memory").write_text(memory)
    assert changed_files(published, FileHashes(published.parent / "memory")) == []


def test_where_nothing_can_be_remembered_it_is_hashed_each_time(published: Path, hashed: list[str]) -> None:
    for _ in range(2):
        assert changed_files(published, FileHashes(published / "weights" / "memory")) == []
    assert len(hashed) == 4


def test_a_damaged_manifest_is_a_change_and_the_registrys_list_stands_in_for_a_lost_one(
    tmp_path: Path,
) -> None:
    folder, hashes = tmp_path / "made", FileHashes(tmp_path / "hashes.json")
    folder.mkdir()
    (folder / "a").write_text("one")
    listed = {"a": {"bytes": 3, "sha256": sha256_file(folder / "a")}}
    assert changed_files(folder, hashes) == []  # never published
    assert changed_files(folder, hashes, listed) == []
    (folder / "manifest.json").write_text("{")
    assert changed_files(folder, hashes) == ["manifest.json"]
    (folder / "manifest.json").unlink()
    (folder / "a").write_text("two")
    assert changed_files(folder, hashes, listed) == ["a"]
