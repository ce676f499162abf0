"""Questions that are answered without a model: by the graph, by the wiki's workflows, by two states of the source."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codebase_gardener.knowledge.answers.answering import GraphAnswer, answer_from_graph
from codebase_gardener.knowledge.answers.questions import Asked, forms_of
from codebase_gardener.wiki.state import WikiState

if TYPE_CHECKING:
    from codebase_gardener.wiki.project import ProjectWiki

__all__ = ["answer_to"]


def answer_to(wiki: ProjectWiki, question: str) -> GraphAnswer | None:
    """What can be said to a question, or None.

    Raises:
        SourceError: "what changed since" a revision that there is not.
    """
    forms = forms_of(question)
    changed = next((asked for asked in forms if asked.form == "changed"), None)
    if changed is not None:
        return _changed(wiki, changed)
    if any(asked.form == "how" for asked in forms):
        return _how(wiki, question)
    return answer_from_graph(wiki.graph(), question) if forms else None


def _changed(wiki: ProjectWiki, asked: Asked) -> GraphAnswer:
    from codebase_gardener.knowledge.answers.changes import changes_since

    lines = changes_since(asked.what, wiki.source.at(asked.what), wiki.source.latest())
    return GraphAnswer("changed", asked.what, lines)


def _how(wiki: ProjectWiki, question: str) -> GraphAnswer | None:
    """With the wiki; without one, or with one of another state, nothing is known of how things are done."""
    from codebase_gardener.wiki.how_to import answer_how

    if WikiState.read(wiki.paths) is None or wiki.left_out():
        return None
    return answer_how(wiki.index(), {page.id: page for page in wiki.pages()}, question)
