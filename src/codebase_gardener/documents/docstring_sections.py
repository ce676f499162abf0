"""A docstring with its lines: its sections in Google's and NumPy's styles, its parameters; griffe gives no lines."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from codebase_gardener.documents.blocks import ADMONITIONS, indent_of, without_indent
from codebase_gardener.languages.python.headers import Definition
from codebase_gardener.languages.python.node_search import definitions

__all__ = [
    "NOTES",
    "PARAMETERS",
    "DocstringEntry",
    "DocstringSection",
    "docstring_lines",
    "docstrings",
    "docstring_sections",
    "field_entries",
    "is_field",
    "section_entries",
]

PARAMETERS = {"args", "arguments", "parameters", "params", "attributes", "keyword args", "keyword arguments",
               "other parameters", "options"}  # fmt: skip
NOTES = {name for name, kind in ADMONITIONS.items() if kind and name not in ("check", "admonition", "error")}
_OTHERS = {"returns", "return", "raises", "yields", "yield", "example", "examples", "see also", "references", "usage",
           "todo", "methods", "warns", "except", "exceptions"}  # fmt: skip
_HEADER = re.compile(r"\s*\**([A-Za-z][A-Za-z ]{2,18}):?\**:?\s*$")
_ENTRY = re.compile(
    r"\s*[`*]{0,2}([A-Za-z_][\w.]*)[`*]{0,2}(?:\s*,\s*[`*]{0,2}\w+[`*]{0,2})*\s*(\(.*?\)(?=\s*:|\s*$)|:|$)"
)
_PARAMETER_FIELD = re.compile(
    r"\s*:(?:param|parameter|arg|argument|key|keyword)\s+(?:[\w.\[\], |]{1,80}\s)?\*{0,2}(\w+)\s*:"
)
_FIELD = re.compile(r"\s*:\w+(?:\s+[\w.*]+)*\s*:")
_QUOTES = re.compile(r"^\s*[rRuUbBfF]{0,2}(\"\"\"|'''|\"|')")
_LONGEST_LINE = 1_000


@dataclass(frozen=True)
class DocstringSection:
    """A run of a docstring's lines: its name in lower case, "" for plain text; positions in the docstring."""

    name: str
    start: int
    body: int
    end: int


@dataclass(frozen=True)
class DocstringEntry:
    """A parameter: its name, its type with parentheses around it or "", its description; the lines that it takes."""

    name: str
    type: str
    text: str
    start: int
    end: int


def docstrings(tree: ast.Module, lines: Sequence[str]) -> Iterator[tuple[str, int, list[str]]]:
    """Each docstring of a file, the module's first: the qualified name of whose it is, and `docstring_lines`."""
    named = [(".".join(one.name for one in (*around, node)), node) for node, around in definitions(tree)]
    for scope, node in [("", tree), *named]:
        if found := docstring_lines(node, lines):
            yield scope, *found


def docstring_lines(node: ast.Module | Definition, lines: Sequence[str]) -> tuple[int, list[str]] | None:
    """The number of a docstring's first line, and its lines as far as they are in the file; None where there is none.

    Args:
        node: Whose docstring it is.
        lines: Of its file.

    Returns:
        The lines are without quotes and without the indentation of their quotes.
    """
    head = node.body[0].value if node.body and isinstance(node.body[0], ast.Expr) else None
    if not isinstance(head, ast.Constant) or not isinstance(head.value, str):
        return None
    text = list(lines[head.lineno - 1 : head.end_lineno])
    if not text:
        return None
    text[-1] = re.sub(r"(\"\"\"|'''|\"|')[^\"']*$", "", text[-1])
    indent = len(text[0]) - len(text[0].lstrip())
    return head.lineno, [_QUOTES.sub("", text[0]).strip(), *without_indent(text[1:], at_most=indent)]


def docstring_sections(text: Sequence[str]) -> Iterator[DocstringSection]:
    """Google and NumPy sections, and the plain text between them, in order.

    Args:
        text: The lines of a docstring, without the indentation that they share.
    """
    plain, at = 0, 0
    while at < len(text):
        found = _header(text, at)
        if found is None:
            at += 1
            continue
        name, numpy = found
        yield DocstringSection("", plain, plain, at)
        body = at + (2 if numpy else 1)
        end = _section_end(text, body, indent_of(text[at]), numpy=numpy)
        yield DocstringSection(name, at, body, end)
        plain = at = max(end, at + 1)
    yield DocstringSection("", plain, plain, len(text))


def _header(text: Sequence[str], at: int) -> tuple[str, bool] | None:
    line = text[at]
    found = _HEADER.match(line) if len(line) < 60 else None
    if found is None:
        return None
    name = found[1].strip().lower()
    if name not in PARAMETERS and name not in NOTES and name not in _OTHERS:
        return None
    below = text[at + 1].strip() if at + 1 < len(text) else ""
    if len(below) >= 3 and not below.strip("-="):
        return name, True
    return (name, False) if ":" in line else None


def _section_end(text: Sequence[str], body: int, indent: int, *, numpy: bool) -> int:
    for at in range(body, len(text)):
        if not text[at].strip():
            continue
        if indent_of(text[at]) <= indent and (not numpy or _header(text, at) is not None):
            return at
    return len(text)


def section_entries(body: Sequence[str]) -> Iterator[DocstringEntry]:
    """The parameters of a section: what stands at its own indentation, each with the deeper lines that follow."""
    indent = next((indent_of(line) for line in body if line.strip()), 0)
    starts = [
        (at, found)
        for at, line in enumerate(body)
        if line.strip()
        and indent_of(line) == indent
        and len(line) < _LONGEST_LINE
        and (found := _ENTRY.match(line))
    ]
    ends = [at for at, _ in starts[1:]] + [len(body)]
    for (at, found), end in zip(starts, ends, strict=False):
        type_ = found[2] if found[2].startswith("(") else ""
        yield _entry(found[1], type_, [body[at][found.end() :].lstrip(" :"), *body[at + 1 : end]], at)


def field_entries(body: Sequence[str]) -> Iterator[DocstringEntry]:
    """`:param x: …`, with its further lines up to the next field or a blank line."""
    for at, line in enumerate(body):
        if found := _PARAMETER_FIELD.match(line) if len(line) < _LONGEST_LINE else None:
            end = at + 1
            while end < len(body) and body[end].strip() and not is_field(body[end]):
                end += 1
            yield _entry(found[1], "", [line[found.end() :], *body[at + 1 : end]], at)


def is_field(line: str) -> bool:
    """Whether a line begins a field, as Sphinx has them: `:returns:`."""
    return _FIELD.match(line) is not None


def _entry(name: str, type_: str, content: list[str], start: int) -> DocstringEntry:
    while content and not content[-1].strip():
        content.pop()
    return DocstringEntry(name, type_, "\n".join(content), start, start + len(content))
