"""Wikis across a home: of whatever a command names, built by the writer it names; pages found in every wiki."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

from codebase_gardener.gardener.facade import Gardener
from codebase_gardener.gardener.shared_wikis import share_wiki
from codebase_gardener.registry.rows import ProjectRow
from codebase_gardener.repository.sources import default_name
from codebase_gardener.utils.collection import paused_collection
from codebase_gardener.utils.error_handling import InvalidInputError
from codebase_gardener.utils.progress import Reporter

if TYPE_CHECKING:
    from concurrent.futures import Future

    from codebase_gardener.repository.snapshot import Snapshot
    from codebase_gardener.wiki.building import Built
    from codebase_gardener.wiki.project import ProjectWiki
    from codebase_gardener.wiki.writing import OpenWriter

__all__ = ["build_wiki", "find_wiki", "named_writer"]

_LAST = "6"  # of `phases.PHASES`


def build_wiki(
    gardener: Gardener,
    what: str,
    reporter: Reporter,
    *,
    writer: str = "none",
    phase: str = _LAST,
    revision: str | None = None,
    name: str | None = None,
    ahead: Future[Snapshot] | None = None,
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
        ahead: Gives the source, if it is being read already (`reading_ahead`).

    Raises:
        InvalidInputError: No such phase, or an overrides file that cannot be read.
        SourceError: The repository cannot be read.
        ConflictError: Another process is building this wiki.
    """
    if phase != _LAST:
        from codebase_gardener.knowledge.phases import PHASES

        if phase not in PHASES:
            raise InvalidInputError(f"there is no phase {phase!r}", hint=f"one of: {', '.join(PHASES)}")
    model = named_writer(gardener, writer)
    with paused_collection(), _remembering(gardener, what, name):
        with _loading("codebase_gardener.knowledge.building"):
            project, snapshot = _read_source(gardener, what, reporter, ahead, revision=revision, name=name)
        with gardener.manager.using_project(project.name):
            wiki = gardener.wiki(project.name)
            built = wiki.build(snapshot, reporter, writer=model, phase=phase)
            share_wiki(gardener.shared, wiki.paths)
            return built


@contextmanager
def _loading(module: str) -> Iterator[None]:
    """A module is loaded meanwhile: reading a source is mostly waiting for the scan for secrets."""
    loading = Thread(target=import_module, args=(module,))
    loading.start()
    try:
        yield
    finally:
        loading.join()


def _remembering(gardener: Gardener, what: str, name: str | None) -> AbstractContextManager[None]:
    """What a project's last build computed is not computed again, and what this one computes is kept."""
    from codebase_gardener.wiki.building import remembering_results
    from codebase_gardener.wiki.paths import WikiPaths

    here = str(Path(what).resolve()) if Path(what).is_dir() else what
    known = (row.name for row in gardener.projects() if what == row.name or here == row.source)
    return remembering_results(
        WikiPaths(gardener.settings.projects_dir / (name or next(known, "") or default_name(what)))
    )


def _read_source(
    gardener: Gardener,
    what: str,
    reporter: Reporter,
    ahead: Future[Snapshot] | None,
    *,
    revision: str | None,
    name: str | None,
) -> tuple[ProjectRow, Snapshot]:
    """A project, and its source as it is now (its last snapshot, where the source is no directory here)."""
    from codebase_gardener.wiki.ahead import read_ahead

    project = {row.name: row for row in gardener.projects()}.get(what)
    if project is not None and name not in (None, project.name):
        raise InvalidInputError(
            f"{what} is a project already: it cannot be called {name}", hint="leave out --name"
        )
    if project is not None and revision is None and not Path(project.source).is_dir():
        return project, gardener.snapshot(project.name)
    if project is None and "/" not in what and ":" not in what and not Path(what).expanduser().exists():
        gardener.registry.project(what)  # a name: raises, with the names that are near
    source = project.source if project is not None else what
    with reporter.stage("snapshot", "files") as progress:
        return gardener.add(
            source,
            name=project.name if project is not None else name,
            revision=revision,
            progress=progress,
            code=False,
            taken=read_ahead(ahead, source),
        )


def named_writer(gardener: Gardener, spec: str) -> OpenWriter | None:
    """The writer that a command names, with the servers of the settings and the adapters of this home (`writing`)."""
    from codebase_gardener.gardener.generating import open_adapter
    from codebase_gardener.wiki.writing import open_writer

    settings = gardener.settings
    return open_writer(
        spec,
        openai_url=settings.openai_base_url,
        ollama_url=settings.ollama_url,
        timeout_s=settings.writer_timeout_s,
        open_adapter=lambda name: open_adapter(gardener, name),
    )


def find_wiki(gardener: Gardener, page: str, project: str | None = None) -> ProjectWiki:
    """The project's wiki; where none is named, the one that has the page, or the only one.

    Raises:
        NotFoundError: There is no such project or page.
        InvalidInputError: Several wikis have it, or lines are named, which every repository may have.
    """
    from codebase_gardener.wiki.pages import find_page
    from codebase_gardener.wiki.sections import lines_anchor

    if project is not None:
        return gardener.wiki(project)
    wikis = [gardener.wiki(row.name) for row in gardener.projects()]
    if len(wikis) == 1:
        return wikis[0]
    if lines_anchor(page):
        raise InvalidInputError(
            f"{page} is a place in a repository, and there are {len(wikis)} projects",
            hint=f"name the project: gardener wiki show PROJECT {page}",
        )
    found = find_page([wiki.paths for wiki in wikis if wiki.paths.folder.is_dir()], page)
    return gardener.wiki(found.wiki.project)
