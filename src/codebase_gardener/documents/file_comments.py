"""What a file says of itself at its head, in a docstring or a comment: its sections with their lines."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from codebase_gardener.languages.table import LANGUAGES

__all__ = ["file_comment_sections"]

_LICENCE = re.compile(
    r"copyright|licen[cs]ed? (?:under|by|that can)|all rights reserved|spdx|redistribut|permission is hereby"
    r"|free software|warrant|governed by",
    re.IGNORECASE,
)
_FEWEST = 2
_DOCSTRING = re.compile(r"[rRuU]?(\"\"\"|''')")
_HEADING = re.compile(r"(?:#{1,3} )?[A-Z][\w ,()/'-]{2,59}")
_UNDERLINE = re.compile(r"([-=~^*])\1{2,}\s*\Z")
_MARKS = re.compile(r"\s*(?:/\*+!?|\*+/|\*)?\s?")


def file_comment_sections(language: str, lines: Sequence[str]) -> list[tuple[str, int, int]]:
    """(heading, first line, last line) of each section of the text at a file's head; "" before the first heading.

    A heading is a line of its own between blank ones, without a full stop, or one that is underlined, as authors of
    docstrings and package comments write them. Paragraphs of a licence are none of it. A text of one paragraph has no
    sections: its first sentence is on the page of its Module.

    Example:
        >>> source = "// Package a adds.\\n//\\n// Concurrency\\n//\\n// One writer at a time.\\npackage a\\n"
        >>> file_comment_sections("go", source.splitlines())
        [('', 1, 1), ('Concurrency', 3, 5)]
    """
    said = dict(_comment(language, lines))
    paragraphs = [one for one in _paragraphs(said) if not _LICENCE.search(" ".join(said[n] for n in one))]
    sections: list[tuple[str, int, int]] = []
    if len(paragraphs) < _FEWEST:
        return []
    for one, after in pairwise([*paragraphs, []]):
        heading = _heading([said[number] for number in one], followed=bool(after))
        if heading or not sections:
            sections.append((heading, one[0], one[-1]))
        else:
            sections[-1] = (sections[-1][0], sections[-1][1], one[-1])
    return sections


def _heading(lines: Sequence[str], *, followed: bool) -> str:
    first = lines[0].strip()
    alone = len(lines) == 1 and followed
    underlined = len(lines) > 1 and _UNDERLINE.match(lines[1].strip())
    return first.lstrip("# ") if (alone or underlined) and _HEADING.fullmatch(first) else ""


def _paragraphs(said: dict[int, str]) -> list[list[int]]:
    """The numbers of the lines of each paragraph; a paragraph begins at the margin or is code."""
    found: list[list[int]] = [[]]
    for number, text in said.items():
        if not text.strip():
            found.append([])
        else:
            found[-1].append(number)
    return [one for one in found if one]


def _comment(language: str, lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    """The lines of the last comment before a file's code, or of its docstring, without their marks."""
    if language == "python":
        yield from _docstring(lines)
        return
    mark = LANGUAGES[language].comment if language in LANGUAGES else ""
    inside = False
    for number, line in enumerate(lines, 1):
        stripped = line.strip()
        if inside or (mark == "//" and stripped.startswith("/*")):
            inside = "*/" not in stripped
            yield number, _MARKS.sub("", line.rstrip().removesuffix("*/"), count=1)
        elif mark and stripped.startswith(mark):
            yield number, stripped.lstrip(mark + "!").removeprefix(" ")
        elif stripped:
            return
        else:
            yield number, ""


def _docstring(lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    at = next((n for n, line in enumerate(lines) if line.strip() and not line.lstrip().startswith("#")), None)
    found = _DOCSTRING.match(lines[at]) if at is not None else None
    if at is None or found is None:
        return
    end = found[1]
    for number, line in enumerate(lines[at:], at + 1):
        text = line[found.end() :] if number == at + 1 else line
        yield number, text.partition(end)[0].rstrip()
        if end in text:
            return
