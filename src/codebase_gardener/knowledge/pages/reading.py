"""Reading pages back from disk: the exact inverse of `rendering`, safe against whatever a file holds."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

import yaml

from codebase_gardener.knowledge.pages.implementation_layout import parse_anchor
from codebase_gardener.knowledge.pages.markup import link_free, outside_fences
from codebase_gardener.knowledge.pages.rendering import NO_RELATED
from codebase_gardener.knowledge.pages.structure import EDGES, PAGE_TYPES, Edge, Page, Section
from codebase_gardener.knowledge.pages.workflow_layout import LINK
from codebase_gardener.knowledge.sources.lines import Source
from codebase_gardener.utils.memo import remembered

__all__ = ["PageProblem", "Reading", "read_page"]

MAX_PAGE_CHARS = 8_000_000
MAX_FRONT_CHARS = 2_000_000
MAX_DEPTH = 4
"""Of front matter: document, mapping, list of sources, source."""

_STATE = re.compile(r'^(commit|updated): "([ !#-\[\]-~]*)"$', re.MULTILINE)
_REQUIRED = ("type", "name", "title", "repo", "commit", "sources", "domains", "updated")
_OPTIONAL = ("kind", "notes")
_INVERSES = {kind.inverse for kind in EDGES.values()}
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class PageProblem:
    """What is wrong with a page's text.

    Attributes:
        check: "front matter", "sections" or "links".
        line: 1-based, in the file.
        what: In words.
    """

    check: str
    line: int
    what: str


@dataclass(frozen=True)
class Reading:
    """What a page's text says.

    Attributes:
        page: None where it cannot be read; as far as it can where there are problems.
        repo, commit, updated: Of the front matter.
        incoming: The inverse edges that it writes.
        problems: In order of their lines.
        starts: The line at which the body of each section begins, 1-based.
        first_line: The line after the front matter.
    """

    page: Page | None
    repo: str
    commit: str
    updated: str
    incoming: tuple[Edge, ...]
    problems: tuple[PageProblem, ...]
    starts: dict[str, int]
    first_line: int


@dataclass(frozen=True)
class _Part:
    heading: str
    start: int
    body: str


def read_page(text: str) -> Reading:
    """Read what `render` wrote.

    Nothing raises: whatever is wrong stands in `problems`, with its line.
    """
    front = text[: text.find("\n---\n", 3) + 1][:MAX_FRONT_CHARS]
    state = dict(_STATE.findall(front))
    if list(state) == [
        "commit",
        "updated",
    ]:  # other ones in each build: the rest is read without, and remembered
        reading = _parsed(_STATE.sub(r'\1: ""', front) + text[len(front) :])
        if not reading.problems and (reading.commit, reading.updated) == ("", ""):
            return replace(reading, **state)
    return _parsed(text)


@remembered
def _parsed(text: str) -> Reading:
    problems: list[PageProblem] = []
    front, body, first_line = _split_front_matter(text, problems)
    fields = _fields(front, problems)
    title, parts = _parts(body, first_line)
    kind = PAGE_TYPES.get(fields["type"])
    if kind is None:
        return Reading(
            None, fields["repo"], fields["commit"], fields["updated"], (), tuple(problems), {}, first_line
        )
    if title.body != link_free(fields["title"]):
        what = f"the heading {title.body!r} is not the title {fields['title']!r}"
        problems.append(PageProblem("sections", title.start, what))
    expected = ["Overview", "Description", "Usage", *kind.sections, "Related Pages"]
    problems += _section_problems(expected, parts)
    bodies = {part.heading: part.body for part in reversed(parts)}
    related = next((part for part in parts if part.heading == "Related Pages"), _Part("", first_line, ""))
    edges, incoming = _edges(related, problems)
    page = Page(
        fields["type"], fields["name"], fields["title"], bodies.get("Overview", ""),
        bodies.get("Description", ""), bodies.get("Usage", ""),
        tuple(Section(name, bodies.get(name, "")) for name in kind.sections),
        edges, fields["sources"], fields["domains"], fields["kind"], fields["notes"],
    )  # fmt: skip
    return Reading(
        page, fields["repo"], fields["commit"], fields["updated"], incoming,
        tuple(sorted(problems, key=lambda problem: problem.line)), {part.heading: part.start for part in parts},
        first_line,
    )  # fmt: skip


def _split_front_matter(text: str, problems: list[PageProblem]) -> tuple[str, str, int]:
    """Front matter, the rest, and the line at which the rest begins."""
    if len(text) > MAX_PAGE_CHARS:
        problems.append(PageProblem("front matter", 1, f"a page of {len(text):,} characters is not read"))
        return "", "", 1
    end = text.find("\n---\n", 3)
    if not text.startswith("---\n") or end < 0 or end > MAX_FRONT_CHARS:
        problems.append(PageProblem("front matter", 1, "there is none between two lines ---"))
        return "", text, 1
    return text[4 : end + 1], text[end + 5 :], text.count("\n", 0, end + 5) + 1


def _fields(front: str, problems: list[PageProblem]) -> dict[str, Any]:
    """All fields, each of its type; a wrong or missing one is empty, and a problem."""
    try:
        loaded = _parse(front)
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 2 if mark else 1
        problems.append(
            PageProblem("front matter", line, f"no YAML: {getattr(error, 'problem', None) or error}")
        )
        loaded = {}
    fields: dict[str, Any] = {}
    for name in (*_REQUIRED, *_OPTIONAL):
        if name not in loaded and name in _REQUIRED:
            problems.append(PageProblem("front matter", 1, f"{name} is missing"))
        fields[name] = _READERS.get(name, _text)(loaded.get(name), name, problems)
    problems += [
        PageProblem("front matter", 1, f"{str(name)[:80]!r} is no field of a page")
        for name in loaded
        if name not in fields
    ]
    if fields["type"] not in PAGE_TYPES:
        problems.append(PageProblem("front matter", 1, f"{fields['type'][:80]!r} is no type of page"))
    return fields


def _parse(front: str) -> dict[str, Any]:
    """Mappings, lists and texts, built from YAML's events: nothing is constructed, and no alias is followed.

    Raises:
        ValueError: It holds aliases, is nested too deeply, or is no mapping of names.
    """
    stack: list[_Open] = [_Open([])]
    for event in yaml.parse(front, Loader=_LOADER):
        if isinstance(event, yaml.AliasEvent):
            raise ValueError("aliases are not read")  # noqa: TRY004 - of the text, not of a type
        if isinstance(event, yaml.ScalarEvent):
            stack[-1].add(event.value)
        elif isinstance(event, yaml.CollectionStartEvent):
            stack.append(_Open({} if isinstance(event, yaml.MappingStartEvent) else []))
        elif isinstance(event, yaml.CollectionEndEvent):
            ended = stack.pop().value
            stack[-1].add(ended)
        if len(stack) > MAX_DEPTH:
            raise ValueError(f"nested deeper than {MAX_DEPTH}")
    values = stack[0].value
    return values[0] if isinstance(values, list) and values and isinstance(values[0], dict) else {}


@dataclass
class _Open:
    """A list or mapping that is not ended yet; of a mapping, the key that waits for its value."""

    value: list[Any] | dict[str, Any]
    key: str | None = None

    def add(self, item: Any) -> None:
        if isinstance(self.value, list):
            self.value.append(item)
        elif self.key is None:
            if not isinstance(item, str) or item in self.value:
                raise ValueError(f"{str(item)[:80]!r} is no name, or there twice")
            self.key = item
        else:
            self.value[self.key] = item
            self.key = None


def _text(value: object, name: str, problems: list[PageProblem]) -> str:
    if value is not None and not isinstance(value, str):
        problems.append(PageProblem("front matter", 1, f"{name} is no text"))
    return value if isinstance(value, str) else ""


def _domains(value: object, name: str, problems: list[PageProblem]) -> tuple[str, ...]:
    values = value if isinstance(value, list) else []
    if any(not isinstance(word, str) for word in values) or not isinstance(value, list | None):
        problems.append(PageProblem("front matter", 1, f"{name} is no list of texts"))
    return tuple(word for word in values if isinstance(word, str))


def _sources(value: object, name: str, problems: list[PageProblem]) -> tuple[Source, ...]:
    found = []
    for item in value if isinstance(value, list) else []:
        values = [item.get(key) for key in ("anchor", "symbol", "sha256")] if isinstance(item, dict) else []
        anchor = parse_anchor(values[0]) if values and isinstance(values[0], str) else None
        if anchor is None or len(item) != 3 or not all(isinstance(text, str) for text in values):
            problems.append(PageProblem("front matter", 1, f"{str(item)[:120]} is no source"))
            continue
        found.append(Source(anchor, str(values[1]), str(values[2])))
    if not isinstance(value, list | None):
        problems.append(PageProblem("front matter", 1, f"{name} is no list"))
    return tuple(found)


_READERS: dict[str, Any] = {"sources": _sources, "domains": _domains}


def _parts(body: str, first_line: int) -> tuple[_Part, list[_Part]]:
    """The title and the sections of level 2, each with the line at which its body begins."""
    lines = body.split("\n")
    heads = [
        (index, visible)
        for index, visible in enumerate(outside_fences(body))
        if visible.startswith(("# ", "## "))
    ]
    title = _Part("", first_line, "")
    parts: list[_Part] = []
    for (index, head), following in zip(heads, [*heads[1:], (len(lines), "")], strict=False):
        inside = lines[index + 1 : following[0]]
        blank = next((number for number, line in enumerate(inside) if line.strip()), 0)
        if head.startswith("## "):
            text = "\n".join(inside).strip("\n")
            parts.append(_Part(head[3:].strip(), first_line + index + 1 + blank, text))
        elif not parts and not title.body:
            title = _Part("", first_line + index, head[2:])
        else:
            parts.append(_Part(head, first_line + index, ""))
    return title, parts


def _section_problems(expected: list[str], parts: list[_Part]) -> list[PageProblem]:
    found = [part.heading for part in parts]
    problems = [
        PageProblem("sections", part.start, f"{part.heading!r} is no section of this type")
        for part in parts
        if part.heading not in expected
    ]
    line = parts[-1].start if parts else 1
    problems += [
        PageProblem("sections", line, f"{name!r} is missing") for name in expected if name not in found
    ]
    twice = [part for index, part in enumerate(parts) if part.heading in found[:index]]
    problems += [PageProblem("sections", part.start, f"{part.heading!r} is there twice") for part in twice]
    if not problems and found != expected:
        first = next(index for index, name in enumerate(expected) if found[index] != name)
        what = f"{found[first]!r} stands where {expected[first]!r} belongs"
        problems.append(PageProblem("sections", parts[first].start, what))
    return problems + [
        PageProblem("sections", part.start, f"{part.heading!r} is empty")
        for part in parts
        if not part.body.strip()
    ]


def _edges(related: _Part, problems: list[PageProblem]) -> tuple[tuple[Edge, ...], tuple[Edge, ...]]:
    forward: list[Edge] = []
    inverse: list[Edge] = []
    for number, line in enumerate(related.body.split("\n"), related.start):
        link = LINK.fullmatch(line[2:]) if line.startswith("* ") else None
        if link and (link[1] in EDGES or link[1] in _INVERSES):
            (forward if link[1] in EDGES else inverse).append(Edge(link[1], f"{link[2]}:{link[3]}"))
        elif line.strip() and line != NO_RELATED:
            problems.append(PageProblem("links", number, f"{line[:120]!r} is no link of a known edge"))
    return tuple(forward), tuple(inverse)
