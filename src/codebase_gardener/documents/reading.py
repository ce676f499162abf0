"""What a document says: sections, code, entries of an API reference, names in prose, files that it shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from msgspec import structs

from codebase_gardener.documents.blocks import Block
from codebase_gardener.documents.facts import ApiListing, Heading, Include, Mention, Snippet
from codebase_gardener.documents.markdown import markdown_blocks
from codebase_gardener.documents.notebook import notebook_blocks
from codebase_gardener.documents.plain import asciidoc_blocks, plain_blocks
from codebase_gardener.documents.prose import mentioned_names, plain_text
from codebase_gardener.documents.rst import rst_blocks
from codebase_gardener.documents.sentences import cut_between_words
from codebase_gardener.documents.snippets import snippet
from codebase_gardener.utils.anchors import split_lines
from codebase_gardener.utils.memo import remembered

__all__ = ["DOCUMENTS", "DocumentFacts", "blocks", "document_facts", "kept_blocks"]

DOCUMENTS = ("markdown", "rst", "text", "notebook")
"""Languages of documents."""
MAX_CHARS = 2_000_000
MAX_LINES = 20_000
"""What follows in a longer document is not read: a list of 20,000 entries takes a second."""

MAX_SUMMARY_CHARS = 400
_PROSE = ("paragraph", "item")


@dataclass(frozen=True)
class DocumentFacts:
    """The part of `FileFacts` that a document fills."""

    headings: tuple[Heading, ...] = ()
    snippets: tuple[Snippet, ...] = ()
    listings: tuple[ApiListing, ...] = ()
    mentions: tuple[Mention, ...] = ()
    includes: tuple[Include, ...] = ()


def document_facts(path: str, language: str, text: str) -> DocumentFacts:
    """Reads a document; other files have none of this.

    Args:
        path: POSIX; its ending tells notebooks from other JSON.
        language: As in `SourceFile`.
        text: Content.
    """
    found = list(_titled(blocks(path, language, text)))
    return DocumentFacts(
        headings=_headings(found, len(split_lines(text))),
        snippets=tuple(_snippets(found)),
        listings=tuple(
            ApiListing(block.start, block.text, block.members, block.only)
            for block, _ in found
            if block.kind == "listing"
        ),
        mentions=_mentions(found) if language != "text" else (),
        includes=tuple(
            Include(block.start, block.text, title) for block, title in found if block.kind == "include"
        ),
    )


@lru_cache(maxsize=2)
def blocks(path: str, language: str, text: str) -> Sequence[Block]:
    """The blocks of a document in the order of their lines; none of other files. Several readers ask, one by one."""
    ending = path.rpartition(".")[2].lower()
    if language == "notebook":
        return notebook_blocks(text)
    if language not in DOCUMENTS:
        return []
    lines = split_lines(text[:MAX_CHARS])[:MAX_LINES]
    if language == "markdown":
        return markdown_blocks("\n".join(lines))
    if language == "rst":
        return rst_blocks(lines)
    return asciidoc_blocks(lines) if ending in ("adoc", "asciidoc") else plain_blocks(lines)


@remembered
def kept_blocks(path: str, language: str, text: str) -> tuple[Block, ...]:
    """`blocks` of a document that every build looks into: not parsed again while its text is the same."""
    return tuple(blocks(path, language, text))


def _titled(found: Iterable[Block]) -> Iterable[tuple[Block, str]]:
    """Each block with the nearest heading before it; a heading with its own title."""
    title = ""
    for block in found:
        if block.kind == "heading":
            own = plain_text(block.text)
            title = own or title
            yield block, own
        else:
            yield block, title


def _headings(found: list[tuple[Block, str]], last_line: int) -> tuple[Heading, ...]:
    """Sections, each to before the next heading of its level or a higher one."""
    headings: list[Heading] = []
    open_at: list[int] = []  # places in `headings` of the sections that the next heading may end
    boxed = 0  # the last line of a box: what stands in it does not say what the section is about
    for block, title in found:
        boxed = max(boxed, block.end) if block.kind == "box" else boxed
        if block.kind in _PROSE and block.start > boxed and headings and not headings[-1].summary:
            headings[-1] = structs.replace(
                headings[-1], summary=cut_between_words(plain_text(block.text), MAX_SUMMARY_CHARS)
            )
        if block.kind != "heading" or not title:
            continue
        while open_at and headings[open_at[-1]].level >= block.level:
            ended = open_at.pop()
            headings[ended] = structs.replace(
                headings[ended], end=max(block.start - 1, headings[ended].start)
            )
        open_at.append(len(headings))
        headings.append(Heading(block.level, title, block.start, max(last_line, block.start)))
    return tuple(headings)


def _snippets(found: list[tuple[Block, str]]) -> Iterable[Snippet]:
    for block, title in found:
        if block.kind == "code":
            made = snippet(block.start, block.text.split("\n"), block.label, title=title, end=block.end)
            if made:
                yield made


def _mentions(found: list[tuple[Block, str]]) -> tuple[Mention, ...]:
    counts: Counter[str] = Counter()
    for block, _ in found:
        if block.kind in ("heading", "row", *_PROSE):
            counts.update(mentioned_names(block.text))
    return tuple(Mention(name, counts[name]) for name in sorted(counts))
