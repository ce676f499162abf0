"""The audit of pages: links, pairs, sections, anchors, quotes, each against the files and the syntax tree."""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from codebase_gardener.knowledge.pages.citations import Citation, Quote, citations_of, dedented, quotes_of
from codebase_gardener.knowledge.pages.findings import Finding, PageCounts
from codebase_gardener.knowledge.pages.indexes import INDEXES
from codebase_gardener.knowledge.pages.inline_quotes import (
    InlineQuote,
    QuotableText,
    inline_quotes_of,
    unsaid_of,
)
from codebase_gardener.knowledge.pages.markup import outside_fences, without_code
from codebase_gardener.knowledge.pages.reading import Reading, read_page
from codebase_gardener.knowledge.pages.rendering import incoming_edges, render
from codebase_gardener.knowledge.pages.steps import WikiGraph
from codebase_gardener.knowledge.pages.structure import EDGES, Edge, Page, Wiki
from codebase_gardener.knowledge.pages.triage import WAYS_IN, is_orphan
from codebase_gardener.knowledge.pages.wiki_names import is_page_name
from codebase_gardener.knowledge.pages.workflow_layout import LINK, read_steps
from codebase_gardener.knowledge.sources.lines import Source
from codebase_gardener.knowledge.sources.repository_facts import RepositoryFacts
from codebase_gardener.utils.anchors import Anchor
from codebase_gardener.utils.error_handling import InvalidInputError
from codebase_gardener.utils.memo import remembered

__all__ = ["Audit", "audit"]


_FILE_LINK = re.compile(r"(?<!\\)\]\((?![a-z]+:)([^()\s<>#]{1,300}\.md)(?:#[^()\s]{0,200})?\)")
"""A Markdown link to another page: its path, relative to the page's folder."""


@dataclass(frozen=True)
class Audit:
    """What came out.

    Attributes:
        wiki: The pages that could be read.
        findings: Sorted.
        counts: Of each page's file.
        graph: The pages with their links followed.
    """

    wiki: Wiki
    findings: tuple[Finding, ...]
    counts: Mapping[str, PageCounts]
    graph: WikiGraph


def audit(texts: Mapping[str, str], repository: RepositoryFacts) -> Audit:
    """Check every page against the others, the files and the syntax tree.

    Args:
        texts: The pages by file, as they lie on disk.
        repository: What they are about.
    """
    readings = {file: read_page(text) for file, text in sorted(texts.items())}
    pages = sorted((reading.page for reading in readings.values() if reading.page), key=lambda page: page.id)
    wiki = Wiki(
        repository.owner_repo, _common(reading.repo for reading in readings.values()),
        repository.snapshot.revision, repository.snapshot.date, tuple(pages),
    )  # fmt: skip
    bodies = {file: texts[file].split("\n", reading.first_line - 1)[-1] for file, reading in readings.items()}
    citations = {file: citations_of(bodies[file], reading.first_line) for file, reading in readings.items()}
    quotes = {file: quotes_of(bodies[file], reading.first_line) for file, reading in readings.items()}
    inline = {file: inline_quotes_of(bodies[file], reading.first_line) for file, reading in readings.items()}
    auditor = _Auditor(texts, readings, wiki, repository, citations, quotes, inline)
    counts = {
        file: _counts(reading, len(citations[file]), len(quotes[file]) + len(inline[file]))
        for file, reading in readings.items()
    }
    findings = tuple(sorted(set(auditor.findings())))
    auditor.forget()
    return Audit(wiki, findings, counts, auditor.graph)


@remembered
def _linking_lines(body: str) -> tuple[tuple[int, str], ...]:
    """The lines outside of code that may have a link, without code spans, by their place."""
    visible = enumerate(outside_fences(body))
    return tuple((at, without_code(line)) for at, line in visible if "](" in line or "[[" in line)


def _common(values: Iterable[str]) -> str:
    counted = Counter(values).most_common()
    return min((value for value, count in counted if count == counted[0][1]), default="")


def _counts(reading: Reading, citations: int, quotes: int) -> PageCounts:
    page = reading.page
    sources = len(page.sources) if page else 0
    links = len(page.edges) + len(reading.incoming) if page else 0
    return PageCounts(links, sources + citations, quotes)


