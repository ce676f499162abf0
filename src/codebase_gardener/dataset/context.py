"""Retrieved code and wiki pages for prompts: from the training side only, and never of the file that is asked about."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

from codebase_gardener.dataset.prompts import (
    ANCHOR_LINE_CHARS,
    CONTEXT_CHARS,
    comment_prefix,
    documents_that_fit,
    retrieval_query,
)
from codebase_gardener.dataset.sites import chance
from codebase_gardener.dataset.split import Split
from codebase_gardener.languages.python.row import is_python
from codebase_gardener.languages.python.trees import parse_python
from codebase_gardener.languages.symbols import Symbol, SymbolTable
from codebase_gardener.repository.snapshot import Snapshot
from codebase_gardener.retrieval.documents import PAGE_KIND, Document, documents_of
from codebase_gardener.retrieval.index import SymbolIndex
from codebase_gardener.utils.anchors import source_lines

__all__ = ["ContextFinder", "training_side", "without_docstring"]

_CANDIDATES, _MOST = 64, 8
PAGE_CHARS = 400
"""Of the room for retrieved code. Next to the function, where the best code stands, a page of 600 made the base
worse on flask 3.1.3 (+0.022 nats/token, 95 % 0.000 to +0.052); far from it, one of 400 does no harm."""
_KINDS = frozenset({"function", "method"})  # module code and class summaries share less with a body


@dataclass(frozen=True)
class ContextFinder:
    """Finds the documents that go into a function's prompt.

    The whole file of the function is left out, not only its own lines: what stands before the function is in
    the prompt anyway, and a held-out function is asked for with nothing of its file either, so that the model
    sees in training what it sees in evaluation.

    Functions of the same name come first: they are often the same method of a sibling class. Docstrings are
    left out, as they take the room of code. `benchmarks/retrieval.py` measures what both bring.

    Attributes:
        index: Without any held-out file.
        share: Of the training rows that get context, 0 to 1.
        pages: Whether the page of the wiki that fits best stands in front of the code.
    """

    index: SymbolIndex
    share: float = 0.5
    pages: bool = False
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
        return self.search(retrieval_query(symbol), symbol.name, symbol.path, symbol.language)

    def search(
        self,
        query: str,
        name: str,
        path: str,
        language: str,
        is_own: Callable[[Document], bool] | None = None,
    ) -> tuple[Document, ...]:
        """The documents for the prompt of a function that is only known by words.

        Args:
            query: Its path, name and signature, as `retrieval_query` has them.
            name: What others of its name are called.
            path: Its file, nothing of which is given.
            language: A key of `LANGUAGES`.
            is_own: Whether a document is the function itself, where its file is not known.
        """
        hits = self.index.search(
            query,
            k=_CANDIDATES,
            exclude=lambda document: document.kind not in _KINDS or (is_own is not None and is_own(document)),
            exclude_paths=(path,),
        )
        namesakes_first = sorted(hits, key=lambda hit: hit.document.symbol.rpartition(".")[2] != name)
        chosen: list[Document] = []
        for hit in namesakes_first:
            if len(chosen) == _MOST:
                break
            document = without_docstring(hit.document)
            if not any(_repeats(document, other) for other in chosen):
                chosen.append(document)
        page = self._page(query, comment_prefix(language))
        # a page stands first in the prompt, that is, last in the order: code stands next to the function
        room = CONTEXT_CHARS - sum(
            len(document.anchor) + len(document.text) + ANCHOR_LINE_CHARS for document in page
        )
        return (*documents_that_fit(chosen, room), *page)

    def _page(self, query: str, comment: str) -> list[Document]:
        """The page that fits best, as comments, cut to its part of the room."""
        if not self.pages:
            return []
        hits = self.index.search(query, k=1, exclude=lambda document: document.kind != PAGE_KIND)
        return documents_that_fit([_as_comment(hit.document, comment) for hit in hits], PAGE_CHARS)


def _as_comment(document: Document, comment: str) -> Document:
    """A page as it may stand in a file of code."""
    lines = (f"{comment} {line}".rstrip() for line in document.text.rstrip().split("\n"))
    return replace(document, text="".join(f"{line}\n" for line in lines))


@lru_cache(maxsize=4096)
def without_docstring(document: Document) -> Document:
    """A Python function without the lines of its docstring; any other document as it is."""
    if not is_python(document.path):
        return document
    nested = document.text[:1].isspace()
    tree = parse_python("if True:\n" + document.text if nested else document.text)
    if isinstance(tree, str):  # it was cut in its middle
        return document
    found = next(
        (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)), None
    )
    if found is None or ast.get_docstring(found, clean=False) is None or len(found.body) == 1:
        return document
    first, last, following = found.body[0].lineno, found.body[0].end_lineno, found.body[1].lineno
    if first <= found.lineno or last is None or last >= following:  # it shares a line with code
        return document
    lines = source_lines(document.text)
    kept = lines[: first - 1 - nested] + lines[last - nested :]
    return replace(document, text="".join(kept))


def _repeats(document: Document, other: Document) -> bool:
    return document.text == other.text or document.overlaps(other.path, *other.line_range)


def training_side(
    snapshot: Snapshot, tables: Mapping[str, SymbolTable], split: Split, share: float
) -> ContextFinder:
    """A finder in the files that are not held out: what an index for training or evaluation may hold."""
    documents = [each for each in documents_of(snapshot, tables) if each.path not in split.heldout]
    return ContextFinder(SymbolIndex.build(documents), share)
