"""Writing pages: the same page gives the same bytes, and `reading` reads them back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from codebase_gardener.knowledge.pages.markup import NONE_FOUND, link_free, open_fence, outside_fences
from codebase_gardener.knowledge.pages.structure import EDGES, PAGE_TYPES, Edge, Page, Section, Wiki
from codebase_gardener.knowledge.sources.lines import Source
from codebase_gardener.utils.error_handling import InvalidInputError
from codebase_gardener.utils.memo import remembered

__all__ = ["NO_RELATED", "incoming_edges", "normalised", "render", "render_pages", "safe_body"]

NO_RELATED = "No link to another page."

_HEADING = re.compile(r"\A {0,3}#{1,2}(?=[ \t]|\Z)")
_UNDERLINE = re.compile(r" {0,3}(=+|-+)[ \t]*\Z")
_HTML = re.compile(r"\A( {0,3})<(?!https?://)")
_UNWRITABLE = re.compile("[\x00\ud800-\udfff]")
_PLAIN = re.compile(r"[ !#-\[\]-~]*")  # what neither pattern below finds anything in
_SURROGATE = re.compile("[\ud800-\udfff]")
_ESCAPED = re.compile(
    r'["\\]|[^\t\x20-\x7e\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]|[\u2028\u2029\t]'
)


def render_pages(wiki: Wiki) -> dict[str, str]:
    """The text of every page, by its file."""
    incoming = incoming_edges(wiki.pages)
    return {page.file: render(page, wiki, incoming.get(page.id, ())) for page in wiki.pages}


def incoming_edges(pages: Iterable[Page]) -> dict[str, tuple[Edge, ...]]:
    """Of each page's id, the inverses of the edges that lead to it, sorted: `step_of` the Workflow."""
    found: dict[str, set[Edge]] = {}
    for page in pages:
        for edge in page.edges:
            found.setdefault(edge.target, set()).add(Edge(EDGES[edge.kind].inverse, page.id))
    return {target: tuple(sorted(edges)) for target, edges in found.items()}


def render(page: Page, wiki: Wiki, incoming: Sequence[Edge]) -> str:
    """The text of a page.

    Args:
        page: Its Markdown is made safe: nothing in it can end a section or hide the next one.
        wiki: For repository, commit and date; its pages are not looked at.
        incoming: Inverse edges, from `incoming_edges`.

    Raises:
        InvalidInputError: A section or an edge that its type does not have.
    """
    _check(page)
    page = normalised(page)
    sections = (
        Section("Overview", page.overview), Section("Description", page.description),
        Section("Usage", page.usage), *page.sections,
        Section("Related Pages", _links([*page.edges, *incoming])),
    )  # fmt: skip
    text = f"{_front_matter(page, wiki)}\n# {link_free(page.title)}\n"
    return text + "".join(f"\n## {section.heading}\n\n{section.body}\n" for section in sections)


def normalised(page: Page) -> Page:
    """The page as it is read back: safe Markdown, all sections of its type in order, domains sorted."""
    bodies = {section.heading: section.body for section in page.sections}
    return replace(
        page,
        name=_line(page.name),
        title=_line(page.title),
        overview=safe_body(page.overview),
        description=safe_body(page.description),
        usage=safe_body(page.usage),
        sections=tuple(
            Section(name, safe_body(bodies.get(name, ""))) for name in PAGE_TYPES[page.type].sections
        ),
        domains=tuple(sorted({_line(word) for word in page.domains})),
        kind=_line(page.kind),
        notes=_line(page.notes),
    )


@remembered
def safe_body(text: str) -> str:
    """Markdown that cannot leave its section; what it says stays.

    Headings of level 1 and 2 become level 3, underlined headings, HTML blocks and fences without an end are
    defused, characters that no UTF-8 file can hold are replaced. Nothing at all becomes `NONE_FOUND`.
    """
    text = _UNWRITABLE.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))
    lines = _without_blank_ends(text.split("\n"))
    if not lines:
        return NONE_FOUND
    safe: list[str] = []
    for line, visible in zip(lines, outside_fences("\n".join(lines)), strict=True):
        safe += _safe_lines(line, safe[-1] if safe else "") if visible else [line]
    left_open = open_fence("\n".join(safe))
    return "\n".join([*safe, left_open] if left_open else safe)


def _safe_lines(line: str, before: str) -> list[str]:
    if _HEADING.match(line):
        return [_HEADING.sub("###", line)]
    if _UNDERLINE.match(line) and before.strip():
        return ["\\" + line.strip()] if "=" in line else ["", line]
    return [_HTML.sub(r"\1\\<", line)]


def _without_blank_ends(lines: list[str]) -> list[str]:
    filled = [index for index, line in enumerate(lines) if line.strip()]
    return lines[filled[0] : filled[-1] + 1] if filled else []


def _links(edges: Iterable[Edge]) -> str:
    return "\n".join(f"* [[{edge.kind}::{edge.target}]]" for edge in edges) or NO_RELATED


def _front_matter(page: Page, wiki: Wiki) -> str:
    fields: Mapping[str, str] = {
        "type": _yaml(page.type), "name": _yaml(page.name), "title": _yaml(page.title),
        "kind": _yaml(page.kind) if page.kind else "",
        "repo": _yaml(wiki.repo), "commit": _yaml(wiki.commit),
        "sources": "".join(f"\n  - {_source(source)}" for source in page.sources) or "[]",
        "domains": f"[{', '.join(map(_yaml, page.domains))}]",
        "updated": _yaml(wiki.updated), "notes": _yaml(page.notes) if page.notes else "",
    }  # fmt: skip
    lines = [
        f"{name}:{'' if value[0] == chr(10) else ' '}{value}\n" for name, value in fields.items() if value
    ]
    return f"---\n{''.join(lines)}---\n"


def _source(source: Source) -> str:
    return f"{{anchor: {_yaml(str(source.anchor))}, symbol: {_yaml(source.symbol)}, sha256: {_yaml(source.sha256)}}}"


def _yaml(text: str) -> str:
    """A double-quoted YAML scalar on one line, that any YAML 1.1 or 1.2 reader reads back."""
    if _PLAIN.fullmatch(text):
        return f'"{text}"'
    return '"' + _ESCAPED.sub(_escape, _SURROGATE.sub("\ufffd", text)) + '"'


def _escape(found: re.Match[str]) -> str:
    character = found[0]
    if character in '"\\':
        return "\\" + character
    number = ord(character)
    return (
        f"\\x{number:02x}" if number < 256 else f"\\u{number:04x}" if number < 65536 else f"\\U{number:08x}"
    )


def _line(text: str) -> str:
    return _UNWRITABLE.sub("\ufffd", " ".join(text.split()))


def _check(page: Page) -> None:
    unknown = {section.heading for section in page.sections} - set(PAGE_TYPES[page.type].sections)
    edges = {edge.kind for edge in page.edges} - {k for k, e in EDGES.items() if page.type in e.sources}
    if unknown or edges:
        raise InvalidInputError(
            f"{page.id} has {', '.join(sorted(unknown | edges))}, which a {page.type} does not have",
            hint="see PAGE_TYPES and EDGES in knowledge/pages/structure.py",
        )
