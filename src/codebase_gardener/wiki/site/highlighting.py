"""Code as HTML, line by line: escaped, with comments, strings, numbers and words of the language in colour.

Pygments was tried: some of its lexers take a time that grows with the square of a hostile file (76 KB of `<?` as HTML:
11 s), and they took half of the time of a site. One regular expression a language, whose every part runs on to its end
without going back, is linear by its form.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from html import escape

from codebase_gardener.languages import table as languages
from codebase_gardener.languages.lexing import Lexer
from codebase_gardener.utils.anchors import split_lines

__all__ = ["LANGUAGES", "highlighted", "highlight_key"]


LANGUAGES: dict[str, Lexer] = {
    word: row.lexer
    for name, row in languages.LANGUAGES.items()
    if row.lexer
    for word in (*row.aliases, *(extension[1:] for extension in row.extensions), name)
}
"""By a file's suffix or the word after a fence; other texts stay without colour."""

INTRODUCES: dict[str, str] = {
    "def": "f", "fn": "f", "func": "f", "function": "f", "class": "t", "struct": "t", "enum": "t", "trait": "t",
    "interface": "t", "type": "t",
}  # fmt: skip
"""Keywords after which a name is defined, and the class that it gets in the style sheet."""


def highlight_key(path: str) -> str:
    """The key of `LANGUAGES` for a file; "" for none."""
    suffix = path.rpartition("/")[2].lower().rpartition(".")[2]
    return suffix if suffix in LANGUAGES else ""


def highlighted(text: str, language: str) -> list[str]:
    """Each line as HTML, without its end.

    Args:
        text: Of any size.
        language: A key of `LANGUAGES`; any other word stays without colour.
    """
    lines = split_lines(text)
    name = language.lower()
    if name not in LANGUAGES:
        return [_escaped(line) for line in lines]
    done: list[str] = []
    line: list[str] = []
    for css, value in _tokens(text, name):
        first, *others = value.split("\n")
        _add(line, css, first)
        for part in others:
            done.append("".join(line))
            line = []
            _add(line, css, part)
    return [*done, "".join(line)][: len(lines)]


def _tokens(text: str, name: str) -> Iterator[tuple[str, str]]:
    """The whole text in pieces, each with its class in the style sheet or ""."""
    words = _words(name)
    at, introduced = 0, ""
    for found in _pattern(name).finditer(text):
        if found.start() > at:
            yield "", text[at : found.start()]
        at = found.end()
        css, value = found.lastgroup or "", found[0]
        if css == "w":
            css = introduced or words.get(value, "")
            introduced = INTRODUCES.get(value, "") if css == "k" else ""
        yield css, value
    yield "", text[at:]


@cache
def _pattern(name: str) -> re.Pattern[str]:
    language = LANGUAGES[name]
    parts = {
        "c": "|".join(language.comments),
        "s": "|".join(language.strings),
        "d": r"@[^\W\d][\w.]*+" if language.decorators else "",
        "n": r"\d[\w.]*+",
        "w": r"[^\W\d]\w*+",
    }
    return re.compile("|".join(f"(?P<{css}>{part})" for css, part in parts.items() if part), re.DOTALL)


@cache
def _words(name: str) -> dict[str, str]:
    language = LANGUAGES[name]
    return dict.fromkeys(language.builtins.split(), "b") | dict.fromkeys(language.keywords.split(), "k")


def _add(line: list[str], css: str, text: str) -> None:
    if text:
        line.append(f'<span class="{css}">{_escaped(text)}</span>' if css else _escaped(text))


def _escaped(text: str) -> str:
    return escape(text).replace("\0", "\ufffd")
