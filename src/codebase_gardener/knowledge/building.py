"""Building the wiki: one plain function a phase, each adding to a draft what it finds."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from codebase_gardener.knowledge.apis.api_catalog import api_catalog, api_for
from codebase_gardener.knowledge.apis.api_context import ApiContext
from codebase_gardener.knowledge.apis.apis import Api
from codebase_gardener.knowledge.apis.implementations import implementation_page
from codebase_gardener.knowledge.apis.principles import principle_page
from codebase_gardener.knowledge.apis.surface import Scored, ranked
from codebase_gardener.knowledge.built import Build, judged
from codebase_gardener.knowledge.environments.environment_draft import EnvironmentPage
from codebase_gardener.knowledge.environments.environment_gates import required_environments
from codebase_gardener.knowledge.environments.environments import environment_pages
from codebase_gardener.knowledge.heuristics.heuristics import HeuristicPage, Heuristics, heuristic_pages
from codebase_gardener.knowledge.links.resolution import Resolution, Target, resolve
from codebase_gardener.knowledge.pages.auditing import audit
from codebase_gardener.knowledge.pages.overrides import Override, apply_overrides
from codebase_gardener.knowledge.pages.pages import Edge, Page, Wiki
from codebase_gardener.knowledge.pages.rendering import normalised, render_pages
from codebase_gardener.knowledge.pages.reports import may_be_there
from codebase_gardener.knowledge.pages.triage import orphan_note, triage
from codebase_gardener.knowledge.pages.verification import derived_files
from codebase_gardener.knowledge.sources.repository_facts import RepositoryFacts
from codebase_gardener.knowledge.workflows.golden_paths import Mined, mine, needed_targets
from codebase_gardener.knowledge.workflows.workflows import workflow_page
from codebase_gardener.repository.languages import is_code
from codebase_gardener.utils.memo import remembering
from codebase_gardener.utils.progress import Progress

if TYPE_CHECKING:
    from codebase_gardener.knowledge.writers.prose_writing import ProseCache, ProseReport, Writer

__all__ = ["PHASES", "Phase", "Reporter", "build"]


class Reporter(Protocol):
    """Who is told what is done."""

    def stage(self, title: str, unit: str) -> AbstractContextManager[Progress]:
        """A stage that takes time."""


@dataclass
class _Draft:
    """What the phases hand on."""

    repository: RepositoryFacts
    resolution: Resolution
    apis: dict[Target, Api] = field(default_factory=dict)
    mined: Mined | None = None
    pages: dict[str, Page] = field(default_factory=dict)
    api_of: dict[str, Api] = field(default_factory=dict)
    environments: tuple[EnvironmentPage, ...] = ()
    heuristics: Heuristics | None = None

    @cached_property
    def context(self) -> ApiContext:
        """Made once: it indexes the repository."""
        return ApiContext(self.repository, self.resolution)

    @cached_property
    def ranked(self) -> tuple[Scored, ...]:
        """The definitions that may get a page, best first."""
        return ranked(self.context)

    def add(self, page: Page) -> None:
        """Take a page in."""
        self.pages[page.id] = page

    def link(self, page_id: str, edges: Iterable[Edge]) -> None:
        """Add edges to a page, each once."""
        page = self.pages[page_id]
        self.pages[page_id] = replace(page, edges=tuple(dict.fromkeys((*page.edges, *edges))))

    def page_id(self, kind: str, name: str) -> str:
        """`Type:owner_repo_Name`."""
        return f"{kind}:{self.repository.owner_repo}_{name}"


def build(
    repository: RepositoryFacts,
    reporter: Reporter,
    *,
    overrides: Mapping[str, Override] | None = None,
    writer: Writer | None = None,
    prose: ProseCache | None = None,
    phase: str = "6",
) -> Build:
    """Build the wiki of a repository, up to and with a phase.

    Args:
        repository: Its facts (phase 0 has read them).
        reporter: Told of each phase.
        overrides: A person's corrections by page id.
        writer: Improves the prose.
        prose: Keeps its answers.
        phase: One of `PHASES`.

    Returns:
        Pages, indexes, reports: a function of the arguments alone.
    """
    with remembering():
        return _built(repository, reporter, overrides or {}, writer, prose, phase)


def _built(
    repository: RepositoryFacts,
    reporter: Reporter,
    overrides: Mapping[str, Override],
    writer: Writer | None,
    prose: ProseCache | None,
    phase: str,
) -> Build:
    draft = _Draft(repository, resolve(repository.facts))
    done = list(PHASES)[: list(PHASES).index(phase) + 1]
    for name in done:
        with reporter.stage(f"{name} {PHASES[name].title}", PHASES[name].unit) as progress:
            PHASES[name].run(draft, progress)
    pages, told = _written(draft, reporter, writer, prose)
    applied = apply_overrides(pages, overrides, repository)
    wiki = _wiki(draft, applied.pages)
    texts = render_pages(wiki)
    audited = audit(texts, repository)
    texts |= derived_files(audited, repository, draft.resolution)
    if writer is not None and told is not None:
        from codebase_gardener.knowledge.writers.writer_report import WRITER_REPORT, writer_report

        texts[WRITER_REPORT] = writer_report(writer, told)
    return Build(
        {path: text for path, text in sorted(texts.items()) if may_be_there(path, done)},
        wiki.pages, phase, judged(audited.findings, phase), applied, told,
        draft.resolution.references, draft.resolution.unresolved,
        tuple(path for path, facts in repository.facts.items() if facts.problem and is_code(facts.language)),
    )  # fmt: skip


def _wiki(draft: _Draft, pages: Iterable[Page]) -> Wiki:
    repository = draft.repository
    return Wiki(
        repository.owner_repo, repository.repo, repository.snapshot.revision, repository.snapshot.date,
        tuple(sorted(pages, key=lambda page: page.id)),
    )  # fmt: skip


def _written(
    draft: _Draft, reporter: Reporter, writer: Writer | None, cache: ProseCache | None
) -> tuple[tuple[Page, ...], ProseReport | None]:
    pages = tuple(draft.pages[page_id] for page_id in sorted(draft.pages))
    if writer is None:
        return pages, None
    from codebase_gardener.knowledge.writers.prose_pages import (  # most builds have no writer
        improve_pages,
        page_facts,
    )

    with reporter.stage("prose", "sections") as progress:
        return improve_pages(pages, page_facts(draft.repository), writer, cache, progress)


# ---- the phases


def _map(draft: _Draft, progress: Progress) -> None:
    """Phase 0: every file is known; its facts were read before."""
    progress(len(draft.repository.facts), len(draft.repository.facts))


def _anchor(draft: _Draft, progress: Progress) -> None:
    """Phase 1a: golden paths become Workflow pages."""
    draft.mined = mine(draft.repository, draft.resolution)
    catalog = api_catalog(draft.context, needed_targets(draft.mined.paths), draft.ranked)
    draft.apis = {api.target: api for api in catalog}
    for done, path in enumerate(draft.mined.paths, 1):
        draft.add(workflow_page(path, draft.apis, draft.repository, draft.resolution))
        progress(done, len(draft.mined.paths))


def _enrich_steps(draft: _Draft, progress: Progress) -> None:
    """Phase 1b: the APIs of all steps get their Implementation pages, from which the nine attributes are read."""
    mined = draft.mined.paths if draft.mined else ()
    needed = [draft.apis[target] for target in needed_targets(mined) if target in draft.apis]
    _implement(draft, needed, progress)


def _excavate(draft: _Draft, progress: Progress) -> None:
    """Phase 2: Implementation and Principle pages, 1:1."""
    _implement(draft, list(draft.apis.values()), progress)
    for api in draft.apis.values():
        draft.add(principle_page(api, draft.context, draft.apis))


def _implement(draft: _Draft, apis: list[Api], progress: Progress) -> None:
    for done, api in enumerate(apis, 1):
        page_id = draft.page_id("Implementation", api.page)
        if page_id not in draft.pages:
            draft.add(implementation_page(api, draft.context, draft.apis))
            draft.api_of[page_id] = api
        progress(done, len(apis))


def _enrich(draft: _Draft, progress: Progress) -> None:
    """Phase 3: Environments and Heuristics, linked."""
    draft.environments = environment_pages(draft.repository)
    draft.heuristics = heuristic_pages(draft.repository, draft.resolution)
    for page in (*(one.page for one in draft.environments), *(one.page for one in draft.heuristics.pages)):
        draft.add(page)
    _link(draft, list(draft.api_of.values()), progress)
    _link_workflows(draft)


def _advice(heuristics: Heuristics) -> dict[Target, list[str]]:
    """Ids of the Heuristic pages that apply to each definition."""
    found: dict[Target, list[str]] = {}
    for one in heuristics.pages:
        for target in one.applies:
            found.setdefault(target, []).append(one.page.id)
    return found


def _link(draft: _Draft, apis: list[Api], progress: Progress) -> None:
    """Implementations require environments and use heuristics."""
    advice = _advice(draft.heuristics) if draft.heuristics else {}
    needed = required_environments([api.target for api in apis], draft.environments, draft.resolution)
    for done, api in enumerate(apis, 1):
        edges = [Edge("requires_env", one.page.id) for one in needed.get(api.target, ())]
        edges += [Edge("uses_heuristic", name) for name in sorted(advice.get(api.target, ()))]
        draft.link(draft.page_id("Implementation", api.page), edges)
        progress(done, len(apis))


def _link_workflows(draft: _Draft) -> None:
    """A Workflow uses the heuristics that stand by its steps' APIs."""
    heuristics = draft.heuristics.pages if draft.heuristics else ()
    for path in draft.mined.paths if draft.mined else ():
        documents = {passage.path for passage in path.passages}
        keywords = {
            step.target: {keyword for use in step.uses for keyword in use.keywords} for step in path.steps
        }
        used = {
            Edge("uses_heuristic", one.page.id) for one in heuristics if _concerns(one, documents, keywords)
        }
        draft.link(draft.page_id("Workflow", path.page), sorted(used))


