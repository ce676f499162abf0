"""The references of languages that tree-sitter reads, resolved by imports, units and types."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from codebase_gardener.languages.engine.brackets import named_types, split
from codebase_gardener.languages.engine.macros import Macros
from codebase_gardener.languages.engine.members import Members
from codebase_gardener.languages.engine.spaces import Space
from codebase_gardener.languages.engine.stars import Stars
from codebase_gardener.languages.engine.units import Units
from codebase_gardener.languages.facts import Binding, Import, Reference
from codebase_gardener.languages.meanings import OUTSIDE, PLACES, Entity
from codebase_gardener.languages.rows import Family
from codebase_gardener.languages.symbols import Symbol

__all__ = ["Linker"]

MAX_DEPTH = 16
"""Bindings and exports that are followed one after the other; what lies deeper stays unknown."""

_LAST_LINE = 10**9
_OUTSIDE_VALUE = Entity("external value", "", "")
_BUILTIN = Entity("builtin", "", "")
_BY_ITSELF = {"annotation": ("class",), "value": PLACES}
"""Kinds of references that are no call, and what they can mean."""
_MARKS = re.compile(r"\(\)|\[\]")
_MOST_TYPES = 3  # names of a result's type that are looked up


class Linker:
    """What names mean in the files of one family.

    Args:
        spaces: Of the family, by key.
        units: Which files imports mean.
        family: Its row.
        ours: Paths of the package's own files.

    Attributes:
        units: Which files imports mean.
        members: Of types.
    """

    def __init__(
        self, spaces: Mapping[str, Space], units: Units, family: Family, ours: frozenset[str]
    ) -> None:
        self._spaces = spaces
        self.units = units
        self._family = family
        self._stars = Stars(spaces, units)
        files = [space for space in spaces.values() if space.is_file]
        self.members = Members(files, family, ours)
        self._macros = Macros(files, units, family.macros) if family.macros is not None else None
        self._offers: dict[tuple[str, str], Entity | None] = {}
        self._roots = family.root_names(units)
        self._open: set[object] = set()

    def space(self, path: str) -> Space:
        """The names of a file."""
        return self._spaces[path]

    def resolved(self, space: Space) -> Iterator[tuple[Reference, Entity | None]]:
        """Each reference with what it means; None if that is unknown."""
        known: dict[tuple[str, str, int], Entity | None] = {}
        ours = space.is_file or any(
            self.units.find(one.module, space.key) for one in (*space.imports.values(), *space.stars)
        )
        for reference in space.references:
            if self._macros is not None and self._macros.is_call(reference):
                macro = self._macros.meant(space, reference)
                yield reference, macro or (_BUILTIN if reference.name in self._family.builtins else OUTSIDE)
                continue
            found = self._reference(space, reference, known)
            if found is not None and found.kind == "module" and reference.kind == "call":
                found = self.offered(found.path, "default") or found  # `express()` of `require("express")`
            if reference.kind == "value" and (found is None or found.kind not in PLACES):
                found = self._variable(space, reference.name) or found
            if reference.kind in _BY_ITSELF:
                yield (
                    reference,
                    found if found is not None and found.kind in _BY_ITSELF[reference.kind] else None,
                )
                continue
            last = reference.name.rpartition(".")[2]
            if found is None and "." in reference.name and ours and last not in self._family.common:
                found = self._by_name(space, reference)
            yield reference, found

    def _variable(self, space: Space, name: str) -> Entity | None:
        """The constant or variable of the file or its folder, whatever it was given."""
        if "." in name or name == "_" or name in space.imports or not space.is_file:
            return None
        if name in space.names:
            return Entity("constant", space.path, name)
        found = self.of_unit(self._family.unit(space.path), name)
        return found if found is not None and found.kind == "constant" else None

    def _by_name(self, space: Space, reference: Reference) -> Entity | None:
        """The one method of the name, where a receiver of unknown type may well have it."""
        receiver, _, last = reference.name.rpartition(".")
        if self._family.typed_values and (
            space.is_file or "." in receiver or space.bindings("", receiver, reference.start)
        ):
            return None
        made = self._made(space, reference.scope, receiver, reference.start)
        known = self.member(made, last) if made is not None else None
        if known is not None:
            return known
        found = self.members.only(last)
        if found is None or (self._family.free_values and found.name != reference.name):
            return None
        owner = self._spaces[found.path].symbols.get(found.name.rpartition(".")[0])
        if owner is not None and owner.kind == "interface" and not self._may_call(space, owner.name):
            return None
        is_there = self._spaces[found.path].is_built(found.name)
        return found if is_there or not space.is_built(reference.scope, reference.start) else None

    def _made(self, space: Space, scope: str, value: str, line: int) -> Entity | None:
        """What a value of unknown type is by the name of the method that made it alone; None where that says nothing.

        A method that the repository has not gives something from outside.
        """
        for _ in range(MAX_DEPTH):
            before, dot, last = value.rpartition(".")
            name = last.rstrip("()[]")
            if last == name:
                bound = space.bindings(scope, value, line, later=False) if not dot else []
                if not bound or bound[0].item or bound[0].how not in ("call", "name", "for"):
                    return None
                value, line = f"{bound[0].value}{'()' if bound[0].how == 'call' else ''}", bound[0].line
            elif dot and name in self._family.keeping:
                value = before
            elif not dot or name in self._family.common | self._family.changing:
                return None
            else:
                found = self.members.only(name)
                return self.call(found) if found else None if self.members.has(name) else _OUTSIDE_VALUE
        return None

    def _may_call(self, space: Space, interface: str) -> bool:
        return not self._family.names_interfaces or space.names_type(interface)

    def _reference(
        self, space: Space, reference: Reference, known: dict[tuple[str, str, int], Entity | None]
    ) -> Entity | None:
        receiver, dot, last = reference.name.rpartition(".")
        if not dot:
            found = self.lookup(space, reference.scope, last.rstrip("()"), reference.start)
            if found is None and not self._family.by_ending:
                return None if space.is_file else self._bare(last)
            return found
        key = (reference.scope, receiver, reference.start)
        if key not in known:
            known[key] = None if receiver.startswith("?") else self.trace(space, *key)
        owner = known[key]
        if owner is None and self._family.by_ending:
            return self.ending(reference.name, space.path)
        return self.member(owner, last.rstrip("()")) if owner is not None else None

    def _is_method(self, found: Entity) -> bool:
        return self._spaces[found.path].symbols[found.name].kind == "method"

    def _bare(self, name: str) -> Entity | None:
        """What a document means by a name that it does not import."""
        return self.members.exported_only(name) if len(name) > 2 else None

    # ---- names

    def trace(self, space: Space, scope: str, dotted: str, line: int) -> Entity | None:
        """What a dotted name means; its parts may end in `()`."""
        found: Entity | None = None
        parts = dotted.split(".")
        for at, part in enumerate(parts):
            bare = part.rstrip("()[]")
            if at == 0:
                found = self.lookup(space, scope, bare, line) or self._package(space, bare)
            elif found is not None:
                owner, found = found, self.member(found, bare)
                if found is None and self._keeps(owner, part):
                    found = owner
                    continue
            if found is None and at and self._family.by_ending:
                found = self.ending(".".join(parts[: at + 1]), space.path)  # with its namespace
            for mark in _MARKS.findall(part):
                if found is not None:
                    found = self.call(found) if mark == "()" else self._element(found)
            if found is None and not self._family.by_ending:
                return None
        return found

    def _keeps(self, owner: Entity, part: str) -> bool:
        """Whether a method gives what it is called on, or what that holds."""
        return (
            owner.kind in ("instance", "holder") and part.endswith("()") and part[:-2] in self._family.keeping
        )

    def _package(self, space: Space, name: str) -> Entity | None:
        """The package of a name that an import gave to one of its macros as well: only it has something after it."""
        imported = space.imports.get(name) if self._family.submodules else None
        unit = self.units.find(name, space.key) if imported is not None and imported.module == name else ""
        return Entity("module", unit, "") if unit else None

    def lookup(self, space: Space, scope: str, name: str, line: int) -> Entity | None:
        """What a plain name means at a line."""
        key = (space.key, scope, name, line)
        if key in self._open or len(self._open) > MAX_DEPTH:
            return None
        self._open.add(key)
        try:
            return self._lookup(space, scope, name, line)
        finally:
            self._open.discard(key)

    def _lookup(self, space: Space, scope: str, name: str, line: int) -> Entity | None:
        if name in self._family.receivers:
            owner = space.owner(scope)
            kind = "class" if name in self._family.receiver_classes else "instance"
            found = Entity(kind, space.key, owner, "type") if owner else None
            if found is not None or not self._family.submodules:
                return found
        shown = None if space.is_file or space.is_bound(name, line) else space.imported(name, line)
        elsewhere = self._imported(space, shown) if shown is not None else None
        if elsewhere is not None and elsewhere.path:  # a document imports it in another of its blocks
            return elsewhere
        around = scope
        while True:
            bindings = [
                one
                for one in space.bindings(around, name, line, later=not around or around != scope)
                if one.line < line or re.split(r"\W", one.value, maxsplit=1)[0] != name  # `let a = a(b)`
            ]
            if bindings:
                return self._bound(space, bindings)
            symbol = space.definition(around, line) if around else None
            typed = space.parameter(symbol, name) if symbol is not None else ""
            if symbol is not None and typed:
                return self._given_to(space, symbol, typed)
            if not around:
                break
            around = around.rpartition(".")[0]
        own = self._own_member(space, scope, name) if self._family.own_members else None
        return own or self._global(space, scope, name, line)

    def _own_member(self, space: Space, scope: str, name: str) -> Entity | None:
        """What a method's own object has under a name."""
        owner = space.owner(scope)
        if not owner or owner.rpartition(".")[2] == name:
            return None
        found = (
            Entity("class", space.key, owner) if owner in space.symbols else self.ending(owner, space.path)
        )
        is_type = found is not None and found.kind == "class"
        return self._class_member(found._replace(kind="instance"), name) if found and is_type else None

    def _given_to(self, space: Space, symbol: Symbol, typed: str) -> Entity | None:
        """A parameter: of its type, or of what its function asks of a type parameter; else of no type of ours."""
        names = named_types(typed)
        bounds = (self._family.bound(symbol, name) for name in names[:_MOST_TYPES])
        found = self._instance(space, symbol.qualified_name, names) or self._instance(
            space, symbol.qualified_name, [one for bound in bounds for one in named_types(bound)]
        )
        return found or (None if self._family.by_ending else _OUTSIDE_VALUE)

    def _bound(self, space: Space, bindings: Iterable[Binding]) -> Entity | None:
        for binding in bindings:
            if binding.how == "def":
                return OUTSIDE  # of the example, or made by a macro
            if binding.how == "annotation":
                found = self._instance(space, binding.scope, [binding.value.removesuffix("[]")])
                if found is not None and found.kind == "instance" and binding.value.endswith("[]"):
                    found = found._replace(kind="holder")
            elif binding.item is not None and binding.how == "call":
                made = self.trace(space, binding.scope, binding.value, binding.line - 1 or binding.line)
                found = self._result(made, binding.item) if made is not None else None
            else:
                value = f"{binding.value}()" if binding.how == "call" else binding.value
                found = self.trace(space, binding.scope, value, binding.line - 1 or binding.line)
                if found is not None and binding.how == "for":
                    found = self._element(found)
            if found is not None:
                return found
        return None

    def _element(self, held: Entity) -> Entity | None:
        """What a value holds: of a type that says so; a result that is told by what it holds is one already."""
        if held.kind == "holder":
            return held._replace(kind="instance")
        if held.kind == "builtin":
            return None
        space = self._spaces.get(held.path)
        bound = (
            space.bindings("", f"{held.name}[]", 0) if space is not None and held.kind == "instance" else []
        )
        return (self._bound(space, bound) or held) if space is not None and bound else held

    def _global(  # noqa: PLR0911 - one return a place to look
        self, space: Space, scope: str, name: str, line: int = 0
    ) -> Entity | None:
        """Imported, of the same unit, visible by a star, or the name of a package."""
        imported = space.imported(name, line)
        if imported is not None:
            return self._imported(space, imported)
        if space.is_file:
            found = self._inside(space, scope, name) or self.of_unit(self._family.unit(space.path), name)
            if found is not None:
                return found
        if name in self._family.builtins:
            return _BUILTIN
        found = self._by_star(space.key, name)
        if found is not None:
            return found
        if self._family.by_ending:
            found = self.ending(name, space.path)
            return found if space.is_file or not found or not self._is_method(found) else None
        if self._family.submodules:
            unit = self.units.find(name, space.key)
            if unit:
                return Entity("module", unit, "")
        if not space.is_file and name in self._roots:
            return Entity("module", self._roots[name], "")
        return None

    def _inside(self, space: Space, scope: str, name: str) -> Entity | None:
        """A definition of the file: in the scope or one around it."""
        while True:
            name = name if scope else space.outer.get(name, name)
            qualified = f"{scope}.{name}" if scope else name
            known = space.symbols.get(qualified)
            if known is not None and not (scope and (known.kind == "method" or known.implements)):
                return None if qualified in space.inner else self.members.entity(space.key, qualified)
            if not scope:
                return Entity("constant", space.key, name) if name in space.names else None
            scope = scope.rpartition(".")[0]

    def of_unit(self, unit: str, name: str) -> Entity | None:
        """A name of another file of the folder, where a unit is a folder."""
        if ":" not in unit:
            return None
        for space in self._in_order(unit):
            path = space.path
            if name in space.symbols:
                return self.members.entity(path, name)
            if name in space.names:
                return Entity("constant", path, name)
        return None

    def _in_order(self, unit: str) -> list[Space]:
        """The files of a folder; what a build that asks for nothing leaves out comes last."""
        return sorted((self._spaces[path] for path in self.units.files.get(unit, ())), key=_is_left_out)

    def _imported(self, space: Space, found: Import) -> Entity | None:
        if self._family.imported:
            return self._family.imported(self, space, found)
        unit = self.units.find(found.module, space.key)
        if not found.name:
            return Entity("module", unit, "") if unit else OUTSIDE
        if self._family.submodules:
            inner = self.units.find(f"{found.module}.{found.name}", space.key)
            if inner:
                return Entity("module", inner, "")
            if not unit:  # a type's own name, or a module inside the file
                owner = self.trace(space, "", found.module, 0) if found.module != found.name else None
                return self.member(owner, found.name) if owner is not None else OUTSIDE
        if not unit:
            return OUTSIDE
        return self.offered(unit, found.name)

    def ending(self, dotted: str, path: str) -> Entity | None:
        """The definition whose qualified name ends so; of several the one of this file, else none."""
        return self.members.ending(dotted, path)

    # ---- what a unit offers

    def offered(self, unit: str, name: str) -> Entity | None:
        """What a unit means by a name: its own definition, or what it passes on."""
        key = (unit, name)
        if key in self._offers:
            return self._offers[key]
        if key in self._open or len(self._open) > MAX_DEPTH:
            return None
        self._open.add(key)
        try:
            found = self._offered(unit, name)
        finally:
            self._open.discard(key)
        if found is not None or not self._open:
            self._offers[key] = found
        return found

    def _offered(self, unit: str, name: str) -> Entity | None:
        found = self._handed_by(unit, name) or self._by_star(unit, name)
        return found or (self.ending(name, unit) if self._family.by_ending else None)

    def _by_star(self, key: str, name: str) -> Entity | None:
        """What a space sees under a name by its stars."""
        reached = self._stars.reached(key)
        for unit in reached:
            if self._family.submodules or self._stars.has(unit, name):
                found = self._handed_by(unit, name)
                if found is not None:
                    return found
        return self.members.ending_in(name, reached) if self._family.by_ending and reached else None

    def _handed_by(self, unit: str, name: str) -> Entity | None:  # noqa: PLR0911 - one return a place to look
        """What a unit itself means by a name."""
        if ":" in unit:
            return self.of_unit(unit, name)
        space = self._spaces.get(unit)
        if space is None:
            return None
        if name in space.symbols:
            return self.members.entity(unit, name)
        for binding in space.bindings("", name, 0):
            alias = self._handed_out(space, binding.value) if binding.how == "name" else None
            if alias is not None:
                return alias
        if name in space.imports:
            return self._imported(space, space.imports[name])
        if name in space.names:
            return Entity("constant", unit, name)
        if self._family.submodules:
            inner = self.units.find(f"self.{name}", unit)
            if inner:
                return Entity("module", inner, "")
        return None

    def _handed_out(self, space: Space, name: str) -> Entity | None:
        if name in space.inner:
            return self.members.entity(space.key, name)
        made = any(one.how == "call" for one in space.bindings("", name, _LAST_LINE))
        if made and name in space.names and name not in space.symbols:
            return Entity("constant", space.key, name)  # itself, and not what it was given
        return self.trace(space, "", name, _LAST_LINE)

    # ---- members and calls

    def _value(self, constant: Entity) -> Entity:
        """What a constant was given, where that can be traced."""
        space = self._spaces[constant.path]
        return self._bound(space, space.bindings("", constant.name, _LAST_LINE)) or constant

    def member(self, entity: Entity, name: str) -> Entity | None:
        """What stands after the dot."""
        kind = entity.kind
        if kind == "constant":
            entity = self._value(entity)
            kind = entity.kind
        if kind == "elsewhere":
            return OUTSIDE
        if kind in ("builtin", "external value"):
            return entity
        if kind == "module":
            return self.offered(entity.path, name)
        if kind in ("class", "instance"):
            return self._class_member(entity, name)
        if kind != "function":
            return None
        # a constructor function's static, a chain without `()`
        return self.members.of_type(entity.path, entity.name, name) or self._given(entity, name)

    def _given(self, entity: Entity, name: str) -> Entity | None:
        """A member that a function's file gives it."""
        space = self._spaces[entity.path]
        return self._bound(space, space.bindings("", f"{entity.name}.{name}", 0))

    def _class_member(self, entity: Entity, name: str) -> Entity | None:
        pending = [(entity.path, entity.name)]
        seen: set[tuple[str, str]] = set()
        while pending and len(seen) < MAX_DEPTH:
            path, owner = pending.pop(0)
            if (path, owner) in seen:
                continue
            seen.add((path, owner))
            found = self.members.of_type(path, owner, name)
            if found is None and name == self._family.maker and entity.kind == "class":
                return entity
            if found is not None:
                return found._replace(how="type" if entity.kind == "instance" else entity.how)
            space = self._spaces[path]
            field = space.bindings("", f"{owner}.{name}", 0) if entity.kind == "instance" else []
            if field:
                return self._bound(space, field)
            symbol = space.symbols.get(owner)
            for base in symbol.bases if symbol else ():
                above = self.base(space, owner, base)
                if above is not None:
                    pending.append((above.path, above.name))
        if entity.kind == "class" and self._family.variant.match(name):
            return entity._replace(kind="instance", how="type")
        return None

    def base(self, space: Space, owner: str, text: str) -> Entity | None:
        """The type of the repository that a class names as a base; None for one from outside, and for what it calls."""
        named = named_types(text)
        found = self._above(space, owner, named[0]) if named else None
        return found if found is not None and found.kind == "class" else None

    def _above(self, space: Space, owner: str, name: str) -> Entity | None:
        """A base of a class; a base that is looked up through the class itself is none."""
        asked = (space.path, owner, name)
        if asked in self._open:
            return None
        self._open.add(asked)
        try:
            return self._typed(space, owner.rpartition(".")[0], name)
        finally:
            self._open.remove(asked)

    def call(self, entity: Entity) -> Entity | None:  # noqa: PLR0911 - one return a kind
        """What a call of it gives."""
        if entity.kind == "class":
            return entity._replace(kind="instance", how="type")
        if entity.kind == "builtin":
            return entity
        if entity.kind in ("elsewhere", "external value"):
            return _OUTSIDE_VALUE
        if entity.kind == "module":
            made = self.offered(entity.path, "default")
            return self.call(made) if made is not None else None
        if entity.kind != "function":
            return None
        space = self._spaces[entity.path]
        owner = space.owner(entity.name)
        own = Entity("instance", entity.path, owner, "type") if owner else None
        types = space.returned(entity.name)
        if types and types[0] in self._family.receivers:
            return own
        named = types[0] if types else entity.name.rpartition(".")[2]  # a constructor has its type's name
        if own and named == owner.rpartition(".")[2]:
            return own
        return self._instance(space, entity.name, types)

    def _result(self, made: Entity, item: int) -> Entity | None:
        """One of several results of a call, by its place in the list that the signature has of them."""
        space = self._spaces.get(made.path) if made.kind == "function" else None
        symbol = space.symbols.get(made.name) if space is not None else None
        listed = (symbol.returns or "").strip() if symbol is not None else ""
        if space is None or not listed.startswith("("):
            return self.call(made) if not item or made.kind != "function" else None
        parts = [part.strip() for part in split(listed[1:-1], ",") if part.strip()]
        types = [one.type for one in self._family.parameters(parts) if one is not None] or parts
        return self._instance(space, made.name, named_types(types[item])) if item < len(types) else None

    def _instance(self, space: Space, scope: str, names: Iterable[str]) -> Entity | None:
        """An instance of the first of these types that is of the repository."""
        outside = None
        for name in list(names)[:_MOST_TYPES]:
            found = self._typed(space, scope, name)
            if found is not None and found.kind == "class":
                return found._replace(kind="instance", how="type")
            if found is not None and found.kind in ("elsewhere", "builtin"):
                outside = _OUTSIDE_VALUE
        return outside

    def _typed(self, space: Space, scope: str, name: str) -> Entity | None:
        """A type's name: looked up as a global, since a variable may be called the same."""
        first, *rest = name.split(".")
        if space.makes(scope, first):
            return OUTSIDE
        own = space.owner(scope) if first in self._family.receiver_classes else ""
        found = Entity("class", space.key, own, "type") if own else self._global(space, scope, first)
        for part in rest:
            found = self.member(found, part) if found is not None else None
        if found is None and self._family.by_ending:
            found = self.ending(name, space.path)
        return found


def _is_left_out(space: Space) -> bool:
    return space.left_out
