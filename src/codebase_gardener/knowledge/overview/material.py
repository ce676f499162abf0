"""What an Overview is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from codebase_gardener.knowledge.apis.context import ApiContext
from codebase_gardener.knowledge.links.uses import Target
from codebase_gardener.knowledge.modules.relations import Relations
from codebase_gardener.knowledge.modules.tree import ModuleTree
from codebase_gardener.knowledge.pages.cited import PageSources
from codebase_gardener.knowledge.pages.structure import Page

__all__ = ["Material"]


@dataclass(frozen=True)
class Material:
    """What an Overview is made of.

    Attributes:
        context: The repository with its links.
        relations: Of its modules.
        pages: All other pages, by id.
        by_target: The Implementation page of each API that has one, by what it documents.
        sources: What the page cites.
    """

    context: ApiContext
    relations: Relations
    pages: Sequence[Page]
    by_target: Mapping[Target, Page]
    sources: PageSources

    @property
    def tree(self) -> ModuleTree:
        """The modules."""
        return self.relations.tree

    def of_type(self, kind: str) -> list[Page]:
        """The pages of a type."""
        return [page for page in self.pages if page.type == kind]
