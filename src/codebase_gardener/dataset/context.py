"""Retrieved code for prompts: from the training side only, and never of the file that is asked about."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from codebase_gardener.dataset.prompts import documents_that_fit, retrieval_query
from codebase_gardener.dataset.sites import chance
from codebase_gardener.repository.symbols import Symbol
from codebase_gardener.retrieval.documents import Document
from codebase_gardener.retrieval.index import SymbolIndex

__all__ = ["ContextFinder", "without_files"]

_CANDIDATES = 16
_KINDS = frozenset({"function", "method"})  # module code and class summaries share less with a body


@dataclass(frozen=True)
class ContextFinder:
    """Finds the documents that go into a function's prompt.

    The whole file of the function is left out, not only its own lines: what stands before the function is in
    the prompt anyway, and a held-out function is asked for with nothing of its file either, so that the model
    sees in training what it sees in evaluation.

    Attributes:
        index: Without any held-out file.
        share: Of the training rows that get context, 0 to 1.
        k: At most so many documents for a prompt.
    """

    index: SymbolIndex
    share: float = 0.5
    k: int = 4
    _found: dict[str, tuple[Document, ...]] = field(default_factory=dict, compare=False, repr=False)

    def documents(self, symbol: Symbol) -> tuple[Document, ...]:
        """The documents for a function's prompt, best first, none inside another, cut to its room."""
        key = f"{symbol.anchor} {symbol.qualified_name}"
        if key not in self._found:
            self._found[key] = self._search(symbol)
        return self._found[key]

    def for_row(self, symbol: Symbol) -> Callable[[], tuple[Document, ...]]:
        """The same, for the rows that a hash of the anchor gives context."""
        if chance(f"context {symbol.anchor}") < self.share:
            return lambda: self.documents(symbol)
        return tuple

    def _search(self, symbol: Symbol) -> tuple[Document, ...]:
        hits = self.index.search(
            retrieval_query(symbol),
            k=_CANDIDATES,
            exclude=lambda document: document.kind not in _KINDS,
            exclude_paths=(symbol.path,),
        )
        chosen: list[Document] = []
        for hit in hits:
            if len(chosen) < self.k and not any(_repeats(hit.document, other) for other in chosen):
                chosen.append(hit.document)
        return tuple(documents_that_fit(chosen))


def _repeats(document: Document, other: Document) -> bool:
    return document.text == other.text or document.overlaps(other.path, *other.line_range)


def without_files(documents: Sequence[Document], paths: frozenset[str]) -> list[Document]:
    """The documents of all other files: what an index for training or evaluation may hold."""
    return [document for document in documents if document.path not in paths]
