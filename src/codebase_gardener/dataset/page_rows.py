"""Rows of a wiki's pages: the table of their tasks, and the pass over the pages that applies it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from codebase_gardener.dataset.examples import Example
from codebase_gardener.dataset.page_sites import PageSite
from codebase_gardener.dataset.split import Split
from codebase_gardener.dataset.tasks import Task, kept_rows
from codebase_gardener.documents.sentences import first_sentence
from codebase_gardener.knowledge.pages.citations import read_citations, read_quotes
from codebase_gardener.knowledge.pages.documents import prose_of
from codebase_gardener.knowledge.pages.implementation_layout import (
    NOTHING_RETURNED,
    Output,
    Parameter,
    read_io_contract,
)
from codebase_gardener.knowledge.pages.markup import code, fence, plain, read_tables
from codebase_gardener.knowledge.pages.structure import Page
from codebase_gardener.knowledge.pages.workflow_layout import WrittenStep, read_steps
from codebase_gardener.knowledge.sources.lines import Source
from codebase_gardener.repository.secrets import Scanned, find_secrets

__all__ = ["PAGE_TASKS", "generate_page_rows"]

_MAX_ANSWER_CHARS = 1_200
_MAX_EXAMPLES = 3

Rows = Iterator[Example | None]


def generate_page_rows(
    pages: Sequence[Page], split: Split, commit: str, weights: Mapping[str, float]
) -> list[Example]:
    """All rows of a wiki, in the order of its pages' ids.

    Args:
        pages: Those whose evidence holds (`page_sites.pages_that_hold`).
        split: Decides the split of every row.
        commit: `Snapshot.revision`.
        weights: Task → share of its rows to keep; tasks of other tables are passed over.

    Returns:
        Rows, none twice, and none with a secret: a page may hold words of a person or a model.
    """
    by_id = {page.id: page for page in pages}
    titles = Counter((page.type, page.title) for page in pages)
    rows: dict[str, Example] = {}
    for page in pages:
        site = PageSite(page, by_id, commit, split, titles[page.type, page.title])
        for name in (name for name in PAGE_TASKS if name in weights):
            for row in kept_rows(PAGE_TASKS[name], site, weights[name]):
                if len(row.messages[-1]["content"]) <= _MAX_ANSWER_CHARS:
                    rows.setdefault(row.id, row)
    found = find_secrets([Scanned(_said(row), ".md") for row in rows.values()])
    return [row for row, secrets in zip(rows.values(), found, strict=True) if not secrets]


def _said(row: Example) -> str:
    return "\n".join(turn["content"] for turn in row.messages)


# ---- an API: where it is, what goes in and comes out


def _api(site: PageSite) -> Rows:
    reference = site.reference
    if reference is None:
        return
    name = _named(site)
    gets = f" It is got by {code(reference.import_statement)}." if reference.import_statement else ""
    if reference.location is None:
        outside = (
            "It is a program of the repository"
            if reference.is_own
            else "It comes from outside the repository"
        )
        where = f"{outside}: {code(reference.external)}."
        yield site.example("wiki_api", (f"Where does {name} come from?",), where + gets)
        return
    where = f"{code(site.api)} is defined at {code(str(reference.location))}."
    yield site.example("wiki_api", (f"Where is {name} defined?", f"Where does {name} stand?"), where + gets)
    contract = read_io_contract(site.page)
    if contract is not None and contract.inputs:
        listed = "\n".join(_input(row) for row in contract.inputs)
        yield site.example("wiki_api", (f"What goes into {name}?", f"What does {name} take?"), listed)
    if contract is not None and contract.outputs:
        listed = "\n".join(_output(row) for row in contract.outputs)
        yield site.example("wiki_api", (f"What comes out of {name}?", f"What does {name} return?"), listed)


def _named(site: PageSite) -> str:
    """The API's name as a question has it: with its file where another page has the same title."""
    location = site.reference.location if site.reference else None
    place = f" in {code(location.path)}" if location is not None and site.same_title > 1 else ""
    return f"{code(site.api)}{place}"


def _input(row: Parameter) -> str:
    about = [
        code(row.type),
        "required" if row.required else f"default {code(row.default)}" if row.default else "",
    ]
    told = ", ".join(part for part in about if _is_said(part))
    described = f": {first_sentence(row.description)}" if _is_said(row.description) else ""
    return f"- {code(row.name)}{f' ({told})' if told else ''}{described}"


def _output(row: Output) -> str:
    if row.description == NOTHING_RETURNED:
        return "- nothing"
    described = f": {first_sentence(row.description)}" if _is_said(row.description) else ""
    return f"- {code(row.type) if _is_said(row.type) else 'a value'}{described}"


def _is_said(text: str) -> bool:
    return bool(text.strip("—- "))


def _example(site: PageSite) -> Rows:
    """How the repository's own docs, examples and tests use an API."""
    if site.reference is None:
        return
    body = next((part.body for part in site.page.sections if part.heading == "Usage Examples"), "")
    sources = {source.anchor: source for source in site.page.sources}
    for quote in list(read_quotes(body))[:_MAX_EXAMPLES]:
        name = _named(site)
        where = code(quote.anchor.path)
        if quote.anchor in sources and quote.text.strip():
            yield site.example(
                "wiki_example",
                (f"Show how {name} is used in {where}.", f"Give an example of {name} from {where}."),
                f"From {code(str(quote.anchor))}:\n\n{fence(quote.text, site.reference.language)}",
                source=sources[quote.anchor],
            )  # fmt: skip


# ---- page and symbol


