"""Questions that are answered without a model: by the graph, the wiki's workflows and its search, by two states."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from codebase_gardener.knowledge.answers.answering import GraphAnswer, answer_from_graph
from codebase_gardener.knowledge.answers.clauses import Clauses, clauses_of
from codebase_gardener.knowledge.answers.definitions import definitions, standing
from codebase_gardener.knowledge.answers.lines import GraphLine
from codebase_gardener.knowledge.answers.questions import LAST, Asked, forms_of, is_like_code
from codebase_gardener.knowledge.answers.switches import switch_lines
from codebase_gardener.languages.symbols import TYPES
from codebase_gardener.utils.anchors import split_lines
from codebase_gardener.utils.error_handling import InvalidInputError
from codebase_gardener.wiki.found import found_lines
from codebase_gardener.wiki.pages import page_reader
from codebase_gardener.wiki.questions import content_words
from codebase_gardener.wiki.ranking import question_stems
from codebase_gardener.wiki.releases import ended_changelog, newest_tag, release_of_tags
from codebase_gardener.wiki.sections import lines_anchor
from codebase_gardener.wiki.state import WikiState
from codebase_gardener.wiki.synonyms import had

if TYPE_CHECKING:
    from codebase_gardener.wiki.project import ProjectWiki
    from codebase_gardener.wiki.search import SearchResult

__all__ = ["FOUND", "answer_to", "graph_lines"]

FOUND = "found"
"""The form of an answer that is what the search finds: where to read, not what to say."""

_MOST = 3
_NEAREST = GraphLine("nothing has most of these words; the nearest:")
_TOLD = {"release", "released", "needs", "work", "dependencies", "install", "import"}
"""Forms that the repository's documents and packaging files answer, where the words could ask for a name, too."""


def answer_to(wiki: ProjectWiki, question: str) -> GraphAnswer | None:
    """What can be said to a question, or None; of one that asks for several things, to each of them.

    Raises:
        InvalidInputError: "what changed since" without a revision, or of a project that is not in git.
        SourceError: "what changed since" a revision that there is not.
    """
    clauses = clauses_of(question)
    if len(clauses.asked) == 1 and not clauses.told:
        return _computed(wiki, question) or _found(wiki, question) or _nearest(wiki, question)
    answers = [_computed_of(wiki, clause, clauses.told) for clause in clauses.asked]
    if not any(answers):
        return _found_of_each(wiki, question, clauses)
    lines: list[GraphLine] = []
    is_whole = True
    for clause, answer in zip(clauses.asked, answers, strict=True):
        said = answer or _found(wiki, f"{clauses.told} {clause}".strip()) or _found(wiki, clause)
        is_whole &= answer is not None
        if said is not None:
            lines += [GraphLine(f"{clause}?"), *said.lines] if len(answers) > 1 else said.lines
    first = next(filter(None, answers))
    return (
        first
        if len(answers) == 1
        else GraphAnswer(first.form if is_whole else FOUND, first.name, tuple(lines))
    )


def graph_lines(wiki: ProjectWiki, query: str) -> tuple[GraphLine, ...]:
    """What the graph says to a query that asks for a name's callers, errors, parameters …; () for other words."""
    forms = {asked.form for asked in forms_of(query)} - {"what", "how", "changed"}
    answer = answer_from_graph(wiki.graph(), query) if forms else None
    return answer.lines if answer is not None and answer.known and answer.form in forms else ()


def _computed_of(wiki: ProjectWiki, clause: str, told: str) -> GraphAnswer | None:
    """Of a question among several: what is no name of code is a word of the others ("what is the error?")."""
    answer = _computed(wiki, clause)
    if answer is None or (answer.form == "how" and told):
        return None
    is_word = answer.form == "what" and answer.name.islower() and not is_like_code(answer.name)
    return None if is_word and f"`{answer.name}`" not in clause else answer


