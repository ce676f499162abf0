"""What a search found, as lines of an answer."""

from __future__ import annotations

from collections.abc import Iterable, Set

from codebase_gardener.knowledge.answers.lines import GraphLine
from codebase_gardener.retrieval.documents import PAGE_KIND
from codebase_gardener.retrieval.stems import stems
from codebase_gardener.wiki.search import SearchResult
from codebase_gardener.wiki.synonyms import had

__all__ = ["found_lines"]


def found_lines(results: Iterable[SearchResult], asked: Set[str]) -> tuple[GraphLine, ...]:
    """A line of each result that stands somewhere.

    Args:
        results: Of a search, best first.
        asked: The stems of what is asked.
    """
    return tuple(_told(one, asked) for one in results if one.anchor)


def _told(result: SearchResult, asked: Set[str]) -> GraphLine:
    """The line that was found; of a page what it is, where that says more of what is asked."""
    said, overview = (len(had(asked, set(stems(text)))) for text in (result.said, result.overview))
    if result.kind != PAGE_KIND:
        told = f"{result.title}: {result.said}" if result.said else result.overview.lstrip("# ")
        return GraphLine(told, result.anchor)
    if said > overview:
        return GraphLine(f"{result.title}: {result.said}", result.anchor)
    return GraphLine(result.overview, result.overview_anchor)