def _page(site: PageSite) -> Rows:
    page = site.page
    if site.reference is not None:
        covered = _named(site)
        yield site.example("wiki_page", (f"Which page of the wiki covers {covered}?",), f"{code(page.id)}.")
        yield site.example("wiki_page", (f"What does the wiki's page {code(page.id)} cover?",), _covers(site))
    implementation = site.target("implemented_by")
    if page.type == "Principle" and implementation is not None:
        other = site.beside(implementation)
        yield site.example(
            "wiki_page",
            (f"What implements the principle {_title(site)}?",),
            f"{_covers(other)} Its page is {code(implementation.id)}.",
            about=(implementation,),
        )
        yield site.example(
            "wiki_page",
            (f"Which principle stands behind {_named(other)}?",),
            f"{page.title}: {code(page.id)}.",
            about=(implementation,),
        )


def _covers(site: PageSite) -> str:
    reference = site.reference
    if reference is None:
        return f"{site.page.title}."
    where = f"at {code(str(reference.location))}" if reference.location else f"of {code(reference.external)}"
    return f"{code(site.api)} {where}."


def _title(site: PageSite) -> str:
    return f"“{site.page.title}”" + (f" ({code(site.page.id)})" if site.same_title > 1 else "")


# ---- the steps of a workflow


def _workflow(site: PageSite) -> Rows:
    if site.page.type != "Workflow":
        return
    steps = read_steps(site.page)
    title = _title(site)
    pages = [list(_pages_of(step, site)) for step in steps]
    listed = "\n".join(f"{number}. {_step(step, site)}" for number, step in enumerate(steps, 1))
    whole = [page for behind in pages for page in behind]
    yield site.example(
        "wiki_workflow", (f"What are the steps of the workflow {title}?",), listed, about=whole
    )
    for number, (step, following) in enumerate(pairwise(steps), 1):
        yield site.example(
            "wiki_workflow",
            (
                f"Which step comes after step {number}, {step.title}, in the workflow {title}?",
                f"What follows step {number} ({step.title}) of the workflow {title}?",
            ),
            f"Step {number + 1}: {_step(following, site)}",
            about=[*pages[number - 1], *pages[number]],
        )


def _pages_of(step: WrittenStep, site: PageSite) -> Iterator[Page]:
    """The Principle behind a step, and its Implementation."""
    principle = site.pages.get(step.principle)
    if principle is not None:
        yield principle
        implementation = site.beside(principle).target("implemented_by")
        if implementation is not None:
            yield implementation


def _step(step: WrittenStep, site: PageSite) -> str:
    calls = (site.beside(page).reference for page in _pages_of(step, site))
    call = next((reference.call for reference in calls if reference is not None and reference.call), "")
    return f"{step.title}{f', by {code(call)}' if call else ''}"


# ---- what must be installed


def _environment(site: PageSite) -> Rows:
    if site.page.type != "Environment":
        return
    title = _title(site)
    needs = [
        f"- {plain(row[0])} {plain(row[1])} ({row[2]})".replace(" — ", " ")
        for row in _table(site, "Dependencies")
    ]
    listed = "\n".join(needs)
    cited = _cited(listed, site.page)
    if needs:
        asked = (f"Which packages does the {title} need, and where does the source say so?",)
        yield site.example("wiki_environment", asked, listed, only=cited)
    install = _body(site, "Quick Install")
    if install:
        yield site.example("wiki_environment", (f"How do I install the {title}?",), install, only=cited)
    variables = [f"- {row[0]}, read at {row[2]}" for row in _table(site, "Credentials")]
    if variables:
        asked = (f"Which environment variables does the code of the {title} read?",)
        read = "\n".join(variables)
        yield site.example("wiki_environment", asked, read, only=_cited(read, site.page))


def _cited(text: str, page: Page) -> list[Source]:
    """The evidence of a page that a text names: all that a table's rows rest on."""
    named = {citation.anchor for citation in read_citations(text)}
    return [source for source in page.sources if source.anchor in named]


def _body(site: PageSite, heading: str) -> str:
    body = next((section.body for section in site.page.sections if section.heading == heading), "")
    return prose_of(body)


def _table(site: PageSite, heading: str) -> list[list[str]]:
    """The rows of a section's table of three columns."""
    tables = read_tables(_body(site, heading))
    return [row for row in tables[0][1] if len(row) == 3] if tables else []


# ---- advice


_LABEL = re.compile(r"^[-*] \*\*(\w[\w-]*):\*\* (.*)$", re.MULTILINE)


def _heuristic(site: PageSite) -> Rows:
    if site.page.type != "Heuristic" or not site.page.sources:
        return
    insight = [
        f"- {label}: {text}" for label, text in _LABEL.findall(_body(site, "The Insight")) if "“" in text
    ]
    answer = "\n".join([f"{site.page.overview} ({code(str(site.page.sources[0].anchor))})", *insight])
    asked = (
        f"What does the source advise about {_title(site)}?",
        f"What is to be minded about {_title(site)}?",
    )
    yield site.example("wiki_heuristic", asked, answer)


PAGE_TASKS: dict[str, Task[PageSite]] = {
    "wiki_api": Task(_api, 0.3, 0.2, "where an API of the wiki stands, what goes in, what comes out"),
    "wiki_example": Task(_example, 0.3, 0.2, "how docs, examples and tests use an API, quoted"),
    "wiki_page": Task(_page, 0.2, 0.1, "which page and principle cover a symbol, and back"),
    "wiki_workflow": Task(_workflow, 0.3, 0.2, "the steps of a workflow, and which comes after which"),
    "wiki_environment": Task(_environment, 1.0, 0.2, "what must be installed, where the source says so"),
    "wiki_heuristic": Task(_heuristic, 0.5, 0.2, "what the source advises, with its lines"),
}
"""Rows that a wiki adds; without one there are none."""
