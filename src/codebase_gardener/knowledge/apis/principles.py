"""Principle pages: what an API is for and what it rests on, from what the authors say and show."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

from codebase_gardener.documents.facts import Heading
from codebase_gardener.knowledge.apis.context import ApiContext, definition_in
from codebase_gardener.knowledge.apis.descriptions import (
    linked,
    passage_lines,
    shown_in,
    used_in,
    used_passages,
)
from codebase_gardener.knowledge.apis.foreign import commands_shown
from codebase_gardener.knowledge.apis.subject import Api
from codebase_gardener.knowledge.apis.tree_calls import documented
from codebase_gardener.knowledge.apis.words_beside import lead_in
from codebase_gardener.knowledge.links.uses import Target, Use
from codebase_gardener.knowledge.pages.cited import PageSources
from codebase_gardener.knowledge.pages.markup import code
from codebase_gardener.knowledge.pages.quoting import inline, safe_markdown, summary_quote
from codebase_gardener.knowledge.pages.structure import Edge, Page, Section
from codebase_gardener.knowledge.pages.wording import enumerated
from codebase_gardener.knowledge.sources.lines import Source
from codebase_gardener.languages.python.headers import Definition
from codebase_gardener.languages.symbols import Symbol
from codebase_gardener.utils.anchors import split_lines
from codebase_gardener.utils.memo import remembered

__all__ = ["principle_page", "says_something", "theoretical_basis"]

_REFERENCE = re.compile(
    r"https?://(?:www\.)?(?:arxiv\.org/(?:abs|pdf)/[\w.\-/]{4,40}|huggingface\.co/papers/[\w.]{4,40}"
    r"|(?:dx\.)?doi\.org/[\w.\-/()]{4,80}|(?:datatracker\.ietf\.org|tools\.ietf\.org|www\.rfc-editor\.org)/[\w./\-#]{4,80}"
    r"|peps\.python\.org/[\w\-/]{4,40}|www\.python\.org/dev/peps/[\w\-/]{4,40}|[\w.\-]{0,40}wikipedia\.org/wiki/[\w()%\-]{2,80})"
    r"|\b(?:RFC|PEP)[ \-]?\d{1,5}\b|\barXiv:\d{4}\.\d{4,5}\b",
    re.IGNORECASE,
)
_SIGNS_OF_REFERENCE = ("://", "rfc", "pep", "arxiv")
"""Without one of them `_REFERENCE` finds nothing; looking for them is much faster."""
_MOST_SECTIONS = 2
_MOST_COMMENTS = 12
_SHORTEST_COMMENT = 12
_MOST_REFERENCES = 8
_MOST_NEIGHBOURS = 3


@dataclass(frozen=True)
class _Said:
    """What a heading or docstring says, and where; whether it or its section's title or beginning names the API."""

    path: str
    start: int
    end: int
    title: str
    text: str
    names_it: bool


def principle_page(api: Api, context: ApiContext, pages: Mapping[Target, Api]) -> Page:
    """The page of the idea that an API implements.

    Args:
        api: The implementation's subject.
        context: The repository and its links.
        pages: All APIs that have a page, by target.
    """
    sources = PageSources(context.repository)
    if api.symbol:
        sources.cite_symbol(api.symbol)
    owner_repo = context.repository.owner_repo
    sections = _introductions(api, context)
    return Page(
        type="Principle",
        name=f"{owner_repo}_{api.principle}",
        title=api.principle.replace("_", " "),
        overview=_overview(api, context, sections, sources),
        description=_description(api, context, sections, sources),
        usage=_usage(api, context, pages, sources),
        sections=(Section("Theoretical Basis", _basis(api, context, sources)),),
        edges=(Edge("implemented_by", f"Implementation:{owner_repo}_{api.page}"),),
        sources=sources.all(),
        domains=tuple(sorted({word.lower() for word in api.principle.split("_") if len(word) > 2})),
    )


def says_something(api: Api, context: ApiContext) -> bool:
    """Whether the idea of an API is told beyond its docstring: a document introduces it, or it names papers."""
    introduced = any(said.names_it for said in _introductions(api, context))
    return introduced or bool(_references(api, context, PageSources(context.repository)))


