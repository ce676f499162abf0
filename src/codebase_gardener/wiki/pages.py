"""Pages of wikis that are built: found by id, read, shown with what has changed since, corrected."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from codebase_gardener.utils.error_handling import InvalidInputError, NotFoundError, VerificationError
from codebase_gardener.wiki.paths import WikiPaths

if TYPE_CHECKING:
    from codebase_gardener.knowledge.pages.structure import Page
    from codebase_gardener.knowledge.sources.repository_facts import RepositoryFacts
    from codebase_gardener.wiki.source import ProjectSource

__all__ = [
    "FoundPage",
    "ShownPage",
    "correct_page",
    "find_page",
    "page_files",
    "pages_of",
    "page_reader",
    "read_pages",
    "show_page",
]

_SAYS_NOTHING = re.compile(r"^##+ [^\n]+\n\nNone found in the repository\.\n\n?", re.MULTILINE)


@dataclass(frozen=True)
class FoundPage:
    """A page that was asked for.

    Attributes:
        wiki: Where the wiki is that has it.
        id: `Type:owner_repo_Name`.
        file: Where it is.
    """

    wiki: WikiPaths
    id: str
    file: Path


@dataclass(frozen=True)
class ShownPage:
    """A page, or a section of a document, for a reader.

    Attributes:
        id: `Type:owner_repo_Name`.
        project: Whose wiki it is in.
        file: Where it is.
        text: Markdown; of a page without the front matter and the sections that say that nothing was found.
        stale: For each anchor whose lines have changed since: what became of it, with the diff.
    """

    id: str
    project: str
    file: Path
    text: str
    stale: tuple[str, ...]


def page_files(wiki: WikiPaths) -> dict[str, Path]:
    """Page id to file.

    Raises:
        NotFoundError: The wiki is not built.
    """
    from codebase_gardener.knowledge.pages.structure import OVERVIEW_FILE, PAGE_TYPES

    folder = wiki.require()
    overview = folder / OVERVIEW_FILE
    return ({_id_in(overview, overview.stat().st_mtime_ns): overview} if overview.is_file() else {}) | {
        f"{name}:{file.removesuffix('.md')}": folder / kind.folder / file
        for name, kind in PAGE_TYPES.items()
        if kind.folder
        for file in _pages_in(folder / kind.folder)
    }


def _pages_in(folder: Path) -> list[str]:
    """The names of a folder's pages, in order: `Path.glob` takes ten times as long."""
    try:
        with os.scandir(folder) as entries:
            return sorted(one.name for one in entries if one.name.endswith(".md"))
    except FileNotFoundError:
        return []


@lru_cache(maxsize=8)
def _id_in(file: Path, changed: int) -> str:
    """The id of a page whose file is not called so, as long as the file is the same."""
    from codebase_gardener.knowledge.pages.reading import read_page

    page = read_page(file.read_text("utf-8", "replace")).page
    return page.id if page else f"Overview:{file.stem}"


def read_pages(wiki: WikiPaths) -> tuple[Page, ...]:
    """Every page.

    Raises:
        NotFoundError: The wiki is not built.
        VerificationError: A page is damaged.
    """
    texts = {str(file): file.read_text("utf-8", "replace") for file in page_files(wiki).values()}
    return tuple(_page(text, file, wiki) for file, text in texts.items())


def page_reader(wiki: WikiPaths) -> Callable[[str], Page | None]:
    """Reads a page by its id; None where there is no such page.

    Raises:
        NotFoundError: The wiki is not built. Of the reader VerificationError: a page is damaged.
    """
    files = page_files(wiki)

    def read(page: str) -> Page | None:
        file = files.get(page)
        return _page(file.read_text("utf-8", "replace"), str(file), wiki) if file is not None else None

    return read


def pages_of(files: Mapping[str, str], wiki: WikiPaths) -> tuple[Page, ...]:
    """Every page of a wiki's files, as `read_pages` reads them once they lie there.

    Args:
        files: Text by path within the wiki's folder.
        wiki: Whose they are.
    """
    from codebase_gardener.knowledge.pages.structure import PAGE_TYPES

    return tuple(
        _page(files[path], path, wiki)
        for kind in PAGE_TYPES.values()
        for path in sorted(files)
        if path.startswith(f"{kind.folder}/") and path.endswith(".md")
    )


