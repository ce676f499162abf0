"""What can be told of an API from the repository itself, sentence by sentence, each with its evidence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from codebase_gardener.documents.docstrings import Documentation
from codebase_gardener.knowledge.apis.calls import is_api_name
from codebase_gardener.knowledge.apis.context import ApiContext
from codebase_gardener.knowledge.apis.run_time import at_run_time
from codebase_gardener.knowledge.apis.subject import Api
from codebase_gardener.knowledge.links.uses import Passage, Target
from codebase_gardener.knowledge.pages.cited import PageSources
from codebase_gardener.knowledge.pages.markup import (
    MAY_BE_IT,
    MAY_USE_IT,
    NO_CERTAIN_USE,
    NO_CODE,
    USED_BY,
    USES,
    code,
)
from codebase_gardener.knowledge.pages.quoting import inline
from codebase_gardener.knowledge.pages.wording import AREA_NOUNS, AREA_ORDER, counted, enumerated, not_listed
from codebase_gardener.languages.symbols import Symbol

__all__ = [
    "defined_again", "linked", "members", "neighbours", "passage_lines", "raised", "run_time", "shown_in", "standing",
    "used_in", "used_passages",
]  # fmt: skip

_LONGEST_SIGNATURE = 300
_MOST = 8  # names or places that a sentence lists; the rest is counted
_KINDS = {"function": "function", "method": "method", "class": "class"}


def linked(target: Target, pages: Mapping[Target, Api], owner_repo: str) -> str:
    """A target's name in code marks, as a link where it has a page of its own."""
    name = code(target.name)
    return f"[{name}]({owner_repo}_{pages[target].page}.md)" if target in pages else name


def standing(symbol: Symbol, context: ApiContext, sources: PageSources, public: str) -> str:
    """What it is and where it stands."""
    owner = symbol.qualified_name.rpartition(".")[0]
    holder = context.owner(symbol) if symbol.kind == "method" else None
    of = (
        f" of {'class ' if holder is not None and holder.kind == 'class' else ''}{code(owner)}"
        if owner
        else ""
    )
    kind = "property" if symbol.is_property else _KINDS.get(symbol.kind, symbol.kind)
    says = (
        f"{code(symbol.qualified_name)} is a {kind}{of}, defined in "
        f"{sources.cite_symbol(symbol)} ({counted(symbol.end - symbol.start + 1, 'line')})"
    )
    if symbol.declared is not None:
        at = symbol.declared.anchor
        says += f", declared in {sources.cite(at.path, at.start, at.end)}"
    if symbol.decorators:
        says += f", decorated with {_names(code(f'@{name}') for name in symbol.decorators)}"
    if public and public.rpartition(".")[2] != symbol.qualified_name:
        says += f"; its public name is {code(public)}"
    return f"{says}."


def run_time(symbol: Symbol, context: ApiContext, sources: PageSources) -> str:
    """Of what only type checkers read: what its name is where code runs; "" for all else."""
    found = at_run_time(symbol, context.repository)
    if found is None:
        return ""
    where = sources.cite(symbol.path, found.line, found.line)
    told = f"{code(found.name)} ({where})" if found.name else f"what {where} says"
    return f"That is what type checkers read, under `if TYPE_CHECKING`; at run time it is {told}."


def defined_again(symbol: Symbol, context: ApiContext, sources: PageSources) -> list[str]:
    """The other definitions of its name in its file: under `else`, of overloads, of a property's setter."""
    all_of_it = context.repository.definitions.get((symbol.path, symbol.qualified_name), [])
    others = {other.anchor: other for other in all_of_it if other.anchor != symbol.anchor}
    if not others:
        return []
    told = []
    for other in list(others.values())[:_MOST]:
        decorators = [_short(f"@{name}") for name in other.decorators[:_MOST]]
        told.append(f"{sources.cite_symbol(other)}: {' '.join([*decorators, _short(other.signature)])}")
    if len(others) == 1:
        return [f"It is defined again at {told[0]}."]
    more = f"\n- and {len(others) - _MOST} more" if len(others) > _MOST else ""
    listed = "\n".join(f"- {each}" for each in told)
    return [f"It is defined {len(others)} more times in this file:\n\n{listed}{more}"]


def _short(text: str) -> str:
    return code(text if len(text) <= _LONGEST_SIGNATURE else f"{text[:_LONGEST_SIGNATURE]}…")


