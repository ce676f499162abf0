"""How something is done: the steps of the workflow that a question finds, each with the API that does it."""

from __future__ import annotations

from collections.abc import Mapping

from codebase_gardener.knowledge.answers.answering import GraphAnswer, GraphLine
from codebase_gardener.knowledge.pages.structure import Page
from codebase_gardener.wiki.ranking import question_stems
from codebase_gardener.wiki.search import WikiIndex

__all__ = ["answer_how"]

_LOOKED_AT = 3
_ENOUGH = 2 / 3  # of a question's words: "in tests" says where, not what
_OWN_KINDS = ("API Doc", "Pattern Doc", "External Tool Doc")


def answer_how(index: WikiIndex, pages: Mapping[str, Page], question: str) -> GraphAnswer | None:
    """The steps of the first workflow that has the words of a question, else the API that has them; None for neither.

    Args:
        index: Of code and pages.
        pages: By id.
        question: "how do I …".
    """
    asked = question_stems(question).keys()
    found = [pages[hit.id] for hit in index.search(question, k=_LOOKED_AT) if hit.id in pages]
    if found and found[0].type == "Overview":  # asked of the repository as a whole
        return None
    fits = [page for page in found if asked and _ENOUGH * len(asked) <= len(asked & index.words_of(page.id))]
    chosen = next((page for page in fits if page.type == "Workflow"), None)
    chosen = chosen or next((page for page in fits if page.kind in _OWN_KINDS), None)
    if chosen is None:
        return None
    lines = [GraphLine(chosen.overview, _anchor(chosen)), *_steps(chosen, pages)]
    return GraphAnswer("how", chosen.id, tuple(lines))


def _steps(workflow: Page, pages: Mapping[str, Page]) -> list[GraphLine]:
    lines: list[GraphLine] = []
    for edge in workflow.edges:
        if edge.kind == "step" and edge.target in pages:
            principle = pages[edge.target]
            done_by = next((one.target for one in principle.edges if one.kind == "implemented_by"), "")
            api = pages.get(done_by, principle)
            said = f"{len(lines) + 1}. {principle.title}: `{api.title}`"
            lines.append(GraphLine(said, _anchor(api) or _anchor(principle)))
    return lines


def _anchor(page: Page) -> str:
    return str(page.sources[0].anchor) if page.sources else ""
