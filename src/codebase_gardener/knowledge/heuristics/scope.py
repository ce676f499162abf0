"""What a heuristic applies to: the definitions it stands in and those it names; and the steps that come near it."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from codebase_gardener.knowledge.heuristics.items import Item
from codebase_gardener.knowledge.links.resolution import Resolution
from codebase_gardener.knowledge.links.uses import Passage, Target
from codebase_gardener.knowledge.sources.repository_facts import RepositoryFacts
from codebase_gardener.languages.symbols import TYPES, Symbol

__all__ = ["Scope"]

_NAME = re.compile(r"`@?([A-Za-z_][\w.]{1,120})(?:\(\)|\(\w{0,40}\))?`")
_TYPE = re.compile(r"(?<=[a-z,] )[A-Z]\w{1,80}\b")
_MAX_MEANT = 3
"""Definitions that a name may mean; a name of more is too common to say anything."""
_MAX_SHOWN = 20
_MAX_CALLERS = 40
_OWN_NAMES = ("self", "cls", "this")


class Scope:
    """Looks up definitions of the package."""

    def __init__(self, repository: RepositoryFacts, resolution: Resolution | None = None) -> None:
        self._repository = repository
        self._resolution = resolution
        self._by_name: dict[str, list[Symbol]] = defaultdict(list)
        self._passages: dict[str, list[Passage]] = defaultdict(list)
        for passage in resolution.passages if resolution is not None else ():
            self._passages[passage.path].append(passage)
        shown = [{use.target for use in one.uses} for run in self._passages.values() for one in run]
        self._shown_in = Counter(target for targets in shown for target in targets)
        self._common = max(3, len(shown) // 20)  # what every second example uses says little of a section
        for (path, _), symbol in sorted(repository.symbols.items()):
            if repository.areas.get(path) == "package":
                self._by_name[symbol.name].append(symbol)

    def targets(self, group: Sequence[Item]) -> tuple[Target, ...]:
        """Sorted: the definitions in whose own lines a heuristic's remarks stand, and those that they name.

        Another module's definition of the same name is what the remark tells apart from its own.
        """
        own = {target for item in group for target in self._own(item)}
        called = {_last(target) for target in own}
        named = {target for item in group for target in self._named(item)}
        found = own | {target for target in named if _last(target) not in called}
        return tuple(sorted(found or self._only_shown(group)))

    def _only_shown(self, group: Sequence[Item]) -> set[Target]:
        """Of remarks in documents: what their section's code uses, where that is one definition alone."""
        if not all(
            item.evidence.kind in ("admonition", "doc-tip") and self._in_section(item) for item in group
        ):
            return set()
        shown = {target for item in group for target in self._shown(item, all_of_it=True)}
        return shown if len(shown) == 1 else set()

    def near(self, group: Sequence[Item]) -> tuple[Target, ...]:
        """Sorted: also what the code beside a remark shows, and what calls the private function that it stands in."""
        found = set(self.targets(group))
        for item in group:
            if item.evidence.kind in ("admonition", "doc-tip"):
                found.update(self._shown(item))
            symbol = self._standing(item)
            if symbol is not None and symbol.name.startswith("_") and symbol.kind != "class":
                found.update(self._callers(Target(symbol.path, symbol.qualified_name)))
        return tuple(sorted(found))

    def _in_section(self, item: Item) -> bool:
        headings = self._repository.facts[item.path].headings
        return any(one.level > 1 and one.start <= item.evidence.start <= one.end for one in headings)

    def _named(self, item: Item) -> Iterator[Target]:
        """What its text names; a comment has no marks for it: there a type of its folder by its capital letter."""
        for word in sorted(set(_TYPE.findall(item.evidence.text))) if item.evidence.kind == "comment" else ():
            folder = item.path.rpartition("/")[0]
            near = [one for one in self._by_name.get(word, ()) if one.path.rpartition("/")[0] == folder]
            if len(near) == 1 and near[0].kind in TYPES and near[0].public:
                yield Target(near[0].path, near[0].qualified_name)
        for name in sorted(set(_NAME.findall(item.evidence.text))):
            yield from (Target(symbol.path, symbol.qualified_name) for symbol in self._meant(name))

    def _standing(self, item: Item) -> Symbol | None:
        """The definition of the package that it stands in."""
        if item.area != "package" or item.evidence.kind in ("admonition", "doc-tip"):
            return None
        return self._enclosing(item.path, item.evidence.scope)

    def _own(self, item: Item) -> Iterator[Target]:
        """What it stands in, up to the first that is public."""
        symbol = self._standing(item)
        while symbol is not None:
            yield Target(symbol.path, symbol.qualified_name)
            inner = symbol.name in ("__init__", "__post_init__") or not symbol.public
            symbol = self._enclosing(symbol.path, symbol.qualified_name.rpartition(".")[0]) if inner else None

    def _shown(self, item: Item, *, all_of_it: bool = False) -> Iterator[Target]:
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
        telling = (target for target in uses if all_of_it or self._shown_in[target] <= self._common)
        yield from list(telling)[:_MAX_SHOWN]

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
            symbol for symbol in self._by_name.get(parts[-1], ()) if len(parts) == 1 or _ends(symbol, parts)
        ]
        if len(parts) == 1 and name.islower() and "_" not in name:  # an ordinary word, or an option
            found = [symbol for symbol in found if symbol.kind == "function" and symbol.public]
        return found if len(found) <= _MAX_MEANT else []

    def _callers(self, target: Target) -> Iterator[Target]:
        """Definitions of the package that call it."""
        for use in self._resolution.callers.get(target, ())[:_MAX_CALLERS] if self._resolution else ():
            if use.scope and self._repository.areas.get(use.path) == "package":
                yield Target(use.path, use.scope)


def _last(target: Target) -> str:
    return target.name.rpartition(".")[2]


def _ends(symbol: Symbol, parts: list[str]) -> bool:
    """Whether a dotted name ends in the qualified one, or that in it; what goes before is of the file's path."""
    whole = symbol.qualified_name.split(".")
    length = min(len(whole), len(parts))
    around = {*symbol.path.rpartition(".")[0].split("/"), *_OWN_NAMES}
    return whole[-length:] == parts[-length:] and around.issuperset(parts[:-length])
