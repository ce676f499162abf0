"""Code as HTML, line by line: escaped, coloured by Pygments, with exactly the lines that anchors count."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from html import escape
from typing import Any

from codebase_gardener.repository.anchors import split_lines

__all__ = ["highlighted", "language_of"]

MAX_CHARS = 400_000
MAX_LINE_CHARS = 2_000
"""What is larger stays without colour: some lexers take a time that grows with the square of a line."""

LANGUAGES: dict[str, str] = {
    "py": "python", "pyi": "python", "python": "python", "python3": "python", "ipynb": "json",
    "pycon": "pycon", "js": "javascript", "mjs": "javascript", "cjs": "javascript", "jsx": "javascript",
    "javascript": "javascript", "ts": "typescript", "tsx": "typescript", "mts": "typescript",
    "typescript": "typescript", "go": "go", "rs": "rust", "rust": "rust", "java": "java", "c": "c", "h": "c",
    "cc": "cpp", "cpp": "cpp", "cxx": "cpp", "hpp": "cpp", "hh": "cpp", "cu": "cpp", "cuh": "cpp",
    "toml": "toml", "yaml": "yaml", "yml": "yaml", "json": "json", "ini": "ini", "cfg": "ini",
    "sh": "bash", "shell": "bash", "bash": "bash", "console": "console", "xml": "xml", "html": "html",
    "css": "css", "sql": "sql", "diff": "diff", "dockerfile": "docker",
}  # fmt: skip
"""Pygments' lexer by a file's suffix or the word after a fence; other texts stay without colour."""

CLASSES: tuple[tuple[str, str], ...] = (
    ("Comment", "c"), ("Keyword", "k"), ("Operator.Word", "k"), ("Literal.String", "s"), ("Literal.Number", "n"),
    ("Name.Function", "f"), ("Name.Class", "t"), ("Name.Decorator", "d"), ("Name.Builtin", "b"),
    ("Name.Exception", "b"), ("Name.Tag", "k"), ("Name.Attribute", "f"), ("Generic.Deleted", "x"),
    ("Generic.Inserted", "s"), ("Generic.Prompt", "c"), ("Generic.Heading", "k"),
)  # fmt: skip
"""Class in the style sheet by the beginning of a token's type."""


def language_of(path: str) -> str:
    """Pygments' lexer for a file; "" for none."""
    name = path.rpartition("/")[2].lower()
    return LANGUAGES.get(name.rpartition(".")[2], "")


def highlighted(text: str, language: str) -> list[str]:
    """Each line as HTML, without its end.

    Args:
        text: Of any size.
        language: A key of `LANGUAGES`; any other word stays without colour.
    """
    lines = split_lines(text)
    name = LANGUAGES.get(language.lower())
    if name is None or len(text) > MAX_CHARS or max(map(len, lines), default=0) > MAX_LINE_CHARS:
        return [_escaped(line) for line in lines]
    tokens = list(_tokens(text, name))
    if "".join(value for _, value in tokens) != text:  # the console lexer drops a last line without an end
        return [_escaped(line) for line in lines]
    return _coloured(tokens)[: len(lines)]


def _coloured(tokens: Iterable[tuple[str, str]]) -> list[str]:
    done: list[str] = []
    line: list[str] = []
    for css, value in tokens:
        first, *others = value.split("\n")
        _add(line, css, first)
        for part in others:
            done.append("".join(line))
            line = []
            _add(line, css, part)
    return [*done, "".join(line)]


def _tokens(text: str, name: str) -> Iterator[tuple[str, str]]:
    for _, token, value in _lexer(name).get_tokens_unprocessed(text):
        yield _css(token), value


def _add(line: list[str], css: str, text: str) -> None:
    if text:
        line.append(f'<span class="{css}">{_escaped(text)}</span>' if css else _escaped(text))


def _escaped(text: str) -> str:
    return escape(text).replace("\0", "\ufffd")


@cache
def _lexer(name: str) -> Any:
    from pygments.lexers import get_lexer_by_name

    return get_lexer_by_name(name)


@cache
def _css(token: Any) -> str:
    name = ".".join(token)
    return next((css for start, css in CLASSES if name.startswith(start)), "")
