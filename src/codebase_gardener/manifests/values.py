"""TOML, JSON, INI and XML as values that know their lines.

The parsers of the standard library say what is valid and what a constant is; a syntax tree says where things stand.
"""

from __future__ import annotations

import configparser
import json
import re
import tomllib
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any
from xml.parsers import expat

from codebase_gardener.utils.anchors import split_lines

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

__all__ = [
    "NOTHING",
    "LocatedValue",
    "comment_above",
    "ini_values",
    "json_values",
    "one_line",
    "toml_values",
    "xml_values",
]

MAX_TEXT = 300
MAX_DOTS = 300
_COMMENT = re.compile(r"\s*#(?!#)")
"""A line of a comment; rows of marks draw a rule."""


def one_line(text: str, limit: int = MAX_TEXT) -> str:
    """White space folded, at most `limit` characters."""
    return " ".join(text[: limit * 4].split())[:limit]


def comment_above(lines: Sequence[str], start: int) -> tuple[str, int]:
    """The comment that ends on the line before `start`, on one line, and its first line; "" and `start` without one.

    Example:
        >>> comment_above(["# Keeps", "# the order.", "order = []"], 3)
        ('Keeps the order.', 1)
    """
    first = start
    while first > 1 and _COMMENT.match(lines[first - 2]):
        first -= 1
    said = " ".join(line.strip().lstrip("#").strip() for line in lines[first - 1 : start - 1])
    return one_line(said, 2 * MAX_TEXT), first


@dataclass(frozen=True)
class LocatedValue:
    """A value and its lines. What is asked of a value that has another type is empty.

    Attributes:
        value: A constant, a list of `LocatedValue`, or a dict of them by their names.
        start, end: From the line of its key, where it has one.

    Example:
        >>> toml_values('[project]\\nname = "kiln"').at("project", "name")
        LocatedValue(value='kiln', start=2, end=2)
    """

    value: Any = None
    start: int = 1
    end: int = 1

    def __bool__(self) -> bool:
        return bool(self.text or self.table or self.entries)

    def at(self, *keys: str) -> LocatedValue:
        """What stands below these keys."""
        found = self
        for key in keys:
            found = found.table.get(key, NOTHING)
        return found

    @property
    def table(self) -> dict[str, LocatedValue]:
        """A dict's values by their keys."""
        return self.value if isinstance(self.value, dict) else {}

    @property
    def entries(self) -> list[LocatedValue]:
        """A list's values."""
        return self.value if isinstance(self.value, list) else []

    @property
    def rows(self) -> list[LocatedValue]:
        """A list's values, or the one that stands in the place of a list."""
        return [self] if isinstance(self.value, str | dict) else self.entries

    @property
    def text(self) -> str:
        """A string on one line."""
        return one_line(self.value) if isinstance(self.value, str) else ""

    @property
    def texts(self) -> Iterator[tuple[str, str]]:
        """A dict's keys and values, of those that are strings."""
        return ((one_line(key), each.text) for key, each in self.table.items() if isinstance(each.value, str))


NOTHING = LocatedValue()


def toml_values(text: str) -> LocatedValue:
    """A TOML document.

    Raises:
        ValueError: It is none.
    """
    if any(line.count(".") > MAX_DOTS for line in text.split("\n")):
        raise ValueError("a key of too many parts")  # one of 50,000 takes tomllib a minute
    tomllib.loads(text)  # of the files that it refuses, the grammar takes two in five
    data: dict[str, LocatedValue] = {}
    for node in _children(_tree("tree_sitter_toml", text)):
        if node.type == "pair":
            _put(data, node, _toml_constant)
        else:
            _put_table(data, node)
    return LocatedValue(data)


def _put_table(data: dict[str, LocatedValue], node: Node) -> None:
    key, *pairs = _children(node)
    *parts, last = _keys(key)
    for part in parts:  # below an array of tables, its last one is meant
        found = data.setdefault(part, LocatedValue({}))
        data = found.entries[-1].value if found.entries else found.value
    known, is_array = data.get(last, NOTHING), node.type == "table_array_element"
    table = LocatedValue(
        {} if is_array else known.table, _rows(node)[0], _rows(pairs[-1] if pairs else key)[1]
    )
    data[last] = LocatedValue([*known.entries, table]) if is_array else table
    for pair in pairs:
        _put(table.value, pair, _toml_constant)


def _toml_constant(written: str) -> Any:
    return tomllib.loads(f"x = {written}")["x"]


