"""A wiki against its repository, as it was and as it is now."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codebase_gardener.knowledge.built import judged
from codebase_gardener.knowledge.pages.auditing import Audit, audit
from codebase_gardener.knowledge.pages.findings import Finding
from codebase_gardener.knowledge.pages.staleness import Change, changes_of
from codebase_gardener.knowledge.pages.structure import is_page_file
from codebase_gardener.knowledge.pages.verification import compare
from codebase_gardener.knowledge.pages.wiki_folder import read_wiki_files
from codebase_gardener.knowledge.sources.facts_cache import extractor_version
from codebase_gardener.utils.collection import paused_collection
from codebase_gardener.utils.memo import remembering
from codebase_gardener.wiki.building import facts_of, rebuilt
from codebase_gardener.wiki.paths import WikiPaths
from codebase_gardener.wiki.record import WikiRecord
from codebase_gardener.wiki.source import ProjectSource

if TYPE_CHECKING:
    from codebase_gardener.utils.progress import Reporter

__all__ = ["WikiReport", "verify_wiki"]


_COMMIT = re.compile(r"^commit: \"([^\"\n]{1,200})\"$", re.MULTILINE)

_OF_ANY_VERSION = ("anchor", "hash", "symbol", "quote", "links", "inverse", "pair", "evidence", "commit")
"""Checks that hold a page against the repository, not against what this version would write."""
_OTHER_VERSION = (
    "another version of this program, or of Python, built it: anchors, links and quotes are judged, "
    "its figures and layout are not compared"
)


@dataclass(frozen=True)
class WikiReport:
    """A wiki as it was verified.

    Attributes:
        project: Its name.
        folder: Where it is.
        built_from: The revision that it was built from.
        revision: The source as it is now.
        checked: How much was checked: pages, links, anchors, quotes.
        findings: What does not hold, by file and line.
        stale: Anchors whose lines have moved or changed since it was built, with the diff.
        note: What else is to be known; "".
    """

    project: str
    folder: Path
    built_from: str
    revision: str
    checked: dict[str, int]
    findings: tuple[Finding, ...]
    stale: tuple[Change, ...]
    note: str = ""

    @property
    def ok(self) -> bool:
        """Whether every link, anchor, quote, count and index holds."""
        return not self.findings and not self.stale

    @property
    def stale_pages(self) -> tuple[str, ...]:
        """Ids of pages whose evidence has changed, not only moved."""
        return tuple(sorted({change.page for change in self.stale if change.found.state != "moved"}))

    def changes_by_anchor(self) -> dict[str, list[str]]:
        """What became of each anchor, in words, with the pages that cite it."""
        found: dict[str, list[str]] = {}
        for change in self.stale:
            found.setdefault(f"{change.found.state}: {change}", []).append(change.page)
        return found

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "project": self.project,
            "folder": str(self.folder),
            "built_from": self.built_from,
            "revision": self.revision,
            "checked": self.checked,
            "findings": [{**vars(finding), "mend": finding.mend} for finding in self.findings],
            "stale_pages": list(self.stale_pages),
            "changes": [
                {
                    "page": change.page,
                    "anchor": str(change.source.anchor),
                    "state": change.found.state,
                    "now": None if change.found.state == "gone" else str(change.found.source.anchor),
                    "diff": change.found.diff,
                }
                for change in self.stale
            ],
            "note": self.note,
            "ok": self.ok,
        }


@paused_collection()
@remembering()  # the audit of what lies there and that of a fresh build ask the same of the same pages
def verify_wiki(paths: WikiPaths, source: ProjectSource, reporter: Reporter) -> WikiReport:
    """Check a wiki against its source as it is now.

    Every link, anchor, quote, pair, index and report is checked by itself, and every file is compared with a fresh
    build of what it was built from, so that no figure in a sentence can be wrong. Then the anchors are looked for in
    the source as it is now.

    Args:
        paths: Where it lies.
        source: Its repository.
        reporter: Told of each stage.

    Raises:
        NotFoundError: The wiki is not built.
    """
    folder, record = paths.require(), WikiRecord.read(paths.record)
    is_ours = record is None or record.version == extractor_version()
    with reporter.stage("snapshot", "files") as progress:
        now = source.now(progress)
    files = read_wiki_files(folder)
    texts = {file: text for file, text in files.items() if is_page_file(file)}
    built_from = record.revision if record is not None else _built_from(texts)
    kept = record.snapshot if record is not None else source.latest_id
    before = now if built_from == now.revision else source.kept(kept) or now
    if record is not None and record.date:
        before = replace(before, date=record.date)
    repository = facts_of(paths, before, reporter)
    with reporter.stage("verify", "pages") as progress:
        audited = audit(texts, repository)
        findings = set(judged(audited.findings, record.phase if record else "6"))
        if is_ours:
            findings |= set(compare(folder, rebuilt(paths, files, repository)))
        else:
            findings = {finding for finding in findings if finding.check in _OF_ANY_VERSION}
        if built_from != now.revision:
            moved = f"the wiki is of {built_from or 'no state'}, the source is now {now.revision}"
            findings.add(Finding("", 0, "commit", moved))
        stale = changes_of(audited.wiki.pages, before, now)
        progress(len(texts), len(texts))
    notes = [] if is_ours else [_OTHER_VERSION]
    if not Path(now.source).exists():
        notes.append(f"{now.source} is not there any more: judged by its last snapshot")
    return WikiReport(
        paths.project, folder, built_from, now.revision, _checked(audited, len(texts)), tuple(sorted(findings)),
        stale, "; ".join(notes),
    )  # fmt: skip


def _checked(audited: Audit, pages: int) -> dict[str, int]:
    counts = audited.counts.values()
    return {
        "pages": pages,
        **{kind: sum(getattr(count, kind) for count in counts) for kind in ("links", "anchors", "quotes")},
    }


def _built_from(texts: Mapping[str, str]) -> str:
    """The revision that most pages name."""
    found = Counter(match[1] for text in texts.values() if (match := _COMMIT.search(text)))
    return min(found, key=lambda revision: (-found[revision], revision), default="")
