"""Releases that no changelog tells of: by the tags of the git repository."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from codebase_gardener.knowledge.answers.answering import GraphAnswer
from codebase_gardener.knowledge.answers.lines import GraphLine
from codebase_gardener.knowledge.answers.questions import Asked
from codebase_gardener.knowledge.answers.releases import ReleaseNotes, numbers_of, stands_for
from codebase_gardener.repository.git import GitError, GitRepository
from codebase_gardener.repository.git_tags import Tag, commits_between, version_tags
from codebase_gardener.utils.error_handling import InvalidInputError
from codebase_gardener.wiki.source import ProjectSource

__all__ = ["ended_changelog", "newest_tag", "release_of_tags"]

_MOST = 15
_FILES = "CHANGELOG, CHANGES, HISTORY, NEWS, release notes"


def newest_tag(source: ProjectSource) -> str:
    """The tag of the last release that the latest snapshot contains.

    Raises:
        InvalidInputError: There is none.
    """
    tags = _tags(source)
    if not tags:
        raise InvalidInputError(
            f"{source.project} has no tag of a version: nothing tells its last release",
            hint='name a branch, tag or commit: "what changed since HEAD~1"',
        )
    return tags[0].name


def ended_changelog(
    source: ProjectSource, notes: Sequence[ReleaseNotes], asked: Asked
) -> ReleaseNotes | None:
    """The last release that the changelog tells of, where the question is for a later one, that has only a tag.

    Args:
        source: Of the project.
        notes: As `Graph.releases` gives them.
        asked: A question of the form "release" or "released".
    """
    last = next((row for row in notes if row.released and row.book == notes[0].book), None)
    later = _later(_tags(source), last.version) if last is not None else []
    wanted = asked.what.lower().removeprefix("v")
    if wanted[:1].isdigit():
        later = [tag for tag in later if numbers_of(_version(tag.name)) == numbers_of(wanted)]
    return last if later else None


def _later(tags: Sequence[Tag], version: str) -> list[Tag]:
    """The releases after a version, the highest first: by tags that are named as that version's is."""
    same = (tag for tag in tags if numbers_of(_version(tag.name)) == numbers_of(version))
    before = next((_before(tag.name) for tag in same), "")
    numbers = {tag: numbers_of(_version(tag.name)) for tag in tags if _before(tag.name) == before}
    later = [
        tag
        for tag, found in numbers.items()
        if found > numbers_of(version) and found[-1] == 0 and not stands_for(version, _version(tag.name))
    ]
    return sorted(later, key=numbers.__getitem__, reverse=True)


def release_of_tags(
    source: ProjectSource, asked: Asked, ended: ReleaseNotes | None = None
) -> GraphAnswer | None:
    """What git knows of a release; None where it is another package's.

    Args:
        source: Of the project.
        asked: A question of the form "release" or "released", that no changelog answers.
        ended: The last release that the changelog tells of; None without a changelog.
    """
    repository, tags = source.repository, _tags(source)
    wanted = asked.what.lower().removeprefix("v")
    later = _later(tags, ended.version) if ended is not None else tags
    if repository is None or not tags:
        where = "has no tag of a version either" if source.has_revisions else "is not in git"
        hint = GraphLine('its history answers "what changed since REVISION"' if source.has_revisions else
                         "make the project from a git clone with its tags, then ask again")  # fmt: skip
        lead = GraphLine(f"{source.project} has no changelog ({_FILES}), and {where}")
        return None if asked.part else GraphAnswer(asked.form, asked.what, (lead, hint), known=False)
    if not wanted:
        at = tags.index(later[0])
    elif wanted[0].isdigit():
        same = (at for at, tag in enumerate(tags) if numbers_of(_version(tag.name)) == numbers_of(wanted))
        at = next(same, -1)
    else:
        lead = GraphLine(f"{source.project} has no changelog ({_FILES}): what came after its last tag")
        if ended is not None:
            lead = GraphLine(f"{_ends(ended)}: what came after the tag `{later[0].name}`", ended.anchor)
        return GraphAnswer(
            asked.form, asked.what, (lead, *_commits(repository, later[0].name, source.commit))
        )
    if at < 0:
        lead = GraphLine(f"{source.project} has no changelog ({_FILES}), and no tag of version {wanted}")
        near = (GraphLine(f"tag `{tag.name}`, {tag.date}") for tag in tags[:5])
        return None if asked.part else GraphAnswer(asked.form, asked.what, (lead, *near), known=False)
    lines = _tagged(repository, tags, at, ended, whole=asked.form == "release")
    return GraphAnswer(asked.form, asked.what, tuple(lines))


def _tags(source: ProjectSource) -> list[Tag]:
    repository = source.repository
    try:
        return version_tags(repository, source.commit) if repository is not None and source.commit else []
    except GitError:  # the commit of the snapshot is not there any more
        return []


def _version(tag: str) -> str:
    at = next((at for at, letter in enumerate(tag) if letter.isdigit()), 0)
    return tag[at:]


def _before(tag: str) -> str:
    """What stands before a tag's version: the package in a repository of several; "v" is nothing."""
    return tag.removesuffix(_version(tag)).removesuffix("v").removesuffix("V")


def _ends(ended: ReleaseNotes) -> str:
    return f"`{ended.book}` ends with {ended.version}"


def _tagged(
    repository: GitRepository, tags: Sequence[Tag], at: int, ended: ReleaseNotes | None, *, whole: bool
) -> Iterator[GraphLine]:
    tag = tags[at]
    why = "there is no changelog" if ended is None else _ends(ended)
    yield GraphLine(f"tag `{tag.name}`, {tag.date}; {why}, so these are the commits of git"
                    if whole else f"tag `{tag.name}`, {tag.date}", ended.anchor if ended and whole else "")  # fmt: skip
    if whole:
        before = tags[at + 1].name if at + 1 < len(tags) else ""
        yield from _commits(repository, before, tag.name)


def _commits(repository: GitRepository, before: str, until: str) -> Iterator[GraphLine]:
    found = commits_between(repository, before, until)
    yield from (GraphLine(f"{subject} (commit `{commit}`)") for commit, subject in found[:_MOST])
    reach = f"{before}..{until}" if before else until
    if len(found) > _MOST:
        yield GraphLine(f"and {len(found) - _MOST} more: git log {reach}")
