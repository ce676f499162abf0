"""The blocks of a Markdown or MDX document, by markdown-it (CommonMark), with their lines."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from codebase_gardener.documents.blocks import Block
from codebase_gardener.documents.markdown_lines import PreparedMarkdown, prepared_markdown
from codebase_gardener.documents.rst import RstContext, rst_blocks
from codebase_gardener.documents.rst_directives import CODE
from codebase_gardener.utils.anchors import split_lines

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

__all__ = ["markdown_blocks"]

_ATTRIBUTES = re.compile(r"\{\.?([\w+#-]{1,40})")
_MYST = re.compile(r"\{([\w:+-]{1,60})\}[ \t]*([^\n]*)")
_NAME = re.compile(r"[\w+#.-]{1,40}")
_HTML_HEADING = re.compile(r"<h([1-6])\b[^<>]{0,200}>(.{1,500}?)</h\1>", re.DOTALL | re.IGNORECASE)
_GITHUB_BOX = re.compile(r"\[!(\w{1,20})\][^\n]{0,200}")


def markdown_blocks(text: str, first_line: int = 1) -> list[Block]:
    """All blocks in the order of their lines.

    Args:
        text: The document.
        first_line: The number of its first line in the file.
    """
    prepared = prepared_markdown(split_lines(text))
    tokens = _parser().parse("\n".join([*prepared.lines, ""]))
    blocks = [*prepared.blocks, *_Walk(prepared).blocks(tokens)]
    blocks.sort(key=lambda block: block.start)
    return blocks


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark")
    parser.core.ruler.enableOnly(["normalize", "block"])  # inline marks are read here, in linear time
    return parser


class _Walk:
    def __init__(self, prepared: PreparedMarkdown) -> None:
        self.lines = prepared.lines
        self.boxes = prepared.boxes
        self.quotes: list[str] = []
        self.rst = RstContext()

    def blocks(self, tokens: list[Token]) -> list[Block]:
        found: list[Block] = []
        for at, token in enumerate(tokens):
            if token.type == "blockquote_open":
                self.quotes.append("")
            elif token.type == "blockquote_close":
                self.quotes.pop()
            elif token.type == "heading_open" and token.map:
                start, end = token.map
                found.append(
                    Block("heading", start + 1, end, tokens[at + 1].content, level=int(token.tag[1]))
                )
            elif token.type == "inline" and token.map and tokens[at - 1].type == "paragraph_open":
                found.append(self._paragraph(token, token.map[0] + 1, token.map[1]))
            elif token.type in ("fence", "code_block") and token.map:
                found.extend(self._code(token, token.map[0] + 1))
            elif token.type == "html_block" and token.map:
                found.extend(_html_headings(token, token.map[0] + 1))
        return found

    def _paragraph(self, token: Token, start: int, end: int) -> Block:
        text = token.content
        github = _GITHUB_BOX.match(text)
        if github and self.quotes:
            self.quotes[-1] = github[1].lower()
            text = text[github.end() :].lstrip("\n")
        label = (self.quotes[-1] if self.quotes else "") or self.boxes.get(start, "")
        return Block("paragraph", start, end, text, label=label)

    def _code(self, token: Token, start: int) -> list[Block]:
        lines = token.content.split("\n")[:-1]
        fenced = token.type == "fence"
        if not fenced and token.content.lstrip().startswith("<"):
            return []  # HTML that stands deep
        label = _language(token.info) if fenced else ""
        start += fenced
        myst = _MYST.match(token.info.strip()) if fenced else None
        if myst and myst[1] in ("eval-rst", "eval_rst"):
            return rst_blocks(lines, start, context=self.rst)
        if myst and myst[1] not in CODE:
            directive = [f".. {myst[1]}:: {myst[2]}", *(f"   {line}" for line in lines)]
            return rst_blocks(directive, start - 1, context=self.rst)
        skipped = _options(lines) if myst else 0
        lines = lines[skipped:]
        if not lines:
            return []
        return [
            Block("code", start + skipped, start + skipped + len(lines) - 1, "\n".join(lines), label=label)
        ]


def _language(info: str) -> str:
    r"""The first word of a fence's info string, attributes taken apart.

    Example:
        >>> [_language(info) for info in ('python title="x"', "{.py hl_lines=1}", "{code-block} python", "js{1,3}")]
        ['python', 'py', 'python', 'js']
    """
    info = info.strip()
    myst = _MYST.match(info)
    if myst:
        return CODE.get(myst[1], "") or (myst[2].split(" ")[0] if myst[1] in CODE else myst[1])
    found = _ATTRIBUTES.match(info)
    if found:
        return found[1]
    named = _NAME.match(info)
    return named[0] if named else ""


def _options(lines: list[str]) -> int:
    """How many lines the options of a MyST directive take: `:key: value`, or YAML between `---`."""
    if lines and lines[0].strip() == "---":
        for number, line in enumerate(lines[1:], 2):
            if line.strip() == "---":
                return number
        return 0
    number = 0
    while number < len(lines) and re.match(r":[\w-]{1,40}:", lines[number]):
        number += 1
    return number


def _html_headings(token: Token, start: int) -> list[Block]:
    found = []
    for heading in _HTML_HEADING.finditer(token.content):
        first = start + token.content.count("\n", 0, heading.start())
        last = first + heading[0].count("\n")
        found.append(Block("heading", first, last, heading[2], level=int(heading[1])))
    return found
