"""A wiki's pages as a list: the way in first, workflows under what they serve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from codebase_gardener.knowledge.pages.structure import PAGE_TYPES, Page
from codebase_gardener.knowledge.pages.workflow_groups import workflow_groups

__all__ = ["ListedPage", "listed"]


@dataclass(frozen=True)
class ListedPage:
    """A row.

    Attributes:
        type, id, title: Of the page.
        group: Of a workflow, the module or program that it serves, or "Seen in tests"; "" where all serve one.
    """

    type: str
    id: str
    title: str
    group: str


def listed(pages: Sequence[Page]) -> list[ListedPage]:
    """The pages in the order of their types."""
    rows: list[ListedPage] = []
    for kind in PAGE_TYPES:
        found = [page for page in pages if page.type == kind]
        groups = workflow_groups(found, pages) if kind == "Workflow" else ()
        rows += [
            ListedPage(page.type, page.id, page.title, group.title)
            for group in groups
            for page in group.pages
        ] or [ListedPage(page.type, page.id, page.title, "") for page in found]
    return rows
