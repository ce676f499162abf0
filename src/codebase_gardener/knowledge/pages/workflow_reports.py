"""Reports of the phases 0 (repo map), 1a (anchoring) and 1b (enrichment of the workflows' index)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from codebase_gardener.knowledge.pages.implementation_layout import CodeReference
from codebase_gardener.knowledge.pages.markup import EMPTY, NONE_FOUND, code, link_free
from codebase_gardener.knowledge.pages.repo_map import coverage, explored, repo_map_file, total_lines
from codebase_gardener.knowledge.pages.report_matter import (
    NONE,
    ReportMatter,
    bullets,
    checklist,
    kinds_table,
    listed,
    percent,
    report,
    rows_or_none,
)
from codebase_gardener.knowledge.pages.steps import WorkflowFacts
from codebase_gardener.knowledge.pages.structure import Page
from codebase_gardener.knowledge.pages.wording import counted
from codebase_gardener.knowledge.sources.file_facts import FileFacts
from codebase_gardener.repository.areas import AREAS

__all__ = ["anchoring_report", "repo_map_report", "tracing_report"]

LONG_FILE_LINES = 1000


def repo_map_report(matter: ReportMatter) -> str:
    """Phase 0: what the repository is made of."""
    facts = matter.repository.facts
    areas = dict.fromkeys(["package", *(name for name, _ in AREAS), "other"])
    by_area = [
        (area, [file for path, file in facts.items() if matter.repository.areas[path] == area])
        for area in areas
    ]
    languages = sorted({file.language for file in facts.values()})
    by_language = [(name, [file for file in facts.values() if file.language == name]) for name in languages]
    problems = [(code(path), link_free(file.problem)) for path, file in sorted(facts.items()) if file.problem]
    long = [code(file.path) for file in facts.values() if file.lines >= LONG_FILE_LINES and file.symbols]
    summary = [
        f"Files: {len(facts)}", f"Total lines: {total_lines(facts.values())}",
        f"Explored: {sum(map(explored, facts.values()))}/{len(facts)}",
        f"Symbols: {sum(len(file.symbols) for file in facts.values())}",
        f"Left out: {len(matter.repository.snapshot.skipped)}",
    ]  # fmt: skip
    heads = ("Files", "Lines", "Symbols")
    return report(matter, "Phase 0: Repository Map Report", [
        ("Summary", bullets(summary)),
        ("Areas", rows_or_none(("Area", *heads), ((name, *_sums(files)) for name, files in by_area))),
        ("Languages", rows_or_none(("Language", *heads), ((name, *_sums(files)) for name, files in by_language))),
        ("Files Kept as Text", rows_or_none(("File", "Problem"), problems)),
        ("Notes for Phase 1a (Anchoring)", bullets([
            f"Documents, examples and tests to read for workflows: "
            f"{sum(area in ('docs', 'examples', 'tests') for area in matter.repository.areas.values())}",
            f"Files of at least {LONG_FILE_LINES} lines with symbols: {listed(long) or 'none'}",
        ])),
        ("Artifacts Created", bullets([code(repo_map_file(matter.wiki.owner_repo))])),
    ])  # fmt: skip


def _sums(files: list[FileFacts]) -> tuple[str, str, str]:
    return str(len(files)), str(total_lines(files)), str(sum(len(file.symbols) for file in files))


def anchoring_report(matter: ReportMatter) -> str:
    """Phase 1a: the workflows, what they come from, and how much of the code could be resolved."""
    flows = matter.graph.workflows
    resolution = matter.resolution
    workflows = [
        (
            flow.page.name,
            ", ".join(map(code, _documents(flow.page))),
            str(len(flow.steps)),
            ", ".join(map(code, flow.apis)),
        )
        for flow in flows
    ]
    covered = coverage(flow.page for flow in flows)
    defining = {step.file for step in matter.steps if step.file}
    external = listed(
        code(step.reference.external)
        for step in matter.steps
        if step.reference and step.reference.external and not step.reference.is_own
    )
    files = [item for flow in flows for item in ((f"### {flow.page.name}", bullets(_files(matter, flow))),)]
    return report(matter, "Phase 1a: Anchoring Report", [
        ("Summary", bullets([
            f"Workflows created: {len(flows)}", f"Total steps documented: {len(matter.steps)}",
            f"References in package, docs, examples and tests: {resolution.references}",
            f"Unresolved: {resolution.unresolved} ({percent(resolution.unresolved, resolution.references)})",
        ])),
        ("Workflows Created", rows_or_none(("Workflow", "Source Files", "Steps", "Rough APIs"), workflows)),
        ("Coverage Summary", bullets([
            f"Files that workflows are mined from: {len(covered)}",
            f"Source files that define their APIs: {len(defining)}",
            f"External dependencies identified: {external or 'none'}",
        ])),
        ("Source Files Identified Per Workflow", "" if files else NONE), *files,
        ("Unique Principles Identified", bullets(_principles(matter))),
        ("Notes for Phase 1b (Enrichment)", ""),
        ("### Files Needing Line-by-Line Tracing", bullets(_to_trace(matter))),
        ("### External APIs to Document (Wrapper Docs)", bullets(_external(matter))),
        ("### Key Classes to Document", bullets(_classes(matter))),
        ("### Unclear Mappings to Resolve", bullets(
            f"{flow.page.name}, step {step.number} ({link_free(step.title)}): no Implementation"
            for flow in flows for step in flow.steps if not step.implementation)),
        ("Artifacts Created", ""),
        ("### Workflow Pages", bullets(code(flow.page.file) for flow in flows)),
        ("### Updated Index Files", bullets(["`_WorkflowIndex.md`", code(repo_map_file(matter.wiki.owner_repo))])),
        ("Phase 1a Completion Checklist", checklist([
            ("At least one workflow", bool(flows)),
            ("Every workflow has at least 2 steps, or is one command", all(
                len(flow.steps) >= 2 or not any(step.file for step in flow.steps) for flow in flows)),
            ("Every step has a Principle's page", all(step.principle for step in matter.steps)),
            ("Every workflow cites what it is mined from", all(flow.page.sources for flow in flows)),
        ])),
    ])  # fmt: skip


def _documents(page: Page) -> list[str]:
    return list(dict.fromkeys(source.anchor.path for source in page.sources))


def _files(matter: ReportMatter, flow: WorkflowFacts) -> list[str]:
    apis: dict[str, list[str]] = {}
    for step in flow.steps:
        if step.file:
            apis.setdefault(step.file, []).append(step.api)
    lines = [f"{code(path)}: shows it" for path in _documents(flow.page)]
    return lines + [
        f"{code(path)}: {', '.join(map(code, dict.fromkeys(names)))}" for path, names in apis.items()
    ]


def _principles(matter: ReportMatter) -> list[str]:
    found = {step.principle_id: step for step in matter.steps}
    return [
        f"**{link_free(matter.graph.short(page_id))}**: {step.principle.overview if step.principle else 'no page'}"
        for page_id, step in found.items()
    ]


def _to_trace(matter: ReportMatter) -> list[str]:
    apis: dict[str, set[str]] = {}
    for step in matter.steps:
        if step.file:
            apis.setdefault(step.file, set()).add(step.api)
    ordered = sorted(apis.items(), key=lambda item: (-len(item[1]), item[0]))
    return [f"{code(path)}: {counted(len(names), 'API')} of the steps" for path, names in ordered]


def _external(matter: ReportMatter) -> list[str]:
    found = {
        (step.reference.external, step.api)
        for step in matter.steps
        if step.reference and step.reference.external and not step.reference.is_own
    }
    return [f"{code(api)} of {code(package)}" for package, api in sorted(found)]


def _classes(matter: ReportMatter) -> list[str]:
    found = {
        (symbol.path, symbol.start, symbol.end, symbol.qualified_name)
        for step in matter.steps
        for symbol in (
            matter.repository.facts[step.file].symbols if step.file in matter.repository.facts else ()
        )
        if symbol.kind == "class" and symbol.name in step.api.split(".")
    }
    return [
        f"{code(name)}: {end - start + 1} lines ({code(f'{path}:L{start}-{end}')})"
        for path, start, end, name in sorted(found)
    ]


def tracing_report(matter: ReportMatter) -> str:
    """Phase 1b: the nine attributes of every step, and the lines that they come from."""
    flows = matter.graph.workflows
    traced = _traced(matter)
    details = [
        (
            flow.page.name, str(len(flow.steps)), str(sum(bool(step.api) for step in flow.steps)),
            f"{sum(bool(step.file) for step in flow.steps)} of {len(flow.steps)}",
        )
        for flow in flows
    ]  # fmt: skip
    pages = {step.implementation.id: step.implementation for step in matter.steps if step.implementation}
    lacking = [
        f"{flow.page.name}, step {step.number}: no {', '.join(names)}"
        for flow in flows
        for step in flow.steps
        if (names := [name for name, value in step.attributes if value == NONE_FOUND])
    ]
    heads = ("Workflow", "Steps Enriched", "APIs Traced", "Line Numbers Found")
    flows_with = _flows_with(matter)
    shared = sorted(page_id for page_id in pages if flows_with[page_id] > 1)
    filled = sum(value != NONE_FOUND for step in matter.steps for _, value in step.attributes)
    whole = sum(len(step.attributes) for step in matter.steps)
    return report(matter, "Phase 1b: WorkflowIndex Enrichment Report", [
        ("Summary", bullets([
            f"Workflows enriched: {len(flows)}", f"Steps with detailed tables: {len(matter.steps)}",
            f"Attributes with a value: {filled} of {whole}",
            f"Source files traced: {len({path for path, _, _ in traced})}",
        ])),
        ("Enrichment Details", rows_or_none(heads, details)),
        ("Implementation Types Found", kinds_table(matter, pages.values())),
        ("Source Files Traced", rows_or_none(("File", "Lines", "APIs Extracted"), (
            (code(path), lines, ", ".join(map(code, sorted(apis)))) for path, lines, apis in traced))),
        ("External Dependencies Identified", rows_or_none(
            ("Dependency", "Purpose", "Workflows Using"), _dependencies(matter))),
        ("Issues Found", bullets(lacking)),
        ("Verification Checklist", checklist([
            ("Every step has a table", all(flow.steps for flow in flows)),
            ("Every table has a value for all 9 attributes", filled == whole),
            ("Every source location in the repository has path and lines",
             all(step.reference and (step.reference.location or step.reference.external) for step in matter.steps)),
        ])),
        ("Ready for Phase 2", checklist([
            ("Every step has an Implementation", all(step.implementation for step in matter.steps)),
            ("No finding of the audit in a workflow's page",
             not {flow.page.file for flow in flows} & {finding.file for finding in matter.audit.findings}),
        ])),
        ("Notes for Phase 2 (Excavation + Synthesis)", bullets([
            f"External APIs, to be documented as Wrapper Docs: {len(_external(matter))}",
            f"Implementations that several workflows share: "
            f"{', '.join(matter.graph.short(page_id) for page_id in shared) or 'none'}",
        ])),
    ])  # fmt: skip


def _traced(matter: ReportMatter) -> list[tuple[str, str, set[str]]]:
    found: dict[tuple[str, int, int], set[str]] = {}
    for step in matter.steps:
        where = step.reference.location if step.reference else None
        if where:
            found.setdefault((where.path, where.start, where.end), set()).add(step.api)
    return [(path, f"L{start}-{end}", apis) for (path, start, end), apis in sorted(found.items())]


def _flows_with(matter: ReportMatter) -> Counter[str]:
    """In how many workflows each Implementation is."""
    return Counter(
        page_id
        for flow in matter.graph.workflows
        for page_id in {step.implementation.id for step in flow.steps if step.implementation}
    )


def _dependencies(matter: ReportMatter) -> Iterable[tuple[str, str, str]]:
    """Of each package from outside: the APIs that come from it or need it, and the workflows."""
    flows = matter.graph.workflows
    for name in sorted({name for flow in flows for step in flow.steps for name in _packages(step.reference)}):
        using = [
            flow.page.name for flow in flows if any(name in _packages(step.reference) for step in flow.steps)
        ]
        given = {step.api for step in matter.steps if step.reference and step.reference.external == name}
        needed = {
            step.api for step in matter.steps if step.reference and name in step.reference.dependencies
        } - given
        purpose = [f"gives {listed(map(code, given))}"] if given else []
        purpose += [f"needed by {listed(map(code, needed))}"] if needed else []
        yield (
            code(name),
            "; ".join(purpose) or EMPTY,
            f"All {len(flows)}" if len(using) == len(flows) > 1 else ", ".join(using),
        )


def _packages(reference: CodeReference | None) -> tuple[str, ...]:
    if reference is None:
        return ()
    given = "" if reference.is_own else reference.external
    return tuple(dict.fromkeys(filter(None, (given, *reference.dependencies))))
