"""Markdown as the units that claims are made in: rows of tables, sentences, and lines of plain fenced blocks."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from codebase_gardener.documents.fences import closes_fence, opened_fence
from codebase_gardener.documents.sentences import sentence_spans
from codebase_gardener.utils.anchors import split_lines

__all__ = ["Unit", "read_units", "written_columns"]

_DELIMITER = re.compile(r"[\s|:-]*-[\s|:-]*")
_LIST_ITEM = re.compile(r"\s*(?:[-*+]|\d{1,9}[.)])\s")
_QUOTE_MARK = re.compile(r"\A\s{0,3}>\s?")
_PLAIN_FENCES = ("", "text", "txt", "plain", "markdown", "md", "mermaid")


@dataclass(frozen=True)
class Unit:
    """A row, a sentence or a line of a fenced block.

    Attributes:
        text: As written, without escapes of `_`.
        first_line: 1-based line of its first character.
        kind: "row", "sentence" or "line".
        cells: For a row, where each cell stands in the text: (start, end).
        header: For a row, the cells of the table's head, in lower case.
        block: The fenced block right after it; "".
        after_block: The fenced block right before it; "".
        first_column: Where its text begins in its first line, of the line without quote mark and escapes.
    """

    text: str
    first_line: int
    kind: str
    cells: tuple[tuple[int, int], ...] = ()
    header: tuple[str, ...] = ()
    block: str = ""
    after_block: str = ""
    first_column: int = 0
    _breaks: tuple[int, ...] = field(default=(), repr=False)

    def line(self, offset: int) -> int:
        """The document's line at an offset of the text."""
        return self.first_line + bisect_right(self._breaks, offset)

    def column(self, offset: int) -> int:
        """Where that is in its line, of the line without quote mark and escapes (`written_columns`)."""
        number = bisect_right(self._breaks, offset)
        return offset - self._breaks[number - 1] - 1 if number else self.first_column + offset


def written_columns(line: str) -> Callable[[int], int]:
    r"""From a column of a unit's line to the one of the document's line as it is written.

    Example:
        >>> written_columns(r"> a\_b: 3")(5)
        8
    """
    mark = _QUOTE_MARK.match(line)
    begin = mark.end() if mark else 0
    escapes = [found.start() - begin - number for number, found in enumerate(re.finditer(r"\\_", line))]
    return lambda column: begin + column + bisect_left(escapes, column)


def read_units(text: str) -> list[Unit]:
    """All units of a document, in order. Linear in the document's length, whatever it holds.

    Example:
        >>> [unit.text for unit in read_units("# A\\n\\nOne. Two\\ngoes on.\\n\\n| a | b |\\n|---|---|\\n| 1 | 2 |\\n")]
        ['# A', 'One.', 'Two\\ngoes on.', '| a | b |', '| 1 | 2 |']
    """
    return _Reader().read(text)


class _Reader:
    """Goes through a document line by line."""

    def __init__(self) -> None:
        self.units: list[Unit] = []
        self.paragraph: list[str] = []
        self.paragraph_line = 1
        self.header: tuple[str, ...] = ()
        self.in_table = False
        self.last_block = ""

    def read(self, text: str) -> list[Unit]:
        lines = [_QUOTE_MARK.sub("", line, count=1).replace("\\_", "_") for line in split_lines(text)]
        number = 0
        while number < len(lines):
            fence = opened_fence(lines[number])
            if fence:
                self._end_paragraph()
                number = self._fence(lines, number, fence.mark, fence.language.lower())
            else:
                self._line(lines, number)
            number += 1
        self._end_paragraph()
        return self.units

    def _fence(self, lines: list[str], opened: int, marks: str, language: str) -> int:
        """Take a fenced block; gives the number of its last line."""
        last = opened + 1
        while last < len(lines) and not closes_fence(lines[last], marks):
            last += 1
        block = "\n".join(lines[opened + 1 : last])
        before = self.units[-1] if self.units else None
        if before is not None and before.kind == "sentence":
            self.units[-1] = replace(before, block=block)
        if language in _PLAIN_FENCES:
            for number in range(opened + 1, min(last, len(lines))):
                self.units.append(Unit(lines[number], number + 1, "line"))
        else:
            info = lines[opened].strip().lstrip("`~")
            head = lines[opened + 1] if opened + 1 < last else ""
            text, column = f"{info}\n{head}", lines[opened].index(info)
            self.units.append(
                Unit(text, opened + 1, "line", block=block, first_column=column, _breaks=(len(info),))
            )
        self.last_block = block
        self.in_table = False
        return last

    def _line(self, lines: list[str], number: int) -> None:
        line = lines[number]
        stripped = line.strip()
        following = lines[number + 1] if number + 1 < len(lines) else ""
        is_head = "|" in line and "|" in following and _DELIMITER.fullmatch(following) is not None
        if self.in_table and "|" in line and _DELIMITER.fullmatch(line):
            return
        if stripped.startswith("|") or is_head or (self.in_table and "|" in line):
            self._end_paragraph()
            self._row(line, number, is_head=is_head)
            return
        self.in_table = False
        if not stripped or stripped.startswith("#") or _LIST_ITEM.match(line):
            self._end_paragraph()
        if stripped:
            if not self.paragraph:
                self.paragraph_line = number + 1
            self.paragraph.append(line)
        if stripped.startswith("#"):
            self._end_paragraph()

    def _row(self, line: str, number: int, *, is_head: bool) -> None:
        cells = tuple(_cells(line))
        if is_head or not self.in_table:
            self.header = tuple(line[a:b].strip().lower() for a, b in cells) if is_head else ()
        self.in_table = True
        self.last_block = ""
        self.units.append(Unit(line, number + 1, "row", cells=cells, header=self.header))

    def _end_paragraph(self) -> None:
        if not self.paragraph:
            return
        text, first = "\n".join(self.paragraph), self.paragraph_line
        self.paragraph = []
        block, self.last_block = self.last_block, ""
        line = first
        for start, end in sentence_spans(text):
            sentence = text[start:end]
            breaks = tuple(match.start() for match in re.finditer("\n", sentence))
            column = start - text.rfind("\n", 0, start) - 1
            self.units.append(
                Unit(
                    sentence.rstrip(),
                    line,
                    "sentence",
                    after_block=block,
                    first_column=column,
                    _breaks=breaks,
                )
            )
            line += len(breaks)
            block = ""


def _cells(line: str) -> Iterator[tuple[int, int]]:
    """Where the cells of a row stand."""
    bars = [match.start() for match in re.finditer(r"(?<!\\)\|", line)]
    first = line[: bars[0]].strip() if bars else line
    edges = bars if not first else [-1, *bars]
    if not line[edges[-1] + 1 :].strip() and len(edges) > 1:
        edges, end = edges[:-1], edges[-1]
    else:
        end = len(line)
    for start, following in zip(edges, [*edges[1:], end], strict=True):
        yield start + 1, following
