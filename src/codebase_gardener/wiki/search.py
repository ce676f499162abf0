"""Code and pages of a project in one index: searched by a reader, and for what is put before a question to a model."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import chain, zip_longest
from pathlib import Path
from textwrap import shorten

from codebase_gardener.dataset.prompts import CONTEXT_CHARS, documents_that_fit
from codebase_gardener.documents.blocks import Block
from codebase_gardener.documents.prose import plain_text
from codebase_gardener.documents.reading import blocks
from codebase_gardener.knowledge.pages.documents import page_documents, page_of
from codebase_gardener.knowledge.pages.markup import EMPTY, spoken
from codebase_gardener.languages.table import language_of
from codebase_gardener.repository.areas import area_of
from codebase_gardener.retrieval.documents import COMMENT_KIND, Document, documents_of
from codebase_gardener.retrieval.index import Hit, SymbolIndex
from codebase_gardener.retrieval.stems import stem, stems
from codebase_gardener.utils.collection import paused_collection
from codebase_gardener.utils.error_handling import NotFoundError
from codebase_gardener.utils.files import remove_tree
from codebase_gardener.wiki.pages import read_pages
from codebase_gardener.wiki.paths import WikiPaths
from codebase_gardener.wiki.questions import content_words, is_page
from codebase_gardener.wiki.ranking import PageRanking, question_stems
from codebase_gardener.wiki.sections import comment_sections
from codebase_gardener.wiki.source import ProjectSource
from codebase_gardener.wiki.state import WikiState

__all__ = ["SearchResult", "WikiIndex", "open_index"]

_DOCUMENTS = 4
_CODE_LOOKED_AT = 16
_ABOUT = 2  # what an Implementation rests on first: its definition, and a class's constructor
_SAID_CHARS = 300
_ANCHOR = re.compile(r"`([^`:]+:L\d+-\d+)`")
_LINK = re.compile(r"\[([^\[\]]{1,300})\]\([^()\s]{1,300}\)")
_CELL = re.compile(r"(?<!\\)\|")
_LICENCE = re.compile(
    r"free software|licensed under|SPDX-License|all rights reserved|permission is hereby granted",
    re.IGNORECASE,
)
_SAYS = re.compile(r"\w")
_PROSE = ("text", COMMENT_KIND)
_READ = ("heading", "paragraph", "item", "row", "code")
"""Blocks of a document whose words are its own: a listing or an include names others."""
_KEPT = 2  # indexes in memory
_LAYOUT = 9
"""Of what is kept of a page; an index of another one is built again."""


@dataclass(frozen=True)
class SearchResult:
    """A page, a section of a document or a piece of code that a query found.

    Attributes:
        score: Higher is better; that of a page and that of code cannot be compared.
        id: The page's id; for code its anchor.
        title: The page's title; for code its qualified name or heading.
        overview: The page's first sentence; for code its name and first line, for a section its first 300 letters.
        said: Of a page or section the line with most of those words of the query that are not in it, "" for none.
        anchor: What `said` cites, else the first lines that the page rests on, "" for a page without any; for code and
            sections where they stand.
        overview_anchor: What `overview` cites for what it quotes, else the first lines that the page rests on.
        kind: "page", "text" for a section of a document, "comment" for one of what a file says of itself, or the kind
            of code.
    """

    score: float
    id: str
    title: str
    overview: str
    anchor: str
    kind: str
    said: str = ""
    overview_anchor: str = ""


class WikiIndex:
    """An index of code and pages.

    Args:
        symbols: The index.
    """

    def __init__(self, symbols: SymbolIndex) -> None:
        self.symbols = symbols

    @cached_property
    def _pages(self) -> PageRanking:
        return PageRanking(self.symbols)

    def search(self, query: str, *, k: int = 5, code: bool = False) -> list[SearchResult]:
        """What a reader asks for, best first: pages and sections of documents, and code by turns with them.

        A page comes once, however many of its sections match, and a Principle as the Implementation that does it,
        unless principles are asked for.

        Args:
            query: In plain words, or names of code.
            k: Results at most.
            code: Search the code, too.
        """
        pages = self._pages.search(query, k, code=self._code_about(query))
        words = " ".join(content_words(query)) or query
        others = self.symbols.search(words, k=k, exclude=is_page) if code else []
        by_turns = chain.from_iterable(zip_longest(pages, others))
        hits = {hit.document.anchor: hit for hit in by_turns if hit is not None}
        return [self._found(hit, query) for hit in hits.values()][:k]

    def _code_about(self, query: str) -> list[Document]:
        """Code of the library that has the query's words in one form or another, less what has a page."""
        spelt = [one for word in question_stems(query) for one in self._spellings.get(word, ())]
        hits = self.symbols.search(
            " ".join(spelt), k=_CODE_LOOKED_AT, exclude=lambda document: document.anchor in self._left_out
        )
        return [hit.document for hit in hits]

    @cached_property
    def _spellings(self) -> dict[str, list[str]]:
        """Of each stem the words of the index that have it."""
        found: dict[str, list[str]] = {}
        for token in sorted(self.symbols.vocabulary):
            found.setdefault(stem(token), []).append(token)
        return found

    @cached_property
    def _left_out(self) -> frozenset[str]:
        """Anchors of pages, of what pages are about, of texts, of licences, and of code that is not the library's."""
        documents = self.symbols.documents
        about = {anchor for one in documents if is_page(one) for anchor in one.evidence[:_ABOUT]}
        other = {
            one.anchor
            for one in documents
            if one.kind in _PROSE
            or is_page(one)
            or area_of(one.path) != "package"
            or (one.kind == "module" and _LICENCE.search(one.text))
        }
        return frozenset(about | other)

    def words_of(self, found: str, *, shown: bool = True) -> frozenset[str]:
        """The stems of the words of what a search found; of a page, too, of the documents that show its subject."""
        if words := self._pages.words_of(found, shown=shown):
            return words
        return frozenset(stems(next((one.text for one in self.symbols.documents if one.anchor == found), "")))

    def weight(self, words: Iterable[str]) -> float:
        """How much these stems say: the fewer pages have one, the more."""
        return self._pages.weight(words)

    def on_getting(self, thing: str, source: str) -> list[Document]:
        """The sections that say how a thing comes from another (`PageRanking.on_getting`)."""
        return self._pages.on_getting(thing, source)

    def symbols_of(self, name: str, folder: str) -> list[Document]:
        """The code of a definition and of its members, wherever in its folder they stand."""
        return [
            one
            for one in self._by_owner.get(name, ())
            if one.path.rpartition("/")[0] == folder and one.kind not in _PROSE and not is_page(one)
        ]

    @cached_property
    def _by_owner(self) -> dict[str, list[Document]]:
        found: dict[str, list[Document]] = {}
        for one in self.symbols.documents:
            for name in {one.symbol, one.symbol.rpartition(".")[0]} - {""}:
                found.setdefault(name, []).append(one)
        return found

    @property
    def sections(self) -> frozenset[str]:
        """The paths of the documents that people read."""
        return self._pages.sections

    def for_prompt(self, question: str, k: int = _DOCUMENTS, *, pages: bool = True) -> list[Document]:
        """What to put before a question: symbols that it names, tests last, then what BM25 finds without filler words.

        Where there is a wiki, the page that fits best comes first, cut to half of the room, and code after it.
        """
        words = content_words(question)
        named = sorted(
            (d for d in self.symbols.documents if not is_page(d) and d.symbol.rpartition(".")[2] in words),
            key=lambda d: (area_of(d.path) == "tests", d.symbol.count("."), d.anchor),
        )
        query = " ".join(words) or question
        code = [hit.document for hit in self.symbols.search(query, k=2 * k, exclude=is_page)]
        page = self._best_part(query, question) if pages else []
        return list(dict.fromkeys([*documents_that_fit(page, CONTEXT_CHARS // 2), *named[: k // 2], *code]))[
            :k
        ]

    def _found(self, hit: Hit, query: str) -> SearchResult:
        document, page = hit.document, page_of(hit.document)
        overview = _first_words(document)
        said = self._pages.line_of(document, query, overview)
        first = (document.evidence or ("",))[0] if page else document.anchor
        told = (
            _ANCHOR.findall(said) if page else []
        )  # a row of a table says where it stands, in its last cell
        return SearchResult(
            score=round(hit.score, 3),
            id=page or document.anchor,
            title=document.symbol,
            overview=spoken(overview) if page else overview,
            overview_anchor=(_ANCHOR.findall(overview) or [first])[0] if page and "“" in overview else first,
            anchor=told[-1 if said.startswith("|") else 0]
            if told
            else self._pages.place_of(document, said) or first,
            kind=document.kind,
            said=_short(
                said
                if self._pages.is_code(document, said)
                else _plain(said)
                if page
                else _worded(document, said)
            ),
        )

    def _best_part(self, query: str, question: str) -> list[Document]:
        """Of the page that the search finds first: the section that says most of the question, else its head."""
        best = [hit.document for hit in self._pages.search(question, 1, sections=False)]
        ids = {page_of(document) for document in best}
        parts = self.symbols.search(query, k=1, exclude=lambda document: page_of(document) not in ids)
        return [hit.document for hit in parts] or best if best else []


def _first_words(document: Document) -> str:
    lines = [line.strip() for line in _as_read(document) if _SAYS.search(line)]
    if is_page(document):
        return lines[0] if lines else ""
    if document.kind in _PROSE:  # a long section comes in pieces: its heading stands in the first alone
        title = plain_text(document.symbol, code_marks=True)
        lines = lines if title in "".join(lines[:1]) else [f"{title}:", *lines]
        return _short(" ".join(lines)).removesuffix(":")
    return _short(" ".join(([f"`{document.symbol}`:"] if document.symbol else []) + lines[:1]))


def _as_read(document: Document) -> list[str]:
    """Its lines; of a section of a document what it says, without directives, and code by its lines."""
    language = language_of(document.path)
    if document.kind in _PROSE and language in ("rst", "markdown"):
        return [
            block.text if block.kind == "code" else _prose(block)
            for block in blocks(document.path, language, document.text)
            if block.kind in _READ
        ]
    return document.text.splitlines()


def _worded(document: Document, line: str) -> str:
    """A line of a section without its marks; of its code, or of a file of code, as it stands."""
    language = language_of(document.path)
    if document.kind not in _PROSE or language not in ("rst", "markdown"):
        return line
    is_code = any(
        one.kind == "code" and line in one.text for one in blocks(document.path, language, document.text)
    )
    return line if is_code else plain_text(line, code_marks=True)


def _prose(block: Block) -> str:
    """Without borders of tables; a heading ends in a colon."""
    lines = [line for line in block.text.splitlines() if _SAYS.search(line)]
    text = plain_text("\n".join(lines), code_marks=True)
    return f"{text}:" if block.kind == "heading" and re.search(r"[\w`)]\Z", text) else text


def _plain(line: str) -> str:
    """A line of a page as it is read: of a link its words, of a table's row what its cells say but their places."""
    text = spoken(_LINK.sub(r"\1", line))
    if not text.startswith("|"):
        return text
    cells = (cell.replace("\\|", "|").strip() for cell in _CELL.split(text.strip("| ")))
    return " · ".join(cell for cell in cells if cell not in ("", EMPTY) and not _ANCHOR.fullmatch(cell))


def _short(text: str) -> str:
    return shorten(text, _SAID_CHARS, placeholder=" …")


def open_index(paths: WikiPaths, source: ProjectSource) -> WikiIndex:
    """The index of a project's last snapshot and its wiki, where there is one; built once and kept beside it.

    Its folder is named after both: the last ones that were opened stay in memory.
    """
    wiki, name = WikiState.read(paths), source.latest_id
    folder = paths.indexes / (f"{name}-{wiki.sha256[:16]}-{_LAYOUT}" if wiki is not None else name)
    try:
        return _loaded(folder)
    except NotFoundError:
        return _built(paths, source, folder, wiki is not None)


@paused_collection()
def _built(paths: WikiPaths, source: ProjectSource, folder: Path, has_pages: bool) -> WikiIndex:
    from codebase_gardener.knowledge.sources.facts_cache import kept_tables
    from codebase_gardener.repository.extraction import extract_tables
    from codebase_gardener.wiki.building import recalling_results
    from codebase_gardener.wiki.showing import with_comments, with_what_shows_them

    snapshot = source.latest()
    tables = extract_tables(snapshot, kept=kept_tables(paths.facts, snapshot.files))
    documents = with_comments(documents_of(snapshot, tables), snapshot, tables)
    with recalling_results(paths):
        pages = page_documents(read_pages(paths)) if has_pages else []
    said = comment_sections(snapshot) if pages else []
    index = SymbolIndex.build([*documents, *said, *with_what_shows_them(pages, documents)])
    for outdated in paths.indexes.glob(
        f"{source.latest_id}-*"
    ):  # of an older wiki: nobody asks for it any more
        remove_tree(outdated, paths.indexes / ".trash")
    index.save(folder)
    return WikiIndex(index)


@lru_cache(maxsize=_KEPT)
def _loaded(folder: Path) -> WikiIndex:
    return WikiIndex(SymbolIndex.load(folder))