def _computed(wiki: ProjectWiki, question: str) -> GraphAnswer | None:
    """What the graph, the documents and the revisions say; of a name that is not there, what is near."""
    forms = forms_of(question)
    changed = next((asked for asked in forms if asked.form == "changed"), None)
    if changed is not None:
        return _changed(wiki, changed)
    told = {asked.form for asked in forms} & _TOLD
    release = next((asked for asked in forms if asked.form in ("release", "released")), None)
    ended = ended_changelog(wiki.source, wiki.graph().releases(), release) if release else None
    if told and ended is None:
        computed = answer_from_graph(wiki.graph(), question)
        if computed is not None and computed.form in told and (computed.known or is_like_code(computed.name)):
            return computed
    if release is not None and (tagged := release_of_tags(wiki.source, release, ended)) is not None:
        return tagged
    if any(asked.form == "version" and not asked.what for asked in forms):
        return _version(wiki, question)
    if any(asked.form == "how" for asked in forms):
        computed = _how(wiki, question)
    else:
        computed = answer_from_graph(wiki.graph(), question) if forms else None
    if computed is not None and (computed.known or is_like_code(computed.name)):
        return _with_what_documents_say(wiki, _with_passages(wiki, computed, forms, question))
    wrong = next((asked.what for asked in forms if asked.form in ("error", "raises")), "")
    return _errors(wiki, wrong) if wrong else None


def _with_passages(
    wiki: ProjectWiki, computed: GraphAnswer, forms: list[Asked], question: str
) -> GraphAnswer:
    """What is said of two names, after what the repository itself says of both; of a name after what is asked of it."""
    from codebase_gardener.knowledge.answers.comparing import passages_on_both

    asked = next((asked for asked in forms if computed.form == "what" and asked.part), None)
    if asked is None:
        is_aside = computed.known and computed.form not in {asked.form for asked in forms}
        found = _found(wiki, question) if is_aside else None  # a constant is asked what it throws
        return replace(computed, lines=(*found.lines, *computed.lines)) if found is not None else computed
    rows = [definitions(wiki.graph(), Asked("what", name)) for name in (asked.what, asked.part)]
    told = passages_on_both(wiki.source.latest().files, rows[0], rows[1], (asked.what, asked.part))
    return replace(computed, lines=(*told, *computed.lines))


def _changed(wiki: ProjectWiki, asked: Asked) -> GraphAnswer:
    from codebase_gardener.knowledge.answers.changes import changes_since

    if not wiki.source.has_revisions:
        raise InvalidInputError(
            f"{wiki.project} is not in git: nothing is known of what changed",
            hint="make the project from a git clone or a git URL, then ask again",
        )
    if not asked.what:
        raise InvalidInputError(
            "the question does not say since when",
            hint='name a branch, tag or commit that `git log` shows: "what changed since HEAD~1"',
        )
    revision = newest_tag(wiki.source) if asked.what.startswith(LAST) else asked.what
    lines = changes_since(revision, wiki.source.at(revision), wiki.source.latest())
    return GraphAnswer("changed", revision, lines)


def _version(wiki: ProjectWiki, question: str) -> GraphAnswer | None:
    """By the packaging file and the changelog; where the changelog ends before the last tag, or without one, by git."""
    computed, notes, released = (
        answer_from_graph(wiki.graph(), question),
        wiki.graph().releases(),
        Asked("released", ""),
    )
    ended = ended_changelog(wiki.source, notes, released)
    if notes and ended is None:
        return computed
    tagged = release_of_tags(wiki.source, released, ended)
    if tagged is None or not tagged.known:
        return computed
    said = computed.lines if computed is not None and computed.known else ()
    said = tuple(line for line in said if ended is None or line.anchor != ended.anchor)
    return GraphAnswer("version", "", (*tagged.lines, *said))


def _how(wiki: ProjectWiki, question: str) -> GraphAnswer | None:
    """By a command, and with the wiki; without one, or with one of another state, it tells nothing of how."""
    from codebase_gardener.wiki.how_to import (
        answer_how,
        asked_switches,
        command_lines,
        field_lines,
        parameter_lines,
    )

    switched = asked_switches(wiki.graph().switches(), question)
    commands = (*switch_lines(switched), *command_lines(wiki.graph().commands(), question))
    options = field_lines(wiki.graph(), question)
    told = parameter_lines(wiki.graph().parameters(), question)
    found = None
    if _is_current(wiki):
        found = answer_how(wiki.index(), page_reader(wiki.paths), question, partial(_shown, wiki))
    if not commands and not options and not told:
        return found
    is_done = found is not None and found.name.startswith("Workflow:")
    rest = (*found.lines, *options) if found and is_done else (*options, *(found.lines if found else ()))
    lines = (*commands, *rest, *told)
    return GraphAnswer("how", found.name if found else "", lines)


