"""Pages of wikis that are built: found by id, shown with what has changed since, corrected."""

from __future__ import annotations

import difflib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codebase_gardener.utils.error_handling import (
    InvalidInputError,
    NotFoundError,
    VerificationError,
)
from codebase_gardener.utils.progress import Quiet
from codebase_gardener.wiki.building import current_source, overrides_file, wiki_folder

if TYPE_CHECKING:
    from codebase_gardener.gardener.facade import Gardener
    from codebase_gardener.knowledge.pages.structure import Page

__all__ = ["ShownPage", "correct_page", "page_files", "read_pages", "show_page"]


@dataclass(frozen=True)
class ShownPage:
    """A page as it lies on disk.

    Attributes:
        id: `Type:owner_repo_Name`.
        project: Whose wiki it is in.
        file: Where it is.
        text: Markdown.
        stale: For each anchor whose lines have changed since: what became of it, with the diff.
    """

    id: str
    project: str
    file: Path
    text: str
    stale: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {**asdict(self), "file": str(self.file), "stale": list(self.stale)}


def page_files(gardener: Gardener, project: str) -> dict[str, Path]:
    """Page id to file, of a project's wiki.

    Raises:
        NotFoundError: It has none.
    """
    from codebase_gardener.knowledge.pages.structure import PAGE_TYPES

    folder = wiki_folder(gardener, project)
    if not folder.is_dir():
        raise NotFoundError(f"{project} has no wiki yet", hint=f"gardener wiki build {project}")
    return {
        f"{name}:{file.stem}": file
        for name, kind in PAGE_TYPES.items()
        for file in sorted((folder / kind.folder).glob("*.md"))
    }


def read_pages(gardener: Gardener, project: str) -> tuple[Page, ...]:
    """Every page of a project's wiki that can be read.

    Raises:
        NotFoundError: It has no wiki.
        VerificationError: A page is damaged.
    """
    from codebase_gardener.knowledge.pages.reading import read_page

    pages = []
    for page_id, file in page_files(gardener, project).items():
        reading = read_page(file.read_text("utf-8", "replace"))
        if reading.page is None:
            raise VerificationError(
                f"{file} is damaged: {reading.problems[0].what if reading.problems else page_id}",
                hint=f"gardener wiki build {project}",
            )
        pages.append(reading.page)
    return tuple(pages)


def show_page(gardener: Gardener, wanted: str, project: str | None = None) -> ShownPage:
    """A page by its id, or by a part of its name that only one page has.

    Raises:
        NotFoundError: There is no such page; the hint lists near ones.
        InvalidInputError: Several pages have it.
    """
    owner, page_id, file = _find(gardener, wanted, project)
    text = file.read_text("utf-8", "replace")
    return ShownPage(page_id, owner, file, text, _stale(gardener, owner, text))


def _find(gardener: Gardener, wanted: str, project: str | None) -> tuple[str, str, Path]:
    names = [project] if project is not None else [row.name for row in gardener.projects()]
    files: dict[tuple[str, str], Path] = {}
    for name in names:
        try:
            files |= {(name, page_id): file for page_id, file in page_files(gardener, name).items()}
        except NotFoundError:
            if project is not None:
                raise
    found = _named(wanted, list(files))
    if len(found) == 1:
        return found[0][0], found[0][1], files[found[0]]
    if found:
        shown = ", ".join(f"{page_id} ({name})" for name, page_id in found[:8])
        raise InvalidInputError(
            f"{len(found)} pages are called {wanted}: {shown}{' …' if len(found) > 8 else ''}",
            hint="write the whole id, and --project where two wikis have it",
        )
    near = difflib.get_close_matches(wanted, [page_id for _, page_id in files], n=3, cutoff=0.5)
    raise NotFoundError(
        f"there is no page {wanted}",
        hint=f"did you mean {', '.join(near)}?" if near else "see `gardener wiki search PROJECT WORDS`",
    )


_TYPES = ("Implementation", "Workflow", "Principle", "Heuristic", "Environment")


def _named(wanted: str, keys: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Those that are called so: by the whole id, the whole name, the name without its owner, else by a part of it.

    A Principle and its Implementation often have one name: the first of `_TYPES` is meant.
    """
    lowered = wanted.lower().replace(".", "_")
    endings = (f"_{lowered}", f"_{lowered}_init")
    for found in (
        [key for key in keys if key[1].lower() == lowered],
        [key for key in keys if key[1].lower().partition(":")[2] == lowered],
        [key for key in keys if key[1].lower().endswith(endings)] if ":" not in wanted else [],
        [key for key in keys if lowered in key[1].lower()],
    ):
        first = next((one for one in _TYPES if any(key[1].startswith(one) for key in found)), "")
        best = [key for key in found if key[1].startswith(first)]
        if found:
            return best if len(best) == 1 else found
    return []


def _stale(gardener: Gardener, project: str, text: str) -> tuple[str, ...]:
    """What became of each of the page's anchors that do not hold any more."""
    from codebase_gardener.knowledge.pages.reading import read_page
    from codebase_gardener.knowledge.pages.staleness import changes_of

    page = read_page(text).page
    if page is None:
        return ("the page is damaged: build the wiki again",)
    before = gardener.snapshot(project)
    now = current_source(gardener, project)
    return tuple(str(change) for change in changes_of([page], before, now))


def correct_page(gardener: Gardener, wanted: str, part: str, text: str, project: str | None = None) -> Path:
    """Keep a person's correction of a page in the project's overrides file.

    Args:
        gardener: The home.
        wanted: The page, as `show_page` takes it.
        part: "title", "overview", "description", "usage", or a heading of the page.
        text: Markdown; `anchor:NAME` in code marks becomes the lines of that symbol.
        project: Whose wiki, where it is not plain from the page.

    Returns:
        The overrides file.

    Raises:
        InvalidInputError: No such part, or a text that breaks the page or names line ranges.
    """
    from codebase_gardener.knowledge.pages.overrides import TEXTS, correct
    from codebase_gardener.knowledge.pages.reading import read_page
    from codebase_gardener.wiki.building import facts_of

    owner, _, file = _find(gardener, wanted, project)
    page = read_page(file.read_text("utf-8", "replace")).page
    if page is None:
        raise VerificationError(f"{file} is damaged", hint=f"gardener wiki build {owner}")
    name = part.lower() if part.lower() in TEXTS else part
    headings = {section.heading.lower(): section.heading for section in page.sections}
    path = overrides_file(gardener, owner)
    repository = facts_of(gardener, owner, gardener.snapshot(owner), Quiet())
    correct(path, page, headings.get(part.lower(), name), text, repository)
    return path
