"""Reports of the phases 2 (Implementations and Principles) and 3 (Environments and Heuristics)."""

from __future__ import annotations

from collections.abc import Iterator

from codebase_gardener.knowledge.pages.markup import code, link_free
from codebase_gardener.knowledge.pages.report_matter import (
    NONE,
    ReportMatter,
    bullets,
    checklist,
    files_created,
    kinds_table,
    listed,
    percent,
    report,
    rows_or_none,
)
from codebase_gardener.knowledge.pages.steps import source_of
from codebase_gardener.knowledge.pages.structure import EDGES, Page
from codebase_gardener.knowledge.pages.triage import is_orphan
from codebase_gardener.knowledge.pages.wording import counted, enumerated

__all__ = ["enrichment_report", "synthesis_report"]


def synthesis_report(matter: ReportMatter) -> str:
    """Phase 2: the pairs of Principle and Implementation, each with the angle that it is written from."""
    implementations, principles = matter.pages("Implementation"), matter.pages("Principle")
    pairs = list(_pairs(matter))
    concept_only = [page for page in principles if not _implementations(matter, page)]
    in_flows = list(dict.fromkeys(step.principle_id for step in matter.steps))
    done = sum(
        bool(step.implementation) for step in {step.principle_id: step for step in matter.steps}.values()
    )
    flows = [
        (f"### {flow.page.name} ({counted(len(flow.steps), 'step')})", rows_or_none(
            ("Step", "Principle", "Implementation", "Status"),
            ((str(step.number), matter.graph.short(step.principle_id),
              f"✅ {matter.graph.short(step.implementation.id)}" if step.implementation else "⬜",
              "Created" if step.implementation else "Missing") for step in flow.steps)))
        for flow in matter.graph.workflows
    ]  # fmt: skip
    return report(matter, "Phase 2: Excavation + Synthesis Report", [
        ("Summary", rows_or_none(("Metric", "Count"), [
            ("Implementation pages created", str(len(implementations))),
            ("Principle pages created", str(len(principles))),
            ("1:1 mappings verified", str(len(pairs))),
            ("Concept-only principles", str(len(concept_only))),
            ("APIs without a principle of its own", str(len(implementations) - len({page.id for _, page in pairs}))),
            ("Kept as orphans", str(sum(map(is_orphan, implementations)))),
            ("**Coverage**", f"**{percent(len(pairs), len(principles))}**"),
        ])),
        ("1:1 Principle-Implementation Pairs", rows_or_none(("Principle", "Implementation", "Source", "Angle"), (
            (matter.graph.short(principle.id), matter.graph.short(page.id),
             source_of(matter.graph.references.get(page.id)),
             _angle(matter, principle, page)) for principle, page in pairs))),
        ("Implementation Types", kinds_table(matter, implementations)),
        ("Workflow Coverage", "" if flows else NONE), *flows,
        ("Files Created", ""),
        files_created(implementations, "Implementation"), files_created(principles, "Principle"),
        ("Verification Summary", ""),
        ("### 1:1 Mapping Verification", checklist([
            ("Every Principle has exactly one Implementation", len(pairs) == len(principles)),
            ("No Implementation has two Principles", len(pairs) == len({page.id for _, page in pairs})),
        ])),
        ("### Coverage Summary", rows_or_none(("Metric", "Value"), [
            ("WorkflowIndex Principles", f"{len(in_flows)} unique"),
            ("Principles with Implementation", f"{done} ({percent(done, len(in_flows))})"),
            ("Concept-only Principles", str(len(concept_only))),
        ])),
        ("Notes for Enrichment Phase", ""),
        ("### Packages to Put into Environments", bullets(_packages(matter))),
        ("### Consolidation Opportunities", bullets(_shared(matter))),
        ("Execution Statistics", bullets([
            f"Implementations created: {len(implementations)}", f"Principles created: {len(principles)}",
            "Indexes updated: `_ImplementationIndex.md`, `_PrincipleIndex.md`",
        ])),
    ])  # fmt: skip


def _angle(matter: ReportMatter, principle: Page, page: Page) -> str:
    """The steps that it is written for, else what it is."""
    steps = [
        f"{link_free(step.title)} ({matter.graph.short(flow.page.id)})"
        for flow, step in matter.steps_to.get(principle.id, ())
    ]
    return "; ".join(steps) or page.overview


def _implementations(matter: ReportMatter, principle: Page) -> list[Page]:
    targets = [edge.target for edge in principle.edges if edge.kind == "implemented_by"]
    return [matter.graph.pages[target] for target in targets if target in matter.graph.pages]


def _pairs(matter: ReportMatter) -> Iterator[tuple[Page, Page]]:
    """Principles with one Implementation that has no other Principle."""
    for principle in matter.pages("Principle"):
        found = _implementations(matter, principle)
        if len(found) == 1 and matter.graph.principles_of[found[0].id] == (principle.id,):
            yield principle, found[0]


