"""`gardener wiki search`: pages, and code between them, of the index that `ask` uses."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import chain, zip_longest
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from codebase_gardener.gardener.asking import index_of
from codebase_gardener.knowledge.pages.documents import page_of
from codebase_gardener.retrieval.documents import Document
from codebase_gardener.retrieval.index import SymbolIndex
from codebase_gardener.utils.error_handling import NotFoundError
from codebase_gardener.wiki.pages import page_files
from codebase_gardener.wiki.questions import content_words, is_page
from codebase_gardener.wiki.ranking import PageRanking
from codebase_gardener.wiki.state import project_wiki

if TYPE_CHECKING:
    from codebase_gardener.gardener.facade import Gardener

__all__ = ["SearchResult", "search_index", "search_wiki"]

_rankings: WeakKeyDictionary[SymbolIndex, PageRanking] = WeakKeyDictionary()


@dataclass(frozen=True)
class SearchResult:
    """A page, or a piece of code, that a query found.

    Attributes:
        score: Higher is better; that of a page and that of code cannot be compared.
        id: The page's id; for code its anchor.
        title: The page's title; for code its qualified name or heading.
        overview: The page's first sentence; for code its first line.
        anchor: The first lines that the page rests on, "" for a page without any; for code where it stands.
        kind: "page", or the kind of code: "function", "method", "class", "module", "text".
    """

    score: float
    id: str
    title: str
    overview: str
    anchor: str
    kind: str

    def as_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return asdict(self)


def search_wiki(
    gardener: Gardener, project: str, query: str, *, k: int = 8, code: bool = False
) -> list[SearchResult]:
    """Search the wiki of a project.

    Args:
        gardener: The home.
        project: Its name.
        query: In plain words, or names of code.
        k: Results at most.
        code: Search the code of the last snapshot, too.

    Returns:
        What was found, best first, pages and code by turns. A page comes once, however many of its sections match,
        and a Principle as the Implementation that does it, unless principles are asked for.

    Raises:
        NotFoundError: No such project, or it has no wiki, or a wiki without pages.
    """
    gardener.registry.project(project)
    page_files(gardener, project)
    if project_wiki(gardener, project) is None:
        raise NotFoundError(
            f"the wiki of {project} has no pages",
            hint=f"its _reports tell what was looked for; after a change: gardener wiki build {project}",
        )
    return search_index(index_of(gardener, project), query, k=k, code=code)


def search_index(index: SymbolIndex, query: str, *, k: int = 8, code: bool = False) -> list[SearchResult]:
    """The same in an index that is loaded."""
    if index not in _rankings:
        _rankings[index] = PageRanking(index)
    pages = _rankings[index].search(query, k)
    words = " ".join(content_words(query)) or query
    others = index.search(words, k=k, exclude=is_page) if code else []
    by_turns = chain.from_iterable(zip_longest(pages, others))
    return [_found(hit.document, hit.score) for hit in by_turns if hit is not None][:k]


def _found(document: Document, score: float) -> SearchResult:
    page = page_of(document)
    first = next((line.strip() for line in document.text.splitlines() if line.strip()), "")
    anchor = (document.evidence or ("",))[0] if page else document.anchor
    return SearchResult(
        round(score, 3), page or document.anchor, document.symbol, first, anchor, document.kind
    )
