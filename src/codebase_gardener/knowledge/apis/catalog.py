"""All APIs that get a page: the repository's own, those from outside that it shows to its users, and commands."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace

from codebase_gardener.knowledge.apis.calls import call_of, import_of, is_api_name
from codebase_gardener.knowledge.apis.context import ApiContext
from codebase_gardener.knowledge.apis.principle_names import page_names
from codebase_gardener.knowledge.apis.shell_commands import Command
from codebase_gardener.knowledge.apis.subject import Api
from codebase_gardener.knowledge.apis.surface import Scored, choose_apis, name_kind, ranked
from codebase_gardener.knowledge.links.uses import Passage, Target, Use
from codebase_gardener.knowledge.pages.wording import counted
from codebase_gardener.languages.table import is_code

__all__ = [
    "LEAST_APIS",
    "LINES_AN_API",
    "MOST_APIS",
    "api_budget",
    "api_catalog",
    "api_for",
    "is_shown",
    "tool_apis",
    "wrapper_apis",
]

MOST_APIS = 300
LINES_AN_API = 150
LEAST_APIS = 40
"""Pages of APIs that a reader can take: one in so many lines of the package, at most and at least so many."""

_GUIDES = ("readme", "docs")
_SHOWN = ("readme", "docs", "example", "docstring")
_MIN_DOCUMENTS = 2
"""Files that use an external API, from which on it gets a page: one alone is that file's own affair."""
_MIN_TEST_FILES, _MIN_TESTS = 3, 10
"""The same for one that only tests use: it must be a class or a method of one, since tests also compute and compare."""
_MIN_SECTIONS = 2
"""Places that show a command of another program, from which on it gets a page."""
_LONGEST_CALL = 160
_NAMING = re.compile(
    r"\[?`*(?P<dot>\.?)(?P<name>[A-Za-z_$][\w$]*(?:\.[\w$]+)*)(?P<call>\(.*\))?`*(?:\]\(.*\))?"
)


def api_catalog(
    context: ApiContext, needed: Iterable[Target] = (), scored: Iterable[Scored] | None = None
) -> tuple[Api, ...]:
    """Every API that gets a page, best first, with names that are unique among them: no more than `api_budget`.

    What must have a page goes before what headings of README name, that before what README and guides show, and that
    before what else has a good score; last comes what only the package itself uses.

    Args:
        context: The repository and its links.
        needed: Targets that must have one, too, such as the steps of workflows.
        scored: What `surface.ranked` gives, where it is known already.
    """
    needed = frozenset(needed)
    scored = tuple(ranked(context) if scored is None else scored)
    own = choose_apis(context, scored)
    found = {api.target: api for api in (*own, *wrapper_apis(context), *tool_apis(context, needed))}
    must = sorted(needed)
    for target in must:
        if target not in found:
            found[target] = api_for(target, context, "a step of a workflow")
    headed = tuple(dict.fromkeys(_headed(context, scored)))
    for target in headed:
        if target not in found:
            found[target] = api_for(target, context, "named by a heading of README")
    shown = [*headed, *(target for target in found if target not in headed and is_shown(target, context))]
    internal = _internal(context, scored)
    order = dict.fromkeys((*must, *shown, *(target for target in found if target not in internal), *found))
    kept = set(list(order)[: max(len(must), api_budget(context, len(shown)))])
    return _named([api for target, api in found.items() if target in kept], context)


