"""What reports are made of, and the parts that several share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from codebase_gardener.knowledge.links.resolution import Resolution
from codebase_gardener.knowledge.pages.auditing import Audit
from codebase_gardener.knowledge.pages.indexes import index_head
from codebase_gardener.knowledge.pages.markup import code, fence, table
from codebase_gardener.knowledge.pages.steps import StepFacts, WikiGraph, WorkflowFacts, api_name
from codebase_gardener.knowledge.pages.structure import IMPLEMENTATION_KINDS, PAGE_TYPES, Page, Wiki
from codebase_gardener.knowledge.pages.triage import Triaged, triage
from codebase_gardener.knowledge.pages.wording import counted
from codebase_gardener.knowledge.sources.repository_facts import RepositoryFacts

__all__ = [
    "NONE", "ReportMatter", "bullets", "checklist", "files_created", "kinds_table", "listed", "percent",
    "report", "rows_or_none",
]  # fmt: skip

NONE = "None."
"""What a section of a report says that has nothing to list."""


@dataclass(frozen=True)
class ReportMatter:
    """Everything that a report may count."""

    audit: Audit
    repository: RepositoryFacts
    resolution: Resolution

    @property
    def wiki(self) -> Wiki:
        """The pages."""
        return self.audit.wiki

    @property
    def graph(self) -> WikiGraph:
        """With their links followed."""
        return self.audit.graph

    @cached_property
    def steps(self) -> tuple[StepFacts, ...]:
        """Of all workflows, in order."""
        return tuple(step for flow in self.graph.workflows for step in flow.steps)

    @cached_property
    def steps_to(self) -> dict[str, list[tuple[WorkflowFacts, StepFacts]]]:
        """The steps that lead to each Principle, by its id, in order."""
        found: dict[str, list[tuple[WorkflowFacts, StepFacts]]] = {}
        for flow in self.graph.workflows:
            for step in flow.steps:
                found.setdefault(step.principle_id, []).append((flow, step))
        return found

    @cached_property
    def triaged(self) -> tuple[Triaged, ...]:
        """Files that no workflow's page covers."""
        return triage(self.wiki, self.repository, self.resolution)

    def pages(self, kind: str) -> tuple[Page, ...]:
        """Of a type, in order."""
        return self.graph.of_type(kind)


def report(matter: ReportMatter, title: str, sections: Sequence[tuple[str, str]]) -> str:
    """A report: title, state of the repository, sections; a heading is of level 2 if it does not say `###`."""
    parts = index_head(matter.wiki, title)
    for heading, body in sections:
        parts += [heading if heading.startswith("###") else f"## {heading}", *([body] if body else [])]
    return "\n\n".join(parts) + "\n"


def rows_or_none(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table, or that there is nothing."""
    rows = list(rows)
    return table(headings, rows) if rows else NONE


def bullets(lines: Iterable[str]) -> str:
    """A list, or that there is nothing."""
    return "\n".join(f"* {line}" for line in lines) or NONE


def checklist(items: Iterable[tuple[str, bool]]) -> str:
    """What holds is ticked, and nothing else."""
    return "\n".join(f"- [{'x' if holds else ' '}] {what}" for what, holds in items)


def listed(names: Iterable[str]) -> str:
    """Names in one line, each once, sorted."""
    return ", ".join(sorted(set(names)))


def percent(part: int, whole: int) -> str:
    """A share with one decimal; a dash of nothing.

    Example:
        >>> percent(1, 3), percent(0, 0)
        ('33.3%', '—')
    """
    return f"{100 * part / whole:.1f}%" if whole else "—"


def kinds_table(matter: ReportMatter, pages: Iterable[Page]) -> str:
    """Of each kind of Implementation: how many, and which APIs."""
    pages = list(pages)
    rows = []
    for kind in IMPLEMENTATION_KINDS:
        of_kind = [page for page in pages if page.kind == kind]
        names = [
            api_name(page, matter.graph.references.get(page.id)) or matter.graph.short(page.id)
            for page in of_kind
        ]
        rows.append((kind, str(len(of_kind)), ", ".join(map(code, dict.fromkeys(names)))))
    return table(("Type", "Count", "Examples"), rows)


def files_created(pages: Sequence[Page], kind: str) -> tuple[str, str]:
    """A heading with the count, and the files as a tree."""
    folder = PAGE_TYPES[kind].folder
    names = [f"{page.name}.md" for page in pages]
    lines = [f"{folder}/", *(f"├── {name}" for name in names[:-1]), *(f"└── {name}" for name in names[-1:])]
    return f"### {kind} Pages ({counted(len(pages), 'file')})", fence("\n".join(lines))