def _concerns(one: HeuristicPage, documents: set[str], keywords: Mapping[Target, set[str]]) -> bool:
    """Whether a workflow with these steps meets the advice: it gives the option, or is the document."""
    if one.deprecation or (one.documents and not documents.intersection(one.documents)):
        return False
    steps = [keywords[target] for target in one.near if target in keywords]
    return any(given.intersection(one.options) for given in steps) if one.options else bool(steps)


def _audit(draft: _Draft, progress: Progress) -> None:
    """Phases 4 and 6: edges that lead nowhere are taken off; what remains is found by the audit of the texts."""
    for done, page in enumerate(list(draft.pages.values()), 1):
        edges = tuple(edge for edge in page.edges if edge.target in draft.pages)
        draft.pages[page.id] = normalised(replace(page, edges=edges))
        progress(done, len(draft.pages))


def _orphans(draft: _Draft, progress: Progress) -> None:
    """Phase 5: files without coverage; pages that no workflow reaches say why they are kept."""
    _note_orphans(draft)
    found = triage(_wiki(draft, draft.pages.values()), draft.repository, draft.resolution)
    apis = _kept_apis(
        draft, {one.path: one.reason for one in found if one.decision == "keep" and not one.pages}
    )
    draft.apis |= {api.target: api for api in apis}
    _implement(draft, list(apis), progress)
    for api in apis:
        draft.add(principle_page(api, draft.context, draft.apis))
    _link(draft, list(apis), progress)
    _note_orphans(draft)