def api_budget(context: ApiContext, shown: int) -> int:
    """How many APIs get a page.

    Args:
        context: The repository and its links.
        shown: How many README and guides show.
    """
    facts = context.repository.facts
    areas = context.repository.areas.items()
    lines = sum(
        facts[path].lines for path, area in areas if area == "package" and is_code(facts[path].language)
    )
    return min(MOST_APIS, max(LEAST_APIS, shown, lines // LINES_AN_API))


def _headed(context: ApiContext, scored: Iterable[Scored]) -> Iterator[Target]:
    """What headings of README name as code, such as `.clear()`: of several of a name the one with the best score."""
    best: dict[str, list[Target]] = {}
    for each in scored:
        best.setdefault(each.candidate.symbol.name, []).append(context.target(each.candidate.symbol))
    for path, facts in context.repository.facts.items():
        if not path.lower().startswith("readme"):
            continue
        for heading in facts.headings:
            named = _NAMING.fullmatch(heading.title)
            name = named["name"] if named and (named["dot"] or named["call"]) else ""
            alike = best.get(name.rpartition(".")[2], ())
            yield from [one for one in alike if f".{one.name}".endswith(f".{name}")][:1] or alike[:1]


def _internal(context: ApiContext, scored: Iterable[Scored]) -> set[Target]:
    """What the package uses, and nothing that speaks to users: none of its members, either."""
    used = {
        (target.path, target.name[: at.start()])
        for target, uses in context.uses.items()
        if not target.external and any(not passage.is_of(target) for passage, _ in uses)
        for at in re.finditer(r"\.|$", target.name)
    }
    rows = (each.candidate for each in scored)
    targets = (context.target(row.symbol) for row in rows if not (row.top or row.listed))
    callers = context.resolution.callers
    return {target for target in targets if target in callers and (target.path, target.name) not in used}


def is_shown(target: Target, context: ApiContext) -> bool:
    """Whether README or a guide uses an API, or the repository installs it as a program."""
    passages = (passage for passage, _ in context.uses.get(target, ()))
    return target.name in context.scripts or any(passage.area in _GUIDES for passage in passages)


def api_for(target: Target, context: ApiContext, reason: str) -> Api:
    """One API as it would stand in the catalog, with a name that may collide with another's.

    Args:
        target: What it is.
        context: The repository and its links.
        reason: Why it gets a page, as the page says it.

    Raises nothing: a target that is no definition (a constant, an attribute) gets a page without a symbol.
    """
    symbol = context.symbol(target)
    if symbol is None:
        return _named([_wrapper(target, context, reason)], context)[0]
    api = Api(
        target, symbol, "API Doc", import_of(target, context), call_of(symbol, context), "", "", 0.0,
        (reason,),
    )  # fmt: skip
    return _named([api], context)[0]


def wrapper_apis(context: ApiContext) -> tuple[Api, ...]:
    """External APIs that the repository's docs, examples and tests call beside its own, most shown first."""
    known = context.known_packages
    found = []
    for target, uses in context.uses.items():
        if target.external and target.name.partition(".")[0] in known and is_api_name(target.name):
            calls = [(passage, use) for passage, use in uses if use.acts and _beside(passage)]
            if _is_enough(target, calls):
                found.append(_wrapper(target, context))
    found.sort(key=lambda api: (-api.score, api.target))
    return _named(found, context)


def tool_apis(context: ApiContext, needed: Collection[Target] = ()) -> tuple[Api, ...]:
    """Commands: the repository's own programs, what workflows need, and what its documents show twice."""
    found = []
    for name, uses in context.commands.items():
        own = name.partition(" ")[0] in context.scripts
        is_needed = name in context.scripts or Target("", name) in needed
        if is_needed or len({(use.path, use.title) for use in uses}) >= _MIN_SECTIONS:
            reasons = [f"shown {counted(len(uses), 'time')} in documents"]
            reasons += ["a program that the repository installs"] if own else []
            best = min(uses, key=_plainness)
            found.append(
                Api(
                    Target("", name),
                    None,
                    "External Tool Doc",
                    "",
                    best.text,
                    "",
                    "",
                    float(len(uses)),
                    tuple(reasons),
                )
            )
    found.sort(key=lambda api: (-api.score, api.target))
    return _named(found, context)


def _plainness(use: Command) -> tuple[object, ...]:
    return use.text.endswith("\\"), not use.options, len(use.text), use.path, use.line


def _wrapper(target: Target, context: ApiContext, reason: str = "") -> Api:
    uses = context.uses.get(target, [])
    passages = {(p.path, p.start, p.scope) for p, _ in uses}
    documents = len({p.path for p, _ in uses})
    shown = len({(p.path, p.start, p.scope) for p, _ in uses if p.area in _SHOWN})
    reasons = (
        [f"exercised by {counted(len(passages), 'passage')} of {counted(documents, 'file')}"]
        if passages
        else []
    )
    reasons += [f"shown to users in {counted(shown, 'passage')}"] if shown else []
    reasons = reasons or [reason] * bool(reason)
    return Api(
        target=target,
        symbol=None,
        kind="Wrapper Doc",
        import_statement=import_of(target, context) if target.external else "",
        call=_written(target, uses),
        page="",
        principle="",
        score=float(documents + shown),
        reasons=tuple(reasons),
    )


def _written(target: Target, uses: list[tuple[Passage, Use]]) -> str:
    """A short call of it as the repository writes it, those shown to users first."""
    calls = [
        (passage.area not in _SHOWN, not use.keywords, len(use.text), use.text)
        for passage, use in uses
        if use.kind == "call" and len(use.text) <= _LONGEST_CALL and not use.text.endswith("…")
    ]
    if calls:
        return min(calls)[3]
    parts = target.name.split(".")
    at = next((i for i, part in enumerate(parts) if part[:1].isupper()), len(parts) - 1)
    return f"{'.'.join(parts[at:])}(...)"


def _is_enough(target: Target, calls: list[tuple[Passage, Use]]) -> bool:
    shown = {passage.path for passage, _ in calls if passage.area in _SHOWN}
    files = {passage.path for passage, _ in calls}
    if shown and len(files) >= _MIN_DOCUMENTS:
        return True
    tests = {(passage.path, passage.scope) for passage, _ in calls}
    has_class = any(part[:1].isupper() for part in target.name.split("."))
    return has_class and len(files) >= _MIN_TEST_FILES and len(tests) >= _MIN_TESTS


def _beside(passage: Passage) -> bool:
    """Whether a passage uses the repository's own APIs, too."""
    return any(not use.target.external for use in passage.uses)


def _named(apis: list[Api], context: ApiContext) -> tuple[Api, ...]:
    names = page_names(
        [(api.target, _name_kind(api, context)) for api in apis], context.spellings, context.main
    )
    return tuple(
        replace(api, page=page, principle=principle)
        for api, (page, principle) in zip(apis, names, strict=True)
    )


def _name_kind(api: Api, context: ApiContext) -> str:
    if api.symbol:
        return name_kind(api.symbol, context)
    if api.kind == "External Tool Doc":
        return "command"
    return "external" if api.target.external else "function"
