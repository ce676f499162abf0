"""What can be found: one document for each symbol, and chunks of what stands outside symbols."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, islice
from operator import attrgetter

from codebase_gardener.documents.chunks import heading_chunks, plain_chunks
from codebase_gardener.languages.symbols import Symbol, SymbolTable
from codebase_gardener.languages.table import LANGUAGES, is_code
from codebase_gardener.repository.snapshot import Snapshot, SourceFile
from codebase_gardener.utils.anchors import Anchor, source_lines

__all__ = ["COMMENT_KIND", "MAX_DOCUMENT_CHARS", "PAGE_KIND", "Document", "documents_of"]

PAGE_KIND = "page"
"""The kind of a document that is a page of the wiki."""

COMMENT_KIND = "comment"
"""The kind of a document that is a section of what a file says of itself."""

MAX_DOCUMENT_CHARS = 20_000
"""A longer one is cut."""

_RANGE = re.compile(r":L(\d+)-(\d+)\Z")
_CLASS_LIKE = frozenset({"class", "type", "interface"})


@dataclass(frozen=True)
class Document:
    """A piece of the repository that retrieval can return.

    Attributes:
        anchor: `path:Lx-y`, the lines it was made from.
        path: Its file.
        symbol: Qualified name; for a chunk of text its heading; "" for module-level code.
        text: Source lines, at most 20,000 characters; of a class's members only the signatures.
        kind: "function", "method", "class", "module" (code outside symbols), "text", "comment" (a section of what a
            file of code says of itself), or "page": a page of the wiki, whose anchor is the page's id and whose path
            is the page's file.
        evidence: Anchors of the lines that a page rests on, those of its subject first.
        links: How many workflows lead to a page.
        domains: Words to find a page by, beside those of its text.
        told_by: Id of the page that tells the same with its code, "" for none.
        shown: Of a page: what the sections of documents say that show its subject.
        deprecated: Whether a page's subject is.
    """

    anchor: str
    path: str
    symbol: str
    text: str
    kind: str
    evidence: tuple[str, ...] = ()
    links: int = 0
    domains: tuple[str, ...] = ()
    told_by: str = ""
    shown: str = ""
    deprecated: bool = False

    @property
    def line_range(self) -> tuple[int, int]:
        """First and last line, 1-based and inclusive; (0, 0) where the anchor has none."""
        match = _RANGE.search(self.anchor)
        return (int(match[1]), int(match[2])) if match else (0, 0)

    def overlaps(self, path: str, start: int, end: int) -> bool:
        """Whether it shares a line with that range of that file."""
        first, last = self.line_range
        return self.path == path and first <= end and start <= last


def documents_of(snapshot: Snapshot, tables: Mapping[str, SymbolTable]) -> list[Document]:
    """All documents of a snapshot, sorted by path and line.

    Args:
        snapshot: Its files; what it skipped is in no document.
        tables: Symbols by path; a file without a table is chunked as plain text.
    """
    documents: list[Document] = []
    for file in sorted(snapshot.files, key=lambda file: file.path):
        table = tables.get(file.path)
        documents += _file_documents(file, table.symbols if table else ())
    return documents


def _file_documents(file: SourceFile, symbols: Sequence[Symbol]) -> list[Document]:
    lines = source_lines(file.text)
    symbols = sorted(symbols, key=lambda symbol: (symbol.start, -symbol.end))
    if not is_code(file.language):
        chunks = heading_chunks(file.path, file.language, lines)
        return [_chunk(Anchor(file.path, first, last), title, lines) for title, first, last in chunks]
    found = [_symbol_document(symbol, symbols, lines) for symbol in symbols]
    found += [_chunk(Anchor(file.path, *chunk), None, lines) for chunk in _module_chunks(symbols, lines)]
    return sorted(found, key=lambda document: (document.line_range, document.symbol))


def _chunk(anchor: Anchor, title: str | None, lines: Sequence[str]) -> Document:
    """A chunk of text under its heading, or of code where there is no such thing as a heading."""
    text = "".join(lines[anchor.start - 1 : anchor.end])
    return Document(str(anchor), anchor.path, title or "", text, "module" if title is None else "text")


def _symbol_document(symbol: Symbol, symbols: Sequence[Symbol], lines: list[str]) -> Document:
    class_like = symbol.kind in _CLASS_LIKE
    own = lines[symbol.start - 1 : symbol.end]
    text = _class_summary(symbol, symbols, lines) if class_like else _shortened(own)
    kind = "class" if class_like else symbol.kind
    return Document(str(symbol.anchor), symbol.path, symbol.qualified_name, text, kind)


def _shortened(lines: Sequence[str]) -> str:
    """Whole lines up to the limit: functions nested a hundred deep would otherwise be indexed a hundred times."""
    ends = list(accumulate(map(len, lines)))
    return "".join(lines[: bisect_right(ends, MAX_DOCUMENT_CHARS)])


def _class_summary(owner: Symbol, symbols: Sequence[Symbol], lines: list[str]) -> str:
    """The class with its docstring and attributes, each member as its signature only."""
    parts: list[str] = []
    next_line = owner.start
    for member in _members(owner, symbols):  # outermost, in order
        parts += lines[next_line - 1 : member.start - 1]
        definition = lines[member.definition_line - 1]
        indent = definition[: len(definition) - len(definition.lstrip())]
        parts.append(f"{indent}{member.signature}{LANGUAGES[owner.language].no_body}\n")
        next_line = member.end + 1
    return _shortened([*parts, *lines[next_line - 1 : owner.end]])


def _members(owner: Symbol, symbols: Sequence[Symbol]) -> Iterator[Symbol]:
    """Symbols inside the class's lines; `symbols` are ordered by their first line."""
    last = owner.start
    for symbol in islice(symbols, bisect_right(symbols, owner.start, key=attrgetter("start")), None):
        if symbol.start > owner.end:
            return
        if symbol.start > last and symbol.end <= owner.end:
            yield symbol
            last = symbol.end


def _module_chunks(symbols: Sequence[Symbol], lines: list[str]) -> Iterator[tuple[int, int]]:
    """Runs of lines that no symbol covers."""
    next_line = 1
    for symbol in symbols:
        yield from plain_chunks(lines, next_line, symbol.start - 1)
        next_line = max(next_line, symbol.end + 1)
    yield from plain_chunks(lines, next_line, len(lines))