def theoretical_basis(api: Api, context: ApiContext) -> tuple[str, tuple[Source, ...]]:
    """What an API rests on, and the lines that say so: a section of its own page where its idea has none."""
    sources = PageSources(context.repository)
    return _basis(api, context, sources), sources.all()


def _overview(api: Api, context: ApiContext, sections: list[_Said], sources: PageSources) -> str:
    title = api.principle.replace("_", " ")
    if api.symbol:
        if told := summary_quote(documented(api.symbol)):
            where = sources.cite_docstring(api.symbol)
            return f"{title} is what the authors describe ({where}) as: {told}"
        owner = context.owner(api.symbol)
        told = summary_quote(documented(owner)) if owner else ""
        if owner and told:
            belongs = f"{title} belongs to {code(owner.qualified_name)} ({sources.cite_docstring(owner)})"
            return f"{belongs}, which the authors describe as: {told}"
    if sections:
        shown = sections[0]
        where = sources.cite(shown.path, shown.start, shown.end)
        return f"{title} is shown by the authors under “{inline(shown.title, 120)}” ({where})."
    where = f"defined in {code(api.target.path)}" if api.target.path else "taken from outside the repository"
    if api.target.name.partition(" ")[0] in context.scripts:
        where = "a program of the repository"
    return f"{title} is what {code(api.target.name)} does, {where}; no description of it was found."


def _description(api: Api, context: ApiContext, sections: list[_Said], sources: PageSources) -> str:
    parts: list[str] = []
    for said in (each for each in sections if each.names_it):
        where = sources.cite(said.path, said.start, said.end)
        parts += [
            f"In the section “{inline(said.title, 120)}” its use is introduced so ({where}):",
            safe_markdown(said.text),
        ]
    if api.symbol:
        says = documented(api.symbol)
        if says.text:
            parts += [
                f"The docstring of {code(api.symbol.qualified_name)} ({sources.cite_docstring(api.symbol)}) adds:",
                safe_markdown(says.text, 12),
            ]
        owner = context.owner(api.symbol)
        told = summary_quote(documented(owner)) if owner else ""
        if owner and told:
            parts.append(
                f"Its class {code(owner.qualified_name)} ({sources.cite_docstring(owner)}) is described as: {told}"
            )
        purpose = context.repository.facts[api.symbol.path].purpose
        if purpose:
            parts.append(f"The module {code(api.symbol.path)} says of itself: “{inline(purpose)}”")
    if not parts and api.symbol and documented(api.symbol).summary:
        parts.append(f"The overview quotes its docstring, at {sources.cite_docstring(api.symbol)}.")
    if not parts:
        parts.append("No docstring and no section of the docs that describes it was found.")
    return "\n\n".join(parts)


def _introductions(api: Api, context: ApiContext) -> list[_Said]:
    """What stands in documents right before code that uses it: those that name it first, each section once."""
    name = api.target.name.rpartition(".")[2]
    found: dict[tuple[str, int], tuple[tuple[object, ...], _Said]] = {}
    for area, use in _shown(api, context):
        if area not in ("readme", "docs") or use.path.endswith(".ipynb"):
            continue
        heading = _heading(context.repository.facts[use.path].headings, use.start)
        lead = lead_in(use, context.repository)
        if heading and lead and (use.path, heading.start) not in found:
            is_named = re.compile(rf"\b{re.escape(name)}s?\b")
            named = bool(is_named.search(lead[2]))
            begins = f"{heading.title}\n{heading.summary}"
            said = _Said(
                use.path, lead[0], lead[1], heading.title, lead[2], named or bool(is_named.search(begins))
            )
            rank = (not said.names_it, not named, -min(len(lead[2]), 200), use.path, use.start)
            found[use.path, heading.start] = (rank, said)
    return [said for _, said in sorted(found.values(), key=lambda pair: pair[0])][:_MOST_SECTIONS]


def _shown(api: Api, context: ApiContext) -> Iterator[tuple[str, Use]]:
    """Where it is used, and in what: of a command the lines that run it."""
    yield from ((passage.area, use) for passage, use in context.uses.get(api.target, []))
    for run in context.commands.get(api.target.name, ()) if api.kind == "External Tool Doc" else ():
        yield "docs", Use(api.target, run.path, run.line, run.line, "", "call", "name")


