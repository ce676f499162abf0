"""Members of types, and definitions by their last name, over all files of a family of languages."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from codebase_gardener.languages.engine.spaces import Space
from codebase_gardener.languages.meanings import Entity, Place
from codebase_gardener.languages.rows import Family
from codebase_gardener.languages.symbols import TYPES

__all__ = ["Members"]

_MIN_CHARS = 4  # of a method's name that alone tells what is meant


class Members:
    """Indexes over symbols: a method may stand in another file than its type.

    Args:
        spaces: Of the files of the family.
        family: Its row.
        ours: Paths of the package's own files.
    """

    def __init__(self, spaces: Iterable[Space], family: Family, ours: frozenset[str]) -> None:
        self._kinds: dict[Place, str] = {}
        self._names: set[str] = set()
        self._members: dict[tuple[str, str], list[Place]] = defaultdict(list)
        self._types: dict[str, int] = defaultdict(int)
        self._methods: dict[str, set[Place]] = defaultdict(set)
        self._tops: dict[str, set[Place]] = defaultdict(set)
        self._endings: dict[str, list[Place]] = defaultdict(list)
        for space in sorted(spaces, key=lambda space: space.left_out):
            self._add(space, family, is_ours=space.path in ours)

    def _add(self, space: Space, family: Family, *, is_ours: bool) -> None:
        for qualified, symbol in space.symbols.items():
            place, (owner, _, name) = (space.key, qualified), qualified.rpartition(".")
            kind = "class" if symbol.kind in TYPES else "function"
            self._kinds[place] = kind
            self._names.add(name)
            if kind == "class":
                self._types[qualified.rpartition(".")[2]] += 1
            if owner:
                self._members[owner.rpartition(".")[2], name].append(place)
            if is_ours and symbol.kind == "method" and not symbol.implements:  # its interface has it
                self._methods[name].add(place)
            if is_ours and "." not in qualified and symbol.public and not family.hidden(symbol):
                self._tops[name].add(place)
            if family.by_ending:
                self._endings[name].append(place)

    def entity(self, path: str, qualified: str) -> Entity:
        """A definition as what a name means."""
        kind = self._kinds[path, qualified]
        return Entity(kind, path, qualified)

    def of_type(self, path: str, owner: str, name: str) -> Entity | None:
        """A member of a type: in its own file, in its folder, or anywhere where no other type has the name."""
        simple = owner.rpartition(".")[2]
        found = self._members.get((simple, name), [])
        here = [place for place in found if place[0] == path]
        if not here:
            folder = path.rpartition("/")[0]
            here = [place for place in found if place[0].rpartition("/")[0] == folder]
        if not here and self._types[simple] == 1:
            here = found
        best = next((place for place in here if place[1] == f"{owner}.{name}"), here[0] if here else None)
        return self.entity(*best) if best else None

    def has(self, name: str) -> bool:
        """Whether anything is called so."""
        return name in self._names

    def only(self, name: str) -> Entity | None:
        """The method of this name, where the package has but one."""
        found = self._methods.get(name, set())
        if len(found) != 1 or len(name) < _MIN_CHARS:
            return None
        return self.entity(*next(iter(found)))._replace(how="name")

    def exported_only(self, name: str) -> Entity | None:
        """The function or type of this name that others may use, where the package has but one."""
        found = self._tops.get(name, set())
        return self.entity(*next(iter(found)))._replace(how="name") if len(found) == 1 else None

    def ending(self, dotted: str, path: str) -> Entity | None:
        """The definition whose qualified name ends so; of several the one of the same file, else none."""
        found = self._ending(dotted)
        here = [place for place in found if place[0] == path]
        chosen = here or (found if len(found) == 1 else [])
        return self.entity(*chosen[0]) if chosen else None

    def ending_in(self, dotted: str, paths: Sequence[str]) -> Entity | None:
        """The definition whose qualified name ends so; of several the one of the first of these files, else none."""
        found = self._ending(dotted)
        if len(found) > 1:
            order = {path: at for at, path in enumerate(paths)}
            found = [place for place in found if place[0] in order]
            found.sort(key=lambda place: order[place[0]])
        return self.entity(*found[0]) if found else None

    def _ending(self, dotted: str) -> list[Place]:
        wanted = f".{dotted.strip('.')}"
        return [
            place
            for place in self._endings.get(dotted.rpartition(".")[2], ())
            if f".{place[1]}".endswith(wanted)
        ]
