"""Releases of a repository without a changelog: by git's tags."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from codebase_gardener.config.settings import Settings
from codebase_gardener.gardener.facade import Gardener
from codebase_gardener.knowledge.answers.answering import GraphAnswer
from codebase_gardener.utils.error_handling import InvalidInputError


class Garden:
    """A repository with a file, and its project."""

    def __init__(self, root: Path, gardener: Gardener) -> None:
        self.root, self.gardener = root, gardener
        root.mkdir()
        (root / "plants.py").write_text("def grow(): ...\n")

    def git(self, *arguments: str) -> None:
        named = ("-c", "user.name=a", "-c", "user.email=a@b")
        subprocess.run(["git", "-C", str(self.root), *named, *arguments], check=True)

    def commit(self, subject: str, tag: str = "") -> None:
        self.git("commit", "-q", "--allow-empty", "-m", subject)
        if tag:
            self.git("tag", tag)

    def answer(self, question: str) -> GraphAnswer:
        self.gardener.add(str(self.root), name="garden")
        answer = self.gardener.wiki("garden").answer(question)
        assert answer is not None
        return answer

    def said(self, question: str) -> list[str]:
        return [line.text for line in self.answer(question).lines]


@pytest.fixture
def garden(tmp_path: Path) -> Iterator[Garden]:
    with Gardener(Settings(home=tmp_path / "home")) as gardener:
        yield Garden(tmp_path / "garden", gardener)


def test_without_a_changelog_the_commits_between_two_tags_are_told(garden: Garden) -> None:
    garden.git("init", "-q")
    garden.git("add", "-A")
    garden.commit("First", "v1.0.0")
    garden.commit("Water the roses")
    garden.commit("Second", "v1.1.0")
    garden.git("tag", "nightly")
    garden.commit("After it")
    told = garden.said("what changed in the last release")
    assert told[0].startswith("tag `v1.1.0`, 20")
    assert [text.partition(" (commit")[0] for text in told[1:]] == ["Second", "Water the roses"]
    assert garden.said("what is new in 1.0")[1].startswith("First (commit")
    assert garden.said("what is new in the next release")[1].startswith("After it (commit")
    assert garden.said("what is the latest version")[0].startswith("tag `v1.1.0`")
    assert len(garden.said("when was v1.0.0 released")) == 1
    missing = garden.answer("what is new in 3.0")
    assert not missing.known
    assert missing.lines[0].text.endswith("and no tag of version 3.0")


def test_what_changed_since_the_last_release_is_since_its_tag(garden: Garden) -> None:
    garden.git("init", "-q")
    garden.git("add", "-A")
    garden.commit("First", "v1.0.0")
    (garden.root / "plants.py").write_text("def grow(days): ...\n")
    told = garden.answer("what changed since the last release")
    assert told.name == "v1.0.0"
    assert [line.anchor for line in told.lines[1:]] == ["plants.py:L1-1"]


def test_without_a_tag_and_without_git_that_is_said_with_what_to_do(garden: Garden) -> None:
    plain = garden.answer("what changed in the last release")
    assert not plain.known
    assert plain.lines[0].text.endswith("and is not in git")
    assert "git clone" in plain.lines[1].text
    garden.git("init", "-q")
    garden.git("add", "-A")
    garden.commit("First")
    told = garden.answer("what is new?")
    assert not told.known
    assert told.lines[0].text.endswith("and has no tag of a version either")
    with pytest.raises(InvalidInputError, match="has no tag of a version"):
        garden.answer("what changed since the last release")


NOTES = "# Changelog\n\n## Unreleased - 1.X\n\n- Some day.\n\n## 1.0.0 - 2020-03-08\n\n- Roses.\n"


def with_changelog(garden: Garden, text: str, *tags: str) -> None:
    garden.git("init", "-q")
    (garden.root / "CHANGELOG.md").write_text(text)
    garden.git("add", "-A")
    garden.commit("First", tags[0])
    for tag in tags[1:]:
        garden.commit(f"Make {tag}", tag)


def test_a_changelog_that_ends_before_the_last_tag_loses_to_the_tags(garden: Garden) -> None:
    with_changelog(garden, NOTES, "v1.0.0", "v1.9.0", "v1.10.0", "v2.0.0-rc1")
    garden.commit("After it")
    answer = garden.answer("what changed in the last release")
    assert answer.lines[0].text.startswith("tag `v1.10.0`, 20")
    assert answer.lines[0].text.endswith("`CHANGELOG.md` ends with 1.0.0, so these are the commits of git")
    assert answer.lines[0].anchor == "CHANGELOG.md:L7-9"
    assert [line.text.partition(" (commit")[0] for line in answer.lines[1:]] == ["Make v1.10.0"]
    assert garden.said("what is new in 1.9")[1].startswith("Make v1.9.0 (commit")
    assert garden.said("what is the latest version") == [garden.said("when was v1.10.0 released")[0]]
    coming = garden.said("what is new in the next release")
    assert coming[0] == "`CHANGELOG.md` ends with 1.0.0: what came after the tag `v1.10.0`"
    assert coming[1].startswith("After it (commit")
    assert garden.said("what is new in 1.0") == ["1.0.0 - 2020-03-08", "Roses."]


@pytest.mark.parametrize(
    ("version", "tags"),
    [("1.0.0", ("v1.0.0",)), ("1.1", ("1.1.0", "1.1.1")), ("1.0.0", ("v1.0.0", "v1.1.0-rc1")),
     ("1.0.0", ("rose@1.0.0", "pot@9.0.0"))],
)  # fmt: skip
def test_a_changelog_that_tells_of_the_last_release_answers(
    garden: Garden, version: str, tags: tuple[str, ...]
) -> None:
    with_changelog(garden, NOTES.replace("1.0.0", version), *tags)
    assert garden.said("what changed in the last release")[0] == f"{version} - 2020-03-08"
