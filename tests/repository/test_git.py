from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from codebase_gardener.repository import git_changes
from codebase_gardener.repository.disk import DiskTree
from codebase_gardener.repository.git import find_repository
from codebase_gardener.repository.snapshot import take_snapshot
from codebase_gardener.utils.error_handling import InvalidInputError, SourceError

from .conftest import Repo
from .test_snapshot import reasons


def paths(snapshot: object) -> list[str]:
    return [file.path for file in snapshot.files]  # type: ignore[attr-defined]


def test_a_clean_tree_is_its_commit(repo: Repo) -> None:
    repo.write("a.py")
    repo.write(".gitignore", "ignored.py\n")
    commit = repo.commit()
    repo.write("ignored.py")
    taken = take_snapshot(str(repo.root))
    assert (taken.kind, taken.commit, taken.dirty, taken.revision) == ("git", commit, False, commit)
    assert taken.date == "2024-05-06T05:08:09+00:00"
    assert paths(taken) == [".gitignore", "a.py"]


@pytest.mark.parametrize("change", ["edit", "delete", "add", "stage", "same size"])
def test_any_change_makes_it_dirty(repo: Repo, change: str) -> None:
    repo.write("a.py")
    repo.write("b.py")
    commit = repo.commit()
    if change in ("edit", "same size"):
        repo.write("a.py", "x = 2\n" if change == "same size" else "x = 1234\n")
    elif change == "delete":
        (repo.root / "a.py").unlink()
    else:
        repo.write("new.py")
        if change == "stage":
            repo.git("add", "new.py")
    taken = take_snapshot(str(repo.root))
    assert (taken.commit, taken.dirty) == (commit, True)
    assert taken.revision == f"{commit}+dirty:{taken.id}"
    assert ("new.py" in paths(taken)) == (change in ("add", "stage"))
    assert ("a.py" in paths(taken)) == (change != "delete")


