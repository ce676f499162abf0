"""What changed since a revision: files, and lines of a file."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from codebase_gardener.repository.since import Since
from codebase_gardener.utils.error_handling import InvalidInputError, SourceError

WHO = ("-c", "user.name=T", "-c", "user.email=t@example.org")


def git(folder: Path, *words: str) -> None:
    subprocess.run(["git", *WHO, *words], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "r"
    (folder / "sub").mkdir(parents=True)
    for name in ("a.py", "b.py", "sub/c.py", "doc.md"):
        (folder / name).write_text("one\ntwo\nthree\n")
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "first")
    git(folder, "tag", "first")
    (folder / "a.py").write_text("one\n2\nthree\n")
    git(folder, "commit", "-qam", "second")
    (folder / "b.py").unlink()
    (folder / "sub/c.py").write_text("another\n")
    (folder / "sub/d.py").write_text("new\n")
    return folder


def test_files_of_the_working_tree(repository: Path) -> None:
    assert Since.read(str(repository), "first").paths == {"a.py", "b.py", "sub/c.py", "sub/d.py"}
    assert Since.read(str(repository), "HEAD").paths == {"b.py", "sub/c.py", "sub/d.py"}
    assert Since.read(str(repository / "sub"), "first").paths == {"c.py", "d.py"}


def test_files_of_a_later_revision(repository: Path) -> None:
    assert Since.read(str(repository), "first", "HEAD").paths == {"a.py"}


def test_lines_of_a_document(repository: Path, tmp_path: Path) -> None:
    since = Since.read(str(repository), "first")
    text = "zero\none\n2\nthree\n"
    assert since.changed_lines(repository / "doc.md", text) == {1, 3}
    assert since.changed_lines(repository / "new.md", text) == {1, 2, 3, 4}
    assert since.changed_lines(tmp_path / "elsewhere.md", text) == set()


def test_what_has_no_such_revision(repository: Path, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no revision 'none'"):
        Since.read(str(repository), "none")
    with pytest.raises(InvalidInputError, match="is no revision"):
        Since.read(str(repository), "--upload-pack=x")
    (tmp_path / "plain").mkdir()
    with pytest.raises(InvalidInputError, match="is no git repository"):
        Since.read(str(tmp_path / "plain"), "HEAD")
