"""Phase 5: files that no page covers, and pages that no workflow reaches."""

from __future__ import annotations

import re
from dataclasses import replace

from codebase_gardener.knowledge.api_pages import add_implementations, add_principles, link_implementations
from codebase_gardener.knowledge.apis.catalog import api_budget, api_for
from codebase_gardener.knowledge.apis.subject import Api
from codebase_gardener.knowledge.draft import WikiDraft
from codebase_gardener.knowledge.pages.structure import Page
from codebase_gardener.knowledge.pages.triage import orphan_note, triage
from codebase_gardener.utils.progress import Progress

__all__ = ["add_orphans"]


def add_orphans(draft: WikiDraft, progress: Progress) -> None:
    """Files without coverage that are kept get pages; pages that no workflow reaches say why they are kept."""
    _note_orphans(draft)
    found = triage(draft.wiki(draft.pages.values()), draft.repository, draft.resolution)
    apis = _kept_apis(
        draft, {one.path: one.reason for one in found if one.decision == "keep" and not one.pages}
    )
    draft.apis |= {api.target: api for api in apis}
    add_implementations(draft, apis, progress)
    add_principles(draft, apis)
    link_implementations(draft, apis, progress)
    _note_orphans(draft)


def _kept_apis(draft: WikiDraft, reasons: dict[str, str]) -> list[Api]:
    """Of each file that is kept for a reason, the definition that most speaks for a page, while there is room.

    What gets none has a line on its module's page.
    """
    room = api_budget(draft.context, 0) - len(draft.apis)
    taken = {api.page.lower() for api in draft.apis.values()} | {
        api.principle.lower() for api in draft.apis.values()
    }
    apis: list[Api] = []
    for scored in draft.ranked:
        symbol = scored.candidate.symbol
        if scored.candidate.is_internal:
            continue
        reason = reasons.pop(symbol.path, "")
        if not reason or len(apis) >= room:
            continue
        api = api_for(draft.context.target(symbol), draft.context, f"stands for its file ({reason})")
        module = re.sub(r"\W+", "_", symbol.path.rpartition(".")[0])
        clashes = {api.page.lower(), api.principle.lower()} & taken
        apis.append(
            replace(api, page=f"{api.page}_{module}", principle=f"{api.principle}_{module}")
            if clashes
            else api
        )
        taken |= {api.page.lower(), api.principle.lower()}
    return apis


def _note_orphans(draft: WikiDraft) -> None:
    for page_id in sorted(set(draft.pages) - _reached(draft)):
        page = draft.pages[page_id]
        draft.pages[page_id] = replace(page, notes=page.notes or orphan_note(_reason(draft, page)))


def _reached(draft: WikiDraft) -> set[str]:
    """Ids of the pages that the edges of a workflow lead to, over others or at once."""
    reached: set[str] = set()
    pending = [page.id for page in draft.pages.values() if page.type == "Workflow"]
    while pending:
        page_id = pending.pop()
        if page_id not in reached and page_id in draft.pages:
            reached.add(page_id)
            pending += [edge.target for edge in draft.pages[page_id].edges]
    return reached


def _reason(draft: WikiDraft, page: Page) -> str:
    api = _api_of(draft, page)
    if api is not None:
        return api.reasons[0] if api.reasons else "public API"
    return {"Environment": "no workflow needs it", "Heuristic": "no workflow uses what it applies to"}[
        page.type
    ]


def _api_of(draft: WikiDraft, page: Page) -> Api | None:
    """What an Implementation documents, or the first Implementation of a Principle; None for other pages."""
    if page.type != "Principle":
        return draft.api_of.get(page.id)
    wanted = {edge.target for edge in page.edges if edge.kind == "implemented_by"}
    return next((draft.api_of[one] for one in sorted(wanted) if one in draft.api_of), None)
