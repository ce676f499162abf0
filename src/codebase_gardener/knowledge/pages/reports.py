"""The phases' reports: every figure is counted from the pages and the repository, none is asserted."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from codebase_gardener.knowledge.links.resolution import Resolution
from codebase_gardener.knowledge.pages.audit_reports import (
    orphan_audit_report,
    orphan_report,
    page_audit_report,
)
from codebase_gardener.knowledge.pages.auditing import Audit
from codebase_gardener.knowledge.pages.pairing_reports import enrichment_report, synthesis_report
from codebase_gardener.knowledge.pages.report_matter import ReportMatter
from codebase_gardener.knowledge.pages.workflow_reports import (
    anchoring_report,
    repo_map_report,
    tracing_report,
)
from codebase_gardener.knowledge.sources.repository_facts import RepositoryFacts

__all__ = ["REPORTS", "may_be_there", "render_reports", "report_phases"]

_REPORT = re.compile(r"_reports/phase(\w+?)_")

REPORTS: dict[str, Callable[[ReportMatter], str]] = {
    "_reports/phase0_repo_map.md": repo_map_report,
    "_reports/phase1a_anchoring.md": anchoring_report,
    "_reports/phase1b_enrichment.md": tracing_report,
    "_reports/phase2_excavation_synthesis.md": synthesis_report,
    "_reports/phase3_enrichment.md": enrichment_report,
    "_reports/phase4_audit.md": page_audit_report,
    "_reports/phase5_orphans.md": orphan_report,
    "_reports/phase6_orphan_audit.md": orphan_audit_report,
}
"""Each report's file and what writes it."""


def may_be_there(path: str, phases: Iterable[str]) -> bool:
    """Whether a file belongs to a wiki of these phases: the report of a phase that was not done does not."""
    found = _REPORT.match(path)
    return found is None or found[1] in phases


def report_phases(files: Iterable[str]) -> set[str]:
    """The phases whose reports are among the files of a wiki."""
    return {found[1] for file in files if (found := _REPORT.match(file))}


def render_reports(audit: Audit, repository: RepositoryFacts, resolution: Resolution) -> dict[str, str]:
    """The text of every report by its file."""
    matter = ReportMatter(audit, repository, resolution)
    return {file: write(matter) for file, write in REPORTS.items()}
