"""`verify`: a wiki against its repository; what other documents claim about lines, against its syntax trees."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codebase_gardener.config.settings import Settings
from codebase_gardener.knowledge.claims.forms import read_claims
from codebase_gardener.knowledge.claims.judging import judge_claims
from codebase_gardener.knowledge.claims.sources import ClaimSources
from codebase_gardener.knowledge.claims.verdicts import ClaimVerdict, tally
from codebase_gardener.knowledge.pages.findings import Finding
from codebase_gardener.repository.snapshot import take_snapshot
from codebase_gardener.utils.error_handling import ConflictError, InvalidInputError, NotFoundError
from codebase_gardener.utils.progress import Progress, silent

if TYPE_CHECKING:
    from codebase_gardener.gardener.facade import Gardener
    from codebase_gardener.knowledge.pages.staleness import Change
    from codebase_gardener.utils.progress import Reporter

__all__ = ["ClaimsReport", "WikiReport", "verify_claims", "verify_wiki"]


_COMMIT = re.compile(r"^commit: \"([^\"\n]{1,200})\"$", re.MULTILINE)


@dataclass(frozen=True)
class ClaimsReport:
    """All claims of some documents.

    Attributes:
        repository: What was read, as `Snapshot.source` says.
        revision: The state they were judged at.
        verdicts: In the order of the documents and their lines.
    """

    repository: str
    revision: str
    verdicts: tuple[ClaimVerdict, ...]

    @property
    def ok(self) -> bool:
        """Whether every claim with a symbol or a quote is exact."""
        return all(verdict.verdict in ("exact", "no-symbol") for verdict in self.verdicts)

    @property
    def tally(self) -> dict[str, int]:
        """Claims by verdict."""
        return tally(self.verdicts)

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "claims": [verdict.as_dict() for verdict in self.verdicts],
            "tally": self.tally,
            "ok": self.ok,
            "repository": self.repository,
            "revision": self.revision,
        }


def verify_claims(
    settings: Settings,
    documents: Sequence[Path],
    repository: str,
    *,
    revision: str | None = None,
    progress: Progress = silent,
) -> ClaimsReport:
    """Judge every claim of Markdown documents; nothing of the repository is run, nothing is kept.

    Args:
        settings: For the size up to which files are read.
        documents: Markdown that cites lines and names symbols.
        repository: A directory, a git URL, or a source archive.
        revision: A commit, branch or tag; by default the working tree.
        progress: Files read.

    Raises:
        InvalidInputError: A document cannot be read.
        SourceError: The repository cannot be read.
    """
    texts = [(str(document), _read(document)) for document in documents]
    snapshot = take_snapshot(
        repository, revision=revision, max_file_bytes=settings.max_file_bytes, progress=progress
    )
    sources = ClaimSources(snapshot)
    verdicts = [
        verdict for name, text in texts for verdict in judge_claims(read_claims(text), sources, document=name)
    ]
    return ClaimsReport(snapshot.source, snapshot.revision, tuple(verdicts))


def _read(document: Path) -> str:
    try:
        text = document.read_bytes().decode("utf-8-sig", "replace")
    except (OSError, ValueError) as error:
        raise InvalidInputError(
            f"{document} cannot be read: {error}", hint="name a Markdown file after --claims"
        ) from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


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


def verify_wiki(gardener: Gardener, project: str, reporter: Reporter) -> WikiReport:
    """Check a project's wiki against its source as it is now.

    Every link, anchor, quote, pair, index and report is checked by itself, and every file is compared with a fresh
    build of what it was built from, so that no figure in a sentence can be wrong. Then the anchors are looked for in
    the source as it is now.

    Args:
        gardener: The home.
        project: Its name.
        reporter: Told of each stage.

    Raises:
        NotFoundError: There is no such project, or it has no wiki.
        ConflictError: Another version of this program built it.
    """
    from codebase_gardener.knowledge.built import judged
    from codebase_gardener.knowledge.pages.auditing import audit
    from codebase_gardener.knowledge.pages.staleness import changes_of
    from codebase_gardener.knowledge.pages.structure import FOLDERS
    from codebase_gardener.knowledge.pages.verification import compare
    from codebase_gardener.knowledge.pages.wiki_folder import read_wiki_files
    from codebase_gardener.knowledge.sources.facts_cache import extractor_version
    from codebase_gardener.wiki.building import current_source, facts_of, rebuilt, wiki_folder
    from codebase_gardener.wiki.record import built_snapshot, read_record

    folder = wiki_folder(gardener, project)
    if not folder.is_dir():
        raise NotFoundError(f"{project} has no wiki yet", hint=f"gardener wiki build {project}")
    record = read_record(folder)
    if record is not None and record.version != extractor_version():
        raise ConflictError(
            f"the wiki of {project} was built by another version of Codebase Gardener",
            hint=f"gardener wiki build {project}",
        )
    with reporter.stage("snapshot", "files") as progress:
        now = current_source(gardener, project, progress)
    files = read_wiki_files(folder)
    texts = {file: text for file, text in files.items() if file.partition("/")[0] in FOLDERS}
    built_from = record.revision if record is not None else _built_from(texts)
    before = now if built_from == now.revision else built_snapshot(gardener, project, record) or now
    repository = facts_of(gardener, project, before, reporter)
    with reporter.stage("verify", "pages") as progress:
        audited = audit(texts, repository)
        expected = rebuilt(gardener, project, files, repository)
        findings = {*judged(audited.findings, record.phase if record else "6"), *compare(folder, expected)}
        if built_from != now.revision:
            moved = f"the wiki is of {built_from or 'no state'}, the source is now {now.revision}"
            findings.add(Finding("", 0, "commit", moved))
        stale = changes_of(audited.wiki.pages, before, now)
        progress(len(texts), len(texts))
    counts = audited.counts.values()
    checked = {
        "pages": len(texts),
        "links": sum(count.links for count in counts),
        "anchors": sum(count.anchors for count in counts),
        "quotes": sum(count.quotes for count in counts),
    }
    note = (
        ""
        if Path(now.source).exists()
        else f"{now.source} is not there any more: judged by its last snapshot"
    )
    return WikiReport(
        project, folder, built_from, now.revision, checked, tuple(sorted(findings)), stale, note
    )


def _built_from(texts: Mapping[str, str]) -> str:
    """The revision that most pages name."""
    found = Counter(match[1] for text in texts.values() if (match := _COMMIT.search(text)))
    return min(found, key=lambda revision: (-found[revision], revision), default="")