def neighbours(
    symbol: Symbol, context: ApiContext, pages: Mapping[Target, Api], sources: PageSources
) -> list[str]:
    """What its code uses, and which code of the package uses it."""
    owner_repo = context.repository.owner_repo
    found = []
    calls = [(target, times) for target, times in context.calls_of(symbol) if not _inside(target, symbol)]
    own = [(target, times) for target, times in calls if not target.external]
    outside = [(target, times) for target, times in calls if target.external and is_api_name(target.name)]
    if own:
        names = [linked(target, pages, owner_repo) + _times(times) for target, times in own]
        found.append(f"{USES}{counted(len(own), 'other definition')} of the repository: {_names(names)}.")
    if outside:
        names = [code(target.name) + _times(times) for target, times in outside]
        found.append(f"From other packages it uses {_names(names)}.")
    by_line = {
        (use.path, use.start): use
        for use in reversed(context.resolution.callers.get(context.target(symbol), ()))
        if not (use.path == symbol.path and symbol.start <= use.start <= symbol.end)
    }
    uses = sorted(by_line.values(), key=lambda use: (use.path, use.start))
    if uses:
        files = Counter(use.path for use in uses)
        places = [
            f"{code(use.scope) if use.scope else 'module level'} at {sources.cite(use.path, use.start, use.end)}"
            for use in uses[:3]
        ]
        lead = "by" if len(uses) <= 3 else "first by"
        found.append(
            f"{USED_BY}{counted(len(uses), 'time')} in {counted(len(files), 'file')}, "
            f"{lead} {', '.join(places)}."
        )
    return found


def members(symbol: Symbol, context: ApiContext, pages: Mapping[Target, Api]) -> list[str]:
    """Bases, subclasses and public methods of a class."""
    if symbol.kind != "class":
        return []
    owner_repo, prefix = context.repository.owner_repo, f"{symbol.qualified_name}."
    found = []
    if symbol.bases:
        found.append(f"It inherits from {_names(code(base) for base in symbol.bases)}.")
    heirs = context.subclasses(symbol)
    if heirs:
        names = [linked(context.target(heir), pages, owner_repo) for heir in heirs]
        verb = "inherits" if len(heirs) == 1 else "inherit"
        found.append(
            f"{counted(len(heirs), 'class', 'classes')} of the repository {verb} from it: {_names(names)}."
        )
    methods = [
        each
        for each in context.repository.facts[symbol.path].symbols
        if each.kind == "method"
        and each.qualified_name.startswith(prefix)
        and "." not in each.qualified_name[len(prefix) :]
        and symbol.start <= each.start <= symbol.end
        and not each.name.startswith("_")
    ]
    unique = list({each.qualified_name: each for each in methods}.values())
    if unique:
        names = [
            f"[{code(each.name)}]({owner_repo}_{pages[context.target(each)].page}.md)"
            if context.target(each) in pages
            else code(each.name)
            for each in unique
        ]
        found.append(f"It defines {counted(len(unique), 'public method')}: {_names(names, 40)}.")
    return found


def raised(says: Documentation) -> list[str]:
    """The errors that its docstring tells of."""
    return [
        f"Its docstring says that it raises {code(each.name) or 'an error'}"
        + (f": {inline(each.description)}" if each.description else ".")
        for each in says.raises[:_MOST]
    ]


def used_passages(target: Target, context: ApiContext) -> list[Passage]:
    """The passages whose own lines use a target, those written for readers first, each once.

    A test that only a fixture or another function of its file leads there is none of them: see `used_in`.
    """
    return [passage for passage, own in _using(target, context) if own]


def used_in(target: Target, context: ApiContext) -> str:
    """How many passages use it, in words: "2 sections of the docs and 3 tests"; "" for none.

    Tests that reach it through a helper or fixture are counted apart: a reader does not find the name in them.
    """
    using = _using(target, context)
    counts = Counter((passage.area, own) for passage, own in using)
    told = [counted(counts[area, True], *AREA_NOUNS[area]) for area in AREA_ORDER if counts[area, True]]
    through = sum(not own for _, own in using)
    says = _and(told)
    if through:
        more = "more " if counts["test", True] else ""
        says += f"{', and ' if says else ''}{through} {more}test{'' if through == 1 else 's'} through helpers"
    return says


