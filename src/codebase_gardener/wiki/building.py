"""The wiki of a project: built from its source as it is now, into a folder that is replaced as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codebase_gardener.registry.rows import ProjectRow
from codebase_gardener.utils.collection import paused_collection
from codebase_gardener.utils.error_handling import ConflictError, InvalidInputError
from codebase_gardener.utils.files import sha256_text
from codebase_gardener.utils.progress import Progress, Quiet, Reporter, silent
from codebase_gardener.wiki.record import WikiRecord, is_kept_report, keep_record, read_record

if TYPE_CHECKING:
    from codebase_gardener.gardener.facade import Gardener
    from codebase_gardener.knowledge.built import Build
    from codebase_gardener.knowledge.pages.wiki_folder import Published
    from codebase_gardener.knowledge.sources.repository_facts import RepositoryFacts
    from codebase_gardener.knowledge.writers.prose_writing import ProseCache, Writer
    from codebase_gardener.repository.snapshot import Snapshot

__all__ = [
    "Built",
    "build_wiki",
    "current_source",
    "facts_of",
    "overrides_file",
    "read_source",
    "rebuilt",
    "wiki_folder",
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


def wiki_folder(gardener: Gardener, project: str) -> Path:
    """Where a project's wiki is, or will be."""
    return gardener.settings.projects_dir / gardener.registry.project(project).name / "wiki"


def overrides_file(gardener: Gardener, project: str) -> Path:
    """Where a person's corrections of a project's wiki are, or will be."""
    return wiki_folder(gardener, project).with_name("wiki-overrides.yaml")


def build_wiki(
    gardener: Gardener,
    what: str,
    reporter: Reporter,
    *,
    writer: str = "none",
    phase: str = "6",
    revision: str | None = None,
    name: str | None = None,
) -> Built:
    """Bring a project's wiki up to date with its source.

    Args:
        gardener: The home.
        what: A project; or a directory, git URL or archive, which becomes one.
        reporter: Told of each phase.
        writer: Who improves the prose: "none", "openai:MODEL", "ollama:MODEL" or an adapter's name.
        phase: The last phase to do, one of `phases.PHASES`.
        revision: A commit, branch or tag; by default the source as it is now.
        name: Of the project, where `what` becomes one.

    Raises:
        InvalidInputError: No such phase, or an overrides file that cannot be read.
        SourceError: The repository cannot be read.
        ConflictError: Another process is building this wiki.
    """
    from codebase_gardener.knowledge.phases import PHASES
    from codebase_gardener.wiki.writing import open_writer

    if phase not in PHASES:
        raise InvalidInputError(f"there is no phase {phase!r}", hint=f"one of: {', '.join(PHASES)}")
    model = open_writer(writer, gardener)
    with paused_collection(), _remembering(gardener, name or what):
        project, snapshot = read_source(gardener, what, reporter, revision=revision, name=name)
        return _brought_up(gardener, project, snapshot, reporter, model, phase)


def _brought_up(
    gardener: Gardener,
    project: ProjectRow,
    snapshot: Snapshot,
    reporter: Reporter,
    writer: Writer | None,
    phase: str,
) -> Built:
    from codebase_gardener.knowledge.building import build
    from codebase_gardener.knowledge.pages.overrides import read_overrides
    from codebase_gardener.knowledge.pages.wiki_folder import publish_wiki, wiki_lock
    from codebase_gardener.knowledge.phases import PHASES
    from codebase_gardener.knowledge.sources.facts_cache import extractor_version
    from codebase_gardener.knowledge.writers.report import WRITER_REPORT

    folder = wiki_folder(gardener, project.name)
    known = read_record(folder)
    if known is not None and folder.is_dir():
        phase = max(phase, known.phase, key=list(PHASES).index)  # a phase that was done is not taken back
    lock = wiki_lock(folder)
    if not lock.acquire():
        raise ConflictError(
            f"the wiki of {project.name} is being built by another process", hint="wait for it"
        )
    try:
        overrides = read_overrides(overrides_file(gardener, project.name))
        repository = facts_of(gardener, project.name, snapshot, reporter)
        prose = _prose(gardener, project.name) if writer is not None else None
        with _remembering(gardener, project.name):
            made = build(repository, reporter, overrides=overrides, writer=writer, prose=prose, phase=phase)
        published = publish_wiki(folder, made.files)
        report = made.files.get(WRITER_REPORT)
        keep_record(
            folder,
            WikiRecord(
                snapshot.revision,
                gardener.registry.latest_snapshot(project.name).snapshot_id,
                phase,
                extractor_version(),
                "" if report is None else sha256_text(report),
            ),
        )
    finally:
        lock.release()
    return Built(project.name, snapshot.revision, folder, made, published)


