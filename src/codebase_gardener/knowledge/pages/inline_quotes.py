"""Quotes within a sentence, “in these marks”: whether the files that a page cites say that.

A page quotes prose without its markup: roles, links, comment marks and line breaks are gone. So the words of a quote
must stand in a file in their order, with no more between two of them than markup takes; no word may be another one.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

from codebase_gardener.documents.prose import plain_text
from codebase_gardener.documents.rst_directives import SKIPPED
from codebase_gardener.knowledge.pages.markup import outside_fences
from codebase_gardener.utils.memo import remembered

__all__ = ["InlineQuote", "QuotableText", "inline_quotes_of", "read_inline_quotes", "unsaid_of"]

MAX_GAP_WORDS = 3
"""Words of the source between two words of a quote, after addresses are taken out: such as "class" of a role."""

MAX_STARTS = 2000
"""Places at which a quote is tried; a file that has its first word more often is taken to have it."""

_INDEXED = 16
"""Texts whose words are known by their places at a time: of all texts of a repository that is a gigabyte."""

_QUOTE = re.compile("“([^“”]{1,20000})”")
_WORD = re.compile(r"[^\W_]+")
_ESCAPE = re.compile(r"\\[ntr]")
_GLUED = re.compile(r"`\\{1,2}(?=[^\Wntr])")
"""Where reStructuredText lets a word go on behind a role, such as the s of a plural."""
_COMMENTED_END = r"[ \t]*(?:#[^\n]{0,300})?\n"
_JOINT = re.compile(rf"""["']{_COMMENTED_END}(?:{_COMMENTED_END}){{0,5}}[ \t]*[fFrRuUbB]{{0,2}}["']""")
"""Between two literals that the language joins, whatever comments stand there."""
_LINK = re.compile(
    r"\]\([^()\s]{1,500}\)|\]\[[^\[\]\s]{1,500}\]|<(?:/?[a-zA-Z]\s[^<>]{1,300}|[^<>\n]{1,500})>"
)
"""An address or a target of a link, or a tag."""
_TAG = re.compile(r"\\?</?[a-zA-Z][^<>\\]{0,300}\\?>")
"""A tag in a quote, escaped or not."""
_ROLE = re.compile(r"~[\w.]{1,200}\.")
"""The path of a role's target, which is not shown."""
_ASIDE = re.compile(
    rf"^([ \t]*)\.\. (?:{'|'.join(sorted(SKIPPED))})::[^\n]*\n(?:[ \t]*\n|\1[ \t]+[^\n]*\n)*", re.MULTILINE
)
"""A directive of reStructuredText whose content is no prose, such as a formula between two paragraphs."""
_WAYS = (
    (), (_LINK,), (_LINK, _ROLE), (_JOINT,), (_JOINT, _LINK), (_JOINT, _LINK, _ROLE), (_ASIDE, _LINK, _ROLE),
)  # fmt: skip
"""What is taken out of a file's text before a quote is looked for; the first that has it decides."""
_AS_WRITTEN_FROM = len(_WAYS)
"""The last way: paragraph by paragraph, without marks, by the function that quotes are written by."""
_PARAGRAPH = re.compile(r"\n[ \t]*\n")


@dataclass(frozen=True)
class InlineQuote:
    """A quote's text, and the 1-based line that it stands on."""

    text: str
    line: int


class QuotableText:
    """A file's text, looked into again and again."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._made: dict[int, _Words] = {}

    @cached_property
    def digest(self) -> bytes:
        """Of the text: all that is remembered of it depends on that alone."""
        return hashlib.sha256(self._text.encode("utf-8", "surrogatepass")).digest()

    def says(self, quoted: str) -> bool:
        """Whether the words stand here in order; "…" in the quote leaves out any number.

        Example:
            >>> text = QuotableText("A :class:`~a.b.Pot` holds\\n  # water.")
            >>> text.says("A Pot holds water"), text.says("A Pot holds wine")
            (True, False)
        """
        return not unsaid_of(self, (quoted,), True)

    def has(self, wanted: list[str], any_way: bool) -> bool:
        """Whether the words stand in it in that order, in one of the ways or in the first."""
        return any(
            self._words_read(way).have(wanted) for way in range(_AS_WRITTEN_FROM + 1 if any_way else 1)
        )

    def forget(self) -> None:
        """Let go of the words: they are made again where one asks again."""
        self._made.clear()

    def _words_read(self, way: int) -> _Words:
        """The words in one of the ways, each made once."""
        if way not in self._made:
            text = self._text
            if way == _AS_WRITTEN_FROM:
                text = "\n".join(map(plain_text, _PARAGRAPH.split(text)))
            for pattern in _WAYS[way] if way < _AS_WRITTEN_FROM else ():
                text = pattern.sub("" if pattern is _JOINT else " ", text)
            self._made[way] = _Words.of(text)
        return self._made[way]


@remembered
def unsaid_of(text: QuotableText, quotes: tuple[str, ...], any_way: bool) -> tuple[str, ...]:
    """Those of several quotes that do not stand in a text, read in one of all ways or as it is written."""
    return tuple(
        quoted for quoted in quotes if not all(_has(text, part, any_way) for part in quoted.split("…"))
    )


def _has(text: QuotableText, part: str, any_way: bool) -> bool:
    """With the tags that a quote may have kept where the file's text is read without them, or without."""
    return text.has(_words(part), any_way) or ("<" in part and text.has(_words(_TAG.sub(" ", part)), any_way))


@dataclass(frozen=True)
class _Words:
    """The words of a text.

    Attributes:
        joined: With a space around each: a string is small, and soon looked through.
    """

    joined: str

    @classmethod
    def of(cls, text: str) -> _Words:
        return cls(f" {' '.join(_words(text))} ")

    def have(self, wanted: list[str]) -> bool:
        if not wanted or f" {' '.join(wanted)} " in self.joined:
            return True
        words, places = _places(self.joined)
        starts = places.get(wanted[0], [])
        return len(starts) > MAX_STARTS or any(_from(words, start, wanted) for start in starts)


@lru_cache(maxsize=_INDEXED)
def _places(joined: str) -> tuple[list[str], dict[str, list[int]]]:
    words = joined.split()
    found: dict[str, list[int]] = {}
    for place, word in enumerate(words):
        found.setdefault(word, []).append(place)
    return words, found


def _from(words: list[str], place: int, wanted: list[str]) -> bool:
    for word in wanted[1:]:
        try:
            place = words.index(word, place + 1, place + 2 + MAX_GAP_WORDS)
        except ValueError:
            return False
    return True


def read_inline_quotes(text: str) -> Iterator[InlineQuote]:
    """The quotes outside fenced blocks."""
    for number, line in enumerate(outside_fences(text), 1):
        for quoted in _QUOTE.findall(line) if "“" in line else ():
            yield InlineQuote(quoted, number)


@remembered
def inline_quotes_of(body: str, first_line: int) -> tuple[InlineQuote, ...]:
    """The quotes in the body of a page, whose first line is the page's `first_line`."""
    return tuple(replace(each, line=each.line + first_line - 1) for each in read_inline_quotes(body))


def _words(text: str) -> list[str]:
    return _WORD.findall(_ESCAPE.sub(" ", _GLUED.sub("", text)).casefold().replace("`", ""))
