"""What a document says: sections, code, entries of an API reference, names in prose, files that it shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from codebase_gardener.knowledge.document_blocks import Block
from codebase_gardener.knowledge.facts import Heading, Include, Listing, Mention, Snippet
from codebase_gardener.knowledge.markdown_blocks import markdown_blocks
from codebase_gardener.knowledge.notebook_blocks import notebook_blocks
from codebase_gardener.knowledge.plain_blocks import asciidoc_blocks, plain_blocks
from codebase_gardener.knowledge.prose import mentioned_names, plain_text
from codebase_gardener.knowledge.rst_blocks import rst_blocks
from codebase_gardener.knowledge.snippets import snippet
from codebase_gardener.repository.anchors import split_lines

__all__ = ["DocumentFacts", "blocks", "document_facts"]

MAX_CHARS = 2_000_000
"""What follows in a longer document is not read."""

MAX_SUMMARY_CHARS = 400


@dataclass(frozen=True)
class DocumentFacts:
    """The part of `FileFacts` that a document fills."""

    headings: tuple[Heading, ...] = ()
    snippets: tuple[Snippet, ...] = ()
    listings: tuple[Listing, ...] = ()
    mentions: tuple[Mention, ...] = ()
    includes: tuple[Include, ...] = ()


def document_facts(path: str, language: str, text: str) -> DocumentFacts:
    """Reads a document; other files have none of this.

    Args:
        path: POSIX; its ending tells notebooks from other JSON.
        language: As in `SourceFile`.
        text: Content.
    """
    found = blocks(path, language, text)
    if not found:
        return DocumentFacts()
    return DocumentFacts(
        headings=_headings(found, len(split_lines(text))),
        snippets=tuple(_snippets(found)),
        listings=tuple(
            Listing(block.start, block.text, block.members, block.only)
            for block in found
            if block.kind == "listing"
        ),
        mentions=_mentions(found),
        includes=tuple(
            Include(block.start, block.text, title)
            for block, title in _titled(found)
            if block.kind == "include"
        ),
    )


def blocks(path: str, language: str, text: str) -> list[Block]:
    """The blocks of a document in the order of their lines; none of other files."""
    if len(text) > MAX_CHARS:
        text = text[:MAX_CHARS].rpartition("\n")[0]
    ending = path.rpartition(".")[2].lower()
    if language == "markdown":
        return markdown_blocks(text)
    if language == "json" and ending == "ipynb":
        return notebook_blocks(text)
    if language == "rst":
        return rst_blocks(split_lines(text))
    if language == "text":
        lines = split_lines(text)
        return asciidoc_blocks(lines) if ending in ("adoc", "asciidoc") else plain_blocks(lines)
    return []


def _titled(found: Iterable[Block]) -> Iterable[tuple[Block, str]]:
    """Each block with the nearest heading before it."""
    title = ""
    for block in found:
        if block.kind == "heading":
            title = plain_text(block.text) or title
        yield block, title


def _headings(found: list[Block], last_line: int) -> tuple[Heading, ...]:
    headings: list[Heading] = []
    open_at: list[tuple[int, int]] = []  # level and place in `headings`
    ends: list[int] = []
    wants_summary = False
    summaries: dict[int, str] = {}
    for block in found:
        if block.kind == "paragraph" and wants_summary:
            summary = _cut(plain_text(block.text))
            if summary:
                summaries[len(headings) - 1] = summary
                wants_summary = False
        title = plain_text(block.text) if block.kind == "heading" else ""
        if not title:
            continue
        while open_at and open_at[-1][0] >= block.level:
            ends[open_at.pop()[1]] = block.start - 1
        open_at.append((block.level, len(headings)))
        headings.append(Heading(block.level, title, block.start, block.end))
        ends.append(last_line)
        wants_summary = True
    return tuple(
        Heading(heading.level, heading.title, heading.start, max(end, heading.start), summaries.get(at, ""))
        for at, (heading, end) in enumerate(zip(headings, ends, strict=True))
    )


def _cut(text: str) -> str:
    if len(text) <= MAX_SUMMARY_CHARS:
        return text
    return text[: MAX_SUMMARY_CHARS - 1].rpartition(" ")[0] + "…"


def _snippets(found: list[Block]) -> Iterable[Snippet]:
    for block, title in _titled(found):
        if block.kind == "code":
            made = snippet(block.start, block.text.split("\n"), block.label, title=title)
            if made:
                yield made


def _mentions(found: list[Block]) -> tuple[Mention, ...]:
    counts: Counter[str] = Counter()
    for block in found:
        if block.kind in ("paragraph", "heading"):
            counts.update(mentioned_names(block.text))
    return tuple(Mention(name, counts[name]) for name in sorted(counts))
