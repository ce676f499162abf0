"""`verify --claims`: what documents claim about lines, against the syntax trees of a repository, and their repair."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codebase_gardener.config.settings import Settings
from codebase_gardener.gardener.claim_documents import read_documents
from codebase_gardener.knowledge.claims.editing import ClaimDocument
from codebase_gardener.knowledge.claims.link_targets import LinkTargets
from codebase_gardener.knowledge.claims.repairs import repaired
from codebase_gardener.knowledge.claims.sources import ClaimSources
from codebase_gardener.knowledge.claims.verdicts import ClaimVerdict, tally
from codebase_gardener.knowledge.pages.structure import PAGE_TYPES
from codebase_gardener.repository.git import find_repository
from codebase_gardener.repository.git_renames import renamed_path
from codebase_gardener.repository.patterns import Chosen
from codebase_gardener.repository.since import Since
from codebase_gardener.repository.snapshot import take_snapshot
from codebase_gardener.utils.error_handling import ConflictError
from codebase_gardener.utils.files import rewrite
from codebase_gardener.utils.progress import Progress, silent
from codebase_gardener.wiki.paths import WikiPaths

__all__ = ["ClaimsReport", "verify_claims"]


@dataclass(frozen=True)
class ClaimsReport:
    """All claims of some documents.

    Attributes:
        repository: What was read, as `Snapshot.source` says.
        revision: The state they were judged at.
        verdicts: In the order of the documents and their lines.
        written: Documents that were repaired.
    """

    repository: str
    revision: str
    verdicts: tuple[ClaimVerdict, ...]
    written: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether every claim with a symbol or a quote is exact, or is so by now."""
        return not self.failed

    @property
    def failed(self) -> tuple[ClaimVerdict, ...]:
        """Those that do not hold."""
        return tuple(verdict for verdict in self.verdicts if not verdict.holds)

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
            "fixed": sum(verdict.fixed for verdict in self.verdicts),
            "written": list(self.written),
        }


def verify_claims(
    settings: Settings,
    documents: Sequence[Path],
    repository: str,
    *,
    revision: str | None = None,
    since: str | None = None,
    fix: bool = False,
    progress: Progress = silent,
) -> ClaimsReport:
    """Judge every claim of Markdown documents; nothing of the repository is run, nothing of it is kept.

    Args:
        settings: For the size up to which files are read.
        documents: Markdown that cites lines and names symbols, or folders of it.
        repository: A directory, a git URL, or a source archive.
        revision: A commit, branch or tag; by default the working tree.
        since: Only claims that are new or changed since that revision, and those about files that are.
        fix: Write the right range where it is certain. Each document is replaced as a whole or left as it is.
        progress: Files read.

    Raises:
        InvalidInputError: A document cannot be read, or `since` of what is no git repository.
        SourceError: The repository cannot be read.
        ConflictError: A document was changed while it was judged: it is left as it is.
        ResourceError: A document cannot be written.
    """
    folder = _folder(repository)
    read = read_documents(documents, folder, settings.repository.exclude)
    changed = Since.read(repository, since, revision) if since is not None else None
    snapshot = take_snapshot(
        repository,
        revision=revision,
        max_file_bytes=settings.max_file_bytes,
        chosen=Chosen(**settings.repository.model_dump()),
        progress=progress,
    )
    links = LinkTargets(
        snapshot, on_disk=folder if revision is None else None,
        pages=lambda: _wiki_pages(settings, repository), renamed=_renames(folder),
    )  # fmt: skip
    sources = ClaimSources(snapshot, links=links)
    verdicts: list[ClaimVerdict] = []
    made: dict[Path, bytes] = {}
    for file, data in read.items():
        document = ClaimDocument(str(file), data)
        judged = document.judge(sources)
        if changed is not None:
            lines = changed.changed_lines(file, document.text)
            judged = [v for v in judged if v.line in lines or _is_about(v, changed.paths)]
        if fix:
            made[file], judged = repaired(document, data, judged, sources)
        verdicts += judged
    written = [file for file, data in made.items() if data != read[file]]
    for file in written:
        if not rewrite(file, read[file], made[file]):
            raise ConflictError(
                f"{file} was changed while it was judged: it is left as it is", hint="try again"
            )
    return ClaimsReport(snapshot.source, snapshot.revision, tuple(verdicts), tuple(map(str, written)))


def _folder(repository: str) -> Path | None:
    folder = Path(repository).expanduser()
    return folder.resolve() if folder.is_dir() else None


def _renames(folder: Path | None) -> Callable[[str], str]:
    """What a path is called now, by the repository's history where it has one."""
    git = find_repository(folder) if folder else None
    if folder is None or git is None:
        return lambda _: ""
    return lambda path: renamed_path(git, folder, path)


def _wiki_pages(settings: Settings, repository: str) -> frozenset[tuple[str, str]]:
    """Type and name of each page of the wikis that were built of a repository here."""
    from codebase_gardener.gardener.facade import Gardener

    if not settings.projects_dir.is_dir():
        return frozenset()
    source = str(_folder(repository) or repository)
    with Gardener(settings) as gardener:
        wikis = [
            WikiPaths(settings.projects_dir / row.name) for row in gardener.projects() if row.source == source
        ]
    return frozenset(
        (name, page.stem)
        for wiki in wikis
        for name, kind in PAGE_TYPES.items()
        if kind.folder
        for page in (wiki.folder / kind.folder).glob("*.md")
    )


def _is_about(verdict: ClaimVerdict, paths: frozenset[str]) -> bool:
    """Whether a claim is about one of the files, there or gone."""
    if verdict.file:
        return verdict.file in paths
    return any(path == verdict.path or path.endswith(f"/{verdict.path}") for path in paths)