def _shown(wiki: ProjectWiki, passage: str, asked: Set[str], told: Set[str] | None) -> tuple[GraphLine, ...]:
    """What the passage of a document shows for what is asked, but for definitions that are told."""
    from codebase_gardener.wiki.shown_names import shown_names

    anchor = lines_anchor(passage)
    files = wiki.source.latest().files if anchor is not None and anchor.path in wiki.index().sections else ()
    text = next((file.text for file in files if anchor is not None and file.path == anchor.path), "")
    if anchor is None or not text:
        return ()
    lines = split_lines(text)[anchor.start - 1 : anchor.end]
    return tuple(shown_names(anchor, lines, wiki.graph(), asked, told))


def _errors(wiki: ProjectWiki, wrong: str) -> GraphAnswer | None:
    """The errors that speak of what goes wrong."""
    from codebase_gardener.wiki.error_types import error_lines

    lines = error_lines(wiki.graph(), wiki.index(), wrong) if _is_current(wiki) else []
    return GraphAnswer("error", wrong, tuple(lines)) if lines else None


def _with_what_documents_say(wiki: ProjectWiki, computed: GraphAnswer) -> GraphAnswer:
    """What a function raises of which its code says nothing: what documents say of it, then that the code does not."""
    from codebase_gardener.knowledge.answers.told_raises import said_to_raise

    rows = definitions(wiki.graph(), Asked(computed.form, computed.name)) if computed.form == "raises" else []
    if not rows or rows[0].raises or rows[0].fails or not _is_current(wiki):
        return computed
    read = wiki.index().sections
    files = (file for file in wiki.source.latest().files if file.path in read)
    told = list(said_to_raise(files, computed.name))
    errors = dict.fromkeys(error for error, _ in told if error)
    asked = [Asked("what", error) for error in errors]
    types = [row for each in asked for row in definitions(wiki.graph(), each)[:1] if row.kind in TYPES]
    lines = (*(line for _, line in told), *map(standing, types), *computed.lines)
    return replace(computed, lines=lines)


def _found(wiki: ProjectWiki, question: str) -> GraphAnswer | None:
    """Of a plain question: the lines that the search finds, where the first has half of its words."""
    results = _searched(wiki, question)
    if not results:
        return None
    asked = question_stems(question).keys()
    fits = not content_words(question) or len(asked) <= 2 * len(
        had(asked, wiki.index().words_of(results[0].id))
    )
    return GraphAnswer(FOUND, results[0].id, found_lines(results, asked)) if fits else None


def _nearest(wiki: ProjectWiki, question: str) -> GraphAnswer | None:
    """Where to read of a question that no page has most words of; it says so."""
    results = _searched(wiki, question)
    if not results:
        return None
    lines = found_lines(results, question_stems(question).keys())
    return GraphAnswer(FOUND, results[0].id, (_NEAREST, *lines), known=False)


def _found_of_each(wiki: ProjectWiki, question: str, clauses: Clauses) -> GraphAnswer | None:
    """The first of what the search finds of each of the questions in it, then what it finds of the whole."""
    firsts = [part.lines[0] for clause in clauses.asked if (part := _found(wiki, clause)) is not None]
    whole = _found(wiki, question)
    if not firsts and whole is None:
        return _nearest(wiki, question)
    lines = (*firsts, *(whole.lines if whole is not None else ()))
    return GraphAnswer(FOUND, lines[0].anchor, tuple({line.anchor: line for line in lines}.values()))


def _searched(wiki: ProjectWiki, question: str) -> list[SearchResult]:
    if not _is_current(wiki):
        return []
    return [one for one in wiki.index().search(question, k=_MOST) if one.anchor]


def _is_current(wiki: ProjectWiki) -> bool:
    state = WikiState.read(wiki.paths)
    return state is not None and not state.left_out(wiki.project, wiki.source.latest().revision)
