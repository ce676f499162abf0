"""Patterns of comments, strings and words, by which code is coloured."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["BACKTICK", "BLOCK", "CHARACTER", "DOUBLE", "HASH", "SINGLE", "SLASHES", "Lexer"]

HASH, SLASHES, BLOCK = r"\#[^\n]*+", r"//[^\n]*+", r"/\*(?:[^*]++|\*(?!/))*+(?:\*/)?"
DOUBLE, SINGLE = r'"(?:[^"\\\n]++|\\.)*+"?', r"'(?:[^'\\\n]++|\\.)*+'?"
CHARACTER, BACKTICK = r"'(?:[^'\\\n]|\\[^\n]{1,9}?)'", r"`(?:[^`\\]++|\\.)*+`?"


@dataclass(frozen=True)
class Lexer:
    """How a language's text is coloured; each pattern runs on to its end without going back.

    Attributes:
        comments: Patterns of comments.
        strings: Patterns of strings and characters.
        keywords: Its words, separated by spaces.
        builtins: Names that are always there, separated by spaces.
        decorators: Whether `@name` is one.
    """

    comments: tuple[str, ...]
    strings: tuple[str, ...]
    keywords: str = ""
    builtins: str = ""
    decorators: bool = False
