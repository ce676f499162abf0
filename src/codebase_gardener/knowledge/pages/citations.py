"""Anchors and quotes in Markdown: what the tool writes, and where a text has them."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from codebase_gardener.knowledge.pages.implementation_layout import parse_anchor
from codebase_gardener.knowledge.pages.markup import code, code_texts, fence, fenced, outside_fences, plain
from codebase_gardener.utils.anchors import Anchor
from codebase_gardener.utils.memo import remembered

__all__ = [
    "Citation",
    "Quote",
    "citations_of",
    "dedented",
    "quote",
    "quotes_of",
    "read_citations",
    "read_quotes",
]

_FROM = re.compile(r"From (`.+`):\s*\Z")


@dataclass(frozen=True)
class Citation:
    """An anchor in code marks, and the 1-based line of the text that it stands on."""

    anchor: Anchor
    line: int


@dataclass(frozen=True)
class Quote:
    """A fenced block right after a line "From `path:Lx-y`:", and the 1-based line of that line."""

    anchor: Anchor
    text: str
    line: int


def quote(anchor: Anchor, lines: Iterable[str], language: str = "") -> str:
    """The lines of an anchor as a quote."""
    return f"From {code(str(anchor))}:\n\n{fence(dedented(lines), language)}"


def dedented(lines: Iterable[str]) -> str:
    """Lines as a quote has them: without their common indentation and without white space at their ends."""
    return textwrap.dedent("\n".join(line.rstrip() for line in lines))


def read_citations(text: str) -> Iterator[Citation]:
    """The anchors in code marks, outside fenced blocks."""
    for number, line in enumerate(outside_fences(text), 1):
        if ":L" not in line:
            continue
        for span in code_texts(
            line.replace("\\|", "|") if line.startswith("|") else line
        ):  # a row of a table
            anchor = parse_anchor(span)
            if anchor:
                yield Citation(anchor, number)


def read_quotes(text: str) -> Iterator[Quote]:
    """The quotes, in order."""
    if "\nFrom `" not in f"\n{text}":
        return
    lines = text.split("\n")
    visible = outside_fences(text)
    for index, line in enumerate(visible):
        found = _FROM.match(line) if line.startswith("From `") else None
        anchor = parse_anchor(plain(found[1])) if found else None
        if not anchor:
            continue
        first = index + 1 + (index + 1 < len(lines) and not lines[index + 1].strip())
        last = first
        while last < len(lines) and not visible[last] and (lines[last].strip() or last > first):
            last += 1
        yield Quote(anchor, fenced("\n".join(lines[first:last]))[1], index + 1)


@remembered
def citations_of(body: str, first_line: int) -> tuple[Citation, ...]:
    """The anchors in the body of a page, whose first line is the page's `first_line`."""
    return tuple(replace(each, line=each.line + first_line - 1) for each in read_citations(body))


@remembered
def quotes_of(body: str, first_line: int) -> tuple[Quote, ...]:
    """The quotes in the body of a page."""
    return tuple(replace(each, line=each.line + first_line - 1) for each in read_quotes(body))
