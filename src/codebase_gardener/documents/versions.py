"""The parts of a document that list versions and what changed in each, whatever the document is called."""

from __future__ import annotations

import re
from collections.abc import Sequence

from codebase_gardener.documents.blocks import Block

__all__ = ["version_lists"]

_NUMBER = r"(?:version |release |[\w.-]+ )?v?\d+(?:\.\d+)+[\w.+-]*"
_DATE = r"\d{4}-\d\d?-\d\d?"
_MARK = re.compile(
    rf"\W*(?:{_NUMBER}(?:\W.*\b\d{{4}}\b.*|\W*(?:\(?unreleased\)?)?\W*)|{_DATE}\W*|unreleased\W*)",
    re.IGNORECASE,
)
"""A line that names a version, a day or what is not released yet, and nothing else."""
_LONGEST = 200
_BOLD = 100
"""The level of a line that stands out only by its type: any heading ends what it heads."""


def version_lists(blocks: Sequence[Block]) -> list[tuple[int, int]]:
    """First and last line of each part that a version or a date heads, and whose text is a list or further headings."""
    found: list[tuple[int, int]] = []
    start, level = 0, 0
    for at, block in enumerate(blocks):
        marked = _level(block)
        if start and (marked or (block.kind == "heading" and block.level <= level)):
            found.append((start, block.start - 1))
            start = 0
        if marked and not start and _is_listed(blocks[at + 1 : at + 2], marked):
            start, level = block.start, marked
    if start:
        found.append((start, max(block.end for block in blocks)))
    return found


def _level(block: Block) -> int:
    """Of what names a version; 0 of all else."""
    text = block.text.strip()
    is_bold = block.kind == "paragraph" and text.startswith(("**", "__"))
    if len(text) > _LONGEST or not (is_bold or block.kind == "heading") or not _MARK.fullmatch(text):
        return 0
    return _BOLD if is_bold else block.level


def _is_listed(following: Sequence[Block], level: int) -> bool:
    return any(one.kind == "item" or (one.kind == "heading" and one.level > level) for one in following)
