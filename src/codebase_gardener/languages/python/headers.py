"""Headers of Python definitions: from `def` or `class` to the colon, found in the source itself."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from codebase_gardener.utils.anchors import split_lines

__all__ = ["Definition", "Header", "SourceLines"]

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef

_TOKEN = re.compile(
    r"""(?P<comment>\#[^\n]*)"""
    r"""|(?P<string>[rbuRBUfF]{0,2}(?:'''(?:\\.|[^\\])*?'''|\"{3}(?:\\.|[^\\])*?\"{3}"""
    r"""|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"))"""
    r"""|(?P<space>(?:\s|\\\n)+)|(?P<open>[(\[{])|(?P<close>[)\]}])|(?P<colon>:)|(?P<word>[^\s'"#()\[\]{}:\\]+)|(?P<other>.)""",
    re.DOTALL,
)


@dataclass(frozen=True)
class Header:
    """A definition's header.

    Attributes:
        text: On one line, without comments, without the colon.
        last_line: The 1-based line of the colon.
    """

    text: str
    last_line: int


class SourceLines:
    """The lines of a source, addressed as `ast` does: 1-based lines, columns in UTF-8 bytes."""

    def __init__(self, text: str) -> None:
        self.lines = split_lines(text)

    def segment(self, node: ast.expr | ast.keyword) -> str:
        """The node's own source, on one line."""
        first, last = node.lineno, node.end_lineno or node.lineno
        start = self._column(first, node.col_offset)
        end = self._column(last, node.end_col_offset or 0)
        if first == last:
            return self.lines[first - 1][start:end]
        rows = [self.lines[first - 1][start:], *self.lines[first : last - 1], self.lines[last - 1][:end]]
        return _on_one_line("\n".join(rows))

    def header(self, node: Definition) -> Header:
        """The header of a definition, without its decorators."""
        start = self._column(node.lineno, node.col_offset)
        last = node.body[0].end_lineno or node.lineno
        source = "\n".join([self.lines[node.lineno - 1][start:], *self.lines[node.lineno : last]])
        end = _colon(source, self._returns_end(node, source))
        return Header(_on_one_line(source[:end], is_header=True), node.lineno + source.count("\n", 0, end))

    def is_blank(self, number: int) -> bool:
        """Whether the 1-based line holds nothing but space."""
        return not self.lines[number - 1].strip()

    def _returns_end(self, node: Definition, source: str) -> int:
        """Where in the header the return annotation ends: only it may hold a colon outside brackets."""
        returns = getattr(node, "returns", None)
        if not isinstance(returns, ast.Lambda):
            return 0
        line, column = (returns.end_lineno or 1), (returns.end_col_offset or 0)
        before = sum(len(row) + 1 for row in source.split("\n")[: line - node.lineno])
        shift = self._column(node.lineno, node.col_offset) if line == node.lineno else 0
        return before + self._column(line, column) - shift

    def _column(self, number: int, byte_offset: int) -> int:
        line = self.lines[number - 1]
        return byte_offset if line.isascii() else len(line.encode()[:byte_offset].decode())


def _colon(source: str, after: int) -> int:
    """The offset of the first colon outside brackets, strings and comments."""
    depth = 0
    for token in _TOKEN.finditer(source):
        kind = token.lastgroup
        if kind == "open":
            depth += 1
        elif kind == "close":
            depth -= 1
        elif kind == "colon" and not depth and token.start() >= after:
            return token.start()
    return len(source)


def _on_one_line(source: str, *, is_header: bool = False) -> str:
    """Line breaks and comments taken out; strings left alone, except for line breaks in them."""
    if "\n" not in source:
        return source.strip()
    pieces: list[str] = []
    gap, depth = "", 0
    for token in _TOKEN.finditer(source):
        kind, text = token.lastgroup, token.group()
        if kind in ("space", "comment"):
            gap += text
            continue
        if kind == "close" and depth == 1 and is_header and "\n" in gap and pieces:
            pieces[-1] = pieces[-1].removesuffix(",")
        depth += (kind == "open") - (kind == "close")
        pieces.append(
            _closed_gap(gap, pieces, kind) + (text.replace("\n", "\\n") if kind == "string" else text)
        )
        gap = ""
    return "".join(pieces).strip()


def _closed_gap(gap: str, pieces: list[str], kind: str | None) -> str:
    """What remains of the space and comments before a token."""
    if "\n" not in gap:
        return gap
    return "" if kind == "close" or (pieces and pieces[-1][-1] in "([{") else " "
