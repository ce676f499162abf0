"""What a generator of wiki rows is given: one page among the others, at a commit, with the split of its evidence."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from codebase_gardener.dataset.examples import Example
from codebase_gardener.dataset.prompts import question_turns
from codebase_gardener.dataset.sites import chance, row_id
from codebase_gardener.dataset.split import Split
from codebase_gardener.knowledge.pages.implementation_layout import CodeReference, read_code_reference
from codebase_gardener.knowledge.pages.markup import code_texts
from codebase_gardener.knowledge.pages.structure import Page
from codebase_gardener.knowledge.sources.lines import Source
from codebase_gardener.knowledge.sources.repository_facts import text_hash
from codebase_gardener.languages.symbols import SymbolTable
from codebase_gardener.repository.snapshot import Snapshot
from codebase_gardener.utils.anchors import split_lines

__all__ = ["PageSite", "pages_that_hold", "split_of_pages"]

_INHERITED = re.compile(r"\(inherited from `([^`]{1,200})`\)")  # as `knowledge.io_contract` writes it


@dataclass(frozen=True)
class PageSite:
    """A page and what stands around it.

    Attributes:
        page: The page that rows are made of.
        pages: All of them by id.
        commit: `Snapshot.revision`.
        split: Which files are held out.
        same_title: How many pages of its type have its title.
    """

    page: Page
    pages: Mapping[str, Page]
    commit: str
    split: Split
    same_title: int = 1

    @cached_property
    def reference(self) -> CodeReference | None:
        """Of an Implementation: where its API stands."""
        return read_code_reference(self.page)

    @property
    def api(self) -> str:
        """Of an Implementation: how code names the API; "" for another page."""
        if self.reference is None:
            return ""
        if self.reference.location is not None:
            own = (one for one in self.page.sources if one.anchor == self.reference.location)
            return next((one.symbol for one in own if one.symbol), self.page.title)
        return next(iter(code_texts(self.page.overview)), self.page.title)

    def target(self, edge: str) -> Page | None:
        """The first page that an edge of this kind leads to."""
        ids = (one.target for one in self.page.edges if one.kind == edge)
        return next((self.pages[page_id] for page_id in ids if page_id in self.pages), None)

    def beside(self, page: Page) -> PageSite:
        """The site of another page."""
        return PageSite(page, self.pages, self.commit, self.split)

    def example(
        self,
        task: str,
        phrasings: Iterable[str],
        answer: str,
        *,
        about: Iterable[Page] = (),
        source: Source | None = None,
        only: Sequence[Source] = (),
    ) -> Example | None:
        """A row with a question and its answer.

        It is held out if any evidence of any page that it speaks of lies in a held-out file.

        Args:
            task: A key of `page_rows.PAGE_TASKS`.
            phrasings: Of the question; a hash picks one.
            answer: Computed from the pages.
            about: Further pages that question or answer speak of.
            source: Its evidence; by default the first of the page, else of those that it speaks of.
            only: All evidence that the row has, where it is less than that of the pages.

        Returns:
            None where there is no evidence that the row could name.
        """
        pages = (self.page, *about)
        evidence = source or next(
            (one for one in (*only, *(one for page in pages for one in page.sources))), None
        )
        if evidence is None:
            return None
        choices = tuple(phrasings)
        asked = choices[int(chance(f"{task} {self.page.id} {answer}") * len(choices))]
        turns = question_turns(asked, answer)
        anchor = str(evidence.anchor)
        return Example(
            id=row_id(task, anchor, {"messages": turns}),
            task=task,
            split=_side(only, self.split) if only else split_of_pages(pages, self.split),
            path=evidence.anchor.path,
            symbol=evidence.symbol,
            anchor=anchor,
            commit=self.commit,
            messages=turns,
        )


def split_of_pages(pages: Iterable[Page], split: Split) -> str:
    """ "heldout" if any evidence of any of the pages lies in a held-out file, else "train"."""
    return _side((source for page in pages for source in page.sources), split)


def _side(sources: Iterable[Source], split: Split) -> str:
    return "heldout" if any(source.anchor.path in split.heldout for source in sources) else "train"


def pages_that_hold(
    pages: Iterable[Page], snapshot: Snapshot, tables: Mapping[str, SymbolTable]
) -> list[Page]:
    """The pages whose evidence is in the snapshot as they cite it, by id: none that speaks of another state of it.

    Fields that a class inherits stand on its page without an anchor: the classes that they come from are added to
    the page's evidence, so that they count where files are held out.
    """
    lines = {file.path: split_lines(file.text) for file in snapshot.files}

    def holds(source: Source) -> bool:
        anchor = source.anchor
        cited = lines.get(anchor.path, [])[anchor.start - 1 : anchor.end]
        return len(cited) == anchor.end - anchor.start + 1 and text_hash(cited) == source.sha256

    kept = (page for page in pages if all(map(holds, page.sources)))
    classes: dict[str, list[Source]] = {}
    for symbol in (symbol for path in sorted(tables) for symbol in tables[path].symbols):
        classes.setdefault(symbol.qualified_name, []).append(Source(symbol.anchor, symbol.qualified_name, ""))
    return sorted((_with_owners(page, classes) for page in kept), key=lambda page: page.id)


def _with_owners(page: Page, classes: Mapping[str, list[Source]]) -> Page:
    contract = next((part.body for part in page.sections if part.heading == "I/O Contract"), "")
    owners = sorted(set(_INHERITED.findall(contract)))
    further = [source for owner in owners for source in classes.get(owner, ())]
    return replace(page, sources=(*page.sources, *further)) if further else page
