"""Paragraphs, list items and admonitions of a document or a docstring, with their lines.

One pass over the lines, for Markdown (MkDocs, MyST, Docusaurus, GitHub, Hugging Face) and reStructuredText alike: the
forms do not collide. Code blocks, tables and other directives are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

__all__ = ["ADMONITIONS", "Block", "prose_blocks"]

ADMONITIONS: dict[str, str] = {
    "tip": "tip", "hint": "tip", "note": "note", "notes": "note", "info": "note", "check": "note", "admonition": "note",
    "important": "important", "warning": "warning", "warnings": "warning", "warn": "warning", "caution": "warning",
    "danger": "warning", "attention": "warning", "error": "warning", "tips": "tip", "deprecated": "deprecated",
}  # fmt: skip
"""Written name of an admonition: what it is. Sources: docutils, MkDocs Material, MyST, GitHub, Hugging Face."""

_NAMES = "|".join(sorted(ADMONITIONS, key=len, reverse=True))
_FENCE = re.compile(r"\s*(?:>\s?)?(`{3,}|~{3,})\s*(\{[\w:-]+\})?")
_MKDOCS = re.compile(rf"\s*(?:!!!|\?\?\?\+?)\s+({_NAMES})\b\s*(?:\w+\s*)?(?:\"([^\"]*)\")?", re.IGNORECASE)
_SLASHES = re.compile(rf"\s*/{{3,}}\s+({_NAMES})\b\s*(?:\|\s*(.*))?$", re.IGNORECASE)
_SLASHES_END = re.compile(r"\s*/{3,}\s*$")
_DIRECTIVE = re.compile(r"\s*\.\.\s+([\w:-]+)::\s*(.*)$")
_COLONS = re.compile(r"\s*:{3,}\s*\{?(\w+)\}?\s*(.*)$")
_COLONS_END = re.compile(r"\s*:{3,}\s*$")
_GITHUB = re.compile(rf"\s*>\s*\[!({_NAMES})\]\s*(.*)$", re.IGNORECASE)
_TIP = re.compile(r"\s*<Tip\b([^>]*)>", re.IGNORECASE)
_TIP_END = re.compile(r"</Tip>", re.IGNORECASE)
_LABEL = re.compile(
    rf"\s*(?:>\s*)?[*_]{{0,2}}({_NAMES})[*_]{{0,2}}\s*[:!][*_]{{0,2}}(?:\s+|$)", re.IGNORECASE
)
_ATX = re.compile(r"\s{0,3}(#{1,6})\s+(.*?)\s*#*\s*$")
_UNDERLINE = re.compile(r"([=\-~^\"'`*+#.:_])\1{2,}\s*$")
_ITEM = re.compile(r"\s*(?:[-*+•]|\d{1,3}[.)]|#\.)\s+")
_TABLE = re.compile(r"\s*(?:\||\+[-=]{3})")
_OPTION_LINE = re.compile(r"\s*:[\w-]+:(?:\s|$)")
_MARKS_ONLY = (_COLONS, _COLONS_END, _TABLE, re.compile(rf"\s*{_UNDERLINE.pattern}"), _OPTION_LINE)
_NO_PROSE = (">>>", "<", "{%", "---", "///")
_MAX_BLOCK = 60
"""Lines of one block that are taken; what is longer is cut there, and its range says so."""


@dataclass(frozen=True)
class Block:
    """A piece of prose.

    Attributes:
        kind: "paragraph", "item" (of a list) or "admonition".
        name: For an admonition, a value of `ADMONITIONS`.
        title: For an admonition, the title that it was given.
        heading: The nearest heading above.
        start, end: Lines, 1-based.
        text: The words as written, lines joined by spaces.
    """

    kind: str
    name: str
    title: str
    heading: str
    start: int
    end: int
    text: str


def prose_blocks(lines: Sequence[str], first: int = 1) -> Iterator[Block]:
    """The blocks of lines of which the first has the number `first`."""
    reader = _Reader(lines, first)
    while reader.at < len(lines):
        block = reader.next_block()
        if block is not None:
            yield block


class _Reader:
    """Goes down the lines once; `at` only grows."""

    def __init__(self, lines: Sequence[str], first: int) -> None:
        self.lines, self.first, self.at = lines, first, 0
        self.heading = ""
        self.in_list = False
        if lines and lines[0].strip() == "---":  # front matter
            self.at = next((at + 1 for at in range(1, min(len(lines), 60)) if lines[at].strip() == "---"), 0)

    def next_block(self) -> Block | None:
        line = self.lines[self.at]
        if not line.strip():
            self.at += 1
            return None
        if len(line) > 2000:  # no prose
            self.at += 1
            return None
        return self._admonition(line) if self._is_admonition(line) else self._other(line)

    def _other(self, line: str) -> Block | None:
        if fence := _FENCE.match(line):
            return self._fenced(fence)
        below = self.lines[self.at + 1].strip() if self.at + 1 < len(self.lines) else ""
        if heading := _ATX.match(line):
            self._set_heading(heading[2], 1)
        elif _UNDERLINE.match(below) and len(below) >= min(4, len(line.strip())):
            self._set_heading(line.strip(), 2)
        elif line.lstrip().startswith(".. "):  # a directive or a comment
            self.at += 1
            self._indented(_indent(line))
        elif line.lstrip().startswith(_NO_PROSE) or any(one.match(line) for one in _MARKS_ONLY):
            self.at += 1
        else:
            return self._paragraph(line)
        return None

    def _set_heading(self, title: str, lines: int) -> None:
        self.heading, self.in_list = re.sub(r"[`*]", "", title)[:120], False
        self.at += lines

    def _is_admonition(self, line: str) -> bool:
        if (
            _MKDOCS.match(line)
            or _SLASHES.match(line)
            or _GITHUB.match(line)
            or _TIP.match(line)
            or _LABEL.match(line)
        ):
            return True
        found = _DIRECTIVE.match(line) or _COLONS.match(line)
        return found is not None and found[1].lower() in ADMONITIONS

    def _admonition(self, line: str) -> Block | None:
        start = self.at
        self.at += 1
        if found := _MKDOCS.match(line):
            name, title = found[1], found[2] or ""
            content = self._indented(_indent(line))
        elif found := _SLASHES.match(line):
            name, title = found[1], found[2] or ""
            content = self._until(_SLASHES_END)
        elif found := _GITHUB.match(line):
            name, title = found[1], ""
            content = [found[2], *self._quoted()]
        elif found := _TIP.match(line):
            name, title = ("warning" if "warning" in found[1] else "tip"), ""
            rest = line[found.end() :]
            content = [_TIP_END.sub("", rest)] if _TIP_END.search(rest) else [rest, *self._until(_TIP_END)]
        elif (found := _DIRECTIVE.match(line)) and found[1].lower() in ADMONITIONS:
            name, title = found[1], found[2] if found[1] == "admonition" else ""
            content = [found[2] if not title else "", *self._indented(_indent(line))]
        elif (found := _COLONS.match(line)) and found[1].lower() in ADMONITIONS:
            name, title = found[1], found[2]
            content = self._until(_COLONS_END)
        else:
            found = _LABEL.match(line)
            name, title = (found[1] if found else "note"), ""
            content = [line[found.end() :] if found else line, *self._rest_of_paragraph(_indent(line))]
        return self._block("admonition", ADMONITIONS[name.lower()], title.strip(), start, content)

    def _fenced(self, fence: re.Match[str]) -> Block | None:
        start, mark, directive = self.at, fence[1], (fence[2] or "").strip("{}").lower()
        title = self.lines[start][fence.end() :].strip()
        self.at += 1
        content: list[str] = []
        while self.at < len(self.lines):
            line = self.lines[self.at].strip().removeprefix(">").strip()
            self.at += 1
            if line.startswith(mark) and not line.strip(mark[0]):
                break
            content.append(line)
        if directive in ADMONITIONS:
            return self._block("admonition", ADMONITIONS[directive], title, start, content[:_MAX_BLOCK])
        return None

    def _paragraph(self, line: str) -> Block | None:
        start, item = self.at, _ITEM.match(line)
        indent = _indent(line)
        if indent >= 4 and not item and not self.in_list:  # an indented code block
            self.at += 1
            return None
        self.in_list = item is not None or (self.in_list and indent > 0)
        self.at += 1
        content = [line[item.end() :] if item else line.lstrip("> "), *self._rest_of_paragraph(indent)]
        if content[-1].rstrip().endswith("::"):
            self._indented(indent)
        return self._block("item" if item else "paragraph", "", "", start, content)

    def _block(self, kind: str, name: str, title: str, start: int, content: list[str]) -> Block | None:
        last = min(self.at, start + _MAX_BLOCK)
        while last > start + 1 and not self.lines[last - 1].strip():
            last -= 1
        words = " ".join(_without_code(content[:_MAX_BLOCK])).strip()
        if not words and title:  # `:::{note} words`
            words, title = title, ""
        if not words:
            return None
        return Block(kind, name, title, self.heading, self.first + start, self.first + last - 1, words)

    def _indented(self, indent: int) -> list[str]:
        """Lines that are deeper or blank."""
        content: list[str] = []
        while self.at < len(self.lines):
            line = self.lines[self.at]
            if line.strip() and _indent(line) <= indent:
                break
            content.append(line)
            self.at += 1
        return content

    def _until(self, end: re.Pattern[str]) -> list[str]:
        content: list[str] = []
        while self.at < len(self.lines):
            line = self.lines[self.at]
            self.at += 1
            if end.search(line):
                content.append(end.sub("", line))
                break
            content.append(line)
        return content

    def _quoted(self) -> list[str]:
        content: list[str] = []
        while self.at < len(self.lines) and self.lines[self.at].lstrip().startswith(">"):
            content.append(self.lines[self.at].lstrip()[1:])
            self.at += 1
        return content

    def _rest_of_paragraph(self, indent: int) -> list[str]:
        content: list[str] = []
        while self.at < len(self.lines):
            line = self.lines[self.at]
            if not line.strip() or _ITEM.match(line) or _FENCE.match(line) or self._is_admonition(line):
                break
            if (
                _indent(line) < indent
                or _DIRECTIVE.match(line)
                or _COLONS_END.match(line)
                or _ATX.match(line)
            ):
                break
            content.append(line.strip().lstrip("> "))
            self.at += 1
        return content


def _without_code(content: list[str]) -> Iterator[str]:
    """Lines of an admonition that are words; between them "…" stands for code, directives and tables."""
    fence, skipped, said, left_out = "", -1, False, False
    for line in content:
        stripped = line.strip().removeprefix(">").strip()
        if fence:
            fence = "" if stripped.startswith(fence) else fence
            continue
        if found := _FENCE.match(stripped):
            fence, left_out = found[1], True
            continue
        if skipped >= 0 and (not stripped or _indent(line) > skipped):
            left_out = left_out or bool(stripped)
            continue
        skipped = -1
        if _DIRECTIVE.match(line):
            skipped, left_out = _indent(line), True
        elif _TABLE.match(line) or _OPTION_LINE.match(line) or stripped.startswith(">>>"):
            left_out = True
        else:
            if stripped and said and left_out:
                yield "…"
            said, left_out = said or bool(stripped), left_out and not stripped
            yield stripped
            if stripped.endswith("::"):
                skipped = _indent(line)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