def _heading(headings: tuple[Heading, ...], line: int) -> Heading | None:
    """The innermost section around a line."""
    around = [each for each in headings if each.start <= line <= each.end]
    return max(around, key=lambda each: (each.level, each.start)) if around else None


def _usage(api: Api, context: ApiContext, pages: Mapping[Target, Api], sources: PageSources) -> str:
    """When it is used: what comes before and after it in the same passages."""
    if api.kind == "External Tool Doc":
        return commands_shown(api, context, sources)
    passages = used_passages(api.target, context)
    told = used_in(api.target, context)
    if not told:
        return "\n\n".join(shown_in(api.target, context, sources))
    before: Counter[Target] = Counter()
    after: Counter[Target] = Counter()
    for passage in passages:
        lines = context.first_lines(passage)
        seen = lines[min(path for path, inside in lines.items() if api.target in inside)]
        own = seen[api.target]
        for target, line in seen.items():
            if line != own and target in pages:
                (before if line < own else after)[target] += 1
    parts = [f"It is used in {told}."]
    for word, counts in (("Before", before), ("After", after)):
        ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:_MOST_NEIGHBOURS]
        if ranked and (ranked[0][1] > 1 or len(passages) == 1):
            names = [f"{pages[target].principle.replace('_', ' ')} (in {times})" for target, times in ranked]
            parts.append(f"{word} it in the same passages: {', '.join(names)}.")
    shown = passage_lines(passages[:3], sources)
    return "\n\n".join([*parts, "\n".join(shown)] if shown else parts)


def _basis(api: Api, context: ApiContext, sources: PageSources) -> str:
    parts = []
    references = _references(api, context, sources)
    if references:
        parts.append("The authors refer to:\n\n" + "\n".join(references))
    if api.symbol:
        parts += _outline(api.symbol, context, sources)
    if not parts and api.symbol and documented(api.symbol).summary:
        parts.append(
            f"Its docstring says what it does ({sources.cite_docstring(api.symbol)}); "
            "no reference of it to a paper or standard was found."
        )
    if not parts and api.target.name.partition(" ")[0] in context.scripts:
        program = code(api.target.name.partition(" ")[0])
        parts.append(f"{program} is installed with this repository's package.")
    if not parts and api.target.external:
        package = api.target.name.partition(".")[0].partition(" ")[0]
        parts.append(f"It rests on {code(package)}, whose own documentation says how it works inside.")
    return "\n\n".join(parts) or "No paper, standard or comment on its method was found."


def _references(api: Api, context: ApiContext, sources: PageSources) -> list[str]:
    """Papers and standards that its lines, its class or the sections about it name, each with the line."""
    ranges: list[tuple[str, int, int]] = []
    if api.symbol:
        owner = context.owner(api.symbol)
        ranges = [(each.path, each.start, each.end) for each in (api.symbol, owner) if each]
        ranges[1:] = [(path, start, min(end, start + 60)) for path, start, end in ranges[1:]]
    ranges += [(said.path, said.start, said.end) for said in _introductions(api, context) if said.names_it]
    found: dict[str, str] = {}
    for path, start, end in ranges:
        for number in _lines_with_signs(context.repository.texts[path]):
            if not start <= number <= end:
                continue
            line = context.repository.lines(path, number, number)[0]
            for reference in _REFERENCE.finditer(line[:2_000]):
                text = reference[0].rstrip(".,)'\"")
                if text not in found and len(found) < _MOST_REFERENCES:
                    found[text] = f"- {text} at {sources.cite(path, number, number)}"
    return list(found.values())


@remembered
def _lines_with_signs(text: str) -> tuple[int, ...]:
    """Lines in which there may be a reference: few of a file."""
    lines = enumerate(split_lines(text.lower()), 1)
    return tuple(number for number, line in lines if any(sign in line for sign in _SIGNS_OF_REFERENCE))