@dataclass(frozen=True)
class _Auditor:
    texts: Mapping[str, str]
    readings: Mapping[str, Reading]
    wiki: Wiki
    repository: RepositoryFacts
    citations: Mapping[str, tuple[Citation, ...]]
    quotes: Mapping[str, tuple[Quote, ...]]
    inline: Mapping[str, tuple[InlineQuote, ...]]

    def findings(self) -> Iterator[Finding]:
        for file, reading in self.readings.items():
            found = [*self._page_findings(file, reading)]
            if reading.page:
                found += self._names(file, reading.page)
                found += self._links(file, reading.page)
                found += self._inverses(file, reading)
                found += self._pairs(file, reading.page)
                found += self._steps(file, reading)
                found += self._reach(file, reading.page)
                found += self._sources(file, reading.page)
                found += self._citations(file, reading)
                found += self._quotes(file)
                found += self._words(file, reading)
                found += self._layout(file, reading)
                found += [] if found else self._form(file, reading)
            yield from found

    def forget(self) -> None:
        """Let go of the words of all files: what is remembered of a text keeps the text."""
        for text in self._quotable.values():
            text.forget()

    @cached_property
    def graph(self) -> WikiGraph:
        """The pages with their links followed."""
        return WikiGraph(self.wiki)

    @cached_property
    def _incoming(self) -> dict[str, tuple[Edge, ...]]:
        known = [page for page in self.wiki.pages if all(edge.kind in EDGES for edge in page.edges)]
        return incoming_edges(known)

    @cached_property
    def _folded(self) -> Counter[tuple[str, str]]:
        return Counter((page.type, page.name.casefold()) for page in self.wiki.pages)

    @cached_property
    def _kept(self) -> frozenset[str]:
        """Ids of what workflows or kept orphans lead to."""
        waiting = [page.id for page in self.wiki.pages if page.type == "Workflow" or is_orphan(page)]
        waiting += [principle for page in waiting for principle in self.graph.principles_of.get(page, ())]
        return self.graph.led_to(waiting)

    def _page_findings(self, file: str, reading: Reading) -> Iterator[Finding]:
        for problem in reading.problems:
            yield Finding(file, problem.line, problem.check, problem.what)
        wanted = {"repo": self.wiki.repo, "commit": self.wiki.commit, "updated": self.wiki.updated}
        for name, value in wanted.items():
            if getattr(reading, name) != value:
                what = f"{name} is {getattr(reading, name)[:120]!r}, of the repository {value!r}"
                yield Finding(file, _line_of(self.texts[file], f"{name}:"), "commit", what)

    def _names(self, file: str, page: Page) -> Iterator[Finding]:
        if page.file != file:
            yield Finding(file, 1, "name", f"{page.id} belongs into {page.file}")
        if not is_page_name(page.name) or not page.name.startswith(f"{self.wiki.owner_repo}_"):
            yield Finding(
                file, 1, "name", f"{page.name[:200]!r} is no name of a page of {self.wiki.owner_repo}"
            )
        if self._folded[page.type, page.name.casefold()] > 1:
            yield Finding(file, 1, "name", f"{page.name!r} and another page differ in case only")

    def _links(self, file: str, page: Page) -> Iterator[Finding]:
        text = self.texts[file]
        body = text.split("\n", self.readings[file].first_line - 1)[-1]  # what front matter says is data
        for at, line in _linking_lines(body):
            number = at + self.readings[file].first_line
            for path in _FILE_LINK.findall(line) if "](" in line else ():
                place = posixpath.normpath(posixpath.join(posixpath.dirname(file), path))
                if place not in self.texts and place not in INDEXES:
                    yield Finding(file, number, "links", f"{path} leads to no page")
            for link in LINK.finditer(line) if "[[" in line else ():
                target = f"{link[2]}:{link[3]}"
                kind = EDGES.get(link[1])
                if target not in self.graph.pages:
                    yield Finding(file, number, "links", f"{link[0]} leads to no page")
                elif kind and (page.type not in kind.sources or link[2] not in kind.targets):
                    yield Finding(
                        file, number, "links", f"{link[0]} is not allowed from a {page.type} to a {link[2]}"
                    )
        for edge, count in Counter(page.edges).items():
            if count > 1:
                what = f"[[{edge.kind}::{edge.target}]] is there {count} times"
                yield Finding(file, _line_of(text, f"* [[{edge.kind}::{edge.target}]]"), "links", what)

    def _inverses(self, file: str, reading: Reading) -> Iterator[Finding]:
        assert reading.page  # noqa: S101 - the caller looked
        derived = self._incoming.get(reading.page.id, ())
        line = reading.starts.get("Related Pages", 0)
        for edge in sorted(set(derived) - set(reading.incoming)):
            yield Finding(file, line, "inverse", f"[[{edge.kind}::{edge.target}]] is missing")
        for edge in sorted(set(reading.incoming) - set(derived)):
            written = f"[[{edge.kind}::{edge.target}]]"
            yield Finding(
                file, _line_of(self.texts[file], written), "inverse", f"{written} has no forward link"
            )

    def _pairs(self, file: str, page: Page) -> Iterator[Finding]:
        if page.type == "Principle":
            count = sum(edge.kind == "implemented_by" for edge in page.edges)
            if count != 1:
                yield Finding(file, 0, "pair", f"{page.id} has {count} Implementations")
        if page.type == "Implementation":
            principles = self.graph.principles_of.get(page.id, ())
            if len(principles) > 1:
                yield Finding(file, 0, "pair", f"{page.id} has {len(principles)} Principles")

    def _is_command(self, principle: str) -> bool:
        made = (page for page, principles in self.graph.principles_of.items() if principle in principles)
        return any(page.kind == "External Tool Doc" for one in made if (page := self.graph.pages.get(one)))

    def _steps(self, file: str, reading: Reading) -> Iterator[Finding]:
        page = reading.page
        if not page or page.type != "Workflow":
            return
        start = reading.starts.get("Execution Steps", 1)
        edges = [edge.target for edge in page.edges if edge.kind == "step"]
        steps = read_steps(page)
        if len(edges) < 2 and not any(map(self._is_command, edges)):
            yield Finding(file, start, "steps", f"{len(edges)} step, where a Workflow has at least 2")
        if [step.number for step in steps] != list(range(1, len(edges) + 1)):
            numbers = ", ".join(str(step.number) for step in steps)
            yield Finding(file, start, "steps", f"steps {numbers or 'none'}, links of {len(edges)}")
        for step, target in zip(steps, edges, strict=False):
            if step.principle != target:
                what = f"step {step.number} links to {step.principle or 'nothing'}, its edge to {target}"
                yield Finding(file, start + step.line - 1, "steps", what)
        body = next(section.body for section in page.sections if section.heading == "Execution Steps")
        for number, (line, visible) in enumerate(
            zip(body.split("\n"), outside_fences(body), strict=True), start
        ):
            if line.strip() and not visible:
                yield Finding(file, number, "steps", "code among the steps")
                break

    def _reach(self, file: str, page: Page) -> Iterator[Finding]:
        if page.type in WAYS_IN:
            return
        if page.id not in self._kept:
            yield Finding(
                file, 0, "unreachable", f"no Workflow leads to {page.id}, and it is not kept as an orphan"
            )
        elif is_orphan(page) and page.id in self.graph.reachable:
            yield Finding(
                file, 0, "unreachable", f"{page.id} says it is an orphan, but a Workflow leads to it"
            )

    def _sources(self, file: str, page: Page) -> Iterator[Finding]:
        for source in page.sources:
            for check, what in self._source_problems(source):
                yield Finding(file, _line_of(self.texts[file], str(source.anchor)), check, what)

    def _source_problems(self, source: Source) -> Iterator[tuple[str, str]]:
        anchor = source.anchor
        problem = self._range_problem(anchor)
        if problem:
            yield "anchor", problem
            return
        actual = self.repository.hash_of(anchor.path, anchor.start, anchor.end)
        if source.sha256 != actual:
            yield "hash", f"{anchor} has the hash {actual}, not {source.sha256[:80]!r}"
        ranges = [
            (each.start, each.end)
            for each in self.repository.definitions.get((anchor.path, source.symbol), ())
        ]
        if source.symbol and (anchor.start, anchor.end) not in ranges:
            where = ", ".join(f"L{start}-{end}" for start, end in ranges) or "nowhere in this file"
            yield "symbol", f"{source.symbol[:200]!r} is not {anchor}: it stands at {where}"

    def _range_problem(self, anchor: Anchor) -> str:
        facts = self.repository.facts.get(anchor.path)
        if facts is None:
            return f"{anchor}: the repository has no such file"
        if not 1 <= anchor.start <= anchor.end <= facts.lines:
            return f"{anchor}: the file has {facts.lines} lines"
        return ""

    def _citations(self, file: str, reading: Reading) -> Iterator[Finding]:
        page = reading.page
        assert page  # noqa: S101 - the caller looked
        listed = {source.anchor for source in page.sources}
        evidence = set()
        start = reading.starts.get("Code Evidence", 0)
        for citation in self.citations[file]:
            if citation.anchor not in listed and not self._is_quoted(page, citation.anchor):
                what = f"{citation.anchor} is not among the page's sources"
                yield Finding(file, citation.line, "anchor", self._range_problem(citation.anchor) or what)
            if start and start <= citation.line < self._end_of(reading, "Code Evidence"):
                evidence.add(citation.anchor)
        if page.type == "Environment" and len(evidence) < 2:
            what = f"{len(evidence)} in Code Evidence, where an Environment has at least 2 anchors"
            yield Finding(file, start, "evidence", what)

    def _end_of(self, reading: Reading, heading: str) -> int:
        later = [start for start in reading.starts.values() if start > reading.starts[heading]]
        return min(later, default=10**9)

    def _is_quoted(self, page: Page, anchor: Anchor) -> bool:
        """Whether the repository itself writes this, in the lines that the page is about: then it is data."""
        return any(
            str(anchor) in line
            for source in page.sources
            if not self._range_problem(source.anchor)
            for line in self.repository.lines(source.anchor.path, source.anchor.start, source.anchor.end)
        )

    def _quotes(self, file: str) -> Iterator[Finding]:
        for quote in self.quotes[file]:
            anchor = quote.anchor
            if self._range_problem(anchor):
                continue  # found as an anchor
            lines = self.repository.lines(anchor.path, anchor.start, anchor.end)
            quoted = quote.text.split("\n")
            if quoted != lines and dedented(quoted) != dedented(lines):
                yield Finding(file, quote.line, "quote", f"the quote differs from {anchor}")

    def _words(self, file: str, reading: Reading) -> Iterator[Finding]:
        assert reading.page  # noqa: S101 - the caller looked
        cited = sorted({source.anchor.path for source in reading.page.sources} & self.repository.facts.keys())
        unsaid = tuple(dict.fromkeys(quote.text for quote in self.inline[file]))
        for any_way in (False, True):  # most stand in one of the files as they are written
            for path in cited:
                unsaid = unsaid_of(self._quotable[path], unsaid, any_way) if unsaid else ()
        for quote in self.inline[file]:
            if quote.text in unsaid:
                what = f"no file that the page cites says “{quote.text[:160]}”"
                yield Finding(file, quote.line, "quote", what)

    @cached_property
    def _quotable(self) -> dict[str, QuotableText]:
        """By path; the words of each are read when they are asked for."""
        return {path: QuotableText(text) for path, text in self.repository.texts.items()}

    def _layout(self, file: str, reading: Reading) -> Iterator[Finding]:
        """An Implementation's parts, which indexes and reports are computed from."""
        page = reading.page
        if not page or page.type != "Implementation":
            return
        line = reading.starts.get("Code Reference", 0)
        reference = self.graph.references.get(page.id)
        if reference is None or (reference.location is None) == (not reference.external):
            yield Finding(file, line, "sections", "Code Reference has not the parts of its layout")
            return
        if self.graph.contracts[page.id] is None:
            where = reading.starts.get("I/O Contract", 0)
            yield Finding(file, where, "sections", "I/O Contract has not the parts of its layout")
        where_defined = page.sources[0].anchor if page.sources else None
        if reference.location and reference.location != where_defined:
            what = f"the Source Location is {reference.location}, the page's first source {where_defined}"
            yield Finding(file, line, "anchor", what)
        elif reference.location and not reference.quoted and not self._range_problem(reference.location):
            place = reference.location
            text = "".join(self.repository.lines(place.path, place.start, place.end))
            if "".join(reference.signature.split()) not in "".join(text.split()):
                yield Finding(file, line, "quote", f"the signature does not stand in {place}")

    def _form(self, file: str, reading: Reading) -> Iterator[Finding]:
        """What the other checks did not name: the page is not what the tool writes for it."""
        page = reading.page
        assert page  # noqa: S101 - the caller looked
        try:
            written = render(page, self.wiki, self._incoming.get(page.id, ())).split("\n")
        except InvalidInputError as error:
            yield Finding(file, 0, "links", error.message)
            return
        lines = self.texts[file].split("\n")
        if lines != written:
            pairs = enumerate(zip(lines, written, strict=False), 1)
            first = next((number for number, (a, b) in pairs if a != b), min(len(lines), len(written)) + 1)
            yield Finding(file, first, "form", "the text differs from what the tool writes")


def _line_of(text: str, what: str) -> int:
    """The first line that has it, 0 where none has."""
    place = text.find(what)
    return text.count("\n", 0, place) + 1 if place >= 0 else 0
