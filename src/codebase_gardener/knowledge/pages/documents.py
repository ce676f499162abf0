"""Pages as documents for retrieval, so that one index holds code and wiki."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

from codebase_gardener.knowledge.pages.markup import NONE_FOUND, outside_fences
from codebase_gardener.knowledge.pages.structure import Page
from codebase_gardener.knowledge.pages.workflow_layout import LINK
from codebase_gardener.retrieval.documents import PAGE_KIND, Document

__all__ = ["page_documents", "page_of", "prose_of"]

LONG_PAGE_CHARS = 1_000
"""A longer page is a document for each of its sections: BM25 ranks a long text lower, whatever a part of it says."""

_DEPRECATED = re.compile(
    r"\bdecorated with [^;]*\bdeprecated\b|\bdeprecated (?:since|in) version\b|^\W*deprecated\b", re.I | re.M
)
_DEPRECATES = re.compile(r"(?:^|\n\n|\n>\n)> (?:\.\. deprecated::|@deprecated\b|Deprecated\b|DEPRECATED\b)")
_DIAGRAM = "```mermaid"


def page_documents(pages: Iterable[Page]) -> list[Document]:
    """The documents of pages, sorted by anchor.

    Each has the page's id as its anchor, with `#Section` behind it where a long page is cut, and the page's own
    anchors as its evidence. Its text is prose and tables: links to other pages, diagrams and quotes of the source
    are left out, since the source is in the index itself.

    Args:
        pages: Of a wiki, in any order.
    """
    pages = tuple(pages)
    links = _workflows_that_lead_to(pages)
    documents = [
        replace(
            document,
            links=links[page.id],
            domains=page.domains,
            told_by=_told_by(page),
            deprecated=_is_deprecated(page),
        )
        for page in pages
        for document in _documents(page)
    ]
    return sorted(documents, key=lambda document: document.anchor)


def page_of(document: Document) -> str:
    """The id of the page that a document was made from; "" for a document that is no page's."""
    return document.anchor.partition("#")[0] if document.kind == PAGE_KIND else ""


def _workflows_that_lead_to(pages: Iterable[Page]) -> Counter[str]:
    """Of each page: how many workflows have a step, or what the step is done with, that is it."""
    done_with = {page.id: _told_by(page) for page in pages}
    links: Counter[str] = Counter()
    for page in pages:
        steps = {edge.target for edge in page.edges if edge.kind == "step"}
        links.update(steps | ({done_with.get(step, "") for step in steps} - {""}))
    return links


def _is_deprecated(page: Page) -> bool:
    """Whether its subject says so: by a decorator, its docstring's first words, or a paragraph of it."""
    first = f"{page.overview}\n{page.description.partition(chr(10) * 2)[0]}"
    return _DEPRECATED.search(first) is not None or _DEPRECATES.search(page.description) is not None


def _told_by(page: Page) -> str:
    return next((edge.target for edge in page.edges if edge.kind == "implemented_by"), "")


def prose_of(body: str) -> str:
    """A section's body without links to pages, quotes of the source, and diagrams.

    Example:
        >>> prose_of("Said of it.\\n\\n[[step::Principle:x]]\\n\\nFrom `a.py:L1-1`:\\n\\n```python\\nx = 1\\n```\\n")
        'Said of it.'
    """
    if body.strip() == NONE_FOUND:
        return ""
    text = "\n".join(_prose_lines(body))
    while "\n\n\n" in text:
        text = text.replace("\n\n\n", "\n\n")
    return text.strip()


def _prose_lines(body: str) -> Iterator[str]:
    """The lines that stay; a fenced block goes with the line that introduces it."""
    dropping = False
    for line, visible in zip(body.split("\n"), outside_fences(body), strict=True):
        if visible.strip():
            dropping = _introduces_quote(visible)
            if not dropping and LINK.fullmatch(visible.strip().removeprefix("* ")) is None:
                yield line
        else:
            dropping = dropping or line.strip() == _DIAGRAM
            if not dropping:
                yield line


def _introduces_quote(line: str) -> bool:
    return line.startswith("From `") and line.rstrip().endswith(":")


def _documents(page: Page) -> Iterator[Document]:
    parts = [(section.heading, prose_of(section.body)) for section in page.sections]
    head = "\n\n".join(filter(None, map(prose_of, (page.overview, page.description, page.usage))))
    whole = "\n\n".join([head, *(f"{heading}\n\n{text}" for heading, text in parts if text)])
    if len(whole) <= LONG_PAGE_CHARS:
        yield _document(page, page.id, whole)
        return
    yield _document(page, page.id, head)
    for heading, text in parts:
        if text:
            yield _document(page, f"{page.id}#{heading}", f"{page.overview}\n\n{heading}\n\n{text}")


def _document(page: Page, anchor: str, text: str) -> Document:
    evidence = tuple(dict.fromkeys(str(source.anchor) for source in page.sources))
    return Document(anchor, page.file, page.title, f"{text}\n", PAGE_KIND, evidence)
