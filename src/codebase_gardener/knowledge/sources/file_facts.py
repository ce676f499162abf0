"""What one file says, read from it alone: the part of a wiki that is kept between builds.

Everything here is a function of (path, language, text). What needs more than one file (which symbol a call means, who
uses what) is computed anew at each build, from these facts.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from codebase_gardener.documents.facts import ApiListing, Heading, Include, Mention, Snippet
from codebase_gardener.languages.facts import Binding, Import, Reference
from codebase_gardener.languages.symbols import Symbol
from codebase_gardener.manifests.contents import PackageEntry

__all__ = [
    "Evidence",
    "FileFacts",
]


class Evidence(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Raw material of environments and heuristics: something the authors wrote that tells what is needed or wise.

    Attributes:
        kind: A key of `evidence.KINDS`, such as "raise", "warn", "log", "comment", "admonition", "option-help",
            "environment-variable", "available", "version", "device", "requirement", "extra", "doc-tip"; "command"
            for one that a program declares.
        start: First line, 1-based.
        end: Last line, inclusive.
        scope: Qualified name of the enclosing definition, or the heading's title in a document.
        name: What it is about: the error's class, the variable, the package, the option; "" if nothing.
        text: What it says on one line: the message, the requirement, the comment without its mark.
        value: A second figure, such as a version bound, a default, an extra's name.
        package: What an index calls a requirement that the packaging file gives another name; "".
    """

    kind: str
    start: int
    end: int
    scope: str
    name: str
    text: str
    value: str = ""
    package: str = ""


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
        constants: What a file gives a value at its outer level, as symbols of the kind "constant" or "registry".
        tests: Lines that only tests have, in a file that has others; with a title what is tests by itself.
        left_out: Whether a build that asks for nothing does without the file.
        features: What a packaging file switches on where nothing is asked for.
        script: That a document is written in, as `script_of` says; "" for Latin.
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
    listings: tuple[ApiListing, ...] = ()
    mentions: tuple[Mention, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    includes: tuple[Include, ...] = ()
    entries: tuple[PackageEntry, ...] = ()
    constants: tuple[Symbol, ...] = ()
    tests: tuple[tuple[int, int, str], ...] = ()
    left_out: bool = False
    features: tuple[str, ...] = ()
    script: str = ""
