"""The site's pages one by one: what a template is given to show a page, a document, a file or a list."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Any

from markupsafe import Markup

from codebase_gardener.knowledge.pages.implementation_layout import read_code_reference
from codebase_gardener.knowledge.pages.mermaid import read_sequence
from codebase_gardener.knowledge.pages.steps import api_name
from codebase_gardener.knowledge.pages.structure import PAGE_TYPES, Page
from codebase_gardener.knowledge.pages.workflow_groups import workflow_groups
from codebase_gardener.knowledge.pages.workflow_layout import read_steps
from codebase_gardener.utils.anchors import split_lines
from codebase_gardener.wiki.site.addresses import relative
from codebase_gardener.wiki.site.contents import Contents
from codebase_gardener.wiki.site.markdown import SiteMarkdown
from codebase_gardener.wiki.site.module_tree import module_branches
from codebase_gardener.wiki.site.page_graph import PageGraph, page_graph
from codebase_gardener.wiki.site.sequence_drawing import sequence_drawing
from codebase_gardener.wiki.site.shell import Frame, filled
from codebase_gardener.wiki.site.source_page import cited_lines, lines_html
from codebase_gardener.wiki.site.step_diagram import DrawnStep, arrows_of, step_diagram

__all__ = ["LISTINGS", "PageViews"]

LISTINGS: dict[str, str] = {
    "Module": "The packages and folders that it is made of: what each offers, what it uses, who uses it.",
    "Workflow": "What people do with it, mined from its docs, examples and tests.",
    "Principle": "The idea behind each step, and what implements it.",
    "Implementation": "Classes, functions and commands: signature, import, inputs, outputs, examples.",
    "Environment": "What has to be installed, with versions, devices and errors.",
    "Heuristic": "Advice that its authors wrote down, with the lines it stands in.",
}
"""Types of pages in the order of the menu, and what a reader finds there."""

RELATIONS: dict[str, str] = {
    "part_of": "Part of", "contains": "Holds", "uses": "Uses", "used_by_module": "Used by",
    "step": "Steps", "implemented_by": "Implemented by", "requires_env": "Needs", "uses_heuristic": "Advice",
    "step_of": "A step of", "implements": "Implements", "required_by": "Needed by", "used_by": "Applies to",
}  # fmt: skip
"""Edges and their inverses, as a heading says them, in the order in which they are shown."""

_WORKFLOWS_AT_FIRST, _MOST_USED = 12, 10
_SLUG = re.compile(r"[^a-z0-9]+")


class PageViews:
    """Makes the HTML of each page.

    Args:
        contents: Of the site.
        about: What the repository says that it is; "" where it does not.
        frame: Around each page.
    """

    def __init__(self, contents: Contents, about: str = "", frame: Frame = filled) -> None:
        self._frame = frame
        self._contents = contents
        self._about = about
        self._markdown = SiteMarkdown(contents)
        self._site = {
            "name": contents.name,
            "repo": contents.repo,
            "commit": contents.commit,
            "updated": contents.updated,
            "menu": self._menu(),
            "tree": module_branches(
                contents.of_type("Module"),
                {page.id: self._place(page) for page in contents.of_type("Module")},
            ),
            "flows": [
                {
                    "title": group.title,
                    "pages": [
                        {"id": page.id, "title": page.title, "place": self._place(page)}
                        for page in group.pages
                    ],
                }
                for group in workflow_groups(contents.of_type("Workflow"), contents.pages.values())
            ],
        }

    def start(self) -> str:
        """What the repository is, how much there is, and its workflows as a person would read them."""
        workflows = self._contents.of_type("Workflow")
        counts = [
            {
                "css": kind.lower(),
                "place": self.listing_place(kind),
                "number": len(pages),
                "words": f"{kind.lower()}{'s' if len(pages) != 1 else ''}",
            }
            for kind in LISTINGS
            if (pages := self._contents.of_type(kind))
        ]
        overviews = self._contents.of_type("Overview")
        title = overviews[0].title if overviews else self._site["name"]
        sections = [section for page in overviews for section in self._sections(page)]
        lead = Markup(self._markdown.line(overviews[0].overview, "index.html")) if overviews else self._about  # noqa: S704 - it escapes HTML
        return self.fill(
            "start.html", "index.html", title=title, about=lead, counts=counts,
            page=overviews[0] if overviews else None,
            sections=sections, workflows=[self._workflow(page) for page in workflows[:_WORKFLOWS_AT_FIRST]],
            more=len(workflows) if len(workflows) > _WORKFLOWS_AT_FIRST else 0,
            common=self._most_used(),
        )  # fmt: skip

    def page(self, page: Page) -> str:
        """A page of the wiki."""
        place = self._place(page)
        sources = [
            Markup(self._markdown.lines_link(str(anchor), place))  # noqa: S704 - it escapes the path
            for anchor in dict.fromkeys(source.anchor for source in page.sources)
        ]
        return self.fill(
            "page.html", place, title=page.title, page=page, listing=self.listing_place(page.type),
            overview=Markup(self._markdown.line(page.overview, place)), sections=self._sections(page),  # noqa: S704 - it escapes HTML
            notes=Markup(self._markdown.line(page.notes, place)),  # noqa: S704 - it escapes HTML
            related=self._related(page), sources=sources,
        )  # fmt: skip

    def _sections(self, page: Page) -> list[dict[str, Any]]:
        texts = [("Description", page.description), ("Usage", page.usage)]
        texts += [(section.heading, section.body) for section in page.sections]
        return [
            {"id": _slug(heading), "heading": heading, "html": Markup(self._section(page, heading, body))}  # noqa: S704 - of our own renderers, which escape
            for heading, body in texts
        ]

    def document(self, file: str) -> str:
        """An index, the repo map or a report."""
        place = self._contents.places.wiki_file(file) or ""
        text = self._contents.documents[file]
        html = self._markdown.html(text, file, place, names=True)
        return self.fill("document.html", place, title=_title_of(file, text), html=Markup(html))  # noqa: S704 - HTML was escaped

    def source(self, path: str) -> str:
        """A file of the repository; one that nothing cites as a page at the site's root."""
        place = self._contents.places.source(path) or ""
        return self.fill(
            "source.html", place, title=path, path=path, cited=cited_lines(self._contents, path),
            count=len(split_lines(self._contents.texts[path])),
            lines=Markup(lines_html(self._contents, path)),  # noqa: S704 - it escapes each line
        )  # fmt: skip

    @staticmethod
    def listing_place(kind: str) -> str:
        """Where all pages of a type are listed."""
        return f"{PAGE_TYPES[kind].folder}.html"

    def listing(self, kind: str) -> str:
        """All pages of a type."""
        place = self.listing_place(kind)
        rows = [
            {
                "place": self._place(page),
                "title": page.title,
                "kind": page.kind,
                "overview": self._words(page, place),
            }
            for page in self._contents.of_type(kind)
        ]
        return self.fill(
            "listing.html", place, title=f"{kind}s", about=LISTINGS[kind], css=kind.lower(), rows=rows
        )

    def documents(self) -> str:
        """The list of documents and source files."""
        places = self._contents.places
        rows: dict[str, list[dict[str, str]]] = {"Map": [], "Indexes": [], "Reports": []}
        for file, text in self._contents.documents.items():
            group = "Reports" if "/" in file else "Map" if "RepoMap" in file else "Indexes"
            rows[group].append({"place": places.wiki_file(file) or "", "title": _title_of(file, text)})
        groups = [{"words": words, "rows": found} for words, found in rows.items() if found]
        sources = [{"path": path, "place": places.source(path)} for path in sorted(self._contents.citing)]
        return self.fill(
            "documents.html", "documents.html", title="Map, indexes, reports", groups=groups, sources=sources
        )

    def graph(self) -> str:
        """The graph of all pages."""
        drawn = self._drawn
        kinds = [
            {"kind": kind, "words": words.lower()}
            for kind, words in (("step", "steps"), ("implemented_by", "implementations"),
                                ("requires_env", "environments"), ("uses_heuristic", "heuristics"))
        ]  # fmt: skip
        return self.fill(
            "graph.html", "graph.html", title="Graph", svg=Markup(drawn.svg), count=len(drawn.nodes),  # noqa: S704 - titles were escaped
            edges=drawn.edges, kinds=kinds,
        )  # fmt: skip

    def graph_data(self) -> str:
        """The data of the graph's script."""
        return f"window.gardenerNeighbours={self._drawn.data};\n"

    @cached_property
    def _drawn(self) -> PageGraph:
        return page_graph(self._contents)

    def fill(self, template: str, place: str, **values: Any) -> str:
        """A template within the site's menu and tree.

        Args:
            template: Of the frame.
            place: Of what it makes in the site.
            values: As the template names them.
        """
        return self._frame(template, place, site=self._site, here=self._row_of(values.get("page")), **values)

    def _row_of(self, page: Page | None) -> str:
        """The id of the page's row beside it: of the module that it is about or belongs to, its own; "" for none."""
        if page is None or page.type in ("Module", "Workflow"):
            return page.id if page else ""
        module = self._contents.module_of(page)
        return module.id if module else ""

    def _menu(self) -> list[dict[str, str]]:
        types = [kind for kind in LISTINGS if self._contents.of_type(kind)]
        menu = [{"place": self.listing_place(kind), "words": f"{kind}s"} for kind in types]
        return [
            *menu,
            {"place": "graph.html", "words": "Graph"},
            {"place": "documents.html", "words": "Map and reports"},
        ]

    def _place(self, page: Page) -> str:
        return self._contents.places.wiki_file(page.file) or ""

    def _words(self, page: Page, place: str) -> Markup:
        """The overview, without links: the whole row is about one page."""
        html = self._markdown.line(page.overview, place)
        return Markup(re.sub(r"</?a\b[^>]*>", "", html))  # noqa: S704 - of our own renderer, which escapes

    def _workflow(self, page: Page) -> dict[str, Any]:
        steps = [
            {"title": step.title, "place": self._contents.place_of(step.principle) or self._place(page)}
            for step in read_steps(page)
        ]
        where = str(page.sources[0].anchor) if page.sources else page.name
        return {"place": self._place(page), "title": page.title, "steps": steps, "where": where}

    def _most_used(self) -> list[dict[str, Any]]:
        """Implementations whose principles are steps of the most workflows."""
        uses = {
            made.id: len(steps)
            for principle, edges in self._contents.incoming.items()
            if (steps := [edge for edge in edges if edge.kind == "step_of"])
            and (made := self._contents.implementation_of(principle))
        }
        ids = sorted(uses, key=lambda page_id: (-uses[page_id], page_id))[:_MOST_USED]
        pages = [self._contents.pages[page_id] for page_id in ids]
        return [
            {"place": self._place(page), "title": page.title, "overview": self._words(page, "index.html")}
            for page in pages
        ]

    def _section(self, page: Page, heading: str, body: str) -> str:
        if page.type == "Workflow" and heading == "Execution Diagram":
            return self._diagram(page, body)
        return self._markdown.html(body, page.file, self._place(page))

    def _diagram(self, page: Page, mermaid: str) -> str:
        place = self._place(page)
        steps = []
        for step in read_steps(page):
            target = self._contents.place_of(step.principle)
            made = self._contents.implementation_of(step.principle)
            reference = read_code_reference(made) if made else None
            api = api_name(made, reference) or (made.title if made else "")
            link = relative(place, target) if target else ""
            steps.append(DrawnStep(step.number, step.title, api, link))
        asked = read_sequence(mermaid)
        return step_diagram(steps, arrows_of(mermaid)) + (sequence_drawing(asked) if asked else "")

    def _related(self, page: Page) -> list[dict[str, Any]]:
        place = self._place(page)
        edges = [*page.edges, *self._contents.incoming.get(page.id, ())]
        groups = []
        for kind, words in RELATIONS.items():
            targets = dict.fromkeys(edge.target for edge in edges if edge.kind == kind)
            links = [Markup(self._markdown.link(target, place)) for target in targets]  # noqa: S704 - it escapes the title
            if links:
                groups.append({"words": words, "links": links})
        return groups


def _slug(heading: str) -> str:
    return _SLUG.sub("-", heading.lower()).strip("-") or "section"


def _title_of(file: str, text: str) -> str:
    first = text.partition("\n")[0]
    words = first.removeprefix("# ").rpartition(":")
    return (words[0] or words[2]).strip().replace("\\", "") if first.startswith("# ") else file
