"""`evaluate --since`: an adapter that may have seen what is asked for is refused, before anything is loaded."""

from __future__ import annotations

import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from codebase_gardener.gardener.full_evaluation import _trained_before
from codebase_gardener.utils.error_handling import ConflictError, InvalidInputError


def git(folder: Path, *words: str) -> str:
    who = ("-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def commits(tmp_path: Path) -> list[str]:
    """Three, one behind the other."""
    git(tmp_path, "init", "-q")
    made = []
    for n in range(3):
        (tmp_path / "a.py").write_text(f"A = {n}\n")
        git(tmp_path, "add", ".")
        git(tmp_path, "commit", "-q", "-m", str(n))
        made.append(git(tmp_path, "rev-parse", "HEAD"))
    return made


def asked(folder: Path, commit: str | None, *earlier: str) -> tuple[Any, Any]:
    """A home that knows where the project lies, and a version that was trained on a commit."""
    registry = SimpleNamespace(project=lambda name: SimpleNamespace(source=str(folder)))
    lineage = {"commits": earlier} if earlier else None
    row = SimpleNamespace(project="p", ref="p/default@1", commit=commit, lineage=lineage)
    return SimpleNamespace(registry=registry), row


def test_trained_on_the_revision_or_before_it(tmp_path: Path, commits: list[str]) -> None:
    for trained, since in ((0, 1), (1, 1), (0, 2)):
        assert _trained_before(*asked(tmp_path, commits[trained]), commits[since]) == commits[since]
    assert _trained_before(*asked(tmp_path, commits[0]), "HEAD") == commits[2]


@pytest.mark.parametrize("commit", [2, "dirty", "tree", None])
def test_what_may_have_seen_it_is_refused(
    tmp_path: Path, commits: list[str], commit: int | str | None
) -> None:
    trained = {2: commits[2], "dirty": f"{commits[0]}+dirty:12", "tree": "tree:12", None: None}[commit]
    with pytest.raises(ConflictError, match="may have seen what is asked for") as refused:
        _trained_before(*asked(tmp_path, trained), commits[1])
    assert f"--revision {commits[1]}" in refused.value.hint


def test_what_went_on_from_a_later_one_is_refused(tmp_path: Path, commits: list[str]) -> None:
    assert _trained_before(*asked(tmp_path, commits[0], commits[0], commits[1]), commits[1]) == commits[1]
    with pytest.raises(ConflictError, match=commits[2]):
        _trained_before(*asked(tmp_path, commits[0], commits[1], commits[2]), commits[1])


def test_a_revision_that_there_is_not(tmp_path: Path, commits: list[str]) -> None:
    with pytest.raises(InvalidInputError, match="there is no revision nonsense"):
        _trained_before(*asked(tmp_path, commits[0]), "nonsense")
    with pytest.raises(InvalidInputError):
        _trained_before(*asked(tmp_path, commits[0]), "--upload-pack=x")


def test_a_folder_without_git(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="no git repository"):
        _trained_before(*asked(tmp_path, None), "HEAD")
