"""Pages of the wiki as data; `rendering` writes them, `reading` reads them back."""

from __future__ import annotations

from dataclasses import dataclass

from codebase_gardener.knowledge.sources.lines import Source

__all__ = [
    "EDGES",
    "IMPLEMENTATION_KINDS",
    "OVERVIEW_FILE",
    "PAGE_TYPES",
    "Edge",
    "EdgeKind",
    "Page",
    "PageType",
    "Section",
    "Wiki",
    "is_page_file",
]


IMPLEMENTATION_KINDS = ("API Doc", "Wrapper Doc", "Pattern Doc", "External Tool Doc")
"""Of an Implementation: in the repository, of another package, an interface that users write, a command."""


@dataclass(frozen=True)
class EdgeKind:
    """A kind of edge: what it may lead from and to, and its inverse, which the tool writes."""

    sources: tuple[str, ...]
    targets: tuple[str, ...]
    inverse: str


EDGES: dict[str, EdgeKind] = {
    "step": EdgeKind(("Workflow",), ("Principle",), "step_of"),  # ordered, at least 2, or one command
    "implemented_by": EdgeKind(("Principle",), ("Implementation",), "implements"),  # exactly one each way
    "requires_env": EdgeKind(("Implementation",), ("Environment",), "required_by"),
    "uses_heuristic": EdgeKind(("Workflow", "Principle", "Implementation"), ("Heuristic",), "used_by"),
    "contains": EdgeKind(("Module",), ("Module", "Implementation"), "part_of"),
    "uses": EdgeKind(("Module",), ("Module",), "used_by_module"),
}
"""Forward edges; but for `uses` they make a directed acyclic graph, from Workflows and Modules down to the leaves."""


@dataclass(frozen=True)
class PageType:
    """A kind of page: its folder, and its sections between Usage and Related Pages, in order."""

    folder: str
    sections: tuple[str, ...]


OVERVIEW_FILE = "_Overview.md"

PAGE_TYPES: dict[str, PageType] = {
    "Overview": PageType(
        "", ("Parts", "Architecture", "Reading Order", "Build, Test and Change", "Dependencies")
    ),
    "Module": PageType(
        "modules", ("Public Surface", "Uses and Used By", "Diagram", "Definitions", "Tests")
    ),
    "Workflow": PageType("workflows", ("Execution Steps", "Execution Diagram")),
    "Principle": PageType("principles", ("Theoretical Basis",)),
    "Implementation": PageType(
        "implementations", ("Code Reference", "I/O Contract", "Usage Examples", "Theoretical Basis")
    ),
    "Environment": PageType(
        "environments",
        ("System Requirements", "Dependencies", "Credentials", "Quick Install", "Code Evidence", "Common Errors",
         "Compatibility Notes"),
    ),
    "Heuristic": PageType("heuristics", ("The Insight", "Reasoning", "Code Evidence")),
}  # fmt: skip
"""Every page also has Overview (one sentence), Description, Usage before them and Related Pages at the end."""

_FOLDERS = frozenset(kind.folder for kind in PAGE_TYPES.values() if kind.folder)


def is_page_file(file: str) -> bool:
    """Whether a file of the wiki holds a page; the others are computed from pages.

    Example:
        >>> is_page_file("_Overview.md"), is_page_file("modules/o_r_a.md"), is_page_file("_ModuleIndex.md")
        (True, True, False)
    """
    return file == OVERVIEW_FILE or file.partition("/")[0] in _FOLDERS


@dataclass(frozen=True)
class Section:
    """A heading of level 2 and the Markdown under it (without headings of level 1 and 2)."""

    heading: str
    body: str


@dataclass(frozen=True, order=True)
class Edge:
    """A forward edge, `[[kind::target]]`; the target is a page id: "Principle:huggingface_peft_LoRA_Configuration"."""

    kind: str
    target: str


@dataclass(frozen=True)
class Page:
    """A page.

    Attributes:
        type: A key of `PAGE_TYPES`.
        name: With owner_repo: "huggingface_peft_LoRA_Fine_Tuning".
        title: In words.
        overview: One sentence.
        description: Markdown.
        usage: Markdown.
        sections: Those of its type, in order. A quote of the source is a fenced block right after a line
            "From `path:Lx-y`:" and equals these lines, with their common indentation taken off.
        edges: Forward edges only; steps in order.
        sources: Every anchor that the page names, those of the title's own subject first.
        domains: Words to find it by, sorted.
        kind: For an Implementation, one of `IMPLEMENTATION_KINDS`; else "".
        notes: Said in the index, such as "kept as an orphan: public API"; "".
    """

    type: str
    name: str
    title: str
    overview: str
    description: str
    usage: str
    sections: tuple[Section, ...]
    edges: tuple[Edge, ...] = ()
    sources: tuple[Source, ...] = ()
    domains: tuple[str, ...] = ()
    kind: str = ""
    notes: str = ""

    @property
    def id(self) -> str:
        """`Type:owner_repo_Name`."""
        return f"{self.type}:{self.name}"

    @property
    def file(self) -> str:
        """Where it lies in the wiki: `workflows/owner_repo_Name.md`."""
        if self.type == "Overview":
            return OVERVIEW_FILE
        return f"{PAGE_TYPES[self.type].folder}/{self.name}.md"


@dataclass(frozen=True)
class Wiki:
    """All pages of a repository at a commit.

    Attributes:
        owner_repo: First part of every page's name.
        repo: Where it comes from: the remote's URL, the package's home page or the directory's name.
        commit: The revision, as `Snapshot.revision` says.
        updated: Date of the commit.
        pages: By id, sorted.
    """

    owner_repo: str
    repo: str
    commit: str
    updated: str
    pages: tuple[Page, ...]
