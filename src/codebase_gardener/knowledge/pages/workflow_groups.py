"""Workflows under what they serve: the module that their steps use most, or the program whose commands they are."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from codebase_gardener.knowledge.pages.markup import code
from codebase_gardener.knowledge.pages.structure import Page
from codebase_gardener.knowledge.pages.workflow_layout import TESTS_ALONE
from codebase_gardener.languages.table import LANGUAGES

__all__ = ["SEEN_IN_TESTS", "WorkflowGroup", "group_title", "program_of", "workflow_groups"]

SEEN_IN_TESTS = "Seen in tests"
_RUNNERS = {program for row in LANGUAGES.values() for program in row.interpreters}


@dataclass(frozen=True)
class WorkflowGroup:
    """Some workflows.

    Attributes:
        title: The module's, or the program; "" where no heading is needed.
        file: Of the module's page; "" for none.
        pages: In the order in which they were given.
    """

    title: str
    file: str
    pages: tuple[Page, ...]


def workflow_groups(flows: Iterable[Page], pages: Iterable[Page]) -> tuple[WorkflowGroup, ...]:
    """Groups in the order of their first workflows; those that tests alone show come last.

    Args:
        flows: In a reader's order.
        pages: All of the wiki: steps, what they call and where that lies are looked up there.
    """
    by_id = {page.id: page for page in pages}
    module_of = {
        edge.target: page
        for page in by_id.values()
        if page.type == "Module"
        for edge in page.edges
        if edge.kind == "contains"
    }
    found: dict[tuple[str, str], list[Page]] = defaultdict(list)
    seen: list[Page] = []
    for flow in flows:
        if flow.description.startswith(TESTS_ALONE):
            seen.append(flow)
        else:
            found[_served(flow, by_id, module_of)].append(flow)
    groups = [WorkflowGroup(*served, tuple(members)) for served, members in found.items()]
    if len(groups) == 1:
        groups = [WorkflowGroup("", "", groups[0].pages)]
    groups.sort(key=lambda group: bool(group.title))  # what has no heading stands above the first one
    return (*groups, WorkflowGroup(SEEN_IN_TESTS, "", tuple(seen))) if seen else tuple(groups)


def group_title(group: WorkflowGroup) -> str:
    """Its title in Markdown, with a link to the module's page."""
    if group.title == SEEN_IN_TESTS:
        return group.title
    return f"[{code(group.title)}]({group.file})" if group.file else code(group.title)


def _served(flow: Page, by_id: dict[str, Page], module_of: dict[str, Page]) -> tuple[str, str]:
    """Title and file of what most of its steps use; of several the one that comes first."""
    principles = [by_id[edge.target] for edge in flow.edges if edge.kind == "step" and edge.target in by_id]
    made = [edge.target for page in principles for edge in page.edges if edge.kind == "implemented_by"]
    places: Counter[tuple[str, str]] = Counter()
    for target in made:
        if module := module_of.get(target):
            if any(source.anchor.path == module.title for source in module.sources):  # of a file: its package
                module = module_of.get(module.id, module)
            places[module.title, module.file] += 1
        elif (
            (page := by_id.get(target))
            and page.kind == "External Tool Doc"
            and (name := program_of(page.title))
        ):
            places[name, ""] += 1
    return next(iter(places.most_common(1)), (("", ""), 0))[0]


def program_of(command: str) -> str:
    """The program that a command runs; "" for a call of a server.

    Example:
        >>> program_of("kiln fire"), program_of("python train.py"), program_of("GET /items")
        ('kiln', 'train.py', '')
    """
    first, _, rest = command.partition(" ")
    if rest.startswith("/"):
        return ""
    return rest or first if first in _RUNNERS else first