def json_values(text: str) -> LocatedValue:
    """A JSON document, which is an expression of JavaScript.

    Raises:
        ValueError: It is none.
    """
    json.loads(text)
    node = _tree("tree_sitter_javascript", f"({text}\n)")
    while node.type in ("program", "expression_statement", "parenthesized_expression"):
        node = node.named_children[0]
    return _built(node, json.loads)


def _built(node: Node, constant: Callable[[str], Any]) -> LocatedValue:
    """A node of either grammar: they call arrays and pairs the same."""
    value: Any = {}
    if node.type == "array":
        value = [_built(child, constant) for child in _children(node)]
    elif node.type in ("object", "inline_table"):
        for pair in _children(node):
            _put(value, pair, constant)
    else:
        value = constant(_text(node))
    return LocatedValue(value, *_rows(node))


def _put(data: dict[str, LocatedValue], pair: Node, constant: Callable[[str], Any]) -> None:
    key, value = _children(pair)
    *parts, last = _keys(key)
    for part in parts:
        data = data.setdefault(part, LocatedValue({}, *_rows(pair))).value
    data[last] = replace(_built(value, constant), start=_rows(pair)[0])


def _keys(node: Node) -> list[str]:
    if node.type == "bare_key":
        return [_text(node)]
    if node.type not in ("quoted_key", "dotted_key"):
        return [json.loads(_text(node))]
    keys, table = [], tomllib.loads(f"{_text(node)} = 0")
    while isinstance(table, dict):
        ((key, table),) = table.items()
        keys.append(key)
    return keys


def ini_values(text: str) -> LocatedValue:
    """Sections of options, each a line or a list of lines; empty ones are left out.

    Raises:
        configparser.Error: It cannot be read.
    """
    parser = configparser.RawConfigParser(strict=False)
    parser.read_string(text)
    source, starts, section = split_lines(text), {}, ""
    for number, line in enumerate(source, 1):
        if found := re.match(r"\[([^\]]+)\]", line):
            section = found[1]
        elif found := re.match(r"([^\s=:][^=:]{0,200})[=:]", line):
            starts[section, parser.optionxform(found[1].rstrip())] = number
    return LocatedValue({
        name: LocatedValue({
            key: _ini_lines(value or "", source, starts.get((name, key), 1)) for key, value in parser.items(name)
        }) for name in parser.sections()
    })  # fmt: skip


def _ini_lines(value: str, source: list[str], number: int) -> LocatedValue:
    found = []
    for entry in filter(None, map(str.strip, value.splitlines())):
        while number < len(source) and not source[number - 1].rstrip().endswith(entry):
            number += 1
        found.append(LocatedValue(entry, number, number))
    return found[0] if len(found) == 1 else LocatedValue(found)


def xml_values(text: str) -> LocatedValue:
    """An element's text, or what is in it by tags; a list where a tag stands twice.

    It ends at the first error, and at a DTD: no entity of one is ever looked at.
    """
    parser = expat.ParserCreate("utf-8")
    open_ones: list[tuple[str, int, dict[str, LocatedValue], list[str]]] = [("", 1, {}, [])]

    def close(*_tag: str) -> None:
        tag, line, inside, words = open_ones.pop()
        found = LocatedValue(inside or "".join(words).strip(), line, parser.CurrentLineNumber)
        beside = open_ones[-1][2]
        beside[tag] = LocatedValue([*beside[tag].rows, found]) if tag in beside else found

    def refuse(*_about: object) -> None:
        raise ValueError("a document type")

    parser.StartElementHandler = lambda tag, _: open_ones.append((tag, parser.CurrentLineNumber, {}, []))
    parser.EndElementHandler = close
    parser.CharacterDataHandler = lambda words: open_ones[-1][3].append(words)  # noqa: PLW0108 - the last changes
    parser.StartDoctypeDeclHandler = refuse
    with suppress(expat.ExpatError, ValueError):
        parser.Parse(text.encode("utf-8", "replace"), True)
    while len(open_ones) > 1:
        close()
    return LocatedValue(open_ones[0][2])


def _tree(wheel: str, text: str) -> Node:
    root = _parser(wheel).parse(text.encode("utf-8", "surrogatepass")).root_node
    if root.has_error:
        raise ValueError("the grammar does not take what the parser takes")
    return root


@cache
def _parser(wheel: str) -> Parser:
    from tree_sitter import Language, Parser

    return Parser(Language(import_module(wheel).language()))


def _children(node: Node) -> list[Node]:
    return [child for child in node.named_children if child.type != "comment"]


def _text(node: Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")


def _rows(node: Node) -> tuple[int, int]:
    return node.start_point.row + 1, node.end_point.row + 1
