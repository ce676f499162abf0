"""The pages of APIs in a draft: Implementations, their Principles, and their edges."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from codebase_gardener.knowledge.apis.implementations import implementation_page
from codebase_gardener.knowledge.apis.principles import (
    principle_page,
    says_something,
    theoretical_basis,
)
from codebase_gardener.knowledge.apis.subject import Api
from codebase_gardener.knowledge.draft import WikiDraft
from codebase_gardener.knowledge.environments.gates import required_environments
from codebase_gardener.knowledge.heuristics.pages import Heuristics
from codebase_gardener.knowledge.links.uses import Target
from codebase_gardener.knowledge.pages.markup import link_free
from codebase_gardener.knowledge.pages.structure import Edge, Section
from codebase_gardener.knowledge.sources.lines import Source
from codebase_gardener.knowledge.workflows.mining import needed_targets
from codebase_gardener.languages.table import is_erased
from codebase_gardener.utils.progress import Progress

__all__ = ["add_implementations", "add_principles", "link_implementations"]


def add_implementations(draft: WikiDraft, apis: Sequence[Api], progress: Progress) -> None:
    """An Implementation page for each API that has none yet."""
    for done, api in enumerate(apis, 1):
        page_id = draft.page_id("Implementation", api.page)
        if page_id not in draft.pages:
            draft.add(implementation_page(api, draft.context, draft.apis))
            draft.api_of[page_id] = api
        progress(done, len(apis))


def add_principles(draft: WikiDraft, apis: Iterable[Api]) -> None:
    """A Principle page for each API whose idea is told; what there is of the others stands on their own page."""
    steps = set(needed_targets(draft.mined))
    for api in apis:
        sources: tuple[Source, ...] = ()
        if api.target in steps or says_something(api, draft.context):
            principle = principle_page(api, draft.context, draft.apis)
            draft.add(principle)
            told = f"Its idea has a page of its own: [{link_free(principle.title)}](../{principle.file})."
        else:
            told, sources = theoretical_basis(api, draft.context)
        made = draft.pages[draft.page_id("Implementation", api.page)]
        draft.add(
            replace(
                made,
                sections=(*made.sections[:-1], Section("Theoretical Basis", told)),
                sources=tuple(dict.fromkeys((*made.sources, *sources))),
            )
        )


def link_implementations(draft: WikiDraft, apis: Sequence[Api], progress: Progress) -> None:
    """Implementations require environments and use heuristics."""
    advice = _advice(draft.heuristics) if draft.heuristics else {}
    needed = required_environments([api.target for api in apis], draft.environments, draft.resolution)
    for done, api in enumerate(apis, 1):
        is_type = api.symbol is not None and is_erased(api.symbol)
        environments = () if is_type else needed.get(api.target, ())
        edges = [Edge("requires_env", one.page.id) for one in environments]
        edges += [Edge("uses_heuristic", name) for name in sorted(advice.get(api.target, ()))]
        draft.link(draft.page_id("Implementation", api.page), edges)
        progress(done, len(apis))


def _advice(heuristics: Heuristics) -> dict[Target, list[str]]:
    """Ids of the Heuristic pages that apply to each definition."""
    found: dict[Target, list[str]] = {}
    for one in heuristics.pages:
        for target in one.applies:
            found.setdefault(target, []).append(one.page.id)
    return found