def _packages(matter: ReportMatter) -> list[str]:
    needing: dict[str, int] = {}
    for reference in matter.graph.references.values():
        for name in reference.dependencies if reference else ():
            needing[name] = needing.get(name, 0) + 1
    return [
        f"{code(name)}: needed by {counted(number, 'implementation')}"
        for name, number in sorted(needing.items())
    ]


def _shared(matter: ReportMatter) -> list[str]:
    found = []
    for page in matter.pages("Principle"):
        flows = matter.graph.requiring("step", page.id)
        if len(flows) > 1:
            names = ", ".join(matter.graph.short(flow.id) for flow in flows)
            found.append(
                f"{matter.graph.short(page.id)} is a step of {counted(len(flows), 'workflow')}: {names}"
            )
    return found


def enrichment_report(matter: ReportMatter) -> str:
    """Phase 3: Environments and Heuristics, what needs them, and the links that were added."""
    environments, heuristics = matter.pages("Environment"), matter.pages("Heuristic")
    linked = {kind: _links(matter, kind) for kind in ("requires_env", "uses_heuristic")}
    updated = [
        page for page in matter.pages("Implementation") if any(edge.kind in linked for edge in page.edges)
    ]
    unused = [page for page in (*environments, *heuristics) if page.id not in matter.graph.incoming]
    return report(matter, "Phase 3: Enrichment Report", [
        ("Summary", bullets([
            f"{counted(len(environments), 'environment')} and {counted(len(heuristics), 'heuristic')}",
            f"Links added: {sum(edge.kind in linked for page in matter.wiki.pages for edge in page.edges)}",
        ])),
        ("Environments Created", rows_or_none(("Environment", "Required By", "Description"), (
            (page.name, _needed_by(matter, "requires_env", page), page.overview) for page in environments))),
        ("### Key Findings - Environments", bullets(
            f"{matter.graph.short(page.id)}: {_evidence(page)}" for page in environments)),
        ("Heuristics Created", rows_or_none(("Heuristic", "Applies To", "Description"), (
            (page.name, _needed_by(matter, "uses_heuristic", page), page.overview) for page in heuristics))),
        ("### Key Findings - Heuristics", bullets(
            f"{matter.graph.short(page.id)}: {_evidence(page)}" for page in heuristics)),
        ("Links Added", ""),
        ("### Environment Links", bullets([
            f"`_EnvironmentIndex.md` has {counted(len(environments), 'entry', 'entries')}", *linked["requires_env"]])),
        ("### Heuristic Links", bullets([
            f"`_HeuristicIndex.md` has {counted(len(heuristics), 'entry', 'entries')}", *linked["uses_heuristic"]])),
        ("Notes for Audit Phase", ""),
        ("### Pages That Nothing Links To", bullets(page.id for page in unused)),
        ("### Verification Status", checklist([
            ("Every Environment and Heuristic is linked", not unused),
            ("Every Environment has at least 2 anchors",
             all(finding.check != "evidence" for finding in matter.audit.findings)),
            ("No finding of the audit in their pages",
             not {page.file for page in (*environments, *heuristics)} & {f.file for f in matter.audit.findings}),
        ])),
        ("Statistics", rows_or_none(("Category", "Count"), [
            ("Environment Pages Created", str(len(environments))), ("Heuristic Pages Created", str(len(heuristics))),
            ("Implementation Pages Updated (in index)", str(len(updated))),
            ("Workflow References (pending)", str(sum(
                edge.target not in matter.graph.pages for page in matter.wiki.pages for edge in page.edges))),
        ])),
    ])  # fmt: skip


def _needed_by(matter: ReportMatter, kind: str, page: Page) -> str:
    return ", ".join(matter.graph.short(other.id) for other in matter.graph.requiring(kind, page.id))


def _evidence(page: Page) -> str:
    anchors = list(dict.fromkeys(source.anchor for source in page.sources))
    shown = enumerated([code(str(anchor)) for anchor in anchors[:3]], len(anchors))
    return f"{counted(len(anchors), 'anchor')}: {shown}" if anchors else "no anchor"


def _links(matter: ReportMatter, kind: str) -> list[str]:
    """Of each page that an edge of this kind leads to: how many pages it links."""
    return [
        f"{matter.graph.short(page.id)} linked to "
        f"{counted(len(matter.graph.requiring(kind, page.id)), 'page')}: {listed(_ids(matter, kind, page))}"
        for page in matter.pages(EDGES[kind].targets[0])
        if matter.graph.requiring(kind, page.id)
    ]


def _ids(matter: ReportMatter, kind: str, page: Page) -> list[str]:
    return [f"{other.type}:{matter.graph.short(other.id)}" for other in matter.graph.requiring(kind, page.id)]
