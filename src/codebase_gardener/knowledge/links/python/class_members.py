"""Members of classes through inheritance, and by their name alone."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping

from codebase_gardener.knowledge.links.python.entities import BUILTIN_MEMBERS
from codebase_gardener.knowledge.links.python.namespaces import Namespace
from codebase_gardener.knowledge.links.python.standard_members import STANDARD_MEMBERS
from codebase_gardener.languages.meanings import Entity

__all__ = ["ClassMembers"]

MAX_BASES = 200
DOMINANT = 5
"""A family of so many classes for each of the next one's is what a forwarded call means."""

_CALLED = ("__call__", "forward", "call")
"""What a call of an instance runs; the second and third are what torch and keras route calls to."""
_EMPTY = frozenset({"object", "ABC", "Generic", "Protocol"})

BaseOf = Callable[[Namespace, str, str], tuple[Entity, ...]]


class ClassMembers:
    """Members of the classes of all namespaces.

    Args:
        spaces: By key.
        base_of: What a base's dotted source means in a namespace and scope.

    Attributes:
        offered: What users can import, as (path, qualified name); set before members are looked up by name.
    """

    def __init__(self, spaces: Mapping[str, Namespace], base_of: BaseOf) -> None:
        self.offered: frozenset[tuple[str, str]] = frozenset()
        self._spaces = spaces
        self._base_of = base_of
        self._lineages: dict[tuple[str, str], tuple[Entity, ...]] = {}
        self._open: set[tuple[str, str]] = set()
        self._found: dict[tuple[str, str, str], Entity | None] = {}
        self._named: dict[str, list[tuple[str, str]]] | None = None
        self._children: Counter[tuple[str, str]] = Counter()
        self._taken_over: set[str] = set()
        self._reachable: set[tuple[str, str]] = set()
        self._families: dict[str, list[tuple[int, Entity]]] = {}
        self._methods: dict[tuple[str, str], list[str]] = {}
        self._owners: dict[str, list[tuple[str, str]]] | None = None
        self._derived_from: set[str] | None = None

    def lineage(self, key: str, name: str) -> tuple[Entity, ...]:
        """The class and its bases, nearest first; from outside, too. Bases that go round in a ring are left out."""
        asked = (key, name)
        if asked in self._lineages:
            return self._lineages[asked]
        if asked in self._open or len(self._open) > MAX_BASES:
            return ()
        self._open.add(asked)
        try:
            chain = [Entity("class", key, name)]
            for base in self._bases(key, name):
                chain.extend(self.lineage(base.path, base.name) if base.kind == "class" else (base,))
        finally:
            self._open.discard(asked)
        last = {entity: at for at, entity in enumerate(chain)}
        found = tuple(entity for at, entity in enumerate(chain) if at == 0 or last[entity] == at)[:MAX_BASES]
        if not self._open:
            self._lineages[asked] = found
        return found

    def find(self, key: str, name: str, member: str) -> Entity | None:
        """The member where it is defined: a "function", "class" or "field"; None if it is in no class here."""
        asked = (key, name, member)
        if asked not in self._found:
            self._found[asked] = self._find(self.lineage(key, name), member, (key, name))
        return self._found[asked]

    def outside(self, key: str, name: str) -> Entity | None:
        """The first base from outside, or built in, that has members of its own; a mixin only if there is no other."""
        bases = [base for base in self.lineage(key, name)[1:] if base.kind != "class"]
        found = [base for base in bases if base.name.rpartition(".")[2] not in _EMPTY]
        return min(found, key=lambda base: base.name.endswith("Mixin"), default=None)

    def on_call(self, key: str, name: str) -> Entity | None:
        """What runs when an instance is called."""
        for member in _CALLED:
            found = self.find(key, name, member)
            if found is not None and found.kind == "function":
                return found._replace(how="type")
        return None

    def is_base(self, dotted: str) -> bool:
        """Whether a class from outside is one that classes of the package are derived from."""
        if self._derived_from is None:
            self._derived_from = {
                base.name
                for key, name in self._classes()
                for base in self.lineage(key, name)
                if base.kind == "external"
            }
        return dotted in self._derived_from

    def is_of_an_heir(self, key: str, name: str, member: str) -> bool:
        """Whether a class of the package that is derived from this one defines the member."""
        if self._owners is None:
            self._owners = defaultdict(list)
            for place, owner in self._classes():
                for definition in self._methods[place, owner]:
                    self._owners[definition].append((place, owner))
        return any(
            base.path == key and base.name == name
            for place, owner in self._owners.get(member, ())
            for base in self.lineage(place, owner)[1:]
        )

    def _classes(self) -> list[tuple[str, str]]:
        """Of the package, with the names of their methods in `_methods`."""
        if not self._methods:
            for key, space in self._spaces.items():
                for name, definition in (
                    () if space.area != "package" or space.host else space.definitions.items()
                ):
                    owner, _, last = name.rpartition(".")
                    if definition.kind == "class":
                        self._methods.setdefault((key, name), [])
                    elif definition.kind == "method":
                        self._methods.setdefault((key, owner), []).append(last)
        return list(self._methods)

    def above(self, key: str, name: str, member: str) -> Entity | None:
        """What `super().member` means in a class."""
        return self._find(self.lineage(key, name)[1:], member, (key, name))

    def by_name(self, member: str, forwarded: bool = False) -> Entity | None:
        """The definition that all members of this name in the package go back to; None if there are several.

        One of its classes, or of those that inherit it, must be offered to users: what is internal does not lend its
        name to things that nothing is known of.

        Args:
            member: Its name. What builtin types have as well, or what a class takes over from a base from outside
                (its definition calls `super().member`), is not told by its name.
            forwarded: The receiver is of the repository and hands unknown members on (`__getattr__`) to something that
                is not known: then it may be a name that types of the standard library have, and a family of classes
                that is far larger than the others will do.
        """
        if member in BUILTIN_MEMBERS or (member.startswith("__") and member.endswith("__")):
            return None
        if member in STANDARD_MEMBERS and not forwarded:
            return None
        families = self._family(member)
        if member in self._taken_over:
            return None
        if len(families) == 1:
            found = families[0][1]
            known = (found.path, found.name.rpartition(".")[0]) in self._reachable
            return found if known or forwarded else None
        if forwarded and families and families[0][0] >= DOMINANT * families[1][0]:
            return families[0][1]
        return self._of_kin(families) if forwarded else None

    def _of_kin(self, families: list[tuple[int, Entity]]) -> Entity | None:
        """Of families whose classes have a base in common, the largest: they are variants of one thing.

        Definitions that take anything (`*args, **kwargs`), as those that refuse to do it, are left out.
        """
        own = [(size, root) for size, root in families if self._has_parameters(root)]
        if not own or (len(own) > 1 and own[0][0] <= own[1][0]):
            return None
        bases = [
            {base for base in self.lineage(root.path, root.name.rpartition(".")[0]) if base.kind == "class"}
            for _, root in families
        ]
        return own[0][1] if set.intersection(*bases) else None

    def _has_parameters(self, root: Entity) -> bool:
        definition = self._spaces[root.path].definitions[root.name]
        return not definition.parameters or any(not each.startswith("*") for each in definition.parameters)

    def _bases(self, key: str, name: str) -> list[Entity]:
        space = self._spaces.get(key)
        definition = space.definitions.get(name) if space else None
        found: list[Entity] = []
        if space is not None and definition is not None:
            scope = name.rpartition(".")[0]
            for source in definition.bases:
                stem = source.partition("[")[0].partition("(")[0]
                found.extend(self._base_of(space, scope, stem))
        kinds = ("class", "external", "builtin")
        return [base for base in found if base.kind in kinds and (base.path, base.name) != (key, name)]

    def _find(self, classes: tuple[Entity, ...], member: str, owner: tuple[str, str]) -> Entity | None:
        for entity in classes:
            space = self._spaces.get(entity.path) if entity.kind == "class" else None
            if space is None:
                continue
            qualified = f"{entity.name}.{member}"
            definition = space.definitions.get(qualified)
            if definition is not None:
                kind = "class" if definition.kind == "class" else "function"
                return Entity(kind, entity.path, qualified, "import", owner)
            if space.events(entity.name, member) or space.attribute(entity.name, member):
                return Entity("field", entity.path, qualified, "import", owner)
        return None

    def _family(self, member: str) -> list[tuple[int, Entity]]:
        if member not in self._families:
            roots: dict[tuple[str, str], Entity] = {}
            for key, name in self._index().get(member, ()):
                for base in reversed(self.lineage(key, name)):
                    space = self._spaces.get(base.path) if base.kind == "class" else None
                    definition = space.definitions.get(f"{base.name}.{member}") if space else None
                    if definition is not None:
                        root = Entity("function", base.path, f"{base.name}.{member}", "name", (key, name))
                        roots.setdefault((base.path, base.name), root)
                        break
            sized = [(1 + self._children[place], root) for place, root in roots.items()]
            self._families[member] = sorted(sized, key=lambda pair: (-pair[0], pair[1].path, pair[1].name))
        return self._families[member]

    def _index(self) -> dict[str, list[tuple[str, str]]]:
        """Classes of the package by the names of their methods."""
        if self._named is None:
            self._named = defaultdict(list)
            for place in sorted(self.offered):
                self._reachable.update((base.path, base.name) for base in self.lineage(*place))
            for key, space in self._spaces.items():
                if space.area != "package" or space.host:
                    continue
                for name, definition in space.definitions.items():
                    if definition.kind == "method":
                        owner, _, last = name.rpartition(".")
                        self._named[last].append((key, owner))
                    elif definition.kind == "class":
                        for base in self.lineage(key, name)[1:]:
                            self._children[base.path, base.name] += 1
                for reference in space.references:
                    if reference.name.startswith("super()."):
                        self._note_super(space, reference.scope, reference.name[len("super().") :])
        return self._named

    def _note_super(self, space: Namespace, scope: str, member: str) -> None:
        """Remember a method that hands itself on to a base from outside."""
        owner, _, last = scope.rpartition(".")
        if last == member and owner and self.above(space.key, owner, member) is None:
            self._taken_over.add(member)
