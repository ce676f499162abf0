"""What a generator of wiki rows is given: one page among the others, at a commit, with the split of its evidence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from codebase_gardener.dataset.examples import Example
from codebase_gardener.dataset.prompts import question_messages
from codebase_gardener.dataset.sites import chance, row_id
from codebase_gardener.dataset.split import Split
from codebase_gardener.knowledge.anchoring import lines_hash
from codebase_gardener.knowledge.implementation_layout import CodeReference, read_code_reference
from codebase_gardener.knowledge.markup import code_spans
from codebase_gardener.knowledge.pages import Page, Source
from codebase_gardener.repository.anchors import split_lines
from codebase_gardener.repository.snapshot import Snapshot

__all__ = ["PageSite", "pages_that_hold", "split_of_pages"]


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
        return next(iter(code_spans(self.page.overview)), self.page.title)

    def target(self, edge: str) -> Page | None:
        """The first page that an edge of this kind leads to."""
        ids = (one.target for one in self.page.edges if one.kind == edge)
        return next((self.pages[page_id] for page_id in ids if page_id in self.pages), None)

    def of(self, page: Page) -> PageSite:
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
    ) -> Example | None:
        """A row with a question and its answer.

        It is held out if any evidence of any page that it speaks of lies in a held-out file.

        Args:
            task: A key of `page_rows.PAGE_TASKS`.
            phrasings: Of the question; a hash picks one.
            answer: Computed from the pages.
            about: Further pages that question or answer speak of.
            source: Its evidence; by default the first of the page, else of those that it speaks of.

        Returns:
            None where there is no evidence that the row could name.
        """
        pages = (self.page, *about)
        evidence = source or next((one for page in pages for one in page.sources), None)
        if evidence is None:
            return None
        choices = tuple(phrasings)
        asked = choices[int(chance(f"{task} {self.page.id} {answer}") * len(choices))]
        turns = (*question_messages(asked), {"role": "assistant", "content": answer})
        anchor = str(evidence.anchor)
        return Example(
            id=row_id(task, anchor, {"messages": turns}),
            task=task,
            split=split_of_pages(pages, self.split),
            path=evidence.anchor.path,
            symbol=evidence.symbol,
            anchor=anchor,
            commit=self.commit,
            messages=turns,
        )


def split_of_pages(pages: Iterable[Page], split: Split) -> str:
    """ "heldout" if any evidence of any of the pages lies in a held-out file, else "train"."""
    paths = (source.anchor.path for page in pages for source in page.sources)
    return "heldout" if any(path in split.heldout for path in paths) else "train"


def pages_that_hold(pages: Iterable[Page], snapshot: Snapshot) -> list[Page]:
    """The pages whose evidence is in the snapshot as they cite it, by id: none that speaks of another state of it."""
    lines = {file.path: split_lines(file.text) for file in snapshot.files}

    def holds(source: Source) -> bool:
        anchor = source.anchor
        cited = lines.get(anchor.path, [])[anchor.start - 1 : anchor.end]
        return len(cited) == anchor.end - anchor.start + 1 and lines_hash(cited) == source.sha256

    kept = (page for page in pages if all(map(holds, page.sources)))
    return sorted(kept, key=lambda page: page.id)