def _using(target: Target, context: ApiContext) -> list[tuple[Passage, bool]]:
    """Each passage that uses a target, and whether it does so in its own lines."""
    unique: dict[tuple[str, int, int, str], tuple[Passage, bool]] = {}
    for p, use in context.uses.get(target, []):
        if p.area in AREA_ORDER:
            own = p.area != "test" or (use.path == p.path and p.start <= use.start <= p.end)
            key = (p.path, p.start, p.end, p.scope)
            unique[key] = (p, own or (key in unique and unique[key][1]))
    return sorted(
        unique.values(),
        key=lambda each: (AREA_ORDER.index(each[0].area), each[0].path, each[0].start, each[0].end),
    )


def shown_in(target: Target, context: ApiContext, sources: PageSources) -> list[str]:
    """How many passages use it, the first of them, and what declares it as an entry point."""
    entries = [
        f"It is declared as the entry point {code(one.name)} ({sources.cite(one.path, one.line, one.line)})."
        for one in context.entry_points.get(target, ())
    ]
    told = used_in(target, context)
    if not told and entries:
        return entries
    may_be = _may_use_it(target, told, context, sources)
    return [*entries, *_shown_in(target, told, context, sources, is_open=bool(may_be)), *may_be]


def _may_use_it(target: Target, told: str, context: ApiContext, sources: PageSources) -> list[str]:
    """Where a method's name is called on something whose type the code does not tell."""
    symbol = context.symbol(target)
    places = context.open_calls(symbol) if symbol is not None else ()
    if symbol is None or not places:
        return _may_be_it(symbol, context, sources) if symbol is not None and not told else []
    path, line = places[0]
    where = f"at {sources.cite(path, line, line)}"
    told = f"{MAY_USE_IT}{code(f'.{symbol.name}()')} is called"
    if len(places) == 1:
        return [f"{told} {where}: that may be a use of it."]
    return [f"{told} in {len(places)} places, first {where}: some of them may be uses of it."]


def _may_be_it(symbol: Symbol, context: ApiContext, sources: PageSources) -> list[str]:
    """Where docs, examples or tests import its name from the repository, and no link leads to a definition."""
    places = context.imports_outside.get(symbol.name, ()) if "." not in symbol.qualified_name else ()
    if not places:
        return []
    path, line = places[0]
    told = f"{MAY_BE_IT}is imported at {sources.cite(path, line, line)}"
    if len(places) > 1:
        told += f" and in {counted(len(places) - 1, 'other file')}"
    return [f"{told}: whether it is this one could not be told."]


def _shown_in(
    target: Target, told: str, context: ApiContext, sources: PageSources, *, is_open: bool
) -> list[str]:
    if not told:
        through = _through_members(target, context)
        if through:
            return [f"It is not used by its own name; its members are used in {counted(through, 'passage')}."]
        return [NO_CERTAIN_USE if is_open else NO_CODE]
    passages = used_passages(target, context)
    if not passages:
        return [f"Used in {told}."]
    lines = [f"Used in {told}:", "", *passage_lines(passages[:5], sources)]
    if len(passages) > 5:
        lines += ["", not_listed(len(passages) - 5)]
    return ["\n".join(lines)]


def passage_lines(passages: Iterable[Passage], sources: PageSources) -> list[str]:
    """A line for each passage, with its anchor."""
    return [
        f"- {inline(each.title, 120) or each.area}: {sources.cite(each.path, each.start, each.end)}"
        for each in passages
    ]


def _through_members(target: Target, context: ApiContext) -> int:
    """How many passages use a member of a class."""
    inside = [
        other for other in context.used_in.get(target.path, ()) if other.name.startswith(f"{target.name}.")
    ]
    return len({(p.path, p.start, p.end, p.scope) for other in inside for p in used_passages(other, context)})


def _inside(target: Target, symbol: Symbol) -> bool:
    return target.path == symbol.path and target.name.startswith(f"{symbol.qualified_name}.")


def _times(times: int) -> str:
    return f" ({times} times)" if times > 1 else ""


def _names(names: Iterable[str], most: int = _MOST) -> str:
    listed = list(names)
    return enumerated(listed[:most], len(listed)) if len(listed) > most else _and(listed)


def _and(parts: list[str]) -> str:
    return ", ".join(parts[:-1]) + f" and {parts[-1]}" if len(parts) > 1 else "".join(parts)
