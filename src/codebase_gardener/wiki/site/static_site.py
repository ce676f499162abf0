"""`gardener wiki html`: the wiki of a project as a static site that works from disk, without network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codebase_gardener.knowledge.pages.wiki_folder import replacing, wiki_lock
from codebase_gardener.utils.error_handling import ConflictError, InvalidInputError
from codebase_gardener.utils.progress import Progress, Reporter, silent
from codebase_gardener.wiki.paths import WikiPaths
from codebase_gardener.wiki.site.contents import Contents, read_contents
from codebase_gardener.wiki.site.files import about, site_files
from codebase_gardener.wiki.site.page_views import PageViews
from codebase_gardener.wiki.site.shell import asset_files
from codebase_gardener.wiki.source import ProjectSource

__all__ = ["StaticSite", "build_site", "write_site"]

MARK = ".gardener-site"
"""A file that only our own sites hold: what has it may be replaced."""

_MARKED = "Written by `gardener wiki html`, which replaces this folder as a whole.\n"


@dataclass(frozen=True)
class StaticSite:
    """A site that was written.

    Attributes:
        pages: Pages of the wiki in it.
        sources: Files of the repository in it.
        folder: Where it is; `index.html` is its start.
    """

    pages: int
    sources: int
    folder: Path

    def as_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {"pages": self.pages, "sources": self.sources, "folder": str(self.folder)}


def write_site(paths: WikiPaths, source: ProjectSource, reporter: Reporter, out: Path) -> StaticSite:
    """Write the wiki of a project as a static site.

    Args:
        paths: Where it lies.
        source: What it was built from.
        reporter: Told of the pages.
        out: Folder to write, new or empty or a site written before.

    Raises:
        NotFoundError: The wiki is not built.
        ConflictError: The project was read again since the wiki was built, or the site is being written already.
        InvalidInputError: `out` holds something else.
        VerificationError: A page is damaged.
        ResourceError: The disk is full or the place cannot be written.
    """
    folder, snapshot = paths.require(), source.latest()
    texts = {file.path: file.text for file in snapshot.files}
    with reporter.stage("site", "pages") as progress:
        contents = read_contents(folder, texts)
        if contents.pages and contents.commit != snapshot.revision:
            raise ConflictError(
                f"the wiki of {paths.project} was built from {contents.commit}, and its source was read again since: "
                f"it is at {snapshot.revision}",
                hint=f"gardener wiki build {paths.project}",
            )
        return _publish(contents, out, progress)


def build_site(wiki: Path, texts: Mapping[str, str], out: Path, progress: Progress = silent) -> StaticSite:
    """Write a wiki's folder as a static site.

    Args:
        wiki: As `publish_wiki` wrote it.
        texts: The files of the repository that it was built from, by path.
        out: Folder to write; replaced as a whole when the site is complete.
        progress: Pages done.

    Raises:
        As `write_site`.
    """
    return _publish(read_contents(wiki, texts), out, progress)


def _publish(contents: Contents, out: Path, progress: Progress) -> StaticSite:
    folder = _allowed(out)
    lock = wiki_lock(folder)
    if not lock.acquire():
        raise ConflictError(f"{folder} is being written by another process", hint="wait for it")
    try:
        with replacing(folder) as staged:
            for place, text in {MARK: _MARKED, **asset_files()}.items():
                _write(staged / place, text)
            files = site_files(contents, PageViews(contents, about(contents.texts)))
            for done, (place, made) in enumerate(files.items(), 1):
                _write(staged / place, made())
                progress(done, len(files))
            staged.chmod(0o755)
    finally:
        lock.release()
        lock.path.unlink(missing_ok=True)
    return StaticSite(len(contents.pages), len(contents.citing), folder)


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text.encode("utf-8", "replace"))


def _allowed(out: Path) -> Path:
    folder = out.expanduser().resolve()
    if not folder.exists() or (folder / MARK).is_file() or (folder.is_dir() and not any(folder.iterdir())):
        return folder
    raise InvalidInputError(
        f"{folder} holds something that is no site of a wiki: it would be replaced",
        hint="name a new or empty folder",
    )
