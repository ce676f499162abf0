"""What a heuristic applies to: the definitions it stands in, those it names, and the public ones that lead to them."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from codebase_gardener.knowledge.heuristics.items import Item
from codebase_gardener.knowledge.links.resolution import Resolution
from codebase_gardener.knowledge.links.uses import Passage, Target
from codebase_gardener.knowledge.sources.repository_facts import RepositoryFacts
from codebase_gardener.languages.symbols import Symbol

__all__ = ["Scope"]

_NAME = re.compile(r"`([A-Za-z_][\w.]{1,120})(?:\(\)|\(\w{0,40}\))?`")
_MAX_MEANT = 3
"""Definitions that a name may mean; a name of more is too common to say anything."""
_MAX_FAMILY = 20
_MAX_STEPS = 2
_MAX_CALLERS = 40


class Scope:
    """Looks up definitions of the package."""

    def __init__(self, repository: RepositoryFacts, resolution: Resolution | None = None) -> None:
        self._repository = repository
        self._resolution = resolution
        self._by_name: dict[str, list[Symbol]] = defaultdict(list)
        self._by_verb: dict[str, list[Symbol]] = defaultdict(list)
        self._passages: dict[str, list[Passage]] = defaultdict(list)
        for passage in resolution.passages if resolution is not None else ():
            self._passages[passage.path].append(passage)
        shown = [{use.target for use in one.uses} for run in self._passages.values() for one in run]
        self._shown_in = Counter(target for targets in shown for target in targets)
        self._common = max(3, len(shown) // 20)  # what every second example uses says little of a section
        for (path, _), symbol in sorted(repository.symbols.items()):
            if repository.areas.get(path) != "package":
                continue
            self._by_name[symbol.name].append(symbol)
            if symbol.public and symbol.kind in ("function", "method"):
                self._by_verb[symbol.name.partition("_")[0]].append(symbol)

    def targets(self, group: Sequence[Item]) -> tuple[Target, ...]:
        """Sorted: the definitions that a heuristic's remarks stand in or name, with their public callers or family."""
        found: set[Target] = set()
        for item in group:
            found.update(self._of(item))
        return tuple(sorted(found))

    def near(self, group: Sequence[Item]) -> tuple[Target, ...]:
        """Sorted: without what only leads there through other public definitions."""
        found: set[Target] = set()
        for item in group:
            found.update(self._named(item))
            symbol = self._standing(item)
            if symbol is not None:
                found.update(self._own(symbol))
                private = symbol.name.startswith("_") and symbol.kind != "class"
                if private and self._resolution is not None:
                    target = Target(symbol.path, symbol.qualified_name)
                    found.update(_callers(self._resolution, self._repository, target, 1))
        return tuple(sorted(found))

    def _named(self, item: Item) -> Iterator[Target]:
        """What its text names, and what the code beside it in a document uses."""
        for name in sorted(set(_NAME.findall(item.evidence.text))):
            yield from (Target(symbol.path, symbol.qualified_name) for symbol in self._meant(name))
        if item.evidence.kind in ("admonition", "doc-tip"):
            yield from self._shown(item)

    def _standing(self, item: Item) -> Symbol | None:
        """The definition of the package that it stands in."""
        if item.area != "package" or item.evidence.kind in ("admonition", "doc-tip"):
            return None
        return self._enclosing(item.path, item.evidence.scope)

    def _own(self, symbol: Symbol) -> Iterator[Target]:
        yield Target(symbol.path, symbol.qualified_name)
        if symbol.name in ("__init__", "__post_init__"):
            yield Target(symbol.path, symbol.qualified_name.rpartition(".")[0])

    def _of(self, item: Item) -> Iterator[Target]:
        yield from self._named(item)
        symbol = self._standing(item)
        if symbol is None:
            return
        yield from self._own(symbol)
        if symbol.name not in ("__init__", "__post_init__") and symbol.kind != "class":
            yield from self._reaching(symbol)

    def _shown(self, item: Item) -> Iterator[Target]:
        """What the code in the same section of a document uses; where it shows none, in the section around that."""
        passages = self._passages.get(item.path, ())
        line = item.evidence.start
        headings = [one for one in self._repository.facts[item.path].headings if one.start <= line <= one.end]
        inner = [one for one in headings if one.level > 1] or headings  # not what another chapter shows
        near: list[Passage] = list(passages if not headings else ())
        for heading in reversed(inner):
            near = near or [one for one in passages if heading.start <= one.start <= heading.end]
        uses = list(
            dict.fromkeys(use.target for passage in near for use in passage.uses if not use.target.external)
        )
        yield from [target for target in uses if self._shown_in[target] <= self._common][:_MAX_FAMILY]

    def _enclosing(self, path: str, scope: str) -> Symbol | None:
        """The innermost definition of a scope that is known."""
        while scope:
            symbol = self._repository.symbols.get((path, scope))
            if symbol is not None:
                return symbol
            scope = scope.rpartition(".")[0]
        return None

    def _meant(self, name: str) -> list[Symbol]:
        """Definitions whose qualified name ends like the name, if they are few."""
        parts = name.split(".")
        found = [
            symbol
            for symbol in self._by_name.get(parts[-1], ())
            if len(parts) == 1 or _ends(symbol.qualified_name.split("."), parts)
        ]
        if len(parts) == 1 and name.islower() and "_" not in name:  # an ordinary word, or an option
            found = [symbol for symbol in found if symbol.kind == "function" and symbol.public]
        return found if len(found) <= _MAX_MEANT else []

    def _reaching(self, symbol: Symbol) -> Iterator[Target]:
        if self._resolution is not None:
            target = Target(symbol.path, symbol.qualified_name)
            yield from _callers(self._resolution, self._repository, target)
        verb = symbol.name
        if "_" in verb:
            return
        family = [one for one in self._by_verb.get(verb, ()) if one.name.startswith(f"{verb}_")]
        if len(family) <= _MAX_FAMILY:
            yield from (Target(one.path, one.qualified_name) for one in family)


def _callers(
    resolution: Resolution, repository: RepositoryFacts, target: Target, steps: int = _MAX_STEPS
) -> Iterator[Target]:
    """Definitions of the package that call it, directly or in a few steps."""
    seen, edge = {target}, [target]
    for _ in range(steps):
        around = {
            Target(use.path, use.scope)
            for one in edge
            for use in resolution.callers.get(one, ())[:_MAX_CALLERS]
            if use.scope and repository.areas.get(use.path) == "package"
        }
        edge = sorted(around - seen)
        seen |= around
        yield from edge


def _ends(whole: list[str], parts: list[str]) -> bool:
    """Whether the dotted name agrees with the qualified one as far as both go."""
    length = min(len(whole), len(parts))
    return whole[-length:] == parts[-length:]
