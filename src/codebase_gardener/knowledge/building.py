"""Building the wiki: the phases in order, a person's corrections, texts, and their audit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from codebase_gardener.knowledge.built import Build, judged
from codebase_gardener.knowledge.draft import WikiDraft
from codebase_gardener.knowledge.links.resolution import resolve
from codebase_gardener.knowledge.pages.auditing import audit
from codebase_gardener.knowledge.pages.overrides import Override, apply_overrides
from codebase_gardener.knowledge.pages.rendering import render_pages
from codebase_gardener.knowledge.pages.reports import may_be_there
from codebase_gardener.knowledge.pages.structure import Page
from codebase_gardener.knowledge.pages.verification import derived_files
from codebase_gardener.knowledge.phases import PHASES
from codebase_gardener.knowledge.sources.repository_facts import RepositoryFacts
from codebase_gardener.languages.table import is_code
from codebase_gardener.utils.memo import remembering
from codebase_gardener.utils.progress import Reporter

if TYPE_CHECKING:
    from codebase_gardener.knowledge.writers.prose_writing import ProseCache, ProseReport, Writer

__all__ = ["build"]


@remembering()
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
    draft = WikiDraft(repository, resolve(repository.facts))
    done = list(PHASES)[: list(PHASES).index(phase) + 1]
    for name in done:
        with reporter.stage(f"{name} {PHASES[name].title}", PHASES[name].unit) as progress:
            PHASES[name].run(draft, progress)
    pages, told = _written(draft, reporter, writer, prose)
    applied = apply_overrides(pages, overrides or {}, repository)
    wiki = draft.wiki(applied.pages)
    texts = render_pages(wiki)
    audited = audit(texts, repository)
    texts |= derived_files(audited, repository, draft.resolution)
    if writer is not None and told is not None:
        from codebase_gardener.knowledge.writers.report import WRITER_REPORT, writer_report

        texts[WRITER_REPORT] = writer_report(writer, told)
    return Build(
        {path: text for path, text in sorted(texts.items()) if may_be_there(path, done)},
        wiki.pages, phase, judged(audited.findings, phase), applied, told,
        draft.resolution.references, draft.resolution.unresolved,
        tuple(path for path, facts in repository.facts.items() if facts.problem and is_code(facts.language)),
    )  # fmt: skip


def _written(
    draft: WikiDraft, reporter: Reporter, writer: Writer | None, cache: ProseCache | None
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
