"""The pages of APIs in a draft: Implementations, their Principles, and their edges."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from codebase_gardener.knowledge.apis.implementations import implementation_page
from codebase_gardener.knowledge.apis.principles import principle_page
from codebase_gardener.knowledge.apis.subject import Api
from codebase_gardener.knowledge.draft import WikiDraft
from codebase_gardener.knowledge.environments.gates import required_environments
from codebase_gardener.knowledge.heuristics.pages import Heuristics
from codebase_gardener.knowledge.links.uses import Target
from codebase_gardener.knowledge.pages.structure import Edge
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
    """A Principle page for each API."""
    for api in apis:
        draft.add(principle_page(api, draft.context, draft.apis))


def link_implementations(draft: WikiDraft, apis: Sequence[Api], progress: Progress) -> None:
    """Implementations require environments and use heuristics."""
    advice = _advice(draft.heuristics) if draft.heuristics else {}
    needed = required_environments([api.target for api in apis], draft.environments, draft.resolution)
    for done, api in enumerate(apis, 1):
        edges = [Edge("requires_env", one.page.id) for one in needed.get(api.target, ())]
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
