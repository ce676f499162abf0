"""What one file says, read from it alone: the part of a wiki that is kept between builds.

Everything here is a function of (path, language, text). What needs more than one file (which symbol a call means, who
uses what) is computed anew at each build, from these facts.
"""

from __future__ import annotations

from dataclasses import dataclass

from codebase_gardener.languages.facts import Binding, Import, Reference
from codebase_gardener.languages.symbols import Symbol

__all__ = [
    "Evidence",
    "FileFacts",
    "Heading",
    "Include",
    "Listing",
    "Mention",
    "PackageEntry",
    "Snippet",
]


@dataclass(frozen=True)
class Heading:
    """A section of a document: 1-based level, title without marks, lines from the heading to the section's end.

    `summary` is its first paragraph on one line, at most 400 characters.
    """

    level: int
    title: str
    start: int
    end: int
    summary: str = ""


@dataclass(frozen=True)
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


@dataclass(frozen=True)
class Listing:
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


@dataclass(frozen=True)
class Include:
    """A file that a document shows in one of its sections: `literalinclude`, `{* a.py *}`, `--8<-- "a.py"`.

    Attributes:
        line: 1-based.
        path: As written: relative to the document, to the docs' root or to the repository's.
        title: The nearest heading.
    """

    line: int
    path: str
    title: str


@dataclass(frozen=True)
class Mention:
    """A name in code marks or in a role (`:meth:`) in prose, and how often this document has it."""

    name: str
    count: int


@dataclass(frozen=True)
class Evidence:
    """Raw material of environments and heuristics: something the authors wrote that tells what is needed or wise.

    Attributes:
        kind: A key of `evidence.KINDS`, such as "raise", "warn", "log", "comment", "admonition", "option-help",
            "environment-variable", "available", "version", "device", "requirement", "extra", "doc-tip".
        start: First line, 1-based.
        end: Last line, inclusive.
        scope: Qualified name of the enclosing definition, or the heading's title in a document.
        name: What it is about: the error's class, the variable, the package, the option; "" if nothing.
        text: What it says on one line: the message, the requirement, the comment without its mark.
        value: A second figure, such as a version bound, a default, an extra's name.
    """

    kind: str
    start: int
    end: int
    scope: str
    name: str
    text: str
    value: str = ""


@dataclass(frozen=True)
class PackageEntry:
    """A name under which a packaging file lets others import something of its folder.

    Attributes:
        language: "go", "rust" or "javascript" (which stands for TypeScript, too).
        name: As it is imported: "zod/mini", "github.com/spf13/cobra", "my_crate".
        path: The file or folder it means, relative to the packaging file: "./src/index.ts", "src/lib.rs", "".
    """

    language: str
    name: str
    path: str


@dataclass(frozen=True)
class FileFacts:
    """All that is kept of a file.

    Attributes:
        path: POSIX, from the root.
        language: As in `SourceFile`.
        sha256: Of the file's bytes, hex.
        lines: Number of lines.
        purpose: One line on what it is for: first sentence of its docstring, first heading, leading comment; "".
        symbols: With the syntax tree's ranges.
        problem: Why there are none or fewer symbols; "".
        imports, bindings, references: Of the file's own code.
        exports: Entries of `__all__`, in order (for other languages: exported names).
        names: Module-level names that are assigned (constants, aliases), in order.
        headings, snippets, listings, mentions: Of documents (and snippets of docstrings).
        evidence: For environments and heuristics.
        includes: Files that a document shows.
        entries: What a packaging file of another language than Python lets others import, best first.
    """

    path: str
    language: str
    sha256: str
    lines: int
    purpose: str = ""
    symbols: tuple[Symbol, ...] = ()
    problem: str = ""
    imports: tuple[Import, ...] = ()
    bindings: tuple[Binding, ...] = ()
    references: tuple[Reference, ...] = ()
    exports: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    headings: tuple[Heading, ...] = ()
    snippets: tuple[Snippet, ...] = ()
    listings: tuple[Listing, ...] = ()
    mentions: tuple[Mention, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    includes: tuple[Include, ...] = ()
    entries: tuple[PackageEntry, ...] = ()
