"""Code as HTML, line by line: escaped, with comments, strings, numbers and words of the language in colour.

Pygments was tried: some of its lexers take a time that grows with the square of a hostile file (76 KB of `<?` as HTML:
11 s), and they took half of the time of a site. One regular expression a language, whose every part runs on to its end
without going back, is linear by its form.
"""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from html import escape

from codebase_gardener.utils.anchors import split_lines

__all__ = ["LANGUAGES", "Lexer", "highlighted", "language_of"]


@dataclass(frozen=True)
class Lexer:
    """How a language is read.

    Attributes:
        comments: Patterns of comments.
        strings: Patterns of strings and characters.
        keywords: Its words, separated by spaces.
        builtins: Names that are always there, separated by spaces.
    """

    comments: tuple[str, ...]
    strings: tuple[str, ...]
    keywords: str
    builtins: str = ""


_HASH, _SLASHES, _BLOCK = r"\#[^\n]*+", r"//[^\n]*+", r"/\*(?:[^*]++|\*(?!/))*+(?:\*/)?"
_DOUBLE, _SINGLE = r'"(?:[^"\\\n]++|\\.)*+"?', r"'(?:[^'\\\n]++|\\.)*+'?"
_CHARACTER, _BACKTICK = r"'(?:[^'\\\n]|\\[^\n]{1,9}?)'", r"`(?:[^`\\]++|\\.)*+`?"
_PREFIX = "(?:[rRbBuUfF]{1,2}+)?"
_TRIPLE = tuple(
    rf"{_PREFIX}{mark * 3}(?:[^{mark}\\]++|\\.|{mark}(?!{mark * 2}))*+(?:{mark * 3})?" for mark in "\"'"
)
_NAMES = " ".join(sorted(name for name in dir(builtins) if not name.startswith("_")))

_PYTHON = Lexer((_HASH,), (*_TRIPLE, _PREFIX + _DOUBLE, _PREFIX + _SINGLE), " ".join(keyword.kwlist), _NAMES)
# https://262.ecma-international.org/#sec-keywords-and-reserved-words and the handbook of TypeScript
_SCRIPT = Lexer(
    (_SLASHES, _BLOCK), (_DOUBLE, _SINGLE, _BACKTICK),
    "async await break case catch class const continue debugger default delete do else enum export "
    "extends false finally for from function if implements import in instanceof interface let new null of "
    "private protected public readonly return static super switch this throw true try type typeof "
    "undefined var void while with yield",
)  # fmt: skip
# https://go.dev/ref/spec#Keywords
_GO = Lexer(
    (_SLASHES, _BLOCK), (_DOUBLE, _CHARACTER, r"`[^`]*+`?"),
    "break case chan const continue default defer else fallthrough for func go goto if import interface "
    "map package range return select struct switch type var true false nil",
)  # fmt: skip
# https://doc.rust-lang.org/reference/keywords.html
_RUST = Lexer(
    (_SLASHES, _BLOCK), (_DOUBLE, _CHARACTER),
    "as async await break const continue crate dyn else enum extern false fn for if impl in let loop "
    "match mod move mut pub ref return self Self static struct super trait true type unsafe use where "
    "while",
)  # fmt: skip
# https://docs.oracle.com/javase/specs/jls/se21/html/jls-3.html#jls-3.9
_JAVA = Lexer(
    (_SLASHES, _BLOCK), (_DOUBLE, _CHARACTER),
    "abstract assert boolean break byte case catch char class const continue default do double else enum "
    "extends final finally float for if implements import instanceof int interface long native new null "
    "package private protected public record return short static super switch synchronized this throw "
    "throws transient true false try var void volatile while",
)  # fmt: skip
# https://en.cppreference.com/w/cpp/keyword
_C = Lexer(
    (_SLASHES, _BLOCK), (_DOUBLE, _CHARACTER),
    "auto bool break case catch char class const constexpr continue default delete do double else enum "
    "explicit extern false float for friend if inline int long mutable namespace new noexcept nullptr "
    "operator private protected public register return short signed sizeof static struct switch template "
    "this throw true try typedef typename union unsigned using virtual void volatile while",
)  # fmt: skip
# https://www.gnu.org/software/bash/manual/html_node/Reserved-Words.html
_SHELL = Lexer(
    (r"(?<![^\s])\#[^\n]*+",), (_DOUBLE, r"'[^']*+'?"),
    "case do done elif else esac export fi for function if in local return then until while",
)  # fmt: skip
_DATA = Lexer((_HASH,), (_DOUBLE, _SINGLE), "true false null")
_INI = Lexer((r"(?m:^[ \t]*+[\#;][^\n]*+)",), (_DOUBLE,), "")
_JSON = Lexer((), (_DOUBLE,), "true false null")

LANGUAGES: dict[str, Lexer] = {
    "py": _PYTHON, "pyi": _PYTHON, "python": _PYTHON, "python3": _PYTHON, "pycon": _PYTHON,
    "js": _SCRIPT, "mjs": _SCRIPT, "cjs": _SCRIPT, "jsx": _SCRIPT, "javascript": _SCRIPT, "ts": _SCRIPT,
    "tsx": _SCRIPT, "mts": _SCRIPT, "typescript": _SCRIPT, "go": _GO, "rs": _RUST, "rust": _RUST, "java": _JAVA,
    "c": _C, "h": _C, "cc": _C, "cpp": _C, "cxx": _C, "hpp": _C, "hh": _C, "cu": _C, "cuh": _C,
    "sh": _SHELL, "shell": _SHELL, "bash": _SHELL, "console": _SHELL, "toml": _DATA, "yaml": _DATA, "yml": _DATA,
    "ini": _INI, "cfg": _INI, "json": _JSON, "ipynb": _JSON,
}  # fmt: skip
"""By a file's suffix or the word after a fence; other texts stay without colour."""

INTRODUCES: dict[str, str] = {
    "def": "f", "fn": "f", "func": "f", "function": "f", "class": "t", "struct": "t", "enum": "t", "trait": "t",
    "interface": "t", "type": "t",
}  # fmt: skip
"""Keywords after which a name is defined, and the class that it gets in the style sheet."""


def language_of(path: str) -> str:
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
        "d": r"@[^\W\d][\w.]*+" if language in (_PYTHON, _JAVA, _SCRIPT) else "",
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
