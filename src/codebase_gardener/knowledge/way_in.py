"""The way into a wiki: pages of modules, and the first page, made when all other pages are known."""

from __future__ import annotations

from codebase_gardener.knowledge.draft import WikiDraft
from codebase_gardener.knowledge.modules.page import ModulePages, module_page
from codebase_gardener.knowledge.modules.tree import module_tree
from codebase_gardener.knowledge.overview.page import overview_page

__all__ = ["add_way_in"]


def add_way_in(draft: WikiDraft) -> None:
    """A page for each module, and the overview."""
    by_target = {api.target: draft.pages[page_id] for page_id, api in draft.api_of.items()}
    tree = module_tree(draft.repository)
    given = ModulePages(draft.context, tree, by_target, _workflows(draft))
    for module in tree.modules:
        draft.add(module_page(module, given))
    pages = list(draft.pages.values())
    overview = overview_page(draft.context, given.relations, pages, by_target)
    if overview.sources or pages:  # a repository of a licence alone has nothing to show
        draft.add(overview)


def _workflows(draft: WikiDraft) -> dict[str, list[tuple[str, str]]]:
    """Of each Implementation's id, title and file of the workflows that have it as a step."""
    found: dict[str, list[tuple[str, str]]] = {}
    for page in sorted(draft.pages.values(), key=lambda one: one.id):
        for edge in page.edges if page.type == "Workflow" else ():
            principle = draft.pages.get(edge.target) if edge.kind == "step" else None
            for made in principle.edges if principle else ():
                if made.kind == "implemented_by":
                    found.setdefault(made.target, []).append((page.title, page.file))
    return found