def test_an_edit_is_seen_without_reading_all_that_was_not_edited(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in "abcdefgh":
        repo.write(f"{name}.py")
    repo.commit()
    repo.write("h.py", "x = 1234\n")
    compared: list[str] = []

    class Watched(DiskTree):
        def read(self, path: str, limit_bytes: int) -> bytes:
            compared.append(path)
            return super().read(path, limit_bytes)

    monkeypatch.setattr(git_changes, "DiskTree", Watched)
    assert take_snapshot(str(repo.root)).dirty
    assert compared == ["h.py"]


def test_line_ends_of_a_checkout_are_no_change(repo: Repo) -> None:
    repo.write("a.py", "x = 1\ny = 2\n")
    repo.commit()
    repo.write("a.py", "x = 1\r\ny = 2\r\n")
    assert not take_snapshot(str(repo.root)).dirty


def test_a_link_and_a_mode_are_compared_without_following(repo: Repo) -> None:
    repo.write("a.py")
    (repo.root / "link.py").symlink_to("a.py")
    repo.commit()
    assert not take_snapshot(str(repo.root)).dirty
    (repo.root / "link.py").unlink()
    (repo.root / "link.py").symlink_to("b.py")
    assert take_snapshot(str(repo.root)).dirty


@pytest.mark.parametrize("name", ["HEAD~1", "v1", "old", "full", "short"])
def test_a_revision_is_read_from_its_objects(repo: Repo, name: str) -> None:
    repo.write("a.py", "old = 1\n")
    repo.write("gone.py")
    old = repo.commit()
    repo.git("tag", "-a", "v1", "-m", "t")
    repo.git("branch", "old")
    repo.write("a.py", "new = 1\n")
    (repo.root / "gone.py").unlink()
    repo.commit()
    repo.write("untracked.py")
    taken = take_snapshot(str(repo.root), revision={"full": old, "short": old[:9]}.get(name, name))
    assert [(file.path, file.text) for file in taken.files] == [("a.py", "old = 1\n"), ("gone.py", "x = 1\n")]
    assert (taken.commit, taken.dirty, taken.kind) == (old, False, "git")
    assert (repo.root / "a.py").read_text() == "new = 1\n"


def test_a_revision_and_its_checkout_have_the_same_id(repo: Repo) -> None:
    repo.write("a.py")
    repo.write("sub/b.go", "package b\n")
    commit = repo.commit()
    assert take_snapshot(str(repo.root)).id == take_snapshot(str(repo.root), revision=commit).id


def test_links_and_submodules_of_a_revision_are_left_out(repo: Repo) -> None:
    inner = Repo(repo.root / "inner")
    inner.write("x.py")
    inner.commit()
    repo.write("a.py")
    (repo.root / "passwd.py").symlink_to("/etc/passwd")
    repo.commit()
    expected = {"inner": "another repository (a submodule)", "passwd.py": "a link"}
    assert reasons(take_snapshot(str(repo.root), revision="HEAD")) == expected
    here = take_snapshot(str(repo.root))
    assert reasons(here) == {
        "inner": "another repository (a submodule or a nested clone)",
        "passwd.py": "a link that leaves the repository",
    }
    assert not here.dirty


@pytest.mark.parametrize("revision", ["--output=/tmp/x", "-h", "", "a\nb"])
def test_a_revision_that_is_an_option_is_refused(repo: Repo, revision: str) -> None:
    repo.write("a.py")
    repo.commit()
    with pytest.raises(InvalidInputError, match="no revision"):
        take_snapshot(str(repo.root), revision=revision)
    with pytest.raises(InvalidInputError, match="no revision"):
        take_snapshot(f"file://{repo.root}", revision=revision)


def test_an_unknown_revision_says_so(repo: Repo) -> None:
    repo.write("a.py")
    repo.commit()
    with pytest.raises(SourceError, match="no revision 'nowhere'") as caught:
        take_snapshot(str(repo.root), revision="nowhere")
    assert "git log" in caught.value.hint


def test_a_directory_without_git_has_no_revisions(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="no git repository"):
        take_snapshot(str(tmp_path), revision="main")


def test_a_repository_without_commits(repo: Repo) -> None:
    repo.write("a.py")
    taken = take_snapshot(str(repo.root))
    assert (taken.kind, taken.commit, taken.dirty, paths(taken)) == ("git", None, False, ["a.py"])


def test_a_subdirectory_is_taken_alone(repo: Repo) -> None:
    repo.write("outside.py")
    repo.write(".github/in.py")
    repo.write("sub/-x/a.py", "old = 1\n")
    commit = repo.commit()
    repo.write("outside.py", "changed = 1\n")
    taken = take_snapshot(str(repo.root / "sub"))
    assert (paths(taken), taken.commit, taken.dirty) == (["-x/a.py"], commit, False)
    repo.write("sub/-x/a.py", "new = 1\n")
    assert take_snapshot(str(repo.root / "sub")).dirty
    pinned = take_snapshot(str(repo.root / "sub"), revision="HEAD")
    assert [(file.path, file.text) for file in pinned.files] == [("-x/a.py", "old = 1\n")]
    assert paths(take_snapshot(str(repo.root / ".github"))) == ["in.py"]


def test_a_folder_that_its_repository_ignores_is_a_plain_directory(repo: Repo) -> None:
    repo.write(".gitignore", "build/\n")
    repo.write("build/src/a.py")
    repo.commit()
    repo.git("rm", "-q", "--cached", "-r", "build")
    assert take_snapshot(str(repo.root / "build/src")).kind == "directory"


def test_an_untracked_subfolder_with_files_is_dirty(repo: Repo) -> None:
    repo.commit()
    repo.write("fresh/a.py")
    taken = take_snapshot(str(repo.root / "fresh"))
    assert (paths(taken), taken.dirty) == (["a.py"], True)


def test_bare_repositories_and_linked_work_trees(repo: Repo, tmp_path: Path) -> None:
    repo.write("a.py")
    commit = repo.commit()
    repo.git("clone", "-q", "--bare", ".", str(tmp_path / "bare.git"))
    repo.git("worktree", "add", "-q", str(tmp_path / "linked"), "-b", "other")
    for place in ("bare.git", "linked"):
        taken = take_snapshot(str(tmp_path / place))
        assert (paths(taken), taken.commit, taken.dirty) == (["a.py"], commit, False)


def test_a_folder_called_git_that_is_none(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "a.py").write_text("x = 1\n")
    assert find_repository(tmp_path) is None
    assert take_snapshot(str(tmp_path)).kind == "directory"


def test_a_broken_repository_is_an_error_with_gits_words(repo: Repo) -> None:
    repo.write("a.py")
    repo.commit()
    (repo.root / ".git/index").write_bytes(b"garbage")
    with pytest.raises(SourceError, match=r"git ls-files failed .*index"):
        take_snapshot(str(repo.root))


def test_without_git_the_error_says_to_install_it(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    repo.write("a.py")
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(SourceError, match="git is not installed"):
        take_snapshot(str(repo.root))


@pytest.mark.parametrize("damage", ["missing", "garbage"])
def test_a_lost_object_is_one_files_problem(repo: Repo, damage: str) -> None:
    for name in "abc":
        repo.write(f"{name}.py", f"{name} = 1\n")
    repo.commit()
    blob = repo.git("rev-parse", "HEAD:b.py")
    path = repo.root / f".git/objects/{blob[:2]}/{blob[2:]}"
    path.chmod(0o644)
    path.unlink() if damage == "missing" else path.write_bytes(b"garbage")
    taken = take_snapshot(str(repo.root), revision="HEAD")
    assert paths(taken) == ["a.py", "c.py"]
    assert "b.py" in reasons(taken)


def test_sha256_repositories(tmp_path: Path, repo: Repo) -> None:
    repo.git("init", "-q", "--object-format=sha256", str(tmp_path / "long"))
    long = Repo.__new__(Repo)
    long.root = tmp_path / "long"
    long.write("a.py")
    commit = long.commit()
    taken = take_snapshot(str(long.root))
    assert (len(commit), taken.commit, taken.dirty) == (64, commit, False)


class TestUrls:
    def test_file_url(self, repo: Repo) -> None:
        repo.write("a.py", "old = 1\n")
        old = repo.commit()
        repo.write("a.py", "new = 1\n")
        new = repo.commit()
        url = f"file://{repo.root}"
        taken = take_snapshot(url)
        assert (taken.source, taken.kind, taken.commit, taken.dirty) == (url, "git", new, False)
        assert take_snapshot(url, revision=old[:8]).files[0].text == "old = 1\n"

    def test_nothing_is_left_behind(
        self, repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
        (tmp_path / "tmp").mkdir()
        repo.write("a.py")
        repo.commit()
        take_snapshot(f"file://{repo.root}")
        assert list((tmp_path / "tmp").iterdir()) == []

    def test_unreachable(self) -> None:
        with pytest.raises(SourceError, match=r"file:///nowhere/at/all: .*does not appear") as caught:
            take_snapshot("file:///nowhere/at/all")
        assert "git ls-remote" in caught.value.hint

    def test_an_empty_remote(self, repo: Repo) -> None:
        with pytest.raises(SourceError, match="is empty"):
            take_snapshot(f"file://{repo.root}")

    def test_passwords_are_not_kept_or_shown(self) -> None:
        with pytest.raises(SourceError) as caught:
            take_snapshot("http://me:pa55" + "w0rd@127.0.0.1:9/a.git")
        assert "pa55" not in str(caught.value.as_dict())
        assert "http://127.0.0.1:9/a.git" in caught.value.message

    @pytest.mark.parametrize(
        "source",
        ["ext::sh -c touch%20/tmp/pwned", "--upload-pack=touch /tmp/pwned", "ssh://-oProxyCommand=x/y"],
    )
    def test_commands_in_place_of_urls(self, source: str) -> None:
        with pytest.raises(SourceError):
            take_snapshot(source)


@pytest.mark.slow
def test_a_clone_that_could_not_reach_its_host_is_tried_again(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo.write("a.py")
    repo.commit()
    real = shutil.which("git")
    tries = tmp_path / "tries"
    fake = tmp_path / "bin" / "git"
    fake.parent.mkdir()
    fake.write_text(
        f'#!/bin/sh\ncase "$*" in *" clone "*) echo x >> {tries};\n'
        f"test $(wc -l < {tries}) -gt 2 || "
        "{ echo 'fatal: Could not resolve host: example.org' >&2; exit 128; };; esac\n"
        f'exec {real} "$@"\n'
    )
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}:{os.environ['PATH']}")
    assert take_snapshot(f"file://{repo.root}").files
    assert len(tries.read_text().split()) == 3
    tries.unlink()
    with pytest.raises(SourceError):
        take_snapshot(f"file://{tmp_path}/nowhere")
    assert len((tries.read_text() if tries.exists() else "x").split()) <= 3


@pytest.mark.parametrize(
    "target", ["a.py", "folder", "../outside.py", "/etc/passwd", "gone.py", "link", "lönk/é"]
)
def test_committed_links_are_no_change(repo: Repo, target: str) -> None:
    repo.write("a.py")
    repo.write("folder/b.py")
    (repo.root / "deep").mkdir()
    (repo.root / "link").symlink_to(target)
    (repo.root / "deep" / "link").symlink_to(target)
    commit = repo.commit()
    assert take_snapshot(str(repo.root)).revision == commit
    (repo.root / "link").unlink()
    (repo.root / "link").symlink_to("elsewhere")
    assert take_snapshot(str(repo.root)).dirty


def test_a_link_that_was_checked_out_as_a_file_is_no_change(repo: Repo) -> None:
    repo.write("a.py")
    (repo.root / "link").symlink_to("a.py")
    commit = repo.commit()
    repo.git("config", "core.symlinks", "false")
    (repo.root / "link").unlink()
    (repo.root / "link").write_text("a.py")
    assert repo.git("status", "--short") == ""
    assert take_snapshot(str(repo.root)).revision == commit
