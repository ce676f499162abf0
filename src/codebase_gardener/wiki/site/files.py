"""Every file of a site by its place, each made when it is asked for: all of them for a disk, one for a browser."""

from __future__ import annotations

import json
import textwrap
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial

from codebase_gardener.documents.prose import plain_text
from codebase_gardener.documents.reading import blocks
from codebase_gardener.knowledge.pages.markup import spoken
from codebase_gardener.languages.table import language_of
from codebase_gardener.manifests.table import root_manifests
from codebase_gardener.wiki.site.contents import Contents
from codebase_gardener.wiki.site.page_views import LISTINGS, PageViews

__all__ = ["about", "site_files"]

_ABOUT_CHARS = 400


def site_files(contents: Contents, views: PageViews) -> dict[str, Callable[[], str]]:
    """What makes each file, by its place in the site; style and scripts that are the same in every site are not there.

    Args:
        contents: Of the site.
        views: Of the contents.
    """
    places = contents.places
    made: dict[str, Callable[[], str]] = {
        "assets/search-index.js": partial(_search_index, contents),
        "index.html": views.start,  # the overview, where there is one
        "documents.html": views.documents,
        "graph.html": views.graph,
        "assets/graph-data.js": views.graph_data,
    }
    for kind in LISTINGS:
        if contents.of_type(kind):
            made[views.listing_place(kind)] = partial(views.listing, kind)
    for page in contents.pages.values():
        if page.type in LISTINGS:
            made[places.wiki_file(page.file) or ""] = partial(views.page, page)
    for file in contents.documents:
        made[places.wiki_file(file) or ""] = partial(views.document, file)
    for path in contents.citing:
        made[places.source(path) or ""] = partial(views.source, path)
    return made


def _search_index(contents: Contents) -> str:
    """Title, type, overview and place of every page, as a script: a file on disk may not be fetched.

    Where several pages are called the same, the module that each belongs to stands beside its type.
    """
    pages = [page for kind in ("Overview", *LISTINGS) for page in contents.of_type(kind)]
    called = Counter((page.title, page.type) for page in pages)
    rows = [
        [page.title, page.type, spoken(page.overview).replace("`", ""), contents.places.wiki_file(page.file)]
        + (
            [module.title]
            if called[page.title, page.type] > 1 and (module := contents.module_of(page))
            else []
        )
        for page in pages
    ]
    return f"window.gardenerIndex={json.dumps(rows, separators=(',', ':'))};\n"


def about(texts: Mapping[str, str]) -> str:
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
