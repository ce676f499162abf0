"""The indexes of a wiki: pure functions of its pages, so that they can be made again from disk and compared."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from codebase_gardener.knowledge.pages.markup import code, link_free, table
from codebase_gardener.knowledge.pages.steps import StepFacts, WikiGraph, WorkflowFacts
from codebase_gardener.knowledge.pages.structure import PAGE_TYPES, Page, Wiki
from codebase_gardener.knowledge.pages.workflow_groups import SEEN_IN_TESTS, group_title, workflow_groups

__all__ = ["INDEXES", "extraction_guide", "index_head", "render_indexes"]

NO_PAGE = "No page of this type."


def render_indexes(wiki: Wiki, graph: WikiGraph | None = None) -> dict[str, str]:
    """The text of every index by its file; `graph` is the wiki's, where it is known already."""
    graph = graph or WikiGraph(wiki)
    return {file: write(graph) for file, write in INDEXES.items()}


def index_head(wiki: Wiki, title: str) -> list[str]:
    """The first lines of an index or a report, each followed by a blank one."""
    return [
        f"# {title}: {wiki.owner_repo}",
        f"Repository: {link_free(wiki.repo)}, commit {code(wiki.commit)}, {link_free(wiki.updated)}.",
    ]


def extraction_guide(graph: WikiGraph, steps: Iterable[StepFacts]) -> str:
    """Of each principle of the steps, once: its implementation, API, source and kind."""
    rows = {step.principle_id: _guide_row(graph, step) for step in steps}
    return table(("Principle", "Implementation", "API", "Source", "Kind"), rows.values()) if rows else NO_PAGE


def _guide_row(graph: WikiGraph, step: StepFacts) -> tuple[str, ...]:
    page = step.implementation
    return (
        graph.short(step.principle_id), graph.short(page.id) if page else "", code(step.api),
        step.source, page.kind if page else "",
    )  # fmt: skip


def _workflow_index(graph: WikiGraph) -> str:
    flows = graph.workflows
    by_id = {flow.page.id: flow for flow in flows}
    parts = [*index_head(graph.wiki, "Workflow Index"), "## Summary"]
    for group in workflow_groups([flow.page for flow in flows], graph.wiki.pages):
        if group.title:
            parts.append(f"### {group_title(group)}")
        if group.title == SEEN_IN_TESTS:
            parts.append("No document shows them.")
        parts.append(_summary(graph, tuple(by_id[page.id] for page in group.pages)))
    if not flows:
        parts.append(NO_PAGE)
    for flow in flows:
        parts += _flow(graph, flow)
    every = [step for flow in flows for step in flow.steps]
    parts += ["## Implementation Extraction Guide", extraction_guide(graph, every)]
    return "\n\n".join(parts) + "\n"


def _summary(graph: WikiGraph, flows: tuple[WorkflowFacts, ...]) -> str:
    rows = [
        (
            _link(graph, flow.page), str(len(flow.steps)),
            ", ".join(dict.fromkeys(graph.short(step.principle_id) for step in flow.steps)),
            ", ".join(map(code, flow.apis)),
        )
        for flow in flows
    ]  # fmt: skip
    return table(("Workflow", "Steps", "Principles", "APIs"), rows)


def _flow(graph: WikiGraph, flow: WorkflowFacts) -> list[str]:
    steps = [
        (
            str(step.number),
            link_free(step.title),
            graph.short(step.principle_id),
            code(step.api),
            code(step.file),
        )
        for step in flow.steps
    ]
    parts = [f"## {flow.page.name}", flow.page.overview]
    parts.append(table(("#", "Step", "Principle", "API", "Files"), steps))
    for step in flow.steps:
        parts.append(f"### Step {step.number}: {link_free(step.title)}")
        parts.append(
            table(("Attribute", "Value"), [(f"**{name}**", value) for name, value in step.attributes])
        )
    return [*parts, "### Implementation Extraction Guide", extraction_guide(graph, flow.steps)]


def _page_index(kind: str) -> Callable[[WikiGraph], str]:
    def write(graph: WikiGraph) -> str:
        rows = [
            (
                graph.short(page.id),
                _link(graph, page, page.file),
                _connections(graph, page),
                _notes(page),
            )
            for page in graph.of_type(kind)
        ]
        body = table(("Page", "File", "Connections", "Notes"), rows) if rows else NO_PAGE
        return "\n\n".join([*index_head(graph.wiki, f"{kind} Index"), f"Pages: {len(rows)}.", body]) + "\n"

    return write


def _connections(graph: WikiGraph, page: Page) -> str:
    edges = dict.fromkeys(edge.target for edge in (*page.edges, *graph.incoming.get(page.id, ())))
    return ", ".join(f"{'✅' if target in graph.pages else '⬜'}{target}" for target in edges)


def _notes(page: Page) -> str:
    return "; ".join(filter(None, (page.kind, link_free(page.notes))))


def _link(graph: WikiGraph, page: Page, text: str = "") -> str:
    return f"[{text or graph.short(page.id)}]({page.file})"


INDEXES: dict[str, Callable[[WikiGraph], str]] = {
    "_WorkflowIndex.md": _workflow_index,
    **{f"_{kind}Index.md": _page_index(kind) for kind in PAGE_TYPES if kind not in ("Overview", "Workflow")},
}
"""Each index's file and what writes it."""
