"""What the README says first: the paragraphs that tell what the thing is, and the first code that it shows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from codebase_gardener.documents.blocks import Block
from codebase_gardener.documents.prose import plain_text
from codebase_gardener.documents.reading import blocks
from codebase_gardener.knowledge.sources.file_facts import FileFacts
from codebase_gardener.languages.table import LANGUAGES

__all__ = ["Introduction", "introduction", "readme_of"]

_MOST_CHARS = 1_400
_LEAST_CHARS = 250
_MOST_BLOCKS = 14
_MOST_CODE_LINES = 40
_READ_CHARS = 40_000
_SHORTEST = 4
"""Words of a paragraph that says something."""

_WORD = re.compile(r"[^\W\d_]{2,}")
_ONLY_A_LINK = re.compile(
    r"[*_]*(?:!?\[[^\]]{1,300}\]\([^()]{1,300}\)|`[^`<]{1,200}<[^>]{1,300}>`_+)[*_\s]*(?:<br ?/?>)?\Z"
)
_NO_PROSE = re.compile(
    r"\b(?:sponsor\w*|backers?|donat\w*|financial|licen[cs]ed? under|copyright|all rights reserved)\b|\(c\)",
    re.IGNORECASE,
)
"""Who pays, and whose it is, does not say what it is."""
_OTHER_PART = re.compile(
    r"\b(?:install\w*|usage|quick ?start|getting started|example\w*|sponsor\w*|licen[cs]e|contribut\w*|contents"
    r"|requirements|documentation|links?|changelog|news|badges?|translations?|languages|backers)\b",
    re.IGNORECASE,
)
"""Headings from which on a README tells how, not what."""


@dataclass(frozen=True)
class Introduction:
    """The beginning of a README.

    Attributes:
        path: Of the README.
        said: Paragraphs and items of lists that say what it is, in order.
        code: The first code that it shows in the repository's own languages; None for none.
    """

    path: str
    said: tuple[Block, ...]
    code: Block | None


def readme_of(facts: Mapping[str, FileFacts]) -> str:
    """The README at the root; "" where there is none."""
    found = (path for path in facts if "/" not in path and path.lower().startswith("readme"))
    return min(found, key=lambda path: (len(path), path), default="")


def introduction(facts: Mapping[str, FileFacts], texts: Mapping[str, str]) -> Introduction | None:
    """What the README says first; None where there is none or it says nothing."""
    path = readme_of(facts)
    if not path:
        return None
    found = list(blocks(path, facts[path].language, texts[path][:_READ_CHARS]))
    said = tuple(_said(found))
    spoken = {facts[each].language for each in facts}
    shown = next((block for block in found if block.kind == "code" and _is_use(block, spoken)), None)
    return Introduction(path, said, shown) if said or shown else None


def _said(found: Sequence[Block]) -> Iterator[Block]:
    chars = count = 0
    boxes = [(block.start, block.end) for block in found if block.kind == "box"]
    for block in found:
        if any(start <= block.start <= end for start, end in boxes):
            continue  # an aside
        if block.kind == "heading" and block.level > 1 and chars and _OTHER_PART.search(block.text):
            return
        if block.kind == "code" and chars >= _LEAST_CHARS:
            return
        if block.kind not in ("paragraph", "item"):
            continue
        text = plain_text(block.text)
        if not _says(text, block.kind, block.text):
            continue
        if count >= _MOST_BLOCKS or (chars and chars + len(text) > _MOST_CHARS):
            return
        chars, count = chars + len(text), count + 1
        yield block


def _says(text: str, kind: str, written: str) -> bool:
    if _ONLY_A_LINK.match(" ".join(written.split())):
        return False
    words = len(_WORD.findall(text))
    return (
        words >= (2 if kind == "item" else _SHORTEST)
        and not _NO_PROSE.search(text)
        and "://" not in text[:12]
    )


def _is_use(block: Block, spoken: set[str]) -> bool:
    label = block.label.lower()
    named = next((name for name, row in LANGUAGES.items() if label in (name, *row.aliases)), "")
    return named in spoken and LANGUAGES[named].code and 1 < block.text.count("\n") + 1 <= _MOST_CODE_LINES