def _kept_apis(draft: _Draft, reasons: dict[str, str]) -> list[Api]:
    """Of each file that is kept for a reason, the definition that most speaks for a page."""
    taken = {api.page.lower() for api in draft.apis.values()} | {
        api.principle.lower() for api in draft.apis.values()
    }
    apis: list[Api] = []
    for scored in draft.ranked:
        symbol = scored.candidate.symbol
        reason = reasons.pop(symbol.path, "")
        if not reason:
            continue
        api = api_for(draft.context.target(symbol), draft.context, f"stands for its file ({reason})")
        module = re.sub(r"\W+", "_", symbol.path.rpartition(".")[0])
        clashes = {api.page.lower(), api.principle.lower()} & taken
        apis.append(
            replace(api, page=f"{api.page}_{module}", principle=f"{api.principle}_{module}")
            if clashes
            else api
        )
        taken |= {api.page.lower(), api.principle.lower()}
    return apis


def _note_orphans(draft: _Draft) -> None:
    reached: set[str] = set()
    pending = [page.id for page in draft.pages.values() if page.type == "Workflow"]
    while pending:
        page_id = pending.pop()
        if page_id not in reached and page_id in draft.pages:
            reached.add(page_id)
            pending += [edge.target for edge in draft.pages[page_id].edges]
    for page_id in sorted(set(draft.pages) - reached):
        page = draft.pages[page_id]
        draft.pages[page_id] = replace(page, notes=page.notes or orphan_note(_reason(draft, page)))


def _reason(draft: _Draft, page: Page) -> str:
    api = (
        draft.api_of.get(page.id.replace("Principle:", "Implementation:", 1))
        if page.type != "Principle"
        else None
    )
    if page.type == "Principle":
        wanted = {edge.target for edge in page.edges if edge.kind == "implemented_by"}
        api = next((draft.api_of[one] for one in sorted(wanted) if one in draft.api_of), None)
    if api is not None:
        return api.reasons[0] if api.reasons else "public API"
    return {"Environment": "no workflow needs it", "Heuristic": "no workflow uses what it applies to"}[
        page.type
    ]


@dataclass(frozen=True)
class Phase:
    """A phase: its title, what its progress counts, and its function."""

    title: str
    unit: str
    run: Callable[[_Draft, Progress], None]


PHASES: dict[str, Phase] = {
    "0": Phase("repository map", "files", _map),
    "1a": Phase("anchoring", "workflows", _anchor),
    "1b": Phase("enrichment of steps", "APIs", _enrich_steps),
    "2": Phase("excavation and synthesis", "APIs", _excavate),
    "3": Phase("enrichment", "pages", _enrich),
    "4": Phase("audit", "pages", _audit),
    "5": Phase("orphans", "APIs", _orphans),
    "6": Phase("audit of orphans", "pages", _audit),
}
"""In order; each has a report of its own in `_reports/`."""
