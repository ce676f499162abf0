"""The blocks of a Markdown or MDX document, by markdown-it (CommonMark with tables), with their lines."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from codebase_gardener.documents.blocks import Block, readable
from codebase_gardener.documents.fences import Fence
from codebase_gardener.documents.html_comments import mdx_comment_free, text_outside_comments
from codebase_gardener.documents.markdown_extensions import extend, included
from codebase_gardener.documents.rst import RstContext, rst_blocks
from codebase_gardener.documents.rst_directives import CODE
from codebase_gardener.utils.anchors import split_lines

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

__all__ = ["markdown_blocks"]

_MYST = re.compile(r"\{([\w:+-]{1,60})\}[ \t]*([^\n]*)")
_BOX = re.compile(r"\s*\{?([\w:+-]{1,60})\}?[ \t|]*([^\n]*)")
_HTML_PIECE = re.compile(
    r"<h([1-6])\b[^<>]{0,200}>(.{1,500}?)</h\1>"
    r"|<p\b[^<>]{0,200}>((?:[^<]|<(?!/?(?:p|h[1-6]|div|ul|ol|table|img|picture|pre)\b)){1,1000})</p>",
    re.DOTALL | re.IGNORECASE,
)
_HTML_NO_PROSE = re.compile(r"\A(?:<a\b[^<>]*>[^<]*</a>|<br ?/?>|[^\w<])*\Z", re.IGNORECASE)
"""Links alone, one beside the other."""
_FEW_WORDS = 4
_MODULE_LINE = re.compile(
    r"import\s(?:[\w*$\s{},]{1,1000}\sfrom\s)?\s{0,9}[\"'][^\"'\n]{1,300}[\"'];?(?:\s|\Z)"
    r"|export\s(?:const|let|default|function)\s[^\n]*"
)
"""What MDX imports and gives its components is no prose."""
_HEADING_ID = re.compile(r"\s+(?:\{#[\w.:-]{1,100}\}|\[#[\w.:-]{1,100}\])\s*\Z")
"""The address that a heading is given."""
_GITHUB_BOX = re.compile(r"\[!(\w{1,20})\]")
_MAX_FRONT_MATTER = 500
_FRONT_TITLE = re.compile(r"title[ \t]{0,9}[:=][ \t]{0,9}([\"']?)(\S.{0,198}?)\1[ \t]{0,9}")


def markdown_blocks(text: str) -> list[Block]:
    """All blocks in the order of their lines."""
    lines = [readable(line) for line in split_lines(text)]
    front = _front_matter(lines)
    named = _title(lines[:front])
    lines = [*[""] * front, *mdx_comment_free(lines[front:])]
    found = _Walk(lines, _parser().parse("\n".join([*lines, ""]))).blocks()
    has_title = any(block.kind == "heading" and block.level == 1 for block in found)
    return [*([] if has_title else named), *found]


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark").enable("table")
    parser.core.ruler.enableOnly(["normalize", "block"])  # inline marks are read here, in linear time
    extend(parser)
    return parser


def _front_matter(lines: list[str]) -> int:
    """How many lines it takes, in YAML or TOML."""
    mark = lines[0].rstrip() if lines else ""
    if mark not in ("---", "+++"):
        return 0
    ends = (number for number, line in enumerate(lines[1:_MAX_FRONT_MATTER], 2) if line.rstrip() == mark)
    return next(ends, 0)


def _title(front: list[str]) -> list[Block]:
    """What a front matter calls the document: its title, which no other heading of the first level tells."""
    for number, line in enumerate(front, 1):
        if title := _FRONT_TITLE.fullmatch(line):
            return [Block("heading", number, number, title[2], level=1)]
    return []


class _Walk:
    """Goes through the parser's tokens once."""

    def __init__(self, lines: list[str], tokens: list[Token]) -> None:
        self.lines = lines
        self.tokens = tokens
        self.rst = RstContext()
        self.item = ""  # the mark of the item that begins
        self.found: list[Block] = []

    def blocks(self) -> list[Block]:
        for at, token in enumerate(self.tokens):
            if token.type == "list_item_open":
                self.item = token.info + token.markup
            elif token.map:
                self._read(at, token, token.map[0] + 1, token.map[1])
        return self.found

    def _read(self, at: int, token: Token, start: int, end: int) -> None:
        if token.type == "heading_open":
            title = _HEADING_ID.sub("", text_outside_comments(self.tokens[at + 1].content))
            self.found.append(Block("heading", start, end, title, level=int(token.tag[1])))
        elif token.type == "blockquote_open":
            self._quote(self.tokens[at + 2 : at + 3], start, end)
        elif token.type == "inline" and self.tokens[at - 1].type == "paragraph_open":
            self._paragraph(token.content, start, end)
        elif token.type == "tr_open":
            row = text_outside_comments(self.lines[start - 1].strip())
            self.found.append(Block("row", start, end, row))
        elif token.type in ("fence", "colon_fence", "code_block"):
            self._code(token, start)
        elif token.type == "html_block":
            self.found.extend(_html_pieces(token, start))
        elif token.type == "box_open":
            self.found.append(Block("box", start, end, token.content, label=token.info.lower()))
        elif token.type.startswith("container_"):
            self._container(token, start, end)
        elif token.type == "include":
            self.found.append(Block("include", start, end, token.content))
        elif token.type == "listing":
            self.found.append(Block("listing", start, end, token.content, **token.meta))

    def _quote(self, first: list[Token], start: int, end: int) -> None:
        """GitHub's boxes are quotes that begin with a mark."""
        box = _GITHUB_BOX.match(first[0].content) if first else None
        if box and first[0].map:
            rest = first[0].content[box.end() :]
            first[0].content = rest.strip()
            first[0].map[0] += rest.lstrip(" ").startswith("\n")
            self.found.append(Block("box", start, end, "", label=box[1].lower()))

    def _container(self, token: Token, start: int, end: int) -> None:
        box = _BOX.match(token.info)
        closing = self.lines[end].strip(" \t>") if end < len(self.lines) else ""
        end += bool(closing) and not closing.strip(token.markup[0])
        name, title = (box[1], box[2]) if box else ("box", "")
        self.found.append(Block("box", start, end, title.strip(), label=name.lower()))

    def _paragraph(self, text: str, start: int, end: int) -> None:
        mark, self.item = self.item, ""
        text = text_outside_comments(text)
        if text.strip() and not _is_module_code(text):
            self.found.append(Block("item" if mark else "paragraph", start, end, text, label=mark))

    def _code(self, token: Token, start: int) -> None:
        lines = token.content.split("\n")[:-1]
        fenced = token.type != "code_block"
        if not fenced and token.content.lstrip().startswith("<"):
            return  # HTML that stands deep
        start += fenced
        for number, line in enumerate(lines):
            if path := included(line):
                self.found.append(Block("include", start + number, start + number, path))
                lines[number] = ""
        myst = _MYST.match(token.info.strip()) if fenced else None
        if myst and myst[1] in ("eval-rst", "eval_rst"):
            self.found.extend(rst_blocks(lines, start, context=self.rst))
        elif myst and myst[1] not in CODE:
            directive = [f".. {myst[1]}:: {myst[2]}", *(f"   {line}" for line in lines)]
            self.found.extend(rst_blocks(directive, start - 1, context=self.rst))
        else:
            skipped = _options(lines) if myst else 0
            text = "\n".join(lines[skipped:])
            label = _language(token.info) if fenced else ""
            if len(lines) > skipped:
                self.found.append(Block("code", start + skipped, start + len(lines) - 1, text, label=label))


def _is_module_code(text: str) -> bool:
    """Whether a paragraph is only what MDX imports and exports."""
    rest = text.strip()
    while rest.startswith(("import", "export")) and (found := _MODULE_LINE.match(rest)):
        rest = rest[found.end() :].lstrip()
    return not rest


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
    return Fence("", info, 0).language


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


def _html_pieces(token: Token, start: int) -> list[Block]:
    """Headings, and paragraphs of words: a README's first sentence often stands in a `<p align="center">`."""
    found = []
    text = text_outside_comments(token.content)
    for piece in _HTML_PIECE.finditer(text):
        level, content = piece[1], piece[2] or piece[3]
        first = start + text.count("\n", 0, piece.start())
        last = first + piece[0].count("\n")
        if level:
            found.append(Block("heading", first, last, content, level=int(level)))
        elif not _HTML_NO_PROSE.search(content) and len(content.split()) >= _FEW_WORDS:
            found.append(Block("paragraph", first, last, content.strip()))
    return found
