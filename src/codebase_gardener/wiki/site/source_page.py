"""A file of the repository as a page: every line with its number, those that the wiki cites marked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

from markupsafe import Markup

from codebase_gardener.utils.anchors import Anchor
from codebase_gardener.wiki.site.addresses import relative
from codebase_gardener.wiki.site.contents import Contents
from codebase_gardener.wiki.site.highlighting import highlight_key, highlighted

__all__ = ["CitedLines", "cited_lines", "lines_html"]

_WORDS_CHARS = 34


@dataclass(frozen=True)
class CitedLines:
    """Lines that pages cite.

    Attributes:
        words: As a reader sees it.
        id: What a link to them ends in: "L30-L128".
        pages: Links to the pages, with escaped titles.
    """

    words: str
    id: str
    pages: tuple[Markup, ...]


def cited_lines(contents: Contents, path: str) -> list[CitedLines]:
    """All ranges of a file that pages cite, in the order of their lines."""
    place = contents.places.source(path) or ""
    return [
        CitedLines(_words(anchor), _id(anchor), tuple(Markup(_link(contents, page, place)) for page in pages))  # noqa: S704 - it escapes
        for anchor, pages in contents.citing.get(path, {}).items()
        if pages
    ]


def lines_html(contents: Contents, path: str) -> str:
    """The lines of a file as HTML."""
    anchors = contents.citing.get(path, {})
    lines = highlighted(contents.texts[path], highlight_key(path))
    marked = _marked(anchors, len(lines))
    starts: dict[int, list[Anchor]] = {}
    for anchor in anchors:
        starts.setdefault(anchor.start, []).append(anchor)
    place = contents.places.source(path) or ""
    return "".join(
        _row(number, line, marked[number], starts.get(number, []), contents, place)
        for number, line in enumerate(lines, 1)
    )


def _marked(anchors: Mapping[Anchor, tuple[str, ...]], count: int) -> list[bool]:
    """For each line number, whether it is cited; in time that grows with lines and anchors, not their product."""
    changes = [0] * (count + 3)
    for anchor in anchors:
        changes[min(anchor.start, count + 1)] += 1
        changes[min(anchor.end, count + 1) + 1] -= 1
    marked, open_ranges = [], 0
    for change in changes:
        open_ranges += change
        marked.append(open_ranges > 0)
    return marked


def _row(number: int, line: str, hit: bool, starts: list[Anchor], contents: Contents, place: str) -> str:
    css = "row hit" if hit else "row"
    targets = "".join(f'<a id="{_id(anchor)}"></a>' for anchor in starts)
    by = _margin(starts, contents, place) if starts else ""
    return (
        f'<span class="{css}" id="L{number}">{targets}<a class="no" href="#L{number}">{number}</a>'
        f"<code>{line}\n</code>{by}</span>"
    )


def _margin(starts: list[Anchor], contents: Contents, place: str) -> str:
    """The first page that cites what begins here, and how many more do."""
    anchors = contents.citing[next(iter(starts)).path]
    pages = list(dict.fromkeys(page for anchor in starts for page in anchors[anchor]))
    if not pages:
        return ""
    more = f' <a href="#by-{_id(starts[0])}">+{len(pages) - 1}</a>' if len(pages) > 1 else ""
    return f'<span class="by">{_link(contents, pages[0], place)}{more}</span>'


def _link(contents: Contents, page_id: str, place: str) -> str:
    page, target = contents.pages[page_id], contents.place_of(page_id) or ""
    title = page.title if len(page.title) <= _WORDS_CHARS else f"{page.title[: _WORDS_CHARS - 1]}…"
    whole = escape(f"{page.type}: {page.title}")
    link = relative(place, target)
    return f'<a class="page {page.type.lower()}" href="{link}" title="{whole}">{escape(title)}</a>'


def _words(anchor: Anchor) -> str:
    return f"L{anchor.start}" if anchor.start == anchor.end else f"L{anchor.start}–{anchor.end}"


def _id(anchor: Anchor) -> str:
    return f"L{anchor.start}-L{anchor.end}"
