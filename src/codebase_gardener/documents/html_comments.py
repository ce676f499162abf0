"""Comments of HTML and MDX in Markdown: they are written for tools and authors, and no reader sees them."""

from __future__ import annotations

from collections.abc import Sequence

from codebase_gardener.documents.code_spans import code_spans
from codebase_gardener.documents.fences import closes_fence, opened_fence

__all__ = ["comment_free", "mdx_comment_free", "text_outside_comments"]

_BEGIN, _END = "<!--", "-->"
_MDX_BEGIN, _MDX_END = "{/*", "*/}"
_CODE_INDENT = "    "


def comment_free(lines: Sequence[str]) -> list[str]:
    """As many lines, without what comments have of them; code in fences and spans stays, and so does an open comment.

    Example:
        >>> comment_free(["Read on. <!-- a", "b --> Now", "`<!-- c -->`"])
        ['Read on. ', ' Now', '`<!-- c -->`']
    """
    lines = mdx_comment_free(lines)
    last = max((number for number, line in enumerate(lines) if _END in line), default=-1)
    if last < 0 or not any(_BEGIN in line for line in lines):
        return list(lines)
    found: list[str] = []
    inside, fence = False, ""
    for number, line in enumerate(lines):
        kept = line
        if fence:
            fence = "" if closes_fence(line, fence) else fence
        elif not inside and (opened := opened_fence(line)):
            fence = opened.mark
        else:
            kept, inside = _outside(line, inside, ends_later=number < last)
        found.append(kept)
    return found


def mdx_comment_free(lines: Sequence[str]) -> list[str]:
    """As many lines, without what comments of MDX have of them, code fences in them included.

    Example:
        >>> mdx_comment_free(["Read on. {/* ```", "## Old */} Now", "`{/* c */}`"])
        ['Read on. ', ' Now', '`{/* c */}`']
    """
    last = max((number for number, line in enumerate(lines) if _MDX_END in line), default=-1)
    if last < 0 or not any(_MDX_BEGIN in line for line in lines):
        return list(lines)
    found: list[str] = []
    inside, fence = False, ""
    for number, line in enumerate(lines):
        kept = line
        if fence:
            fence = "" if closes_fence(line, fence) else fence
        elif inside:
            _, end, rest = line.partition(_MDX_END)
            kept, inside = (rest, False) if end else ("", True)
        elif opened := opened_fence(line):
            fence = opened.mark
        elif _MDX_BEGIN in line and not line.startswith(_CODE_INDENT):
            kept, inside = _outside_mdx(line, ends_later=number < last)
        found.append(kept)
    return found


def _outside_mdx(line: str, ends_later: bool) -> tuple[str, bool]:
    """What of a line is in no comment, and whether one is open at its end."""
    spans = code_spans(line)[::-1]
    kept, at = "", 0
    while (begin := line.find(_MDX_BEGIN, at)) >= 0:
        while spans and spans[-1].end <= begin:
            spans.pop()
        if spans and spans[-1].start < begin:  # in code
            kept, at = kept + line[at : spans[-1].end], spans[-1].end
            continue
        end = line.find(_MDX_END, begin)
        if end < 0:
            return (kept + line[at:begin], True) if ends_later else (kept + line[at:], False)
        kept, at = kept + line[at:begin], end + len(_MDX_END)
    return kept + line[at:], False


def text_outside_comments(text: str) -> str:
    """The same of a text of several lines."""
    return "\n".join(comment_free(text.split("\n"))) if _BEGIN in text else text


def _outside(line: str, inside: bool, ends_later: bool) -> tuple[str, bool]:
    """What of a line is in no comment, and whether one is open at its end."""
    spans = code_spans(line)[::-1] if _BEGIN in line else []
    kept, at = "", 0
    while True:
        if inside:
            end = line.find(_END, at)
            if end < 0:
                return kept, True
            at, inside = end + len(_END), False
        begin = line.find(_BEGIN, at)
        while spans and begin >= spans[-1].start:
            span = spans.pop()
            begin = line.find(_BEGIN, span.end) if begin < span.end else begin
        closes = line.find(_END, begin + 2) >= 0
        if begin < 0 or not (closes or ends_later):
            return kept + line[at:], False
        kept, at, inside = kept + line[at:begin], begin + 2, True
