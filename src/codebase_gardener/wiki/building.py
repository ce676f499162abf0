"""Bringing a wiki up to date with a snapshot, and building again what lies there."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codebase_gardener.utils.error_handling import ConflictError
from codebase_gardener.utils.files import sha256_text
from codebase_gardener.utils.progress import Quiet, Reporter
from codebase_gardener.wiki.paths import WikiPaths
from codebase_gardener.wiki.record import WikiRecord

if TYPE_CHECKING:
    from codebase_gardener.knowledge.built import Build
    from codebase_gardener.knowledge.pages.wiki_folder import Published
    from codebase_gardener.knowledge.sources.repository_facts import RepositoryFacts
    from codebase_gardener.knowledge.writers.prose_writing import Writer
    from codebase_gardener.repository.snapshot import Snapshot

__all__ = [
    "Built",
    "plain_build",
    "update_wiki",
    "facts_of",
    "rebuilt",
    "recalling_results",
    "remembering_results",
]


@dataclass(frozen=True)
class Built:
    """A wiki that was built.

    Attributes:
        project: Its name.
        revision: What it was built from.
        folder: Where it is.
        build: Pages, and what each phase found.
        published: Files that changed.
    """

    project: str
    revision: str
    folder: Path
    build: Build
    published: Published

    def summary(self) -> list[str]:
        """What a person is told, line by line."""
        counts = self.build.as_dict()["pages"]
        pages = ", ".join(f"{number} {name}" for name, number in counts.items()) or "none"
        known = self.build.references - self.build.unresolved
        lines = [
            f"{self.project} at {self.revision}: {pages}",
            f"{known:,} of {self.build.references:,} references to names resolved",
            f"{len(self.published.written)} files written, {self.published.kept} as before, "
            f"{len(self.published.removed)} removed: {self.folder}",
        ]
        told = self.build.prose
        if told is not None:
            lines += told.lines()
        applied = self.build.corrections
        if applied.corrected:
            many = "page carries" if len(applied.corrected) == 1 else "pages carry"
            lines.append(f"{len(applied.corrected)} {many} a correction")
        for page, diff in applied.stale.items():
            lines += [f"stale: the lines that the correction of {page} was written for have changed:", diff]
        lines += [f"not put in: {problem}" for problem in applied.problems]
        unread = self.build.unread
        if unread:
            shown = ", ".join(unread[:5]) + (" …" if len(unread) > 5 else "")
            lines.append(f"code that could not be parsed, whole or in part ({len(unread)}): {shown}")
        lines += [f"{found.file}:{found.line}: {found.what}" for found in self.build.findings]
        return lines

    def as_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {
            "project": self.project,
            "revision": self.revision,
            "folder": str(self.folder),
            **self.build.as_dict(),
            "written": list(self.published.written),
            "removed": list(self.published.removed),
            "kept": self.published.kept,
        }


def update_wiki(
    paths: WikiPaths,
    snapshot: Snapshot,
    snapshot_id: str,
    reporter: Reporter,
    *,
    writer: Writer | None = None,
    phase: str = "6",
) -> Built:
    """Bring a wiki up to date.

    Args:
        paths: Where it lies.
        snapshot: What it is built from.
        snapshot_id: What that is kept under.
        reporter: Told of each phase.
        writer: Improves the prose.
        phase: The last phase to do; one that was done before is not taken back.

    Raises:
        InvalidInputError: The overrides file cannot be read.
        ConflictError: Another process is building this wiki.
    """
    from codebase_gardener.knowledge.pages.wiki_folder import wiki_lock
    from codebase_gardener.knowledge.phases import PHASES

    known = WikiRecord.read(paths.record)
    if known is not None and paths.folder.is_dir():
        phase = max(phase, known.phase, key=list(PHASES).index)
    lock = wiki_lock(paths.folder)
    if not lock.acquire():
        raise ConflictError(
            f"the wiki of {paths.project} is being built by another process", hint="wait for it"
        )
    try:
        return _built(paths, snapshot, snapshot_id, reporter, writer, phase)
    finally:
        lock.release()


def _built(
    paths: WikiPaths,
    snapshot: Snapshot,
    snapshot_id: str,
    reporter: Reporter,
    writer: Writer | None,
    phase: str,
) -> Built:
    from codebase_gardener.knowledge.building import build
    from codebase_gardener.knowledge.pages.overrides import read_overrides
    from codebase_gardener.knowledge.pages.wiki_folder import publish_wiki
    from codebase_gardener.knowledge.sources.facts_cache import extractor_version
    from codebase_gardener.knowledge.writers.prose_writing import ProseCache
    from codebase_gardener.knowledge.writers.report import WRITER_REPORT

    overrides = read_overrides(paths.overrides)
    repository = facts_of(paths, snapshot, reporter)
    prose = ProseCache(paths.prose) if writer is not None else None
    with remembering_results(paths):
        made = build(repository, reporter, overrides=overrides, writer=writer, prose=prose, phase=phase)
    published = publish_wiki(paths.folder, made.files)
    report = made.files.get(WRITER_REPORT)
    told = "" if report is None else sha256_text(report)
    WikiRecord(snapshot.revision, snapshot_id, phase, extractor_version(), snapshot.date, told).write(
        paths.record
    )
    return Built(paths.project, snapshot.revision, paths.folder, made, published)


def plain_build(paths: WikiPaths, snapshot: Snapshot, snapshot_id: str, reporter: Reporter) -> Build:
    """What a build without a model makes of a snapshot, whatever lies there.

    The wiki is brought up to date with it, but one that a model wrote stays, and one that is being built.
    """
    from codebase_gardener.knowledge.building import build
    from codebase_gardener.knowledge.pages.overrides import read_overrides

    record = WikiRecord.read(paths.record)
    if record is None or not record.writer_report:
        with suppress(ConflictError):
            return update_wiki(paths, snapshot, snapshot_id, reporter).build
    with remembering_results(paths):
        return build(facts_of(paths, snapshot, reporter), reporter, overrides=read_overrides(paths.overrides))


def remembering_results(paths: WikiPaths) -> AbstractContextManager[None]:
    """What the last build computed is not computed again."""
    from codebase_gardener.knowledge.sources.facts_cache import extractor_version
    from codebase_gardener.utils.memo import remembering

    return remembering(paths.results, extractor_version())


def rebuilt(paths: WikiPaths, files: Mapping[str, str], repository: RepositoryFacts) -> dict[str, str]:
    """What a wiki must hold: built again, with the answers of its writer as they were kept.

    Args:
        paths: Where it lies.
        files: What lies there: which phases were done, and who wrote.
        repository: What it was built from.
    """
    from codebase_gardener.knowledge.building import build
    from codebase_gardener.knowledge.pages.overrides import read_overrides
    from codebase_gardener.knowledge.pages.reports import report_phases
    from codebase_gardener.knowledge.phases import PHASES
    from codebase_gardener.knowledge.writers.prose_writing import ProseCache
    from codebase_gardener.knowledge.writers.report import WRITER_REPORT, writer_of

    record = WikiRecord.read(paths.record)
    phases = {record.phase} if record is not None else report_phases(files)
    report = files.get(WRITER_REPORT)
    writer = writer_of(report or "")
    made = build(
        repository,
        Quiet(),
        overrides=read_overrides(paths.overrides),
        writer=writer,
        prose=ProseCache(paths.prose) if writer else None,
        phase=[name for name in PHASES if name in phases][-1] if phases else "6",
    )
    expected = dict(made.files)
    expected.pop(WRITER_REPORT, None)
    if record is not None and report is not None and record.wrote(report):
        expected[WRITER_REPORT] = report  # it tells of a run: what failed then may be kept now
    return expected


def facts_of(paths: WikiPaths, snapshot: Snapshot, reporter: Reporter) -> RepositoryFacts:
    """The facts of a snapshot's files, with those kept that are known already."""
    from codebase_gardener.knowledge.extraction import extract
    from codebase_gardener.knowledge.links.called_constants import with_called_constants
    from codebase_gardener.knowledge.sources.builds import with_builds
    from codebase_gardener.knowledge.sources.declarations import with_declarations
    from codebase_gardener.knowledge.sources.facts_cache import FactsCache
    from codebase_gardener.knowledge.sources.identity import identity
    from codebase_gardener.knowledge.sources.needs_of_tests import with_test_needs
    from codebase_gardener.knowledge.sources.repository_facts import RepositoryFacts
    from codebase_gardener.knowledge.sources.type_tests import with_type_tests

    with reporter.stage("facts", "files") as progress:
        facts = FactsCache(paths.facts).extract_all(snapshot.files, extract, progress)
    owner_repo, repo = identity(snapshot)
    programs = frozenset(file.path for file in snapshot.files if file.text.startswith("#!"))
    told = with_test_needs(with_declarations(with_type_tests(with_builds(facts), programs)))
    known = with_called_constants(told, {file.path: file.text for file in snapshot.files})
    return RepositoryFacts(owner_repo, snapshot, known, repo)


def recalling_results(paths: WikiPaths) -> AbstractContextManager[None]:
    """What the last build computed is not computed again, and not written either."""
    from codebase_gardener.knowledge.sources.facts_cache import extractor_version
    from codebase_gardener.utils.memo import recalling

    return recalling(paths.results, extractor_version())
