"""Passages of a repository's documents and docstrings that speak of two names: what their difference is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile

from codebase_gardener.documents.sentences import cut_between_words
from codebase_gardener.knowledge.answers.graph_rows import DefinedName
from codebase_gardener.knowledge.answers.lines import GraphLine
from codebase_gardener.languages.table import is_code
from codebase_gardener.repository.areas import area_of, is_about_versions
from codebase_gardener.repository.snapshot import SourceFile
from codebase_gardener.utils.anchors import Anchor, split_lines

__all__ = ["Paragraph", "paragraphs", "passages_on_both"]

_MOST, _MOST_OF_A_LIST = 2, 12
_LONGEST = 500
_LONGEST_LINE = 2_000
_DIFFERS = re.compile(
    r"\bdiffer\w*|\bunlike\b|\bwhereas\b|\binstead of\b|\brather than\b|\bin contrast\b|\bcompared (?:to|with)\b"
    r"|\b(?:same|equivalent|identical|shorthand|alias)\b",
    re.IGNORECASE,
)
_MARK = re.compile(r"\A[ \t]*(?:///?|//!|#|\*(?!\S))[ \t]?")
_ITEM = re.compile(r"(?:[-*+•]|\d{1,2}[.)])\s")


@dataclass(frozen=True)
class Paragraph:
    """Lines that stand together: their text on one line, without marks of a comment."""

    path: str
    start: int
    end: int
    indent: int
    text: str

    @property
    def is_item(self) -> bool:
        """Whether it is one of a list."""
        return _ITEM.match(self.text) is not None


def passages_on_both(
    files: Iterable[SourceFile],
    first: Sequence[DefinedName],
    second: Sequence[DefinedName],
    names: tuple[str, str],
) -> Iterator[GraphLine]:
    """The paragraphs that say how two things differ, at most two; of a list's opening with the list.

    A docstring speaks of what it belongs to: one that names the other one is about both.

    Args:
        files: Of the snapshot.
        first, second: The definitions of the two names.
        names: As the question writes them.
    """
    texts = {file.path: file for file in files}
    found: list[Paragraph] = []
    for rows, other in ((first, names[1]), (second, names[0])):
        for row in rows:
            path, start, end = _lines_of(row.says_at)
            if path in texts:
                lines = split_lines(texts[path].text)[start - 1 : end]
                found += [one for one in paragraphs(path, lines, start) if _has(one.text, other)]
    for file in texts.values():
        if is_code(file.language) or area_of(file.path) != "docs" or is_about_versions(file.path):
            continue
        if all(name in file.text for name in names):
            found += [
                one
                for one in paragraphs(file.path, split_lines(file.text), 1)
                if all(_has(one.text, name) for name in names)
            ]
    told = [one for one in found if _DIFFERS.search(one.text)]
    for one in list(dict.fromkeys(told))[:_MOST]:
        yield GraphLine(
            f"“{cut_between_words(one.text, _LONGEST)}”", str(Anchor(one.path, one.start, one.end))
        )


def _lines_of(anchor: str) -> tuple[str, int, int]:
    path, _, lines = anchor.rpartition(":L")
    start, _, end = lines.partition("-")
    return (path, int(start), int(end or start)) if start.isdigit() else ("", 0, 0)


def _has(text: str, name: str) -> bool:
    return re.search(rf"(?<![\w.]){re.escape(name)}(?![\w])", text) is not None


def paragraphs(path: str, lines: Sequence[str], first: int) -> Iterator[Paragraph]:
    """Lines between blank ones, fences left out; what ends in a colon goes on with the list that follows."""
    pieces = list(_pieces(path, lines, first))
    for at, piece in enumerate(pieces):
        opens = piece.text.endswith(":") and not piece.text.startswith("..")
        after = pieces[at + 1 : at + 1 + _MOST_OF_A_LIST] if opens else []
        deeper = (one.is_item or one.indent > piece.indent for one in after)
        listed = [one for one, belongs in zip(after, takewhile(bool, deeper), strict=False) if belongs]
        last = listed[-1] if listed else piece
        text = " ".join(one.text for one in (piece, *listed))
        yield Paragraph(path, piece.start, last.end, piece.indent, text)


def _pieces(path: str, lines: Sequence[str], first: int) -> Iterator[Paragraph]:
    kept: list[str] = []
    in_fence = False
    for number, line in enumerate([*lines, ""], first):
        bare = _MARK.sub("", line[:_LONGEST_LINE], count=1)
        if bare.lstrip().startswith(("```", "~~~")):
            in_fence, bare = not in_fence, ""
        if bare.strip() and not in_fence:
            kept.append(bare)
        elif kept:
            indent = len(kept[0]) - len(kept[0].lstrip())
            yield Paragraph(path, number - len(kept), number - 1, indent, " ".join(map(str.strip, kept)))
            kept = []
