"""How something is done: by a program's command, or the steps of the workflow that a question finds."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Set

from codebase_gardener.documents.sentences import cut_between_words, first_sentence
from codebase_gardener.knowledge.answers.answering import GraphAnswer
from codebase_gardener.knowledge.answers.graph import Graph
from codebase_gardener.knowledge.answers.graph_rows import DefinedName, DescribedParameter
from codebase_gardener.knowledge.answers.lines import GraphLine
from codebase_gardener.knowledge.answers.switches import NamedSwitch
from codebase_gardener.knowledge.pages.markup import spoken
from codebase_gardener.knowledge.pages.structure import Page
from codebase_gardener.retrieval.documents import COMMENT_KIND, PAGE_KIND
from codebase_gardener.retrieval.stems import stems
from codebase_gardener.wiki.found import found_lines
from codebase_gardener.wiki.ranking import question_stems
from codebase_gardener.wiki.search import SearchResult, WikiIndex
from codebase_gardener.wiki.synonyms import had

__all__ = ["answer_how", "asked_switches", "command_lines", "field_lines", "parameter_lines"]

_LOOKED_AT = 3
_SECTIONS_AMONG = 6
_ALL_WORDS_AMONG = 24
_SEVERAL = 2  # words that a question asks for
_TOLD = (PAGE_KIND, "text", COMMENT_KIND)
_LONGEST_END, _LONGEST_SAID = 100, 400
_FROM = re.compile(
    r"\b(?:get|obtain|extract|infer|derive|retrieve|make|create|build|generate) (?:\w+ ){0,3}?(\w+)"
    r" from (?:an? |the |my |its )?(\w+)\W*\Z",
    re.IGNORECASE,
)
"""What is got, and from what; "hide it from the help" gets nothing."""
_MOST_PARAMETERS = 2
_MOST_WORDS = 8  # of a parameter's sentence, for each that is asked for
_BEGINNING = 4  # letters that a stem has in common with the words that it is of
_SWITCHES = re.compile(
    r"\b(?:(?:turn|switch)(?:ing)? (?:[\w-]+ ){0,4}?(?:on|off)|enabl\w+|disabl\w+|activat\w+)\b",
    re.IGNORECASE,
)
_ENOUGH = 2 / 3  # of a question's words: "in tests" says where, not what


def answer_how(
    index: WikiIndex,
    page_of: Callable[[str], Page | None],
    question: str,
    shown: Callable[[str, Set[str], Set[str] | None], Iterable[GraphLine]] = lambda anchor, asked, told: (),
) -> GraphAnswer | None:
    """The steps of the workflow that is about a question, else what the search finds; None where that is about less.

    A workflow is, that comes first or whose name has the words: one that only shows them among others does not answer
    before the API, or the section of a document, that is about them, nor one that has less of them in all its text than
    an API in its name and first sentence.

    Args:
        index: Of code and pages.
        page_of: The page of an id, or None.
        question: "how do I …".
        shown: What the passage at an anchor shows for what is asked, by its stems, but for definitions that are told.
    """
    asked = question_stems(question).keys()
    every = index.search(question, k=_ALL_WORDS_AMONG)
    sections = every[:_SECTIONS_AMONG]
    found = _documents_before_code(index, every, asked)[:_LOOKED_AT]
    if not asked or not found or found[0].id.startswith("Overview:"):  # asked of the repository as a whole
        return None
    fits = [one for one in found if _ENOUGH * len(asked) <= len(had(asked, index.words_of(one.id)))]
    for one in fits:
        page = page_of(one.id) if one.kind == PAGE_KIND else None
        about = one is found[0] or _ENOUGH * len(asked) <= len(had(asked, set(stems(one.title))))
        about = about and not any(_says_more(index, other, one, asked) for other in found)
        if page is not None and page.type == "Workflow" and about:
            steps = _steps(page, page_of)
            decisive = shown(_anchor(page), asked, {line.anchor for line in steps})
            lines = [GraphLine(spoken(page.overview), _anchor(page)), *decisive, *steps]
            return GraphAnswer("how", page.id, tuple(lines))
    said = _said_of_getting(index, question)
    if not said and (found[0] not in fits or not found[0].anchor):
        return None
    section = next(
        (one for one in sections if one.kind == "text" and _tells_more(index, one, found[0], asked)), None
    )
    named = tuple(shown(section.anchor, asked, None)) if section is not None else ()
    return GraphAnswer("how", found[0].id, (*said, *named, *found_lines(found, asked)))


def _documents_before_code(
    index: WikiIndex, found: list[SearchResult], asked: Set[str]
) -> list[SearchResult]:
    """The results with the section that has all of several words before the first piece of code without a page."""
    at = next((at for at, one in enumerate(found) if one.kind not in _TOLD), len(found))
    told = [one for one in found[at:] if one.kind == "text" and asked <= had(asked, index.words_of(one.id))][
        :1
    ]
    if len(asked) < _SEVERAL or not told:
        return found
    return [*found[:at], *told, *(one for one in found[at:] if one not in told)]


def _said_of_getting(index: WikiIndex, question: str) -> list[GraphLine]:
    """What a section says of how to get one thing from another: "the type from a schema"."""
    asked = _FROM.search(question[-_LONGEST_END:])
    thing, source = (stems(asked[1])[-1:], stems(asked[2])[-1:]) if asked else ([], [])
    found = index.on_getting(thing[0], source[0]) if thing and source else []
    for one in found[:1]:
        _, _, text = one.text.strip().partition("\n")
        passage = text.lstrip("=-~\n ").partition("\n\n")[0]
        return [
            GraphLine(
                f"{one.symbol}: “{cut_between_words(' '.join(passage.split()), _LONGEST_SAID)}”", one.anchor
            )
        ]
    return []


def _says_more(index: WikiIndex, api: SearchResult, workflow: SearchResult, asked: Set[str]) -> bool:
    """Whether an API says in its name and first sentence more of what is asked than a workflow in all its text."""
    if not api.id.startswith("Implementation:"):
        return False
    said, shown = set(stems(f"{api.title} {api.overview}")), index.words_of(workflow.id)
    return index.weight(had(asked, said)) > index.weight(had(asked, shown))


def _tells_more(index: WikiIndex, section: SearchResult, first: SearchResult, asked: Set[str]) -> bool:
    """Whether a section's heading says what is asked, or its text what the first page has only from documents."""
    if section is first or _ENOUGH * len(asked) <= len(had(asked, set(stems(section.title)))):
        return True
    has = had(asked, index.words_of(section.id))
    return len(has) == len(asked) and has > had(asked, index.words_of(first.id, shown=False))


