"""Comments of HTML and MDX in Markdown: they are written for tools and authors, and no reader sees them."""

from __future__ import annotations

from collections.abc import Sequence

from codebase_gardener.documents.code_spans import code_spans
from codebase_gardener.documents.fences import closes_fence, opened_fence

__all__ = ["comment_free", "mdx_comment_free", "text_outside_comments"]

_HTML = "<!--", "-->"
_MDX = "{/*", "*/}"
_CODE_INDENT = "    "


def comment_free(lines: Sequence[str]) -> list[str]:
    """As many lines, without what comments have of them; code in fences and spans stays, and so does an open comment.

    Example:
        >>> comment_free(["Read on. <!-- a", "b --> Now", "`<!-- c -->`"])
        ['Read on. ', ' Now', '`<!-- c -->`']
    """
    return _without(mdx_comment_free(lines), *_HTML)


def mdx_comment_free(lines: Sequence[str]) -> list[str]:
    """As many lines, without what comments of MDX have of them, code fences in them included.

    Example:
        >>> mdx_comment_free(["Read on. {/* ```", "## Old */} Now", "`{/* c */}`"])
        ['Read on. ', ' Now', '`{/* c */}`']
    """
    return _without(lines, *_MDX, code_indent=_CODE_INDENT)


def text_outside_comments(text: str) -> str:
    """The same of a text of several lines."""
    return "\n".join(comment_free(text.split("\n"))) if _HTML[0] in text else text


def _without(lines: Sequence[str], begin: str, end: str, code_indent: str = "") -> list[str]:
    """As many lines, without comments between two marks; with a code indent, none begins in a line that has it."""
    text = "\n".join(lines)
    if begin not in text or end not in text:
        return list(lines)
    last = max(number for number, line in enumerate(lines) if end in line)
    found: list[str] = []
    inside, fence = False, ""
    for number, line in enumerate(lines):
        kept = line
        if fence:
            fence = "" if closes_fence(line, fence) else fence
        elif not inside and (opened := opened_fence(line)):
            fence = opened.mark
        elif inside or not (code_indent and line.startswith(code_indent)):
            kept, inside = _outside(line, begin, end, inside, ends_later=number < last)
        found.append(kept)
    return found


def _outside(line: str, begin: str, end: str, inside: bool, ends_later: bool) -> tuple[str, bool]:
    """What of a line is in no comment, and whether one is open at its end."""
    spans = code_spans(line)[::-1] if begin in line else []
    kept, at = "", 0
    while True:
        if inside:
            closed = line.find(end, at)
            if closed < 0:
                return kept, True
            at, inside = closed + len(end), False
        opened = line.find(begin, at)
        while spans and opened >= spans[-1].start:
            span = spans.pop()
            opened = line.find(begin, span.end) if opened < span.end else opened
        closes = line.find(end, opened + 2) >= 0
        if opened < 0 or not (closes or ends_later):
            return kept + line[at:], False
        kept, at, inside = kept + line[at:opened], opened + 2, True
