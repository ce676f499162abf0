"""Pages improved by a writer: which part of a section is prose, what may be spoken of there, and the page with it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from codebase_gardener.knowledge.pages.structure import Page, Section
from codebase_gardener.knowledge.sources.file_facts import FileFacts
from codebase_gardener.knowledge.sources.repository_facts import RepositoryFacts
from codebase_gardener.knowledge.writers.prose_check import code_words, known_names
from codebase_gardener.knowledge.writers.prose_request import (
    IMPROVED,
    ImprovedSection,
    ProseFacts,
    ProseRequest,
)
from codebase_gardener.knowledge.writers.prose_writing import ProseCache, ProseReport, ProseRun, Writer
from codebase_gardener.utils.anchors import Anchor
from codebase_gardener.utils.progress import Progress, silent

__all__ = ["improve_pages", "page_facts", "repository_names", "split_prose"]

_QUOTED_SOURCES = 3
_QUOTED_LINES = 40
_LINE_CHARS = 300
_DOCUMENTS = ("markdown", "rst")
_COMPUTED = re.compile(  # links, anchors, code blocks, HTML; headings, quotes, tables, lists, indented lines
    r"\[\[|\]\(|:L\d|```|~~~|<[/!a-z]|^[ \t]*(?:[#>|]|[-*+] |\d+[.)] )|^(?: {4}|\t)", re.M | re.I
)


def improve_pages(
    pages: Iterable[Page],
    facts_of: Callable[[Page], ProseFacts],
    writer: Writer,
    cache: ProseCache | None = None,
    progress: Progress = silent,
) -> tuple[tuple[Page, ...], ProseReport]:
    """Each page with the prose of its sections as the writer has it, where that holds.

    Only paragraphs of plain prose at the head of a section are replaced; lists, tables, quotes of the source, links and
    whatever else is computed stay as they are. Where a section has no such paragraph, one is put before the rest.

    Args:
        pages: As they are computed.
        facts_of: What a page may speak of (`page_facts`).
        writer: Answers prompts.
        cache: Of answers.
        progress: Sections done.

    Returns:
        The pages in the same order, and what became of each section.
    """
    run = ProseRun(writer, cache)
    given = tuple(pages)
    total = sum(len(_rows(page)) for page in given)
    done = 0
    improved: list[Page] = []
    for page in given:
        result, facts = page, facts_of(page)
        for row in _rows(page):
            result = _with(result, row.heading, _improved(run, page, row, facts))
            done += 1
            progress(done, total)
        improved.append(result)
    return tuple(improved), run.report


def _rows(page: Page) -> list[ImprovedSection]:
    """The sections of `IMPROVED` that a page has."""
    return [row for row in IMPROVED if row.type in ("", page.type) and _body(page, row.heading) is not None]


def _body(page: Page, heading: str) -> str | None:
    own = {"Overview": page.overview, "Description": page.description, "Usage": page.usage}
    own |= {section.heading: section.body for section in page.sections}
    return own.get(heading)


def _with(page: Page, heading: str, body: str) -> Page:
    match heading:
        case "Overview":
            return replace(page, overview=body)
        case "Description":
            return replace(page, description=body)
        case "Usage":
            return replace(page, usage=body)
    sections = tuple(
        Section(heading, body) if section.heading == heading else section for section in page.sections
    )
    return replace(page, sections=sections)


def _improved(run: ProseRun, page: Page, row: ImprovedSection, facts: ProseFacts) -> str:
    body = _body(page, row.heading) or ""
    prose, rest = (body, "") if row.heading == "Overview" else split_prose(body)
    context = dict.fromkeys((page.title, page.overview, rest, page.description))
    request = ProseRequest(
        page.id, row, prose, facts, tuple(text for text in context if text not in ("", prose))
    )
    answer = run.improve(request)
    if not answer.accepted:
        return body
    return "\n\n".join(part for part in (answer.text, rest) if part)


def split_prose(body: str) -> tuple[str, str]:
    """The paragraphs of plain prose at the head of a section, and the rest.

    Example:
        >>> split_prose("Loads it.\\n\\n- a\\n- b")
        ('Loads it.', '- a\\n- b')
    """
    at = 0
    while at < len(body):
        end = body.find("\n\n", at)
        paragraph = body[at:] if end < 0 else body[at:end]
        if _COMPUTED.search(paragraph):
            break
        at = len(body) if end < 0 else end + 2
    return body[:at].strip("\n"), body[at:].lstrip("\n")


def page_facts(repository: RepositoryFacts) -> Callable[[Page], ProseFacts]:
    """What pages may speak of: the symbols that they are about, with the first lines of the source of each.

    Args:
        repository: All files; its names are collected once, for all pages.
    """
    names = repository_names(repository)

    def facts_of(page: Page) -> ProseFacts:
        sources = page.sources[:_QUOTED_SOURCES]
        return ProseFacts(
            names=tuple(dict.fromkeys(source.symbol for source in page.sources if source.symbol)),
            quotes=tuple(_quoted(repository, source.anchor) for source in sources),
            repository=names,
        )

    return facts_of


def _quoted(repository: RepositoryFacts, anchor: Anchor) -> str:
    end = min(anchor.end, anchor.start + _QUOTED_LINES - 1)
    return "\n".join(line[:_LINE_CHARS] for line in repository.lines(anchor.path, anchor.start, end))


def repository_names(repository: RepositoryFacts) -> frozenset[str]:
    """Every name that the files of a repository have, with tails: paths, modules, definitions, parameters, imports,
    exports, what is called and read, and what documents name in code marks or write like code ("PyTorch")."""
    found = {name for facts in repository.facts.values() for name in _file_names(facts)}
    for file in repository.snapshot.files:
        if file.language in _DOCUMENTS:
            found.update(code_words(file.text))
    return known_names(found)


def _file_names(facts: FileFacts) -> Iterator[str]:
    module = facts.path.rpartition(".")[0].replace("/", ".").removesuffix(".__init__")
    yield from (facts.path, module)
    yield from (symbol.qualified_name for symbol in facts.symbols)
    yield from (word for symbol in facts.symbols for word in sorted(code_words(symbol.docstring or "")))
    yield from (name.lstrip("*") for symbol in facts.symbols for name in symbol.parameters)
    for item in facts.imports:
        yield from (
            item.module,
            item.name,
            item.alias,
            f"{item.module}.{item.name}",
            f"{module}.{item.alias}",
        )
    yield from (item.name for item in facts.references if "?" not in item.name and "(" not in item.name)
    yield from (name for item in facts.references for name in item.keywords)
    yield from (f"{module}.{name}" for name in facts.exports)
    yield from facts.names
    yield from (listing.name for listing in facts.listings)
    yield from (mention.name for mention in facts.mentions)
    yield from (evidence.name for evidence in facts.evidence)
