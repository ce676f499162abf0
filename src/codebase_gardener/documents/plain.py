"""The blocks of plain text (headings and paragraphs) and of AsciiDoc (sections, source blocks, included files)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from codebase_gardener.documents.blocks import Block
from codebase_gardener.documents.rst import rst_blocks

__all__ = ["asciidoc_blocks", "plain_blocks"]

_TITLE = re.compile(r"(={1,6}|#{1,6})[ \t]+(\S.{0,300})$")
_SOURCE = re.compile(r"\[(?:source|,)[ \t]*,?[ \t]*([\w+#-]{0,40})[^\]]{0,200}\][ \t]*$")
_DELIMITER = re.compile(r"(-{4,}|\.{4,}|```)[ \t]*([\w+#-]{0,40})[ \t]*$")
_INCLUDE = re.compile(r"include::([^\[\]\s]{1,400})\[")


def plain_blocks(lines: Sequence[str]) -> list[Block]:
    """Headings and paragraphs only: what is code in plain text cannot be told."""
    return [block for block in rst_blocks(lines) if block.kind in ("heading", "paragraph", "item", "row")]


def asciidoc_blocks(lines: Sequence[str]) -> list[Block]:
    """Blocks in the order of their lines."""
    found: list[Block] = []
    at, label = 0, ""
    while at < len(lines):
        line = lines[at][:2_000]
        title, source, delimiter = _TITLE.match(line), _SOURCE.match(line), _DELIMITER.match(line)
        included = _INCLUDE.match(line)
        end = at + 1
        if source:
            label = source[1] or "text"
        elif included:
            found.append(Block("include", at + 1, at + 1, included[1]))
        elif delimiter:
            end = _closing(lines, at, delimiter[1])
            if end > at + 1:
                text = "\n".join(lines[at + 1 : end])
                found.append(Block("code", at + 2, end, text, label=label or delimiter[2]))
            label, end = "", end + 1
        elif title:
            found.append(Block("heading", at + 1, at + 1, title[2], level=len(title[1])))
        elif line.strip():
            end = _paragraph_end(lines, at)
            found.append(Block("paragraph", at + 1, end, "\n".join(lines[at:end])))
        at = end
    return found


def _closing(lines: Sequence[str], at: int, mark: str) -> int:
    end = at + 1
    while end < len(lines) and lines[end].rstrip() != mark:
        end += 1
    return end


def _paragraph_end(lines: Sequence[str], at: int) -> int:
    end = at + 1
    while end < len(lines) and lines[end].strip() and not _DELIMITER.match(lines[end][:2_000]):
        end += 1
    return end
