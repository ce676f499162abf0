"""What a site shows: the wiki's pages and documents as they lie on disk, and the files they cite."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from codebase_gardener.knowledge.pages.citations import read_citations
from codebase_gardener.knowledge.pages.reading import read_page
from codebase_gardener.knowledge.pages.structure import EDGES, Edge, Page, is_page_file
from codebase_gardener.knowledge.pages.wiki_folder import read_wiki_files
from codebase_gardener.knowledge.pages.wiki_names import WAY_IN
from codebase_gardener.repository.areas import area_of
from codebase_gardener.utils.anchors import Anchor
from codebase_gardener.utils.error_handling import VerificationError
from codebase_gardener.wiki.site.addresses import Addresses

__all__ = ["Contents", "read_contents"]

_AREAS = ("docs", "examples", "package", "scripts", "other", "benchmarks", "tests")
"""Where a reader looks first."""


@dataclass(frozen=True)
class Contents:
    """All that the site is made of.

    Attributes:
        owner_repo: First part of every page's name.
        repo: Where it comes from.
        commit, updated: What the wiki was built from.
        pages: By id, sorted.
        incoming: By id, the edges that lead there: kind, and the page they come from.
        documents: Indexes, repo map and reports: Markdown by the wiki's file.
        texts: The repository's files by path.
        citing: By path, the anchors in it, each with the pages that cite it.
        places: Where everything lies.
    """

    owner_repo: str
    repo: str
    commit: str
    updated: str
    pages: Mapping[str, Page]
    incoming: Mapping[str, tuple[Edge, ...]]
    documents: Mapping[str, str]
    texts: Mapping[str, str]
    citing: Mapping[str, Mapping[Anchor, tuple[str, ...]]]
    places: Addresses

    @property
    def name(self) -> str:
        """What readers call it: the Overview's name for it, else that of its files."""
        return next((page.title.removesuffix(WAY_IN) for page in self.of_type("Overview")), self.owner_repo)

    def of_type(self, kind: str) -> list[Page]:
        """The pages of a type; workflows in the order in which a person would read them."""
        found = [page for page in self.pages.values() if page.type == kind]
        if kind == "Workflow":
            return sorted(found, key=_reading_order)
        return sorted(found, key=lambda page: (page.title.casefold(), page.id))

    def place_of(self, page_id: str) -> str | None:
        """A page's file in the site."""
        page = self.pages.get(page_id)
        return self.places.wiki_file(page.file) if page else None

    def place_of_lines(self, anchor: Anchor) -> str | None:
        """Where the lines of an anchor are shown."""
        place = self.places.source(anchor.path)
        return f"{place}#L{anchor.start}-L{anchor.end}" if place else None

    def module_of(self, page: Page) -> Page | None:
        """The Module that it is a part of; of a principle, that of what implements it."""
        about = self.implementation_of(page.id) or page
        held = self.incoming.get(about.id, ())
        return self.pages.get(next((edge.target for edge in held if edge.kind == "part_of"), ""))

    def implementation_of(self, principle: str) -> Page | None:
        """The page that implements a principle."""
        page = self.pages.get(principle)
        edges = page.edges if page else ()
        target = next((edge.target for edge in edges if edge.kind == "implemented_by"), "")
        return self.pages.get(target)


def read_contents(folder: Path, texts: Mapping[str, str]) -> Contents:
    """Read a wiki's folder.

    Args:
        folder: As `publish_wiki` wrote it.
        texts: The files of the repository that it was built from, by path.

    Raises:
        VerificationError: A page is damaged, or there is no wiki.
    """
    files = {file: text for file, text in read_wiki_files(folder).items() if file.endswith(".md")}
    if not files:
        raise VerificationError(f"{folder} holds no wiki", hint="gardener wiki build PROJECT")
    pages: dict[str, Page] = {}
    head = ("", "", "")
    for file, text in files.items():
        if not is_page_file(file):
            continue
        reading = read_page(text)
        if reading.page is None or reading.page.file != file:
            what = reading.problems[0].what if reading.problems else "its name is another"
            raise VerificationError(f"{folder / file} is damaged: {what}", hint="gardener wiki build PROJECT")
        pages[reading.page.id] = reading.page
        head = (reading.repo, reading.commit, reading.updated)
    documents = {file: text for file, text in files.items() if not is_page_file(file)}
    citing = _citing(pages, documents, texts)
    return Contents(
        _owner_repo(pages, documents), *head, dict(sorted(pages.items())), _incoming(pages), documents, texts,
        citing, Addresses(citing, files),
    )  # fmt: skip


def _owner_repo(pages: Mapping[str, Page], documents: Mapping[str, str]) -> str:
    """Its name stands in the repo map's file name."""
    names = [file.removeprefix("_RepoMap_").removesuffix(".md") for file in documents if "_RepoMap_" in file]
    return names[0] if names else next(iter(pages.values())).name.partition("_")[0] if pages else "repository"


def _incoming(pages: Mapping[str, Page]) -> dict[str, tuple[Edge, ...]]:
    found: dict[str, list[Edge]] = {}
    for page_id in sorted(pages):
        for edge in pages[page_id].edges:
            found.setdefault(edge.target, []).append(Edge(EDGES[edge.kind].inverse, page_id))
    return {page_id: tuple(dict.fromkeys(edges)) for page_id, edges in found.items()}


def _citing(
    pages: Mapping[str, Page], documents: Mapping[str, str], texts: Mapping[str, str]
) -> dict[str, dict[Anchor, tuple[str, ...]]]:
    """The anchors of each file; those that only documents name are there with no page."""
    found: dict[str, dict[Anchor, dict[str, None]]] = {}
    cited = [(source.anchor, page_id) for page_id, page in pages.items() for source in page.sources]
    cited += [(each.anchor, "") for text in documents.values() for each in read_citations(text)]
    for anchor, page_id in cited:
        if anchor.path in texts and 0 < anchor.start <= anchor.end:
            by = found.setdefault(anchor.path, {}).setdefault(anchor, {})
            by.update({page_id: None} if page_id else {})
    return {
        path: {anchor: tuple(by) for anchor, by in sorted(anchors.items())} for path, anchors in found.items()
    }


def _reading_order(page: Page) -> tuple[int, str, int, str]:
    first = page.sources[0].anchor if page.sources else Anchor("~", 1, 1)
    area = area_of(first.path)
    readme = first.path.rpartition("/")[2].lower().startswith("readme")
    return (-1 if readme else _AREAS.index(area), first.path, first.start, page.id)