def _outline(symbol: Symbol, context: ApiContext, sources: PageSources) -> list[str]:
    """The authors' comments inside the body (of a class: its constructor's), and what its code uses."""
    body, whose = symbol, "its body"
    if symbol.kind == "class":
        own = context.inside(symbol, "__post_init__") or context.inside(symbol, "__init__")
        if not own:
            return []
        body = own
        whose = f"the body of {code(body.qualified_name)} ({sources.cite_symbol(body)})"
    comments = list(_comments(body, context))[:_MOST_COMMENTS]
    parts = []
    if len(comments) > 1:
        lines = [
            f"- {f'where {code(inline(where, 80))}: ' if where else ''}{inline(text, 240)} "
            f"({sources.cite(body.path, start, end)})"
            for start, end, text, where in comments
        ]
        parts.append(f"The comments in {whose} say, in order:\n\n" + "\n".join(lines))
    inside = f"{symbol.qualified_name}."
    calls = [
        target
        for target, _ in context.calls_of(body)
        if not target.external
        and not (target.path == symbol.path and target.name.startswith(inside))
        and _is_used_inside(target, body, context)
    ]
    if calls:
        named = enumerated([linked(target, {}, "") for target in calls[:_MOST_COMMENTS]], len(calls))
        lead = whose[:1].upper() + whose[1:]
        parts.append(f"{lead} uses {named}.")
    return parts


def _is_used_inside(target: Target, body: Symbol, context: ApiContext) -> bool:
    """Whether a definition does more than name it as a type in its header."""
    return any(
        use.path == body.path
        and body.start <= use.start <= body.end
        and use.kind != "annotation"
        and (use.kind == "call" or use.start > body.definition_line or not use.text)
        for use in context.resolution.callers.get(target, ())
    )


def _comments(symbol: Symbol, context: ApiContext) -> Iterator[tuple[int, int, str, str]]:
    """Comments on lines of their own inside a Python definition: first line, last line, text, of which branch."""
    blocks: list[list[tuple[int, str, str]]] = []
    for line in _comment_lines(symbol, context):
        if blocks and blocks[-1][-1][0] == line[0] - 1:
            blocks[-1].append(line)
        else:
            blocks.append([line])
    for block in blocks:
        told = " ".join(text for _, text, _ in block).strip()
        if len(told) > _SHORTEST_COMMENT and not _IS_MARK.match(block[0][1]) and not told.endswith("?"):
            yield block[0][0], block[-1][0], told, block[0][2]


def _comment_lines(symbol: Symbol, context: ApiContext) -> Iterator[tuple[int, str, str]]:
    written = context.text_of(symbol)
    if "#" in written.text:
        for line, text, where in _comments_in(written.text):
            yield line + written.offset, text, where


@remembered
def _comments_in(text: str) -> tuple[tuple[int, str, str], ...]:
    """The comments on lines of their own, each with its line and its branch's condition, of what is a definition."""
    found: list[tuple[int, str, str]] = []
    definition = definition_in(text)
    if definition is None:
        return ()
    with suppress(tokenize.TokenError, SyntaxError):
        found.extend(
            (token.start[0], token.string.lstrip("#: ").strip(), _condition(definition, *token.start))
            for token in tokenize.generate_tokens(io.StringIO(text).readline)
            if token.type == tokenize.COMMENT and not token.line[: token.start[1]].strip()
        )
    return tuple(found)


def _condition(definition: Definition, line: int, column: int) -> str:
    """Under which condition a line of a definition is reached: that of the innermost branch; "" for always."""
    found = ""
    earlier: dict[int, list[str]] = {}
    for node in ast.walk(definition):
        if not isinstance(node, ast.If) or not node.lineno < line or column < node.col_offset:
            continue
        tests = [*earlier.get(id(node), ()), ast.unparse(node.test)]
        then = node.orelse[0] if node.orelse else None
        last = node.body[-1].end_lineno or node.lineno
        is_elif = isinstance(then, ast.If) and then.col_offset == node.col_offset
        if then is not None and is_elif:
            earlier[id(then)] = tests
        if column > node.col_offset and line <= last:
            found = tests[-1]
        elif isinstance(then, ast.If) and is_elif:
            found = ast.unparse(then.test) if last < line < then.lineno else found
        elif then is not None and last < line <= (node.orelse[-1].end_lineno or last):
            found = " and ".join(f"not ({test})" for test in tests)
    return found


_IS_MARK = re.compile(
    r"(?:noqa|type:|pragma|pylint|mypy|fmt:|isort|TODO|FIXME|XXX|HACK)\b|[-=#*~ ]+$", re.IGNORECASE
)
