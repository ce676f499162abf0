"""What the phases of a build hand on: pages so far, and what they were made from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property

from codebase_gardener.knowledge.apis.context import ApiContext
from codebase_gardener.knowledge.apis.subject import Api
from codebase_gardener.knowledge.apis.surface import Scored, ranked
from codebase_gardener.knowledge.environments.page_draft import EnvironmentPage
from codebase_gardener.knowledge.heuristics.pages import Heuristics
from codebase_gardener.knowledge.links.resolution import Resolution
from codebase_gardener.knowledge.links.uses import Target
from codebase_gardener.knowledge.pages.structure import Edge, Page, Wiki
from codebase_gardener.knowledge.sources.repository_facts import RepositoryFacts
from codebase_gardener.knowledge.workflows.golden_path import GoldenPath

__all__ = ["WikiDraft"]


@dataclass
class WikiDraft:
    """A wiki that is being built; each phase adds to it.

    Attributes:
        repository: Its facts.
        resolution: What its names mean.
        apis: Those that get a page, by what they document.
        mined: The golden paths; none before phase 1a.
        pages: By id.
        api_of: The API of each Implementation page, by the page's id.
        environments: Those that have a page.
        heuristics: Those that have a page; None before phase 3.
    """

    repository: RepositoryFacts
    resolution: Resolution
    apis: dict[Target, Api] = field(default_factory=dict)
    mined: tuple[GoldenPath, ...] = ()
    pages: dict[str, Page] = field(default_factory=dict)
    api_of: dict[str, Api] = field(default_factory=dict)
    environments: tuple[EnvironmentPage, ...] = ()
    heuristics: Heuristics | None = None

    @cached_property
    def context(self) -> ApiContext:
        """Made once: it indexes the repository."""
        return ApiContext(self.repository, self.resolution)

    @cached_property
    def ranked(self) -> tuple[Scored, ...]:
        """The definitions that may get a page, best first."""
        return ranked(self.context)

    def add(self, page: Page) -> None:
        """Take a page in."""
        self.pages[page.id] = page

    def link(self, page_id: str, edges: Iterable[Edge]) -> None:
        """Add edges to a page, each once."""
        page = self.pages[page_id]
        self.pages[page_id] = replace(page, edges=tuple(dict.fromkeys((*page.edges, *edges))))

    def page_id(self, kind: str, name: str) -> str:
        """`Type:owner_repo_Name`."""
        return f"{kind}:{self.repository.owner_repo}_{name}"

    def wiki(self, pages: Iterable[Page]) -> Wiki:
        """The wiki of these pages, sorted by id."""
        repository = self.repository
        return Wiki(
            repository.owner_repo, repository.repo, repository.snapshot.revision, repository.snapshot.date,
            tuple(sorted(pages, key=lambda page: page.id)),
        )  # fmt: skip
