"""What a document says: sections, code, entries of an API reference, files that it shows, names in its prose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from codebase_gardener.languages.facts import Binding, Import, Reference

__all__ = ["ApiListing", "Heading", "Include", "Mention", "Snippet", "whole_title"]


class Heading(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A section of a document: 1-based level, title without marks, lines from the heading to the section's end.

    `summary` is its first paragraph on one line, at most 400 characters.
    """

    level: int
    title: str
    start: int
    end: int
    summary: str = ""


def whole_title(headings: Sequence[Heading]) -> str:
    """What the first heading calls the whole document; "" where it is only one section's among others.

    Example:
        >>> usage = Heading(2, "Usage", 5, 9)
        >>> whole_title([Heading(1, "Pot", 1, 9), usage]), whole_title([Heading(2, "Description", 1, 4), usage])
        ('Pot', '')
    """
    for first in headings[:1]:
        if first.level == 1 or first.end >= headings[-1].end:
            return first.title
    return ""


@dataclass(frozen=True, slots=True)
class Snippet:
    """Code that stands in a document, a notebook or a docstring.

    Attributes:
        start: First line of the code, 1-based, in the file (of a notebook: in its JSON).
        end: Last line, inclusive.
        language: "python", "shell" or as the block says; "" if it says nothing.
        title: The nearest heading, or the symbol whose docstring it is in.
        scope: Qualified name of that symbol; "" in a document.
        code: The code as it can be parsed (without prompts, indentation), at most 20,000 characters.
        imports, bindings, references: Of the code, where it is Python; lines are the file's.
    """

    start: int
    end: int
    language: str
    title: str
    scope: str
    code: str
    imports: tuple[Import, ...] = ()
    bindings: tuple[Binding, ...] = ()
    references: tuple[Reference, ...] = ()


class ApiListing(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An entry of an API reference in the docs: an autodoc directive, `::: a.b`, `[[autodoc]] A`.

    Attributes:
        line: 1-based.
        name: Dotted, with the current module put before it where the document says which.
        members: Whether it lists all members, too.
        only: The members it names, if it names some.
    """

    line: int
    name: str
    members: bool = False
    only: tuple[str, ...] = ()


class Include(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A file that a document shows in one of its sections: `literalinclude`, `{* a.py *}`, `--8<-- "a.py"`.

    Attributes:
        line: 1-based.
        path: As written: relative to the document, to the docs' root or to the repository's.
        title: The nearest heading.
    """

    line: int
    path: str
    title: str


class Mention(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A name in code marks or in a role (`:meth:`) in prose, and how often this document has it."""

    name: str
    count: int
