"""Python newer than the one that runs, as older code whose lines and columns are the same.

tree-sitter says where the newer syntax stands. It is overwritten, byte by byte, with older code that `ast` can read;
what that code changed in the tree is changed back. Covered are type parameters, their defaults and `type` statements
(PEP 695, 696), f-strings and t-strings (701, 750), `except` without parentheses (758), unpacking in comprehensions
(798) and lazy imports (810).
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from functools import cache, partial
from itertools import islice, takewhile
from typing import TYPE_CHECKING, Any

from codebase_gardener.languages.engine.parsing import tree_by

if TYPE_CHECKING:
    from tree_sitter import Language, Node

__all__ = ["parse_newer", "with_replaced"]

Replace = Callable[[Any], ast.AST]

_STRINGS = ("string", "concatenated_string")
_MOST_TOKENS = 200  # of one header, brackets counted as one
_OPEN, _CLOSE = ("(", "[", "{"), (")", "]", "}")


def parse_newer(text: str) -> ast.Module | None:
    """The tree of a source that `ast` cannot read, at the text's own lines and columns; None if nothing is newer in it.

    Bounds and defaults of type parameters are not in it.

    Raises:
        SyntaxError: What is not newer syntax is broken, too.

    Example:
        >>> ast.unparse(parse_newer("def first[T: int](rows: list[T]) -> T: ..."))
        'def first(rows: list[T]) -> T:\\n    ...'
    """
    source = text.encode("utf-8", "surrogatepass")
    tree = tree_by(source, _grammar())
    if tree is None:
        return None
    older = _OlderCode(source)
    older.read(tree.root_node)
    if older.source == source:
        return None
    return with_replaced(ast.parse(older.source.decode("utf-8", "surrogatepass")), older.turned_back)


def with_replaced(tree: ast.Module, replace: Replace) -> ast.Module:
    """Give each node of a tree, from the outside in, its replacement; without recursion, since trees are deep."""
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        for name, value in ast.iter_fields(node):
            if isinstance(value, list):
                value[:] = [replace(child) if isinstance(child, ast.AST) else child for child in value]
            elif isinstance(value, ast.AST):
                setattr(node, name, replace(value))
        pending.extend(ast.iter_child_nodes(node))
    return tree


class _OlderCode:
    """A source that is being overwritten.

    Attributes:
        source: As far as it is overwritten.
    """

    def __init__(self, source: bytes) -> None:
        self.source = bytearray(source)
        self._written = source
        self._back: dict[tuple[type[ast.AST], int, int], Replace] = {}

    def turned_back(self, node: ast.AST) -> ast.AST:
        """The node that the newer code means."""
        place = (type(node), getattr(node, "lineno", 0), getattr(node, "col_offset", 0))
        replace = self._back.get(place)
        return replace(node) if replace else node

    def read(self, root: Node, *, is_inner: bool = False) -> None:
        """Overwrite all newer syntax below a node, and all strings with values in such a string."""
        row = _Tokens(root, self._written)
        words = row.words
        for at, token in enumerate(row.nodes):
            word, following = words[at], words[at + 1]
            if token.type in _STRINGS:
                self._string(token, is_inner=is_inner)
            elif word in ("def", "class") and words[at + 2] == "[":
                self._type_parameters(row, at + 2)
            elif word == "type" and following.isidentifier() and row.is_close(at):
                self._alias(row, at)
            elif word == "except":
                self._except(row, at + 1)
            elif word == "lazy" and following in ("import", "from") and self._begins_line(token):
                self.source[token.end_byte] = ord(";")
            elif at in row.ends and following in ("*", "**"):
                self._unpacking(row, at + 1)

    def _blank(self, start: int, end: int, first: str = " ", last: str = " ") -> None:
        """Spaces instead of what is written, with a first and last character; line breaks stay."""
        self.source[start:end] = bytes(
            byte if byte == ord("\n") else ord(" ") for byte in self.source[start:end]
        )
        if first != " ":
            self.source[start] = ord(first)
        if last != " ":
            self.source[end - 1] = ord(last)

    def _mark(self, kind: type[ast.AST], node: Node, replace: Replace) -> None:
        self._back[kind, node.start_point.row + 1, node.start_point.column] = replace

    def _begins_line(self, token: Node) -> bool:
        start = token.start_byte
        return not self._written[start - token.start_point.column : start].strip()

    def _type_parameters(self, row: _Tokens, at: int) -> None:
        """`def f[T](x)` → `def f(   x)`, `class A[T]:` → `class A( ):`; in brackets, lines may break."""
        end = row.ends.get(at)
        if end is None:
            return
        start, stop = row.nodes[at].start_byte, row.nodes[end].end_byte
        if row.words[end + 1] == "(":
            self._blank(start, row.nodes[end + 1].end_byte, "(")
        else:
            self._blank(start, stop, "(", ")")

    def _alias(self, row: _Tokens, at: int) -> None:
        """`type A[T] = x` → `type;A[0] = x`, an assignment to `A`."""
        name, bracket = row.nodes[at + 1], at + 2
        end = row.ends.get(bracket, at + 1)
        if row.words[end + 1] != "=":
            return
        if end > bracket:
            self._blank(row.nodes[bracket].end_byte, row.nodes[end].start_byte)
            self.source[row.nodes[bracket + 1].start_byte] = ord("0")
            self._mark(ast.Subscript, name, _target)
        self.source[row.nodes[at].end_byte] = ord(";")

    def _except(self, row: _Tokens, at: int) -> None:
        """`except A, B:` → `except A< B:`, since a comparison is a row of operands."""
        at += row.words[at] == "*"
        header = list(takewhile(lambda each: row.words[each] != ":", islice(row.outside(at), _MOST_TOKENS)))
        commas = [each for each in header if row.words[each] == ","]
        if not commas or any(row.words[each] == "as" for each in header):
            return
        for comma in commas:
            self.source[row.nodes[comma].start_byte] = ord(" " if comma == header[-1] else "<")
        self._mark(ast.Compare, row.nodes[at], _row)

    def _unpacking(self, row: _Tokens, at: int) -> None:
        """`[*x for x in y]` → `[ x for x in y]`."""
        words = (row.words[each] for each in islice(row.outside(at), _MOST_TOKENS))
        if next((word for word in words if word in (",", "for")), "") == "for":
            self._blank(row.nodes[at].start_byte, row.nodes[at].end_byte)

    # strings

    def _string(self, node: Node, *, is_inner: bool) -> None:
        """`f"a {x["y"]!r} b"` → `(   x["y"],     )`, a tuple of its values, where it cannot be read as it is."""
        strings = node.children if node.type == "concatenated_string" else [node]
        strings = [part for part in strings if part.type == "string"]
        fields = [part for string in strings for part in string.children if part.type == "interpolation"]
        if not fields or node.has_error or not (is_inner or _is_newer(self._text(node))):
            return
        self._blank(node.start_byte, node.end_byte, "(", ")")
        for field in fields:
            self._field(field)
        texts = [text for string in strings for text in self._texts(string)]
        is_template = any("t" in self._text(string.children[0]).lower() for string in strings)
        self._mark(ast.Tuple, node, partial(_joined, texts, _Template if is_template else ast.JoinedStr))

    def _field(self, field: Node) -> None:
        """Keep the expressions in braces, each with a comma behind it."""
        value = field.child_by_field_name("expression")
        if value is None:
            return
        start, end = value.start_byte, value.end_byte
        self.source[start:end] = self._written[start:end]
        self.read(value, is_inner=True)
        after = next(child for child in field.children if child.start_byte >= end and child.type != "comment")
        if not self._written[start:end].endswith(b","):
            self.source[after.start_byte] = ord(",")
        for child in field.children:
            if child.type == "format_specifier":
                for inner in child.children:
                    self._field(inner)

    def _texts(self, string: Node) -> Iterator[ast.Constant]:
        """The constant pieces of a string, each at its place."""
        start = self._text(string.children[0])
        prefix = start.rstrip("\"'")
        is_formatted = bool(set(prefix.lower()) & {"f", "t"})
        opening = prefix.lower().replace("f", "").replace("t", "") + start[len(prefix) :]
        for child in string.children:
            if child.type == "string_content":
                text = str(ast.literal_eval(f"{opening}{self._text(child)}{start[len(prefix) :]}"))
                text = text.replace("{{", "{").replace("}}", "}") if is_formatted else text
                yield ast.Constant(
                    text, lineno=child.start_point.row + 1, col_offset=child.start_point.column
                )

    def _text(self, node: Node) -> str:
        return self._written[node.start_byte : node.end_byte].decode("utf-8", "surrogatepass")


class _Tokens:
    """The leaves below a node without comments; a string is one.

    Attributes:
        nodes: In order.
        words: Their texts, and some empty ones behind the last.
        ends: Where the bracket at a place is closed.
    """

    def __init__(self, root: Node, source: bytes) -> None:
        self.nodes = list(_leaves(root))
        texts = (source[node.start_byte : node.end_byte] for node in self.nodes)
        self.words = [*(text.decode("utf-8", "surrogatepass") for text in texts), "", "", ""]
        self.ends: dict[int, int] = {}
        pending: list[int] = []
        for at, word in enumerate(self.words):
            if word in _OPEN:
                pending.append(at)
            elif word in _CLOSE and pending:
                self.ends[pending.pop()] = at

    def is_close(self, at: int) -> bool:
        """Whether the next token stands on the same line."""
        return self.nodes[at].end_point.row == self.nodes[at + 1].start_point.row

    def outside(self, at: int) -> Iterator[int]:
        """The tokens from one on, without what stands in brackets, to the end of the brackets around it."""
        while at < len(self.nodes) and self.words[at] not in _CLOSE:
            yield at
            at = self.ends.get(at, at) + 1


def _leaves(root: Node) -> Iterator[Node]:
    pending = [root]
    while pending:
        node = pending.pop()
        if node.children and node.type not in _STRINGS:
            pending.extend(reversed(node.children))
        elif node.end_byte > node.start_byte and node.type not in ("comment", "line_continuation"):
            yield node


class _Template(ast.JoinedStr):
    """A t-string: text with values in it, and yet no string."""


def _joined(texts: list[ast.Constant], kind: type[ast.JoinedStr], node: ast.Tuple) -> ast.expr:
    fields = (ast.copy_location(ast.FormattedValue(value, -1, None), value) for value in node.elts)
    values: list[ast.expr] = [*texts, *fields]
    values.sort(key=lambda value: (value.lineno, value.col_offset))
    return ast.copy_location(kind(values), node)


def _row(node: ast.Compare) -> ast.expr:
    return ast.copy_location(ast.Tuple([node.left, *node.comparators], ast.Load()), node)


def _target(node: ast.Subscript) -> ast.expr:
    name = node.value
    return ast.copy_location(ast.Name(name.id, ast.Store()), name) if isinstance(name, ast.Name) else node


def _is_newer(string: str) -> bool:
    try:
        ast.parse(f"({string})")
    except SyntaxError:
        return True
    return False


@cache
def _grammar() -> Language:
    import tree_sitter_python
    from tree_sitter import Language

    return Language(tree_sitter_python.language())