def _page(text: str, file: str, wiki: WikiPaths) -> Page:
    from codebase_gardener.knowledge.pages.reading import read_page

    reading = read_page(text)
    if reading.page is None:
        raise VerificationError(
            f"{file} is damaged: {reading.problems[0].what if reading.problems else 'it is no page'}",
            hint=f"gardener wiki build {wiki.project}",
        )
    return reading.page


def find_page(wikis: Iterable[WikiPaths], wanted: str) -> FoundPage:
    """A page by its id, or by a part of its name that only one page has.

    Raises:
        NotFoundError: There is no such page; the hint lists near ones. Or a wiki is not built.
        InvalidInputError: Several pages have it.
    """
    pages = [FoundPage(wiki, *item) for wiki in wikis for item in page_files(wiki).items()]
    found = _called(wanted, pages)
    if len(found) == 1:
        return found[0]
    if found:
        shown = ", ".join(f"{page.id} ({page.wiki.project})" for page in found[:8])
        raise InvalidInputError(
            f"{len(found)} pages are called {wanted}: {shown}{' …' if len(found) > 8 else ''}",
            hint="write the whole id, and --project where two wikis have it",
        )
    near = difflib.get_close_matches(wanted, [page.id for page in pages], n=3, cutoff=0.5)
    raise NotFoundError(
        f"there is no page {wanted}",
        hint=f"did you mean {', '.join(near)}?" if near else "see `gardener wiki search PROJECT WORDS`",
    )


_TYPES = ("Implementation", "Module", "Workflow", "Principle", "Heuristic", "Environment", "Overview")


def _called(wanted: str, pages: list[FoundPage]) -> list[FoundPage]:
    """Those that are called so: by the whole id, the whole name, the name without its owner, else by a part of it.

    A Principle and its Implementation often have one name: the first of `_TYPES` is meant.
    """
    exact = [page for page in pages if page.id.lower() == wanted.lower()]
    lowered = wanted.lower().replace(".", "_")
    endings = (f"_{lowered}", f"_{lowered}_init")
    for found in (
        exact,  # the name of a file's Module has its dots
        [page for page in pages if page.id.lower() == lowered],
        [page for page in pages if page.id.lower().partition(":")[2] == lowered],
        [page for page in pages if page.id.lower().endswith(endings)] if ":" not in wanted else [],
        [page for page in pages if lowered in page.id.lower()],
    ):
        first = next((one for one in _TYPES if any(page.id.startswith(one) for page in found)), "")
        best = [page for page in found if page.id.startswith(first)]
        if found:
            return best if len(best) == 1 else found
    return []


def show_page(page: FoundPage, source: ProjectSource) -> ShownPage:
    """A page with what became of those of its anchors that do not hold any more."""
    from codebase_gardener.knowledge.pages.reading import read_page
    from codebase_gardener.knowledge.pages.staleness import changes_of

    text = page.file.read_text("utf-8", "replace")
    parsed = read_page(text).page
    stale: tuple[str, ...] = ("the page is damaged: build the wiki again",)
    if parsed is not None:
        stale = tuple(map(str, changes_of([parsed], source.latest(), source.now())))
    return ShownPage(page.id, page.wiki.project, page.file, _for_reader(text), stale)


def _for_reader(text: str) -> str:
    front, _, body = text.partition("\n---\n") if text.startswith("---\n") else ("", "", text)
    notes = [line for line in front.splitlines() if line.startswith("notes: ")]
    return "\n\n".join([*notes, _SAYS_NOTHING.sub("", body).strip()]) + "\n"


def correct_page(page: FoundPage, part: str, text: str, repository: RepositoryFacts) -> None:
    """Keep a person's correction of a page in the project's overrides file.

    Args:
        page: What is corrected.
        part: "title", "overview", "description", "usage", or a heading of the page.
        text: Markdown; `anchor:NAME` in code marks becomes the lines of that symbol.
        repository: Where the symbols stand.

    Raises:
        InvalidInputError: No such part, or a text that breaks the page or names line ranges.
        VerificationError: The page is damaged.
    """
    from codebase_gardener.knowledge.pages.overrides import TEXTS, correct

    parsed = _page(page.file.read_text("utf-8", "replace"), str(page.file), page.wiki)
    name = part.lower() if part.lower() in TEXTS else part
    headings = {section.heading.lower(): section.heading for section in parsed.sections}
    correct(page.wiki.overrides, parsed, headings.get(part.lower(), name), text, repository)
