"""What a document or a docstring says to its reader: paragraphs, list items and admonitions, under their headings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from codebase_gardener.documents.blocks import ADMONITIONS, Block
from codebase_gardener.documents.prose import plain_text
from codebase_gardener.documents.sentences import cut_between_words

__all__ = ["Remark", "remarks"]

_NAMES = "|".join(sorted((name for name, kind in ADMONITIONS.items() if kind), key=len, reverse=True))
_LABEL = re.compile(rf"[*_]{{0,2}}({_NAMES})[*_]{{0,2}}\s*[:!][*_]{{0,2}}(?:\s+|$)", re.IGNORECASE)
_ASIDES = ("seealso", "versionadded", "versionchanged")
_NO_PROSE = ("<", "{%", "///", ":::", "#")
_COMPONENT = re.compile(r"^[ \t]*::[ \t]*(?:[\w-]+(?:\{[^{}\n]*\})?)?[ \t]*(?:\n|\Z)", re.MULTILINE)
"""The lines that open and close a component of MDC: `::note{to="…"}`, `::`."""
_FOOTNOTE = re.compile(r"\[\^[^\]\s]{1,80}\]:\s*")
_FIELD = re.compile(r":[\w-]+:(?:\s|$)")
_SAID = ("paragraph", "item")
_MAX_LINES = 60
"""Of one remark; what is longer is cut there, and its range says so."""
_MAX_TITLE = 120


@dataclass(frozen=True)
class Remark:
    """A piece of prose.

    Attributes:
        kind: "paragraph", "item" (of a list) or "admonition": a box, or a paragraph that begins with "Note:".
        name: For an admonition, a value of `ADMONITIONS`.
        title: For an admonition, the title that it was given.
        heading: The nearest heading above.
        start, end: Lines, 1-based.
        text: The words as written, lines joined by spaces; of an admonition "…" stands for code and tables.
    """

    kind: str
    name: str
    title: str
    heading: str
    start: int
    end: int
    text: str


def remarks(blocks: Iterable[Block]) -> Iterator[Remark]:
    """Those of a document's blocks, in order."""
    found = list(blocks)
    heading, told = "", 0  # `told`: the last line of a box that is told as a whole, or not at all
    for at, block in enumerate(found):
        if block.kind == "heading":
            heading = cut_between_words(plain_text(block.text), _MAX_TITLE)
        elif block.kind == "box" and ADMONITIONS.get(block.label):
            told = max(told, block.end)
            yield from _admonition(block, found[at + 1 : at + 1 + 2 * _MAX_LINES], heading)
        elif block.kind == "box" and block.label in _ASIDES:
            told = max(told, block.end)
        elif block.kind in _SAID and block.start > told:
            yield from _paragraph(block, found[at + 1 : at + 2], heading)


def _admonition(box: Block, following: Sequence[Block], heading: str) -> Iterator[Remark]:
    words, title = " ".join(_words(box, following)), box.text
    if not words:  # `:::{note} words`
        words, title = title, ""
    if words:
        end = min(box.end, box.start + _MAX_LINES - 1)
        yield Remark("admonition", ADMONITIONS[box.label], title, heading, box.start, end, words)


def _words(box: Block, following: Sequence[Block]) -> Iterator[str]:
    said, left_out, nested = False, False, 0
    for block in following:
        if block.start > min(box.end, box.start + _MAX_LINES - 1):
            break
        if block.kind not in _SAID or block.start <= nested:
            left_out = True
            nested = max(nested, block.end) if block.kind == "box" else nested
            continue
        if said and left_out:
            yield "…"
        said, left_out = True, False
        if block.label:
            yield block.label
        yield from (line for line in block.text.split("\n") if not _FIELD.match(line))  # options of MyST


def _paragraph(block: Block, following: Sequence[Block], heading: str) -> Iterator[Remark]:
    """With the lines of the code that it announces."""
    if block.text.startswith(_NO_PROSE) or _FIELD.match(block.text):
        return
    said = _COMPONENT.sub("", block.text) if block.text.startswith("::") else block.text
    said = _FOOTNOTE.sub("", said, count=1) if said.startswith("[^") else said
    label = _LABEL.match(said)
    name = ADMONITIONS[label[1].lower()] if label else ""
    text = " ".join(said[label.end() if label else 0 :].split("\n")).strip()
    if text:
        end = following[0].end if following and _announces(block, following[0]) else block.end
        end = min(end, block.start + _MAX_LINES - 1)
        yield Remark("admonition" if label else block.kind, name, "", heading, block.start, end, text)


def _announces(block: Block, following: Block) -> bool:
    """Whether a literal block of rst belongs to the paragraph: a fence of Markdown stands for itself."""
    return following.kind == "code" and block.text.endswith(":") and not following.label
