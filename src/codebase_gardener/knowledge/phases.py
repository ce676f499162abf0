"""The phases of a build: one plain function each, which adds to a draft what it finds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from codebase_gardener.knowledge.api_pages import add_implementations, add_principles, link_implementations
from codebase_gardener.knowledge.apis.catalog import api_catalog
from codebase_gardener.knowledge.draft import WikiDraft
from codebase_gardener.knowledge.environments.all_pages import environment_pages
from codebase_gardener.knowledge.heuristics.pages import HeuristicPage, heuristic_pages
from codebase_gardener.knowledge.links.uses import Target
from codebase_gardener.knowledge.orphan_pages import add_orphans
from codebase_gardener.knowledge.pages.rendering import normalised
from codebase_gardener.knowledge.pages.structure import Edge
from codebase_gardener.knowledge.way_in import add_way_in
from codebase_gardener.knowledge.workflows.golden_path_page import workflow_page
from codebase_gardener.knowledge.workflows.mining import mine, needed_targets
from codebase_gardener.utils.progress import Progress

__all__ = ["PHASES", "Phase"]


def _map(draft: WikiDraft, progress: Progress) -> None:
    """Phase 0: every file is known; its facts were read before."""
    progress(len(draft.repository.facts), len(draft.repository.facts))


def _anchor(draft: WikiDraft, progress: Progress) -> None:
    """Phase 1a: golden paths become Workflow pages."""
    draft.mined = mine(draft.context)
    catalog = api_catalog(draft.context, needed_targets(draft.mined), draft.ranked)
    draft.apis = {api.target: api for api in catalog}
    for done, path in enumerate(draft.mined, 1):
        draft.add(workflow_page(path, draft.apis, draft.repository))
        progress(done, len(draft.mined))


def _enrich_steps(draft: WikiDraft, progress: Progress) -> None:
    """Phase 1b: the APIs of all steps get their Implementation pages, from which the nine attributes are read."""
    needed = [draft.apis[target] for target in needed_targets(draft.mined) if target in draft.apis]
    add_implementations(draft, needed, progress)


def _excavate(draft: WikiDraft, progress: Progress) -> None:
    """Phase 2: Implementation and Principle pages, 1:1."""
    add_implementations(draft, list(draft.apis.values()), progress)
    add_principles(draft, draft.apis.values())


def _enrich(draft: WikiDraft, progress: Progress) -> None:
    """Phase 3: Environments and Heuristics, linked."""
    draft.environments = environment_pages(draft.repository)
    draft.heuristics = heuristic_pages(draft.repository, draft.resolution)
    for page in (*(one.page for one in draft.environments), *(one.page for one in draft.heuristics.pages)):
        draft.add(page)
    link_implementations(draft, list(draft.api_of.values()), progress)
    _link_workflows(draft)


def _link_workflows(draft: WikiDraft) -> None:
    """A Workflow uses the heuristics that stand by its steps' APIs."""
    heuristics = draft.heuristics.pages if draft.heuristics else ()
    for path in draft.mined:
        documents = {passage.path for passage in path.passages}
        keywords = {
            step.target: {keyword for use in step.uses for keyword in use.keywords} for step in path.steps
        }
        used = {
            Edge("uses_heuristic", one.page.id) for one in heuristics if _concerns(one, documents, keywords)
        }
        draft.link(draft.page_id("Workflow", path.page), sorted(used))


def _concerns(one: HeuristicPage, documents: set[str], keywords: Mapping[Target, set[str]]) -> bool:
    """Whether a workflow with these steps meets the advice: it gives the option, or is the document."""
    if one.deprecation or (one.documents and not documents.intersection(one.documents)):
        return False
    steps = [keywords[target] for target in one.near if target in keywords]
    return any(given.intersection(one.options) for given in steps) if one.options else bool(steps)


def _orphans(draft: WikiDraft, progress: Progress) -> None:
    """Phase 5: files that no workflow leads to; then what leads to all files, the pages of modules and the overview."""
    add_orphans(draft, progress)
    add_way_in(draft)


def _audit(draft: WikiDraft, progress: Progress) -> None:
    """Phases 4 and 6: edges that lead nowhere are taken off; what remains is found by the audit of the texts."""
    for done, page in enumerate(list(draft.pages.values()), 1):
        edges = tuple(edge for edge in page.edges if edge.target in draft.pages)
        draft.pages[page.id] = normalised(replace(page, edges=edges))
        progress(done, len(draft.pages))


@dataclass(frozen=True)
class Phase:
    """A phase: its title, what its progress counts, and its function."""

    title: str
    unit: str
    run: Callable[[WikiDraft, Progress], None]


PHASES: dict[str, Phase] = {
    "0": Phase("repository map", "files", _map),
    "1a": Phase("anchoring", "workflows", _anchor),
    "1b": Phase("enrichment of steps", "APIs", _enrich_steps),
    "2": Phase("excavation and synthesis", "APIs", _excavate),
    "3": Phase("enrichment", "pages", _enrich),
    "4": Phase("audit", "pages", _audit),
    "5": Phase("orphans", "APIs", _orphans),
    "6": Phase("audit of orphans", "pages", _audit),
}
"""In order; each has a report of its own in `_reports/`."""
