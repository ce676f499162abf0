"""The anchors that a page names, gathered while it is written."""

from __future__ import annotations

from codebase_gardener.knowledge.pages.markup import code
from codebase_gardener.knowledge.sources.lines import Source
from codebase_gardener.knowledge.sources.repository_facts import RepositoryFacts
from codebase_gardener.languages.symbols import Symbol
from codebase_gardener.utils.anchors import Anchor

__all__ = ["PageSources"]


class PageSources:
    """Each anchor is written through `cite` or `cite_symbol`, so the page's `sources` cannot miss one."""

    def __init__(self, repository: RepositoryFacts) -> None:
        self._repository = repository
        self._found: dict[Anchor, Source] = {}

    def cite(self, path: str, start: int, end: int) -> str:
        """An anchor in code marks."""
        anchor = Anchor(path, start, end)
        if anchor not in self._found:
            self._found[anchor] = self._repository.source(path, start, end)
        return code(str(anchor))

    def cite_symbol(self, symbol: Symbol) -> str:
        """A definition's anchor in code marks."""
        self._found[symbol.anchor] = self._repository.source_of(symbol)
        return code(str(symbol.anchor))

    def cite_docstring(self, symbol: Symbol) -> str:
        """The anchor of a definition's docstring, or of the comment above it, in code marks."""
        at = symbol.docstring_anchor
        return self.cite(at.path, at.start, at.end) if at else self.cite_symbol(symbol)

    def said_at(self, symbol: Symbol) -> str:
        """Where the words of its comment stand, behind a quote; "" where its own anchor has them."""
        return f" ({self.cite_docstring(symbol)})" if symbol.comment_anchor else ""

    def all(self) -> tuple[Source, ...]:
        """In the order in which they were first cited."""
        return tuple(self._found.values())
