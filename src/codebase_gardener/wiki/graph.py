"""The graph of a project's last snapshot, kept beside its indexes: made at the first question, mapped at the next."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from codebase_gardener.knowledge.answers.graph import Graph
from codebase_gardener.knowledge.sources.facts_cache import extractor_version
from codebase_gardener.utils.collection import paused_collection
from codebase_gardener.utils.error_handling import NotFoundError, ResourceError
from codebase_gardener.utils.files import remove_tree
from codebase_gardener.utils.memo import recalling
from codebase_gardener.utils.progress import Quiet, Reporter
from codebase_gardener.wiki.building import facts_of
from codebase_gardener.wiki.paths import WikiPaths
from codebase_gardener.wiki.source import ProjectSource

__all__ = ["open_graph"]


def open_graph(paths: WikiPaths, source: ProjectSource, reporter: Callable[[], Reporter] = Quiet) -> Graph:
    """The graph of a project's last snapshot; one that other code wrote is made again.

    Args:
        paths: Of the project.
        source: Its repository.
        reporter: Makes who is told of the stages, where it has to be made.
    """
    folder = paths.graphs / f"{source.latest_id}-{extractor_version()}"
    try:
        return Graph(folder)
    except NotFoundError:
        return _made(folder, paths, source, reporter())


def _made(folder: Path, paths: WikiPaths, source: ProjectSource, reporter: Reporter) -> Graph:
    """What the wiki's build has computed is not computed again, which is half of it."""
    with paused_collection(), recalling(paths.results, extractor_version()):
        repository = facts_of(paths, source.latest(), reporter)
        with reporter.stage("graph of the code", "definitions") as progress:
            try:
                Graph.write(folder, repository, progress)
            except ResourceError:  # a disk that only reads: the files are mapped, and need no name after that
                with TemporaryDirectory() as elsewhere:
                    Graph.write(Path(elsewhere), repository, progress)
                    return Graph(Path(elsewhere))
    for outdated in paths.graphs.iterdir():
        if outdated != folder and not outdated.name.startswith("."):
            remove_tree(outdated, paths.graphs / ".trash")
    return Graph(folder)
