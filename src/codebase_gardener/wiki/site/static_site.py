"""`gardener wiki html`: the wiki of a project as a static site that works from disk, without network."""

from __future__ import annotations

import json
import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codebase_gardener.documents.prose import plain_text
from codebase_gardener.documents.reading import blocks
from codebase_gardener.knowledge.pages.wiki_folder import replacing, wiki_lock
from codebase_gardener.languages.table import language_of
from codebase_gardener.manifests.table import root_manifests
from codebase_gardener.utils.error_handling import ConflictError, InvalidInputError
from codebase_gardener.utils.progress import Progress, Reporter, silent
from codebase_gardener.wiki.paths import WikiPaths
from codebase_gardener.wiki.site.contents import Contents, read_contents
from codebase_gardener.wiki.site.page_views import LISTINGS, PageViews
from codebase_gardener.wiki.site.shell import asset_files
from codebase_gardener.wiki.source import ProjectSource

__all__ = ["StaticSite", "build_site", "write_site"]

MARK = ".gardener-site"
"""A file that only our own sites hold: what has it may be replaced."""

_ABOUT_CHARS = 400


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
            total = len(contents.pages) + len(contents.documents) + len(contents.citing) + len(LISTINGS) + 3
            for done, (place, text) in enumerate(_files(contents), 1):
                file = staged / place
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(text.encode("utf-8", "replace"))
                progress(min(done, total), total)
            progress(total, total)
            staged.chmod(0o755)
    finally:
        lock.release()
        lock.path.unlink(missing_ok=True)
    return StaticSite(len(contents.pages), len(contents.citing), folder)


def _allowed(out: Path) -> Path:
    folder = out.expanduser().resolve()
    if not folder.exists() or (folder / MARK).is_file() or (folder.is_dir() and not any(folder.iterdir())):
        return folder
    raise InvalidInputError(
        f"{folder} holds something that is no site of a wiki: it would be replaced",
        hint="name a new or empty folder",
    )


def _files(contents: Contents) -> Iterator[tuple[str, str]]:
    """Every file of the site: its place, and what it holds."""
    views = PageViews(contents, _about(contents.texts))
    yield MARK, "Written by `gardener wiki html`, which replaces this folder as a whole.\n"
    yield from asset_files().items()
    yield "assets/search-index.js", _search_index(contents)
    yield "index.html", views.start()  # the overview, where there is one
    for kind in LISTINGS:
        if contents.of_type(kind):
            yield views.listing(kind)
    for page in contents.pages.values():
        if page.type in LISTINGS:
            yield contents.places.wiki_file(page.file) or "", views.page(page)
    for file in contents.documents:
        yield contents.places.wiki_file(file) or "", views.document(file)
    yield "documents.html", views.documents()
    graph, data = views.graph()
    yield "graph.html", graph
    yield "assets/graph-data.js", data
    for path in contents.citing:
        yield contents.places.source(path) or "", views.source(path)


def _search_index(contents: Contents) -> str:
    """Title, type, overview and place of every page, as a script: a file on disk may not be fetched.

    Where several pages are called the same, the module that each belongs to stands beside its type.
    """
    pages = [page for kind in ("Overview", *LISTINGS) for page in contents.of_type(kind)]
    called = Counter((page.title, page.type) for page in pages)
    rows = [
        [page.title, page.type, page.overview.replace("`", ""), contents.places.wiki_file(page.file)]
        + (
            [module.title]
            if called[page.title, page.type] > 1 and (module := contents.module_of(page))
            else []
        )
        for page in pages
    ]
    return f"window.gardenerIndex={json.dumps(rows, separators=(',', ':'))};\n"


def _about(texts: Mapping[str, str]) -> str:
    """What a packaging file says that it is, else the first plain paragraph of the README."""
    found = (_short(manifest.description) for manifest in root_manifests(texts))
    return next(filter(None, found), "") or _first_paragraph(texts)


def _first_paragraph(texts: Mapping[str, str]) -> str:
    readmes = sorted(
        (path for path in texts if "/" not in path and path.lower().startswith("readme")), key=len
    )
    for path in readmes[:1]:
        for block in blocks(path, language_of(path, texts[path]), texts[path][:20_000]):
            words = plain_text(block.text) if block.kind == "paragraph" else ""
            if len(words) > 60 and words[0].isalpha():
                return _short(words)
    return ""


def _short(text: str) -> str:
    return textwrap.shorten(text, _ABOUT_CHARS, placeholder=" …")
