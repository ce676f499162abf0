"""The wiki of a project as it lies on disk, and whether it speaks of the project's last snapshot."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codebase_gardener.utils.files import sha256_text
from codebase_gardener.wiki.building import wiki_folder
from codebase_gardener.wiki.pages import read_pages

if TYPE_CHECKING:
    from codebase_gardener.gardener.facade import Gardener
    from codebase_gardener.knowledge.pages.structure import Page

__all__ = ["ProjectWiki", "current_pages", "outdated", "project_wiki"]

_COMMIT = re.compile(r'^commit: "?([^"\n]*)"?$', re.MULTILINE)


@dataclass(frozen=True)
class ProjectWiki:
    """A project's wiki.

    Attributes:
        revision: What it was built from, as `Snapshot.revision` says; "" where it has no page.
        sha256: Hex digest over the names and bytes of its pages.
    """

    revision: str
    sha256: str


def project_wiki(gardener: Gardener, project: str) -> ProjectWiki | None:
    """The wiki of a project, without parsing it; None where it has no page."""
    from codebase_gardener.knowledge.pages.structure import PAGE_TYPES

    folder = wiki_folder(gardener, project)
    files = [file for kind in PAGE_TYPES.values() for file in sorted((folder / kind.folder).glob("*.md"))]
    if not files:
        return None
    texts = [file.read_text("utf-8", "replace") for file in files]
    named = [f"{file.name}\n{sha256_text(text)}" for file, text in zip(files, texts, strict=True)]
    commit = _COMMIT.search(texts[0][: texts[0].find("\n---\n")])
    return ProjectWiki(commit[1] if commit else "", sha256_text("\n".join(named)))


def current_pages(gardener: Gardener, project: str) -> tuple[tuple[Page, ...], str]:
    """The pages of a project's wiki, if it was built from the project's last snapshot.

    Returns:
        The pages, and why there are none where a wiki is left out; () and "" without a wiki.

    Raises:
        VerificationError: A page is damaged.
    """
    wiki = project_wiki(gardener, project)
    if wiki is None:
        return (), ""
    revision = gardener.snapshot(project).revision
    if wiki.revision != revision:
        return (), outdated(project, wiki, revision)
    return read_pages(gardener, project), ""


def outdated(project: str, wiki: ProjectWiki, revision: str) -> str:
    """What a person is told of a wiki that speaks of another state of the source."""
    return (
        f"the wiki is left out: it was built from {wiki.revision or 'nothing that it names'}, "
        f"and the snapshot is {revision}; bring it up to date with: gardener wiki build {project}"
    )