def command_lines(commands: Iterable[DefinedName], question: str) -> tuple[GraphLine, ...]:
    """The command that does what is asked: the question has each word of its name behind the program's.

    Of several that with the most words in its name, then with the most of the question's in what it says of itself.

    Args:
        commands: That the code declares.
        question: "how do I …".
    """
    words = set(stems(question))
    asked = question_stems(question).keys()
    best: tuple[int, int] = (0, 0)
    lines: tuple[GraphLine, ...] = ()
    for each in commands:
        name = stems(" ".join(each.name.split()[1:]).replace("-", " "))
        if not name or len(had(name, words)) < len(set(name)):
            continue
        fit = len(set(name)), len(had(asked, set(stems(f"{each.name} {each.says}"))))
        if fit > best:
            place = each.place
            said = f"`{each.name}`: {each.says}" if each.says else f"`{each.name}`"
            best, lines = fit, (GraphLine(said, f"{place.path}:L{place.start}-{place.end}"),)
    return lines


def asked_switches(switches: Iterable[NamedSwitch], question: str) -> list[NamedSwitch]:
    """The features and extras that a question names which asks to switch something on or off.

    Args:
        switches: Of the repository.
        question: "how do I …".
    """
    words = set(re.findall(r"[\w-]+", question.lower())) if _SWITCHES.search(question) else set()
    return [one for one in switches if one.name.lower() in words]


def field_lines(graph: Graph, question: str) -> tuple[GraphLine, ...]:
    """The fields of the package's types whose whole name, of several words, a question has: options; at most two.

    Those with most of the question's words in their names and in what is said of them first.

    Args:
        graph: Of the repository.
        question: "how do I …".
    """
    words, asked = set(stems(question)), question_stems(question).keys()
    beginnings = [word[:_BEGINNING] for word in asked]
    named = [key for key in dict.fromkeys(graph.keys()) if sum(word in key for word in beginnings) > 1]
    found: dict[str, tuple[int, bool, str, GraphLine]] = {}
    for row in (row for key in named for row in graph.rows(key)):
        if not isinstance(row, DefinedName) or row.kind != "field" or row.place.area != "package":
            continue
        last = row.name.rpartition(".")[2]
        name = set(stems(last))
        if len(name) > 1 and len(had(name, words)) == len(name):
            fit = len(had(asked, {*name, *stems(row.says)}))
            line = GraphLine(f"field `{row.name}`{f': {row.says}' if row.says else ''}", row.place.anchor)
            each = (-fit, not row.says, row.name, line)
            found[last] = min(each, found.get(last, each), key=lambda one: one[:3])
    return tuple(one[3] for one in sorted(found.values(), key=lambda one: one[:3])[:_MOST_PARAMETERS])


def parameter_lines(parameters: Iterable[DescribedParameter], question: str) -> tuple[GraphLine, ...]:
    """The parameters whose documentation says in its first sentence all that is asked for, at most two.

    Those of what users import first, then those that say least besides.

    Args:
        parameters: Of the package's code.
        question: "how do I …".
    """
    asked = question_stems(question).keys()
    if not asked:
        return ()
    found: dict[tuple[str, str], tuple[bool, int, str, GraphLine]] = {}
    for one in parameters:
        letters = f"{one.name} {one.says}".lower()
        if not all(word[:_BEGINNING] in letters for word in asked):
            continue
        said = first_sentence(one.says)
        words = stems(said)
        if asked <= {*words, *stems(one.name)} and len(words) <= _MOST_WORDS * len(asked):
            line = GraphLine(f"`{one.name}` of `{one.owner}`: {said}", one.anchor)
            row = (not one.public, len(words), line.text, line)
            key = (one.name, said)
            found[key] = min(row, found.get(key, row), key=lambda row: row[:3])
    return tuple(row[3] for row in sorted(found.values(), key=lambda row: row[:3])[:_MOST_PARAMETERS])


def _steps(workflow: Page, page_of: Callable[[str], Page | None]) -> list[GraphLine]:
    lines: list[GraphLine] = []
    for edge in workflow.edges:
        principle = page_of(edge.target) if edge.kind == "step" else None
        if principle is not None:
            done_by = next((one.target for one in principle.edges if one.kind == "implemented_by"), "")
            api = page_of(done_by) or principle
            said = f"{len(lines) + 1}. {principle.title}: `{api.title}`"
            lines.append(GraphLine(said, _anchor(api) or _anchor(principle)))
    return lines


def _anchor(page: Page) -> str:
    return str(page.sources[0].anchor) if page.sources else ""
