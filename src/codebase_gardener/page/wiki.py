"""The view of wikis: the site that `gardener wiki html` writes, searched, compared with its source, corrected."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from codebase_gardener.knowledge.pages.overrides import TEXTS, read_overrides
from codebase_gardener.knowledge.pages.structure import PAGE_TYPES, Page
from codebase_gardener.page.open_wikis import OpenWiki, OpenWikis, frame_environment
from codebase_gardener.page.overviews import overview_of
from codebase_gardener.page.processes import OwnProcess
from codebase_gardener.page.shell import HEADERS, PREFIX, Form, Shell
from codebase_gardener.page.view import View
from codebase_gardener.page.works import works_of
from codebase_gardener.utils.anchors import Anchor
from codebase_gardener.utils.error_handling import InvalidInputError, NotFoundError
from codebase_gardener.wiki.paths import WikiPaths
from codebase_gardener.wiki.site.shell import Frame, link_to

__all__ = ["VIEW"]

_OF = f"{PREFIX}/wiki/{{project}}"
_ROWS, _FOUND = 50, 20
_TEMPLATES = Path(__file__).parent / "templates" / "wiki"
_ANCHOR = re.compile(r"(?P<path>.+):L(?P<start>\d{1,9})-(?P<end>\d{1,9})")
_MARKED_ANCHOR = re.compile(r"`(?P<path>[^`:\n]+):L(?P<start>\d{1,9})-(?P<end>\d{1,9})`")


def _routes(shell: Shell) -> Sequence[BaseRoute]:
    gardener = shell.gardener
    wikis = OpenWikis(gardener, _frames(shell))
    shell.ahead.append(wikis.read_newest)

    def listed(request: Request) -> Response:
        q, after = request.query_params.get("q", ""), request.query_params.get("after", "")
        rows = gardener.registry.listed_projects(q, after=after, limit=_ROWS + 1)
        shown, folder = rows[:_ROWS], gardener.settings.projects_dir
        there = {row.name: WikiPaths(folder / row.name).folder.is_dir() for row in shown}
        answer = shell.render(
            "wiki/list.html", rows=[(row.name, overview_of(folder, row.name), there[row.name]) for row in shown],
            q=q, after=after, more=shell.link("wiki", q=q, after=shown[-1].name) if len(rows) > _ROWS else "",
        )  # fmt: skip
        answer.background = BackgroundTask(
            wikis.read_ahead, [name for name, is_there in there.items() if is_there]
        )
        return answer

    def start(request: Request) -> Response:
        return shell.redirect(shell.link("wiki", wikis.get(_project(request)).wiki.project, "index.html"))

    def file(request: Request) -> Response:
        place = request.path_params["place"]
        text = wikis.get(_project(request)).made(place)
        if text is None:
            raise HTTPException(404, "the wiki has no such page (any more): search for it")
        return _html(text, "text/javascript" if place.endswith(".js") else "text/html")

    def search(request: Request) -> Response:
        opened, asked = wikis.get(_project(request)), request.query_params
        q, code = asked.get("q", "").strip(), bool(asked.get("code"))
        opened.index.ask()
        index = opened.index.value
        found = index.search(q, k=_FOUND, code=code) if q and index else []
        rows = [(one, _place(opened, one.id, one.anchor)) for one in found]
        return _html(
            opened.views.fill(
                "search.html", "search", title="Search", q=q, code=code, rows=rows, index=opened.index
            )
        )

    def changes(request: Request) -> Response:
        opened = wikis.get(_project(request))
        opened.changes.ask()
        text = opened.views.fill(
            "changes.html", "changes", title="Changes", changes=opened.changes, corrections=opened.corrections(),
            source=gardener.registry.project(opened.wiki.project).source, waiting=opened.has_newer_corrections,
            built_at=opened.built_from.revision if opened.built_from else "",
        )  # fmt: skip
        return _html(text)

    def look(request: Request, form: Form) -> Response:
        opened = wikis.get(_project(request))
        opened.changes.ask(anew=True)
        return shell.redirect(shell.link("wiki", opened.wiki.project, "changes"))

    home = gardener.settings.home

    def process(project: str) -> OwnProcess:
        return OwnProcess(home / "runs" / "wiki" / project)

    def building(request: Request) -> Response:
        project = gardener.wiki(_project(request)).project
        there = WikiPaths(gardener.settings.projects_dir / project).folder.is_dir()
        works = works_of(home, [process(project).folder])
        return shell.render(
            "wiki/build.html", project=project, there=there, works=works, build=process(project)
        )

    def build(request: Request, form: Form) -> Response:
        project = gardener.wiki(_project(request)).project
        process(project).start(["wiki", "build", "--", project], gardener.settings.for_workers)
        return shell.redirect(shell.link("wiki", project, "build"))

    return [
        Route(f"{PREFIX}/wiki", listed),
        Route(_OF, start),
        Route(f"{_OF}/", start),
        Route(f"{_OF}/search", search),
        *_reading_lines(shell, wikis),
        Route(f"{_OF}/changes", changes),
        Route(f"{_OF}/changes", shell.action(look), methods=["POST"]),
        *_correcting(shell, wikis),
        Route(f"{_OF}/build", building),
        Route(f"{_OF}/build", shell.action(build), methods=["POST"]),
        Route(f"{_OF}/{{place:path}}", file),
    ]


def _reading_lines(shell: Shell, wikis: OpenWikis) -> Sequence[BaseRoute]:
    """Files that no page cites, and where an anchor is shown."""

    def lines(request: Request) -> Response:
        opened, path = wikis.get(_project(request)), request.query_params.get("path", "")
        if path not in opened.contents.texts:
            raise NotFoundError(f"the wiki knows no file {path[:200]!r}", hint="search the wiki for it")
        return _html(opened.views.source(path))

    def at(request: Request) -> Response:
        project, what = _project(request), request.query_params.get("what", "")
        place = ""
        with suppress(NotFoundError):  # there is no wiki
            opened = wikis.get(project)
            if _is_as_built(opened, what):
                place = _place(opened, what.partition("#")[0], what)
        alone = shell.link("ask", project, "read", what=what)
        return shell.redirect(f"{shell.link('wiki', project)}/{place}" if place else alone)

    return [Route(f"{_OF}/lines", lines), Route(f"{_OF}/at", at)]


def _correcting(shell: Shell, wikis: OpenWikis) -> Sequence[BaseRoute]:
    """The form of a correction, and what it does."""

    def correct(request: Request) -> Response:
        opened, asked = wikis.get(_project(request)), request.query_params
        page = _page(opened, asked.get("page", ""))
        return _html(_correction(opened, page, asked.get("part", "overview")))

    def keep(request: Request, form: Form) -> Response:
        opened = wikis.get(_project(request))
        page, part = _page(opened, form.get("page", "")), form.get("part", "")
        text = form.get("text", "").replace("\r\n", "\n")
        try:
            opened.wiki.correct(page.id, part, text)
        except InvalidInputError as error:
            return _html(_correction(opened, page, part, text, error), status=400)
        return shell.redirect(shell.link("wiki", opened.wiki.project, "changes"))

    return [
        Route(f"{_OF}/correct", correct),
        Route(f"{_OF}/correct", shell.action(keep), methods=["POST"]),
    ]


def _frames(shell: Shell) -> Callable[[OpenWiki], Frame]:
    environment = frame_environment(shell.environment, _TEMPLATES)
    environment.filters["unmarked"] = _unmarked
    assets: Mapping[str, Path] = cast("Any", environment.globals["assets"])
    asset: Callable[[str], str] = cast("Any", environment.globals["asset"])

    def of(opened: OpenWiki) -> Frame:
        def frame(template: str, place: str, **values: Any) -> str:
            def to(target: str) -> str:
                name = target.removeprefix("assets/")
                return asset(name) if target != name and name in assets else link_to(place, target)

            return environment.get_template(template).render(
                view="wiki", project=opened.wiki.project, opened=opened, to=to, place=place, **values
            )

        return frame

    return of


def _project(request: Request) -> str:
    return str(request.path_params["project"])


def _html(text: str, kind: str = "text/html", status: int = 200) -> Response:
    return HTMLResponse(text.encode("utf-8", "replace"), status, HEADERS, media_type=kind)


def _page(opened: OpenWiki, page_id: str) -> Page:
    page = opened.contents.pages.get(page_id)
    if page is None:
        raise NotFoundError(f"there is no page {page_id[:200]!r} (any more)", hint="search the wiki for it")
    return page


def _place(opened: OpenWiki, page_id: str, lines_of: str) -> str:
    """Where a page, or lines, are shown; "" for nowhere."""
    if page := opened.contents.place_of(page_id):
        return page
    anchor = _ANCHOR.fullmatch(lines_of)
    if anchor is None:
        return ""
    lines = Anchor(anchor["path"], int(anchor["start"]), int(anchor["end"]))
    uncited = f"lines?path={quote(lines.path, safe='')}#L{lines.start}-L{lines.end}"
    return opened.contents.place_of_lines(lines) or (uncited if lines.path in opened.contents.texts else "")


def _is_as_built(opened: OpenWiki, what: str) -> bool:
    """Whether what was read last has the lines where the wiki has them."""
    found = _ANCHOR.fullmatch(what)
    if found is None:
        return True
    return opened.contents.texts.get(found["path"]) == opened.source_text(found["path"])


def _correction(
    opened: OpenWiki, page: Page, part: str, text: str | None = None, error: InvalidInputError | None = None
) -> str:
    parts = [*TEXTS, *PAGE_TYPES[page.type].sections]
    if part not in parts:
        raise InvalidInputError(f"{page.id} has no part {part[:100]!r}", hint=f"one of: {', '.join(parts)}")
    return opened.views.fill(
        "correct.html", "correct", title="Correct", page=page, parts=parts, part=part,
        text=_text(opened, page, part) if text is None else text, error=error,
        page_place=opened.contents.place_of(page.id),
    )  # fmt: skip


def _text(opened: OpenWiki, page: Page, part: str) -> str:
    """What stands there, by the correction or by the page; symbols for line ranges, as a correction is to name them."""
    kept = read_overrides(opened.wiki.paths.overrides).get(page.id)
    if kept and (text := {**kept.sections, **kept.texts}.get(part)):
        return text
    bodies = {section.heading: section.body for section in page.sections}
    text = str(getattr(page, part)) if part in TEXTS else bodies.get(part, "")
    return _MARKED_ANCHOR.sub(lambda found: _by_symbol(found, page), text)


def _by_symbol(found: re.Match[str], page: Page) -> str:
    """An anchor as the name of the smallest symbol around its lines; as it is where the page knows none."""
    start, end = int(found["start"]), int(found["end"])
    around = [
        source
        for source in page.sources
        if source.symbol and source.anchor.path == found["path"] and source.anchor.start <= start
        and end <= source.anchor.end
    ]  # fmt: skip
    if not around:
        return found[0]
    nearest = min(around, key=lambda source: source.anchor.end - source.anchor.start)
    return f"`anchor:{found['path']}::{nearest.symbol}`"


def _unmarked(text: str) -> str:
    """A line of a page as a reader sees it: no code marks, the cells of a row one after another."""
    row = text.startswith("|")
    cells = [cell.strip() for cell in text.strip("|").split("|")] if row else [text]
    return " · ".join(filter(None, cells)).replace("`", "")


VIEW = View("wiki", "Wiki", _routes)
