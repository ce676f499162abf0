"""What a repository calls its APIs: the words of the documents' sections that show them, and of the comments above."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace

from codebase_gardener.languages.symbols import SymbolTable
from codebase_gardener.repository.areas import area_of
from codebase_gardener.repository.snapshot import Snapshot
from codebase_gardener.retrieval.documents import MAX_DOCUMENT_CHARS, Document
from codebase_gardener.utils.anchors import Anchor, source_lines

__all__ = ["with_comments", "with_what_shows_them"]

_SECTION_CHARS = 3_000
_MOST_OF_A_NAME = 4
"""Pages of one name: more of them and a section that writes it shows none of them."""

_CODE = re.compile(r"^ {0,3}(`{3,}|~{3,})[^\n]*\n.*?^ {0,3}\1|`+[^`\n]+`+", re.MULTILINE | re.DOTALL)
_NAME = re.compile(r"\w+")
_ONE_WORD = re.compile(r"[a-z]{5,40}")
_WORD = re.compile(r"[a-z]+")


def with_what_shows_them(pages: Iterable[Document], documents: Iterable[Document]) -> list[Document]:
    """The pages, those of APIs with what the sections say that name them in code; a heading counts twice.

    So a page is found by the words of those who explain it: a section "Return HTTP errors to the client" that
    writes `HTTPException` is a synonym that the repository itself shows.

    Args:
        pages: Documents of a wiki (`page_documents`).
        documents: Of the snapshot (`documents_of`).
    """
    documents = list(documents)
    code = {one.anchor: one.text for one in documents if one.kind != "text"}
    pages = [_spelt(page, code) for page in pages]
    named: dict[str, list[str]] = defaultdict(list)
    for page in pages:
        if page.anchor.startswith("Implementation:") and "#" not in page.anchor:
            named[page.symbol.rpartition(".")[2]].append(page.anchor)
    said: dict[str, list[str]] = defaultdict(list)
    for document in documents:
        if document.kind == "text" and document.symbol and area_of(document.path) != "tests":
            for name in _names_in_code(document.text):
                if name in named and len(named[name]) <= _MOST_OF_A_NAME:
                    prose = _CODE.sub(" ", document.text[:_SECTION_CHARS])
                    for page_id in named[name]:
                        said[page_id].append(f"{document.symbol} {document.symbol} {prose}")
    return [
        replace(page, shown="\n".join(said[page.anchor])[:MAX_DOCUMENT_CHARS])
        if page.anchor in said
        else page
        for page in pages
    ]


def _spelt(page: Document, code: Mapping[str, str]) -> Document:
    """The page of an API with the two words of a name that writes them as one: the definition's text has both."""
    name = page.symbol.rpartition(".")[2]
    if not (
        page.anchor.startswith("Implementation:") and "#" not in page.anchor and _ONE_WORD.fullmatch(name)
    ):
        return page
    words = (
        set(_WORD.findall(code.get(page.evidence[0], "")[:_SECTION_CHARS].lower()))
        if page.evidence
        else set()
    )
    for at in range(2, len(name) - 2):
        if name[:at] in words and name[at:] in words:
            return replace(page, domains=(*page.domains, f"{name[:at]} {name[at:]}"))
    return page


def with_comments(
    documents: Iterable[Document], snapshot: Snapshot, tables: Mapping[str, SymbolTable]
) -> list[Document]:
    """The documents, each definition's with the comment above it that says what it is, which then is none of its own.

    Args:
        documents: Of the snapshot (`documents_of`).
        snapshot: Where the lines are from.
        tables: Symbols by path.
    """
    lines = {file.path: source_lines(file.text) for file in snapshot.files if file.path in tables}
    above: dict[tuple[str, str], Anchor] = {
        (str(symbol.anchor), symbol.qualified_name): comment
        for table in tables.values()
        for symbol in table.symbols
        if (comment := symbol.comment_anchor) is not None and comment.end < symbol.start
    }
    told: dict[str, set[int]] = defaultdict(set)
    for comment in above.values():
        told[comment.path].update(range(comment.start, comment.end + 1))
    found: list[Document] = []
    for one in documents:
        first, last = one.line_range
        if one.kind == "module" and not told[one.path].isdisjoint(range(first, last + 1)):
            rest = [lines[one.path][n - 1] for n in range(first, last + 1) if n not in told[one.path]]
            if any(line.strip() for line in rest):
                found.append(replace(one, text="".join(rest)))
            continue
        over = above.get((one.anchor, one.symbol))
        said = "".join(lines[over.path][over.start - 1 : over.end]) if over is not None else ""
        found.append(replace(one, text=(said + one.text)[:MAX_DOCUMENT_CHARS]) if said else one)
    return found


def _names_in_code(text: str) -> list[str]:
    code = " ".join(found[0] for found in _CODE.finditer(text))
    return list(dict.fromkeys(_NAME.findall(code)))
