"""The wikis of a home: each read once for a state on disk, its pages made when a browser asks for them."""

from __future__ import annotations

import gc
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PrefixLoader

from codebase_gardener.gardener.facade import Gardener
from codebase_gardener.knowledge.pages.overrides import Override, read_overrides, stale_diff
from codebase_gardener.knowledge.pages.staleness import Change, changes_of
from codebase_gardener.knowledge.pages.structure import Page
from codebase_gardener.page.later import Later
from codebase_gardener.repository.snapshot import Snapshot
from codebase_gardener.utils.anchors import split_lines
from codebase_gardener.utils.error_handling import CodebaseGardenerError, SourceError
from codebase_gardener.wiki.building import recalling_results
from codebase_gardener.wiki.project import ProjectWiki
from codebase_gardener.wiki.record import WikiRecord
from codebase_gardener.wiki.search import WikiIndex
from codebase_gardener.wiki.site.contents import read_contents
from codebase_gardener.wiki.site.files import about, site_files
from codebase_gardener.wiki.site.page_views import PageViews
from codebase_gardener.wiki.site.shell import TEMPLATES, Frame

__all__ = ["OpenWiki", "OpenWikis", "frame_environment"]

_KEPT = 4


class OpenWiki:
    """A wiki in one state.

    Args:
        wiki: Where it lies.
        frame: Around its pages.

    Attributes:
        changes: What has become of its anchors in the source as it is now.
        index: Of its pages, and of the code.
    """

    def __init__(self, wiki: ProjectWiki, frame: Callable[[OpenWiki], Frame]) -> None:
        self.wiki = wiki
        self.built_from = _snapshot_of(wiki)
        texts = {file.path: file.text for file in self.built_from.files} if self.built_from else {}
        with _no_collections(), recalling_results(wiki.paths):
            self.contents = read_contents(wiki.paths.require(), texts)
        self.changes: Later[tuple[Change, ...]] = Later(self._changes)
        self.index: Later[WikiIndex] = Later(wiki.index)
        self.views = PageViews(self.contents, about(texts), frame(self))
        self._files = site_files(self.contents, self.views)

    def made(self, place: str) -> str | None:
        """A file of the site; None where it has none there."""
        make = self._files.get(place)
        return make() if make else None

    def source_text(self, path: str) -> str | None:
        """A file as the source was read last; None where it has none."""
        return next((file.text for file in self.wiki.source.latest().files if file.path == path), None)

    def stale(self, page: str) -> list[Change]:
        """What is known to have changed under a page; [] before anybody has looked."""
        return [change for change in self.changes.value or () if change.page == page]

    def corrections(self) -> list[tuple[str, Page | None, Override, str]]:
        """Those that a person wrote: page id, the page, what they are, the diff of what changed since."""
        found = read_overrides(self.wiki.paths.overrides)
        rows = [(page_id, self.contents.pages.get(page_id), override) for page_id, override in found.items()]
        return [
            (page_id, page, override, stale_diff(page, override, self._lines) if page else "")
            for page_id, page, override in rows
        ]

    @property
    def has_newer_corrections(self) -> bool:
        """Whether a person has corrected something since it was built."""
        paths = self.wiki.paths
        files = paths.overrides, paths.record
        return all(file.exists() for file in files) and files[0].stat().st_mtime > files[1].stat().st_mtime

    def _lines(self, path: str, start: int, end: int) -> list[str]:
        return split_lines(self.contents.texts.get(path, ""))[start - 1 : end]

    def _changes(self) -> tuple[Change, ...]:
        before = self.built_from
        if before is None:
            raise SourceError(
                "the state of the source that this wiki was built from is not kept any more",
                hint="build the wiki anew",
            )
        return changes_of(self.contents.pages.values(), before, self.wiki.source.now())


class OpenWikis:
    """Those that were read last.

    Args:
        gardener: The home.
        frame: Makes what is around a wiki's pages.
    """

    def __init__(self, gardener: Gardener, frame: Callable[[OpenWiki], Frame]) -> None:
        self._gardener, self._frame = gardener, frame
        self._kept: OrderedDict[str, tuple[object, OpenWiki]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, project: str) -> OpenWiki:
        """A project's wiki as it lies on disk now.

        Raises:
            NotFoundError: There is no such project, or its wiki is not built.
            VerificationError: A page is damaged.
        """
        wiki = self._gardener.wiki(project)
        stamp = [
            (found.st_ino, found.st_mtime_ns) for found in _stats(wiki.paths.require(), wiki.paths.record)
        ]
        with self._lock:
            kept = self._kept.get(project)
            if kept is None or kept[0] != stamp:
                kept = (stamp, OpenWiki(wiki, self._frame))
            self._kept[project] = kept
            self._kept.move_to_end(project)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
            return kept[1]

    def read_newest(self) -> None:
        """Read the wiki that was built last, and make its first page, before it is asked for."""
        folder = self._gardener.settings.projects_dir
        built = sorted(
            (found.st_mtime_ns, path.parent.name) for path in folder.glob("*/wiki") for found in _stats(path)
        )
        with suppress(CodebaseGardenerError):
            for _, project in built[-1:]:
                self.get(project).made("index.html")

    def read_ahead(self, projects: Sequence[str]) -> None:
        """Read the first of them, as many as are kept, before they are asked for; what is wrong is told then."""
        for project in projects[:_KEPT]:
            with suppress(CodebaseGardenerError):
                self.get(project)


@contextmanager
def _no_collections() -> Iterator[None]:
    """A hundred thousand objects that stay are looked through several times else, a third of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _stats(*files: Path) -> list[os.stat_result]:
    """Of a wiki's folder, which is replaced as a whole, and of its record."""
    return [file.stat() for file in files if file.exists()]


def frame_environment(environment: Environment, own: Path) -> Environment:
    """The site's templates, with our own over those of the same name; `site/NAME` is the one below, `page/NAME` ours.

    Args:
        environment: Of the page.
        own: Folder of ours.
    """
    site = FileSystemLoader(TEMPLATES)
    return environment.overlay(
        loader=ChoiceLoader(
            [FileSystemLoader(own), site, PrefixLoader({"site": site, "page": FileSystemLoader(own.parent)})]
        )
    )


def _snapshot_of(wiki: ProjectWiki) -> Snapshot | None:
    """The state of the source that a wiki was built from; None where it is not kept any more."""
    record = WikiRecord.read(wiki.paths.record)
    latest = wiki.source.latest_id
    if record is None or record.snapshot == latest:
        return wiki.source.latest()
    return wiki.source.kept(record.snapshot)
