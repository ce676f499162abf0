"""The map of a repository: every file, its lines, what it is for, and which pages cover it."""

from __future__ import annotations

from collections.abc import Iterable

from codebase_gardener.knowledge.pages.indexes import index_head
from codebase_gardener.knowledge.pages.markup import EMPTY, code, link_free, table
from codebase_gardener.knowledge.pages.steps import WikiGraph
from codebase_gardener.knowledge.pages.structure import Page, Wiki
from codebase_gardener.knowledge.pages.wording import counted
from codebase_gardener.knowledge.sources.file_facts import FileFacts
from codebase_gardener.knowledge.sources.repository_facts import RepositoryFacts

__all__ = ["PARTS", "coverage", "explored", "render_repo_map", "repo_map_file", "total_lines"]

PARTS: dict[str, tuple[str, ...]] = {
    "Package": ("package",),
    "Examples": ("examples",),
    "Tests": ("tests",),
    "Other": ("docs", "benchmarks", "scripts", "other"),
}
"""The map's sections, and the areas of `areas.AREAS` that each has."""

ABBREVIATIONS = {
    "Overview": "Overview", "Module": "Module",
    "Workflow": "Workflow", "Implementation": "Impl", "Principle": "Principle", "Environment": "Env",
    "Heuristic": "Heur",
}  # fmt: skip
"""How the column Coverage calls the types, in its order."""


def repo_map_file(owner_repo: str) -> str:
    """The map's file."""
    return f"_RepoMap_{owner_repo}.md"


def render_repo_map(wiki: Wiki, repository: RepositoryFacts, graph: WikiGraph | None = None) -> str:
    """The text of the map: no file is left out of it."""
    facts = repository.facts.values()
    covered = coverage(wiki.pages)
    parts = [
        *index_head(wiki, "Repository Map"),
        f"* Files: {len(repository.facts)}\n* Total lines: {total_lines(facts)}\n"
        f"* Explored: {sum(map(explored, facts))}/{len(repository.facts)}\n"
        f"* Covered by pages: {sum(path in covered for path in repository.facts)}/{len(repository.facts)}\n"
        f"* Left out: {len(repository.snapshot.skipped)}",
    ]
    graph = graph or WikiGraph(wiki)
    for part, areas in PARTS.items():
        rows = [
            _row(graph, file, covered.get(path, ()))
            for path, file in sorted(repository.facts.items())
            if repository.areas[path] in areas
        ]
        parts += [f"## {part}", f"Files: {len(rows)}."]
        if rows:
            parts.append(table(("Status", "File", "Lines", "Purpose", "Coverage", "Details"), rows))
    left_out = [(code(file.path), link_free(file.reason)) for file in repository.snapshot.skipped]
    parts += ["## Left Out", table(("File", "Reason"), left_out) if left_out else "No file was left out."]
    return "\n\n".join(parts) + "\n"


def coverage(pages: Iterable[Page]) -> dict[str, tuple[Page, ...]]:
    """Of each path, the pages that have a source in it, in the order of the column Coverage."""
    order = list(ABBREVIATIONS)
    found: dict[str, list[Page]] = {}
    for page in sorted(pages, key=lambda page: (order.index(page.type), page.name)):
        for path in sorted({source.anchor.path for source in page.sources}):
            found.setdefault(path, []).append(page)
    return {path: tuple(covering) for path, covering in found.items()}


def explored(facts: FileFacts) -> bool:
    """Whether the file was read as what it is, not only kept as text."""
    return not facts.problem and facts.language != "text"


def total_lines(facts: Iterable[FileFacts]) -> int:
    """Lines of all files together."""
    return sum(file.lines for file in facts)


def _row(graph: WikiGraph, file: FileFacts, pages: tuple[Page, ...]) -> tuple[str, ...]:
    return (
        "✅" if explored(file) else "⬜", code(file.path), str(file.lines), link_free(file.purpose),
        _coverage(graph, pages), _details(file),
    )  # fmt: skip


def _coverage(graph: WikiGraph, pages: tuple[Page, ...]) -> str:
    named: dict[str, list[str]] = {}
    for page in pages:
        named.setdefault(ABBREVIATIONS[page.type], []).append(graph.short(page.id))
    return "; ".join(f"{kind}: {', '.join(names)}" for kind, names in named.items()) or EMPTY


def _details(file: FileFacts) -> str:
    """How many symbols, and why there are no more."""
    said = [counted(len(file.symbols), "symbol")] if file.symbols else []
    if file.problem:
        said.append(link_free(file.problem))
    elif file.language == "text":
        said.append("kept as text")
    return "; ".join(said)
