"""The wiki of one project: all that can be done with it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

from codebase_gardener.registry.transactions import Registry
from codebase_gardener.repository.patterns import Chosen
from codebase_gardener.utils.error_handling import NotFoundError
from codebase_gardener.utils.progress import Quiet, Reporter
from codebase_gardener.wiki.pages import ShownPage, correct_page, find_page, pages_of, read_pages, show_page
from codebase_gardener.wiki.paths import WikiPaths
from codebase_gardener.wiki.source import ProjectSource
from codebase_gardener.wiki.state import WikiState

if TYPE_CHECKING:
    from codebase_gardener.knowledge.answers.answering import GraphAnswer
    from codebase_gardener.knowledge.answers.graph import Graph
    from codebase_gardener.knowledge.answers.grounding import Grounds
    from codebase_gardener.knowledge.answers.lines import GraphLine
    from codebase_gardener.knowledge.pages.structure import Page
    from codebase_gardener.knowledge.writers.prose_writing import Writer
    from codebase_gardener.repository.snapshot import Snapshot
    from codebase_gardener.store.shared import SharedFolders
    from codebase_gardener.wiki.building import Built
    from codebase_gardener.wiki.search import SearchResult, WikiIndex
    from codebase_gardener.wiki.site.static_site import StaticSite
    from codebase_gardener.wiki.verifying import WikiReport

__all__ = ["ProjectWiki"]


class ProjectWiki:
    """A project's wiki, built or not.

    Args:
        projects_dir: Where each project has its folder.
        project: Its name; the registry knows it.
        registry: For the project's snapshots.
        max_file_bytes: Larger files of the source are left out.
        chosen: Which files count.
        shared: Where snapshots of other machines come from.

    Attributes:
        paths: Where it lies, with all that belongs to it.
        source: The project's repository.
    """

    def __init__(
        self,
        projects_dir: Path,
        project: str,
        registry: Registry,
        *,
        max_file_bytes: int,
        chosen: Chosen,
        shared: SharedFolders | None = None,
    ) -> None:
        self.paths = WikiPaths(projects_dir / project)
        self.source = ProjectSource(registry, project, max_file_bytes, chosen, shared)

    @property
    def project(self) -> str:
        """Whose wiki it is."""
        return self.paths.project

    # ---- built and verified

    def build(
        self, snapshot: Snapshot, reporter: Reporter, *, writer: Writer | None = None, phase: str = "6"
    ) -> Built:
        """Bring it up to date with the project's last snapshot (`building.update_wiki`)."""
        from codebase_gardener.wiki.building import update_wiki

        return update_wiki(self.paths, snapshot, self.source.latest_id, reporter, writer=writer, phase=phase)

    def plain_pages(self, snapshot: Snapshot, reporter: Reporter) -> tuple[Page, ...]:
        """The pages that a build without a model makes of the project's last snapshot (`building.plain_build`)."""
        from codebase_gardener.wiki.building import plain_build

        made = plain_build(self.paths, snapshot, self.source.latest_id, reporter)
        return pages_of(made.files, self.paths)

    def remembering(self) -> AbstractContextManager[None]:
        """What its last build computed is not computed again in this block."""
        from codebase_gardener.wiki.building import remembering_results

        return remembering_results(self.paths)

    def verify(self, reporter: Reporter) -> WikiReport:
        """Check it against its source as it is now (`verifying.verify_wiki`)."""
        from codebase_gardener.wiki.verifying import verify_wiki

        return verify_wiki(self.paths, self.source, reporter)

    # ---- read and corrected

    def pages(self) -> tuple[Page, ...]:
        """Every page.

        Raises:
            NotFoundError: It is not built.
            VerificationError: A page is damaged.
        """
        return read_pages(self.paths)

    def left_out(self) -> str:
        """Why neither `ask` nor a dataset uses it: it speaks of another state than the last snapshot; "" otherwise."""
        state = WikiState.read(self.paths)
        return state.left_out(self.project, self.source.latest().revision) if state is not None else ""

    def current_pages(self) -> tuple[tuple[Page, ...], str]:
        """Its pages, if it was built from the project's last snapshot.

        Returns:
            The pages, and why there are none where a wiki is left out; () and "" without a wiki.

        Raises:
            VerificationError: A page is damaged.
        """
        why = self.left_out()
        if why or not self.paths.folder.is_dir():
            return (), why
        return self.pages(), ""

    def show(self, page: str) -> ShownPage:
        """A page by its id, or by a part of its name that only one page has; documents and code by path and lines.

        Args:
            page: The Overview where it is "".

        Raises:
            NotFoundError: There is no such page, or no wiki.
            InvalidInputError: Several pages have it.
        """
        from codebase_gardener.wiki.sections import anchor_in, lines_text

        anchor = anchor_in(self.source.latest(), page) if page else None
        lines = lines_text(anchor, self.source.latest(), self.project) if anchor is not None else None
        if anchor is not None and lines is not None:
            return ShownPage(page, self.project, Path(anchor.path), lines, ())
        return show_page(find_page([self.paths], page or "Overview:"), self.source)

    def correct(self, page: str, part: str, text: str) -> Path:
        """Keep a person's correction of a page (`pages.correct_page`). Returns the overrides file."""
        from codebase_gardener.wiki.building import facts_of

        found = find_page([self.paths], page)
        correct_page(found, part, text, facts_of(self.paths, self.source.latest(), Quiet()))
        return self.paths.overrides

    # ---- searched and shown

    def index(self) -> WikiIndex:
        """The index of code and pages; of code alone where there is no page."""
        from codebase_gardener.wiki.search import open_index

        return open_index(self.paths, self.source)

    def graph(self, reporter: Callable[[], Reporter] = Quiet) -> Graph:
        """What questions are answered from without a model; who asks first makes it (`graph.open_graph`)."""
        from codebase_gardener.wiki.graph import open_graph

        return open_graph(self.paths, self.source, reporter)

    def grounds(self) -> Grounds:
        """What a model's answer is checked against."""
        from codebase_gardener.knowledge.answers.grounding import Grounds

        return Grounds(self.source.latest().files, self.graph().names)

    def answer(self, question: str) -> GraphAnswer | None:
        """What can be said to a question without a model, each line with its anchor; None for other questions.

        Raises:
            InvalidInputError: "what changed since" without a revision, or of a project that is not in git.
            SourceError: "what changed since" a revision that there is not.
        """
        from codebase_gardener.wiki.answers import answer_to

        return answer_to(self, question)

    def graph_lines(self, query: str) -> tuple[GraphLine, ...]:
        """What the graph says to a query that asks more of a name than what it is; () for other words."""
        from codebase_gardener.wiki.answers import graph_lines

        return graph_lines(self, query)

    def search(self, query: str, *, k: int = 5, code: bool = False) -> list[SearchResult]:
        """What answers a query, best first (`WikiIndex.search`).

        Raises:
            NotFoundError: It is not built, or has no pages.
        """
        self.paths.require()
        if WikiState.read(self.paths) is None:
            raise NotFoundError(
                f"the wiki of {self.project} has no pages",
                hint=f"its _reports tell what was looked for; after a change: gardener wiki build {self.project}",
            )
        return self.index().search(query, k=k, code=code)

    def html(self, reporter: Reporter, out: Path | None = None) -> StaticSite:
        """Write it as a static site (`static_site.write_site`); by default beside it."""
        from codebase_gardener.wiki.site.static_site import write_site

        return write_site(self.paths, self.source, reporter, out or self.paths.site)
