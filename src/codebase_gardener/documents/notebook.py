r"""The blocks of a Jupyter notebook, with the lines of its JSON.

A cell's source is a list of strings, one a line, which stand on lines of their own in the file. Where each stands is
read from the JSON's text: `json.loads` does not say.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from codebase_gardener.documents.blocks import Block
from codebase_gardener.documents.markdown import markdown_blocks

__all__ = ["notebook_blocks"]

MAX_DEPTH = 64

# possessive, and a string without its end goes to the end of the file: else time grows without limit
_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|[\[\]{}]|\n', re.DOTALL)


@dataclass
class _Cell:
    kind: str = ""
    pieces: list[tuple[str, int]] = field(default_factory=list)  # text and its line in the file


def notebook_blocks(text: str) -> list[Block]:
    """The blocks of its cells; none where it is no notebook.

    A range is that of the lines in the file, also where a cell's source is one string.
    """
    found: list[Block] = []
    cells, language = _read(text)
    for cell in cells:
        lines = _lines(cell)
        if cell.kind == "code" and lines:
            code = "\n".join(text for text, _ in lines)
            found.append(Block("code", lines[0][1], lines[-1][1], code, label=language))
        elif cell.kind == "markdown" and lines:
            places = [line for _, line in lines]
            for block in markdown_blocks("\n".join(text for text, _ in lines)):
                start = places[min(block.start, len(places)) - 1]
                end = places[min(block.end, len(places)) - 1]
                found.append(replace(block, start=start, end=end))
    return found


def _lines(cell: _Cell) -> list[tuple[str, int]]:
    """The lines of a cell's source, each with its line in the file; without blank ones at the end."""
    lines: list[tuple[str, int]] = []
    unfinished = ""
    for text, line in cell.pieces:
        *whole, unfinished = (unfinished + text).split("\n")
        lines.extend((row, line) for row in whole)
    if unfinished and cell.pieces:
        lines.append((unfinished, cell.pieces[-1][1]))
    return lines


def _read(text: str) -> tuple[list[_Cell], str]:
    """The cells and the kernel's language, in one pass over the JSON's strings and brackets."""
    cells: list[_Cell] = []
    language, line = "python", 1
    open_keys: list[str] = []  # the key under which each open bracket stands
    key = ""
    for piece in _tokens(text):
        if piece == "\n":
            line += 1
        elif piece in "[{":
            if len(open_keys) >= MAX_DEPTH:
                return cells, language
            open_keys.append(key)
            if piece == "{" and open_keys == ["", "cells", "cells"]:
                cells.append(_Cell())
            key = key if piece == "[" else ""
        elif piece in "]}":
            key = open_keys.pop() if open_keys else ""
        elif piece.endswith(":"):
            key = piece[1:-2]
        elif cells and open_keys[:3] == ["", "cells", "cells"] and len(open_keys) <= 4:
            _fill(cells[-1], open_keys[3:] or [key], key, piece, line)
        elif open_keys == ["", "metadata", "language_info"] and key == "name":
            language = _string(piece).lower()
    return cells, language


def _fill(cell: _Cell, where: list[str], key: str, piece: str, line: int) -> None:
    if key == "cell_type" and where == ["cell_type"]:
        cell.kind = _string(piece)
    elif where == ["source"]:
        cell.pieces.append((_string(piece), line))


def _tokens(text: str) -> Iterator[str]:
    """Brackets, newlines and strings; a string that a colon follows has it at its end, as it is a key."""
    for found in _TOKEN.finditer(text):
        piece = found[0]
        if piece[0] == '"':
            after = text[found.end() : found.end() + 20].lstrip(" \t\r\n")
            yield piece + ":" if after.startswith(":") else piece
        else:
            yield piece


def _string(piece: str) -> str:
    try:
        value = json.loads(piece, strict=False)
    except ValueError:
        return ""
    return value if isinstance(value, str) else ""
