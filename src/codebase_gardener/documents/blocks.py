"""What a document consists of, whatever its markup: headings, paragraphs, code, API listings, included files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["ADMONITIONS", "Block", "indent_of", "readable", "without_indent"]

ADMONITIONS: dict[str, str] = {
    **dict.fromkeys(("tip", "tips", "hint"), "tip"),
    **dict.fromkeys(("note", "notes", "info", "check", "admonition"), "note"),
    **dict.fromkeys(("warning", "warnings", "warn", "caution", "danger", "attention", "error"), "warning"),
    "important": "important",
    "deprecated": "deprecated",
    **dict.fromkeys(("seealso", "versionadded", "versionchanged", "abstract", "success", "question", "failure", "bug",
                     "example", "quote", "summary", "tldr", "todo", "details", "dropdown"), ""),
}  # fmt: skip
"""Names of boxes in Sphinx (docutils, MyST), MkDocs Material, Docusaurus, GitHub and Hugging Face documents: for those
that advise or warn, what they are."""


@dataclass(frozen=True)
class Block:
    """One piece of a document.

    Attributes:
        kind: "heading", "paragraph", "item" (a paragraph that begins an item of a list), "row" (of a table), "code",
            "box" (what stands in it follows), "listing" (an entry of an API reference) or "include".
        start: First line, 1-based, in the file; of code: without its fence or directive.
        end: Last line, inclusive; of a box: the one that closes it.
        text: As written: a heading's title, a paragraph's lines, code without its indentation (as many lines as
            the range has, but in a notebook), a box's title, a listing's dotted name, an included file's path.
        level: Of a heading, from 1.
        label: Of code, its language as written; of an item, its mark; of a box, its name ("note", "tab") in lower case.
        members: A listing of all members, too.
        only: The members that a listing names.
    """

    kind: str
    start: int
    end: int
    text: str
    level: int = 0
    label: str = ""
    members: bool = False
    only: tuple[str, ...] = ()


MAX_LINE_CHARS = 20_000
"""A longer line is data, not prose."""


def readable(line: str) -> str:
    """Without carriage returns, which a parser may count as further lines; "" if it is too long to be prose."""
    return line.removesuffix("\r").replace("\r", " ") if len(line) <= MAX_LINE_CHARS else ""


def indent_of(line: str) -> int:
    """Columns of white space before the text; a tab goes to the next multiple of 8, as in docutils."""
    head = line[: len(line) - len(line.lstrip())]
    return len(head.expandtabs(8))


def without_indent(lines: Sequence[str], at_most: int = 1_000) -> list[str]:
    """The lines without the white space that all that are not blank begin with, but for more than `at_most`."""
    written = [line for line in lines if line.strip()]
    if not written:
        return ["" for _ in lines]
    first, last = min(written), max(written)
    common = 0
    while (
        common < min(len(first), len(last), at_most)
        and first[common] == last[common]
        and first[common] in " \t"
    ):
        common += 1
    return [line[common:] if line.strip() else "" for line in lines]
