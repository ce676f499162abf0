"""Reports of the phases 4 (audit), 5 (orphans) and 6 (audit of the orphans)."""

from __future__ import annotations

from collections import Counter

from codebase_gardener.knowledge.pages.findings import CHECKS, Finding
from codebase_gardener.knowledge.pages.markup import code, link_free
from codebase_gardener.knowledge.pages.report_matter import ReportMatter, bullets, report, rows_or_none
from codebase_gardener.knowledge.pages.structure import PAGE_TYPES, Page
from codebase_gardener.knowledge.pages.triage import ORPHAN, RULES, is_orphan
from codebase_gardener.knowledge.pages.wording import counted

__all__ = ["orphan_audit_report", "orphan_report", "page_audit_report"]


def page_audit_report(matter: ReportMatter) -> str:
    """Phase 4: the audit of the pages that workflows lead to."""
    pages = [page for page in matter.wiki.pages if page.id in matter.graph.reachable]
    orphans = {page.file for page in matter.wiki.pages} - {page.file for page in pages}
    findings = [finding for finding in matter.audit.findings if finding.file not in orphans]
    triaged = len(matter.triaged)
    return report(matter, "Phase 4: Audit Report", [
        *_audited(matter, pages, findings),
        ("Notes for Phase 5 (Orphans)", bullets([f"Files of code that no workflow's page covers: {triaged}"])),
    ])  # fmt: skip


def orphan_audit_report(matter: ReportMatter) -> str:
    """Phase 6: the audit of all pages, orphans included."""
    pages = list(matter.wiki.pages)
    kept = [page for page in pages if is_orphan(page)]
    return report(matter, "Phase 6: Orphan Audit Report", [
        *_audited(matter, pages, list(matter.audit.findings)),
        ("Orphans Kept on Purpose", rows_or_none(("Page", "Why"), (
            (page.id, link_free(page.notes.removeprefix(ORPHAN))) for page in kept))),
    ])  # fmt: skip


def _audited(matter: ReportMatter, pages: list[Page], findings: list[Finding]) -> list[tuple[str, str]]:
    """What was checked and what was found, both counted."""
    counts = [matter.audit.counts[page.file] for page in pages if page.file in matter.audit.counts]
    by_type = [(kind, [page for page in pages if page.type == kind]) for kind in PAGE_TYPES]
    by_check = Counter(finding.check for finding in findings)
    unreachable = Counter(page.type for page in pages if page.id not in matter.graph.reachable)
    checks = [(name, str(by_check[name])) for name in CHECKS if name not in LATER]
    return [
        ("Summary", bullets([
            f"Pages audited: {len(pages)}",
            f"Links checked: {sum(item.links for item in counts)}",
            f"Anchors checked: {sum(item.anchors for item in counts)}",
            f"Quotes checked: {sum(item.quotes for item in counts)}",
            f"Findings: {len(findings)}",
        ])),
        ("Pages", rows_or_none(("Type", "Pages", "No Workflow Leads to"), (
            (kind, str(len(of_type)), str(unreachable[kind])) for kind, of_type in by_type))),
        ("Checks", rows_or_none(("Check", "Findings"), checks)),
        ("Findings", rows_or_none(("Page", "Line", "Check", "What", "How to Mend"), (
            (code(item.file), str(item.line or ""), item.check, link_free(item.what), item.mend)
            for item in findings))),
    ]  # fmt: skip


LATER = ("index", "report", "missing", "stray")
"""Checks of the folder as a whole, which come after the reports are written."""


def orphan_report(matter: ReportMatter) -> str:
    """Phase 5: what became of each file of code that no workflow's page covers."""
    triaged = matter.triaged
    decisions = Counter(item.decision for item in triaged)
    by_rule = Counter(item.reason for item in triaged if item.review is None)
    reviewed = [item for item in triaged if item.review]
    covered = [item for item in triaged if item.pages]
    return report(matter, "Phase 5: Orphan Report", [
        ("Summary", bullets([
            f"Files of code without coverage: {len(triaged)}", f"Discarded: {decisions['discard']}",
            f"Kept: {decisions['keep']}", f"Decided by a review: {len(reviewed)}",
            f"Covered by pages that are kept as orphans: {len(covered)}",
        ])),
        ("Rules", rows_or_none(("Decision", "Rule", "Files", "Source"), (
            (rule.decision, rule.what, str(by_rule[rule.what]), rule.source) for rule in RULES))),
        ("Kept", _triage_table(matter, "keep")), ("Discarded", _triage_table(matter, "discard")),
        ("Reviews", rows_or_none(("File", "Public API", "User-facing", "Algorithm", "Decision"), (
            (code(item.path), item.review.public_api, item.review.user_facing, item.review.algorithm, item.decision)
            for item in reviewed if item.review))),
        ("Notes for Phase 6 (Orphan Audit)", bullets([
            f"Pages kept as orphans: {sum(map(is_orphan, matter.wiki.pages))}",
            f"Files that are kept without a page: "
            f"{counted(sum(item.decision == 'keep' and not item.pages for item in triaged), 'file')}",
        ])),
    ])  # fmt: skip


def _triage_table(matter: ReportMatter, decision: str) -> str:
    return rows_or_none(("File", "Lines", "Reason", "Pages"), (
        (code(item.path), str(item.lines), item.reason, ", ".join(map(matter.graph.short, item.pages)))
        for item in matter.triaged if item.decision == decision))  # fmt: skip
