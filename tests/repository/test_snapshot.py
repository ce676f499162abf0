from __future__ import annotations

import os
from pathlib import Path

import pytest

from codebase_gardener.repository import snapshot as module
from codebase_gardener.repository.snapshot import SourceFile, require_code, take_snapshot
from codebase_gardener.utils.error_handling import SourceError

from .conftest import Repo, write


def reasons(snapshot: module.Snapshot) -> dict[str, str]:
    return {file.path: file.reason for file in snapshot.skipped}


def test_files_are_sorted_with_language_and_hash_of_their_bytes(tmp_path: Path) -> None:
    write(tmp_path, "b.go", "package b\n")
    write(tmp_path, "a/z.py", "x = 1\r\n")
    taken = take_snapshot(str(tmp_path))
    assert [(file.path, file.language, file.text) for file in taken.files] == [
        ("a/z.py", "python", "x = 1\n"),
        ("b.go", "go", "package b\n"),
    ]
    assert taken.files[0].sha256 == __import__("hashlib").sha256(b"x = 1\r\n").hexdigest()
    assert (taken.kind, taken.commit, taken.dirty, taken.source) == ("directory", None, False, str(tmp_path))


def test_the_same_files_have_the_same_id_wherever_they_lie(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        write(tmp_path, f"{folder}/a.py")
    one, two = (take_snapshot(str(tmp_path / folder)) for folder in ("one", "two"))
    assert (one.id, one.tree_hash) == (two.id, two.tree_hash)
    assert one.id == one.tree_hash[:16]
    write(tmp_path, "two/a.py", "x = 2\n")
    assert take_snapshot(str(tmp_path / "two")).id != one.id
    assert one.revision == f"tree:{one.id}"


def test_a_name_counts_as_much_as_a_content(tmp_path: Path) -> None:
    write(tmp_path, "one/a.py")
    write(tmp_path, "two/b.py")
    assert take_snapshot(str(tmp_path / "one")).id != take_snapshot(str(tmp_path / "two")).id


def test_date_is_that_of_the_newest_file_kept(tmp_path: Path) -> None:
    os.utime(write(tmp_path, "a.py"), (0, 86_400))
    os.utime(write(tmp_path, "b.png", b"\0"), (0, 999_999_999))
    assert take_snapshot(str(tmp_path)).date == "1970-01-02T00:00:00+00:00"


def test_progress_counts_every_entry(tmp_path: Path) -> None:
    for name in ("a.py", "b.py", "c.bin"):
        write(tmp_path, name)
    calls: list[tuple[int, int]] = []
    take_snapshot(str(tmp_path), progress=lambda done, total: calls.append((done, total)))
    assert calls == [(0, 3), (1, 3), (2, 3), (3, 3)]


def test_vendored_directories_are_one_row_each(repo: Repo) -> None:
    for path in (
        "a.py",
        "vendor/x/a.py",
        "vendor/y.py",
        "web/node_modules/a/b.js",
        "pkg.egg-info/SOURCES.txt",
    ):
        repo.write(path)
    repo.commit()
    taken = take_snapshot(str(repo.root))
    assert [file.path for file in taken.files] == ["a.py"]
    assert reasons(taken) == {
        "vendor/": "vendored directory, 2 files; no code of the repository imports it",
        "web/node_modules/": "vendored directory, 1 file",
        "pkg.egg-info/": "generated: package metadata, 1 file",
    }


def test_limits_of_the_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_FILES", 1)
    write(tmp_path, "a.py")
    write(tmp_path, "b.py")
    taken = take_snapshot(str(tmp_path))
    assert [file.path for file in taken.files] == ["a.py"]
    assert "limit" in reasons(taken)["b.py"]


@pytest.mark.parametrize("make", [lambda path: path.mkdir(), Repo])
def test_an_empty_repository_is_an_error(tmp_path: Path, make: object) -> None:
    make(tmp_path / "empty")  # type: ignore[operator]
    with pytest.raises(SourceError, match="is empty") as caught:
        take_snapshot(str(tmp_path / "empty"))
    assert caught.value.hint


def test_no_code_is_an_error_that_says_what_there_was(tmp_path: Path) -> None:
    write(tmp_path, "README.md", "# hi\n")
    write(tmp_path, "logo.png", b"\x89PNG\0")
    taken = take_snapshot(str(tmp_path))
    with pytest.raises(SourceError, match="1 markdown kept, 1 left out") as caught:
        require_code(taken)
    assert caught.value.context["left_out"] == [{"path": "logo.png", "reason": "binary: .png file"}]
    write(tmp_path, "a.sh", "echo\n")
    require_code(take_snapshot(str(tmp_path)))


@pytest.mark.parametrize(
    ("text", "lines"), [("", 0), ("a", 1), ("a\n", 1), ("a\n\nb", 3), ("a\x0cb\u2028c\n", 1)]
)
def test_lines_are_what_compilers_count(text: str, lines: int) -> None:
    assert SourceFile("a", "text", "", text).lines == lines
