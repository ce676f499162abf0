"""What stands around a definition: decorators and comments above it, its header, where its body begins."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codebase_gardener.languages.commented_code import is_commented_out
from codebase_gardener.languages.engine.nodes import text_of

if TYPE_CHECKING:
    from tree_sitter import Node

    from codebase_gardener.languages.rows import Grammar

__all__ = ["Placement", "Surroundings", "cleaned", "last_row"]

_SPACE = re.compile(rb"\s*")
_REMARK = re.compile(r"\A(?:TODO|FIXME|XXX|HACK)\b.*?(?:\n[ \t]*\n|\Z)", re.DOTALL)
"""What its authors have still to do describes nothing."""


@dataclass(frozen=True)
class Placement:
    """As the fields of `Symbol`."""

    start: int
    definition_line: int
    body_start: int
    signature: str
    docstring: str | None
    decorators: tuple[str, ...]
    docstring_start: int = 0
    docstring_end: int = 0


def last_row(node: Node) -> int:
    """The 0-based row of the node's last character (a Rust comment's end is the next line's beginning)."""
    end = node.end_point
    return end.row - 1 if end.column == 0 and end.row > node.start_point.row else end.row


def cleaned(comments: list[str], grammar: Grammar) -> str | None:
    """The comments' words, without their marks; none where they are code that is out of use."""
    words = [grammar.marks.sub("", comment) for comment in comments]
    text = "\n".join(line.rstrip() for line in "\n".join(words).split("\n")).strip()
    return None if is_commented_out(text) else _REMARK.sub("", text) or None


class Surroundings:
    """Comments and attributes of a source, by where they stand.

    Args:
        source: UTF-8.
        nodes: All captured nodes in order.
        grammar: Tells which are comments and attributes.
    """

    def __init__(self, source: bytes, nodes: list[Node], grammar: Grammar) -> None:
        self._source = source
        self._grammar = grammar
        self._starts = [0, *(match.end() for match in re.finditer(rb"\n", source)), len(source)]
        self._attributes = [node for node in nodes if node.type in grammar.attributes]
        self._comments = [node for node in nodes if node.type in grammar.comments]
        self._comment_at = {last_row(node): node for node in self._comments if self._alone(node)}
        self._attribute_at = {last_row(node): node for node in self._attributes if self._alone(node)}

    def place(self, node: Node, outer: Node, body: Node | None) -> Placement:
        """Where a definition stands.

        Args:
            node: The definition.
            outer: It, or what wraps it (`export …`).
            body: As `body_of` finds it.
        """
        row, comments = self._above(outer.start_point.row)
        named = node.child_by_field_name("name") or node.child_by_field_name("declarator") or node
        decorators = self._decorators(self._starts[row], max(named.start_byte, outer.start_byte))
        begin = max([outer.start_byte, *(decorator.end_byte for decorator in decorators)])
        begin = _SPACE.match(self._source, begin).end()  # type: ignore[union-attr]  # it matches anywhere
        header_end, body_start = self._body(node, body)
        docstring = cleaned([text_of(comment).rstrip() for comment in comments], self._grammar)
        return Placement(
            start=row + 1,
            definition_line=self._row(begin) + 1,
            body_start=body_start,
            signature=self._one_line(begin, header_end),
            docstring=docstring,
            decorators=tuple(
                self._grammar.attribute.sub(r"\1", text_of(decorator).rstrip()) for decorator in decorators
            ),
            docstring_start=comments[0].start_point.row + 1 if docstring else 0,
            docstring_end=last_row(comments[-1]) + 1 if docstring else 0,
        )

    def _above(self, row: int) -> tuple[int, list[Node]]:
        """The first row of the attributes above a row, and the comments among and above them, without directives."""
        first = row
        comments: list[Node] = []
        while True:
            attribute, comment = self._attribute_at.get(row - 1), self._comment_at.get(row - 1)
            if attribute is not None:
                first = row = attribute.start_point.row
            elif comment is not None:
                row = comment.start_point.row
                comments.insert(0, comment)
            else:
                directive = self._grammar.directive
                return first, [one for one in comments if not directive.match(text_of(one))]

    def _body(self, node: Node, body: Node | None) -> tuple[int, int]:
        """The header's end as an offset, and `Symbol.body_start`."""
        if body is None:
            closing = self._grammar.closing.encode()
            is_closed = closing and self._source.endswith(closing, node.start_byte, node.end_byte)
            return node.end_byte - len(closing) if is_closed else node.end_byte, 0
        brace = self._brace(body)
        if brace is not None:
            row = self._row(brace)
            return brace, row + 2 if row < last_row(node) else 0
        return body.start_byte, body.start_point.row + 1 if self._begins_line(body) else 0

    def _brace(self, body: Node) -> int | None:
        """The opening brace of a body; None for an expression, as in `x => x + 1`."""
        if (
            body.type not in (*self._grammar.braced_later, *self._grammar.whole)
            and self._source[body.start_byte : body.start_byte + 1] != b"{"
        ):
            return None
        found = self._source.find(b"{", body.start_byte, body.end_byte)
        return found if found >= 0 else None

    def _decorators(self, start: int, end: int) -> list[Node]:
        first = bisect_left(self._attributes, start, key=lambda node: node.start_byte)
        last = bisect_left(self._attributes, end, key=lambda node: node.start_byte)
        return self._attributes[first:last]

    def _one_line(self, start: int, end: int) -> str:
        first = bisect_left(self._comments, start, key=lambda node: node.start_byte)
        pieces = []
        for comment in self._comments[first:]:
            if comment.start_byte >= end:
                break
            pieces.append(self._source[start : comment.start_byte])
            start = comment.end_byte
        pieces.append(self._source[start:end])
        text = " ".join(b" ".join(pieces).decode("utf-8", "replace").split())
        return re.sub(r",? \)", ")", text.replace("( ", "(")).rstrip(" =;")

    def _begins_line(self, node: Node) -> bool:
        return not self._source[self._starts[node.start_point.row] : node.start_byte].strip()

    def _alone(self, node: Node) -> bool:
        """Whether the node's lines hold no code besides it: beside an attribute others, and a comment after it."""
        before = self._source[self._starts[node.start_point.row] : node.start_byte].strip()
        after = self._source[node.end_byte : self._starts[last_row(node) + 1]].strip()
        if node.type in self._grammar.comments:
            return not before and not after
        return after[:2] in (b"", b"//", b"/*") and (
            not before or before.startswith(self._grammar.attribute_mark)
        )

    def _row(self, offset: int) -> int:
        return bisect_right(self._starts, offset) - 1