def _remembering(gardener: Gardener, what: str) -> AbstractContextManager[None]:
    """What a project's last build computed is not computed again; of what is no project yet, nothing is known."""
    from codebase_gardener.knowledge.sources.facts_cache import extractor_version
    from codebase_gardener.utils.memo import remembering

    here = str(Path(what).resolve()) if Path(what).is_dir() else what
    known = next((row.name for row in gardener.projects() if what == row.name or here == row.source), None)
    if known is None:
        return nullcontext()
    return remembering(_cache_folder(gardener, known) / "results.msgpack", extractor_version())


def _cache_folder(gardener: Gardener, project: str) -> Path:
    return wiki_folder(gardener, project).with_name("wiki-cache")


def read_source(
    gardener: Gardener, what: str, reporter: Reporter, *, revision: str | None = None, name: str | None = None
) -> tuple[ProjectRow, Snapshot]:
    """A project, and its source as it is now (its last snapshot, where the source is no directory here)."""
    known = {row.name: row for row in gardener.projects()}
    project = known.get(what)
    if project is not None and name not in (None, project.name):
        raise InvalidInputError(
            f"{what} is a project already: it cannot be called {name}", hint="leave out --name"
        )
    if project is not None and revision is None and not Path(project.source).is_dir():
        return project, gardener.snapshot(project.name)
    with reporter.stage("snapshot", "files") as progress:
        source = project.source if project is not None else what
        return gardener.add(
            source,
            name=project.name if project is not None else name,
            revision=revision,
            progress=progress,
            code=False,
        )


def current_source(gardener: Gardener, project: str, progress: Progress = silent) -> Snapshot:
    """A project's source as it is now, without keeping it; its last snapshot, where it is no directory here."""
    from codebase_gardener.repository.snapshot import take_snapshot

    source = gardener.registry.project(project).source
    if not Path(source).is_dir():
        return gardener.snapshot(project)
    return take_snapshot(source, max_file_bytes=gardener.settings.max_file_bytes, progress=progress)


def rebuilt(
    gardener: Gardener, project: str, files: Mapping[str, str], repository: RepositoryFacts
) -> dict[str, str]:
    """What a project's wiki must hold: built again, with the answers of its writer as they were kept.

    Args:
        gardener: The home.
        project: Its name.
        files: The wiki as it lies there: which phases were done, and who wrote.
        repository: What it was built from.
    """
    from codebase_gardener.knowledge.building import build
    from codebase_gardener.knowledge.pages.overrides import read_overrides
    from codebase_gardener.knowledge.pages.reports import report_phases
    from codebase_gardener.knowledge.phases import PHASES
    from codebase_gardener.knowledge.writers.report import WRITER_REPORT, writer_of

    record = read_record(wiki_folder(gardener, project))
    phases = {record.phase} if record is not None else report_phases(files)
    report = files.get(WRITER_REPORT)
    writer = writer_of(report or "")
    made = build(
        repository,
        Quiet(),
        overrides=read_overrides(overrides_file(gardener, project)),
        writer=writer,
        prose=_prose(gardener, project) if writer else None,
        phase=[name for name in PHASES if name in phases][-1] if phases else "6",
    )
    expected = dict(made.files)
    expected.pop(WRITER_REPORT, None)
    if report is not None and is_kept_report(record, report):
        expected[WRITER_REPORT] = report  # it tells of a run: what failed then may be kept now
    return expected


def _prose(gardener: Gardener, project: str) -> ProseCache:
    from codebase_gardener.knowledge.writers.prose_writing import ProseCache

    return ProseCache(_cache_folder(gardener, project) / "prose.jsonl")


def facts_of(gardener: Gardener, project: str, snapshot: Snapshot, reporter: Reporter) -> RepositoryFacts:
    """The facts of a snapshot's files, with those kept that are known already."""
    from codebase_gardener.knowledge.extraction import extract
    from codebase_gardener.knowledge.sources.facts_cache import FactsCache
    from codebase_gardener.knowledge.sources.identity import identity
    from codebase_gardener.knowledge.sources.repository_facts import RepositoryFacts

    cache = FactsCache(_cache_folder(gardener, project) / "facts.msgpack")
    with reporter.stage("facts", "files") as progress:
        facts = cache.extract_all(snapshot.files, extract, progress)
    owner_repo, repo = identity(snapshot)
    return RepositoryFacts(owner_repo, snapshot, facts, repo)
