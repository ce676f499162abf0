"""Releases that git knows of: tags named after a version, and the commits between two of them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from codebase_gardener.repository.git import GitRepository

__all__ = ["Tag", "commits_between", "version_tags"]

_VERSION = re.compile(r"(?:.*[-@/_])?[vV]?\d+(?:\.\d+)+[\w.+-]*\Z")


@dataclass(frozen=True)
class Tag:
    """A tag that is named after a version.

    Attributes:
        name: As git has it: "v2.1".
        date: Of the tag, else of its commit: "2026-08-03".
        commit: Its full id.
    """

    name: str
    date: str
    commit: str


def version_tags(repository: GitRepository, commit: str) -> list[Tag]:
    """The tags that a commit contains, the newest first, one for each commit.

    Raises:
        GitError: There is no such commit.
    """
    form = "%(refname:short)%09%(creatordate:short)%09%(objectname)%09%(*objectname)"
    found = repository.run(
        "for-each-ref", f"--merged={commit}", "--sort=-version:refname", "--sort=-creatordate",
        f"--format={form}", "refs/tags",
    )  # fmt: skip
    tags: dict[str, Tag] = {}
    for line in found.decode("utf-8", "replace").splitlines():
        name, date, own, pointed = (line.split("\t") + [""] * 3)[:4]
        if _VERSION.match(name):
            tags.setdefault(pointed or own, Tag(name, date, pointed or own))
    return list(tags.values())


def commits_between(repository: GitRepository, before: str, until: str) -> list[tuple[str, str]]:
    """Short id and subject of the commits that came after one, up to another, the newest first; no merges.

    Raises:
        GitError: There is no such commit.
    """
    reach = f"{before}..{until}" if before else until
    found = repository.run("rev-list", "--no-merges", "--format=%x09%h%x09%s", reach, "--")
    rows = (line.split("\t", 2) for line in found.decode("utf-8", "replace").splitlines() if line[:1] == "\t")
    return [(row[1], row[2]) for row in rows if len(row) > 2]
