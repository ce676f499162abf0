"""One line on what a file is for, in the words of its authors where they left any."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import islice

from codebase_gardener.documents.prose import box_end, plain_text
from codebase_gardener.documents.sentences import first_sentence, sentences
from codebase_gardener.languages.commented_code import is_code_line
from codebase_gardener.languages.table import LANGUAGES

__all__ = ["is_title", "is_wordless", "purpose_of"]

MAX_PURPOSE = 200
"""Characters."""

_FIRST_LINES = 60

_BOILERPLATE = re.compile(
    r"copyright|licen[cs]e|all rights reserved|spdx|coding[:=]|^!|^-\*-|@generated|\bmode:|pylint|flake8"
    r"|ruff:|mypy:|noqa|warrant|distributed on an|you may not use|you may obtain|http://www\.apache"
    r"|limitations under|eslint|@ts-|type: ignore|isort|fmt:|permission is hereby|^region\b|^endregion\b"
    r"|frozen_string_literal|rubocop|swift-tools-version|^todo\b|^fixme\b"
    r"|^go:\w|^\+build\b",
    re.IGNORECASE,
)
_BLOCK = re.compile(r"\s*(/\*+!?|\*/|\*)\s?")
_TAG_OF_FILE = re.compile(
    r"[@\\](?:module|file|fileoverview|overview|packageDocumentation|brief)\b(?:\s+\S+\Z|\s*)"
)
"""The tag of a comment that is of a file, with the file's name where only that follows."""
_SETTING = re.compile(
    r"#\s*(?:ifdef|define|undef|pragma(?!\s+once)|if\b(?!\s*!\s*defined\s*\(?\s*\w+\s*\)?\s*$))"
)
"""A directive of C's preprocessor that is no include and no guard of a header."""
_RULE = re.compile(r"[\W_]*\Z")
_LEADS_THERE = re.compile(r"(?:when|if|while|since|as|although|sometimes|often|because)\b", re.IGNORECASE)
_IS_OF_FILE = re.compile(r"(?:this|the) (?:module|package|file|library)\b", re.IGNORECASE)
_OF_ITS_CODE = re.compile(
    r"(?:(?:we|i)\b(?!-)(?!.{0,60}\b(?:module|file)\b)|this is (?:needed|necessary|required)\b)",
    re.IGNORECASE,
)
"""How a comment begins that says why code is written as it is: it speaks of its writer, not of the file."""
_ENDED = re.compile(r"[.!?:;…][\"')\]]*\Z")
_READ = 4_000  # characters of a docstring that are read
_WORDLESS = re.compile(r"\s*(?:\[?!\[|\[[^\]\n]{1,100}\]:\s|<[^<>\n]{1,200}>\s*$|https?://\S+\s*$)")
"""A line of badges, of an address or of a tag."""


def purpose_of(language: str, text: str, docstring: str | None, headings: Iterable[str] = ()) -> str:
    """The first sentence of the docstring, else the first heading, else of the leading comment; "" if none.

    Args:
        language: As in `SourceFile`.
        text: The file's content.
        docstring: Of a Python module.
        headings: Titles of a document's sections.
    """
    if docstring:
        lines = _without_boxes(docstring.strip()).split("\n")
        said = "\n".join(
            line for line in lines if not (_BOILERPLATE.search(line) or is_wordless(line))
        ).strip()
        if said:
            return _of_the_file(said) or first_sentence(said, MAX_PURPOSE)
    title = next((title for title in headings if title.strip()), "")
    comment = "" if title else _leading_comment(language, text)
    return first_sentence(title or ("" if _OF_ITS_CODE.match(comment) else comment), MAX_PURPOSE)


def _without_boxes(docstring: str) -> str:
    """What a docstring says after the boxes that it begins with: they point elsewhere."""
    while end := box_end(docstring):
        docstring = docstring[end:].strip()
    return docstring


def _of_the_file(docstring: str) -> str:
    """The sentence that says what the file is, where the first one only leads there: "When …", a title."""
    paragraphs = docstring[:_READ].split("\n\n")
    if not (_LEADS_THERE.match(docstring) or is_title(paragraphs[0])):
        return ""
    said = (one for paragraph in paragraphs for one in sentences(" ".join(paragraph.split())))
    found = next(filter(_IS_OF_FILE.match, said), "")
    return first_sentence(found, MAX_PURPOSE)


def is_title(text: str) -> bool:
    """Whether a text only names something, as a heading does: no sentence ends in it, and each word is a name's.

    Example:
        >>> [is_title(one) for one in ("[JSON Schema](a.md)", "Advanced User Guide", "Guide to pots", "Bakes Pots.")]
        [True, True, False, False]
    """
    said = plain_text(text)
    words = [word for word in said.split() if word[:1].isalpha()]
    return not _ENDED.search(said) and bool(words) and all(word[0].isupper() for word in words)


def is_wordless(line: str) -> bool:
    """Whether a line only shows badges, gives a link's address or is a tag.

    Example:
        >>> [is_wordless(line) for line in ("[![Build][badge]][status]", "https://x.org", "See https://x.org")]
        [True, True, False]
    """
    return bool(_WORDLESS.match(line))


def _leading_comment(language: str, text: str) -> str:
    """The comment on top that is no licence, shebang or directive."""
    mark = LANGUAGES[language].comment if language in LANGUAGES else ""
    kept: list[str] = []
    inside, licence = False, False
    for line in islice(text[:20_000].split("\n"), _FIRST_LINES):
        stripped = line.strip()
        is_block = inside or (mark == "//" and stripped.startswith("/*"))
        if not stripped or (mark and stripped.startswith("#!")):
            if kept:
                break
            licence = licence and inside  # a licence goes on over the blank lines of its comment
            continue
        if is_block:
            inside = "*/" not in stripped
            said = _TAG_OF_FILE.sub("", _BLOCK.sub("", stripped.replace("*/", "")).strip())
        elif mark and stripped.startswith(mark):
            said = stripped.lstrip(mark + "!").strip()
        else:
            if mark == "//" and _SETTING.match(stripped):
                kept.clear()  # it stands right above the directive that it explains
            break
        licence = licence or bool(_BOILERPLATE.search(said))
        if licence:
            kept.clear()
        elif said and not (_RULE.match(said) or is_wordless(said) or is_code_line(said)):
            kept.append(said)
        elif kept:
            break
    return "\n".join(kept)
