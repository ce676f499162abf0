"""Looking a name up: function, enclosing functions, module, what is imported, builtins."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from posixpath import dirname
from typing import TYPE_CHECKING

from codebase_gardener.knowledge.links.python.entities import BUILTINS, external
from codebase_gardener.knowledge.links.python.module_names import ModuleNames, is_package
from codebase_gardener.knowledge.links.python.namespaces import Event, Namespace
from codebase_gardener.languages.facts import Import
from codebase_gardener.languages.meanings import Entity
from codebase_gardener.languages.python.row import is_python

if TYPE_CHECKING:
    from codebase_gardener.knowledge.links.python.tracing import Tracer

__all__ = ["Scopes"]

Entities = tuple[Entity, ...]

_RANKS = {"external": 1, "builtin": 2, "constant": 2}


class Scopes:
    """Name lookup over all namespaces.

    Args:
        spaces: By key.
        modules: The file names of modules.
        tracer: For names that are given the result of something.
    """

    def __init__(self, spaces: Mapping[str, Namespace], modules: ModuleNames, tracer: Tracer) -> None:
        self._spaces = spaces
        self._modules = modules
        self._tracer = tracer
        self._members: dict[tuple[str, str], Entities] = {}
        self._open: set[tuple[str, str]] = set()
        self._conftests: dict[str, list[Namespace]] = {}

    def lookup(self, space: Namespace, scope: str, name: str, line: int) -> Entities | None:
        """What a name means at a line; () where it is bound to something unknown, None where it is not bound."""
        current = scope
        while current:
            definition = space.definitions.get(current)
            is_class = definition is not None and definition.kind == "class"
            if not is_class or current == scope:
                found = self._local(space, current, name, line if current == scope else 10**9)
                if found is not None:
                    return found
            current = current.rpartition(".")[0]
        if space.is_script or (not scope and line < 10**9):
            events = space.events_before("", name, 10**9 if scope else line)
            if events:
                return self._of_events(space, "", name, events)
        members = self.members(space.key, name)
        if members:
            return members
        if space.host and name not in BUILTINS:
            return self.lookup(self._spaces[space.host], "", name, 10**9)
        if space.events("", name):
            return ()
        return (Entity("builtin", "", name),) if name in BUILTINS else None

    def member(self, key: str, name: str) -> Entity | None:
        """What a module has under a name: its own, imported, by a star, or a submodule."""
        found = self.members(key, name)
        return found[0] if found else None

    def members(self, key: str, name: str) -> Entities:
        """The same with what stands on the other sides of a guard, best first."""
        asked = (key, name)
        if asked in self._members:
            return self._members[asked]
        if asked in self._open:
            return ()
        self._open.add(asked)
        try:
            found = self._found(self._spaces[key], name)
        finally:
            self._open.discard(asked)
        if found or not self._open:
            self._members[asked] = found
        return found

    def imported(self, space: Namespace, found: Import) -> Entity | None:
        """What an import binds."""
        if found.level:
            return self._relative(space, found)
        wanted = found.module if found.name or found.alias != found.module.partition(".")[0] else found.alias
        base = self._modules.find(wanted, space.path)
        if base is not None and base in self._spaces:
            return self._from(base, found) if found.name else Entity("module", base, wanted)
        whole = f"{wanted}.{found.name}" if found.name else wanted
        path = self._modules.find(whole, space.path)
        if path is not None and path in self._spaces:
            return Entity("module", path, whole)
        is_folder = self._modules.is_namespace(whole, space.path)
        return Entity("namespace", space.key, whole) if is_folder else external(whole)

    def _relative(self, space: Namespace, found: Import) -> Entity | None:
        base = self._modules.relative(space.path, found.level, found.module)
        is_own = base in (space.key, space.key.removesuffix("i"))  # `from . import module` in an `__init__`
        if base is not None and base in self._spaces and not is_own:
            return self._from(base, found)
        stem = f"{found.module}.{found.name}" if found.module else found.name
        return self._module(space, self._modules.relative(space.path, found.level, stem), found.name)

    def _module(self, space: Namespace, path: str | None, name: str) -> Entity | None:
        """A module by its file, or by its folder, whose name begins with a slash; what is neither has no path."""
        if path is None or path in self._spaces:
            return Entity("module", path, name) if path else None
        return None if is_python(path) else Entity("namespace", space.key, f"/{path}")

    def star(self, space: Namespace, found: Import) -> Namespace | None:
        """The module of a star import; None if it is from outside. A module's star of itself is that of its stub."""
        if found.level:
            base = self._modules.relative(space.path, found.level, found.module)
        else:
            base = self._modules.find(found.module, space.path)
        if base == space.key:
            base = f"{base}i"
        return self._spaces.get(base) if base is not None else None

    def inside(self, entity: Entity, name: str) -> Entity | None:
        """A name in a folder of modules."""
        if entity.name.startswith("/"):
            path = self._modules.inside(entity.name[1:], name)
            return self._module(self._spaces[entity.path], path, name)
        whole = f"{entity.name}.{name}"
        importer = self._spaces[entity.path].path
        path = self._modules.find(whole, importer)
        if path is not None and path in self._spaces:
            return Entity("module", path, whole)
        return (
            Entity("namespace", entity.path, whole) if self._modules.is_namespace(whole, importer) else None
        )

    def fixture(self, space: Namespace, scope: str, name: str) -> Entity | None:
        """The pytest fixture that a parameter asks for: of the class, the module or a conftest above."""
        owner = scope.rpartition(".")[0]
        for qualified in (f"{owner}.{name}", name) if owner else (name,):
            if qualified != scope and _is_fixture(space, qualified):
                return Entity("function", space.key, qualified)
        event = space.event_before("", name, 10**9)
        if event is not None and event.imported is not None:
            found = self.imported(space, event.imported)
            if found is not None and found.path and _is_fixture(self._spaces[found.path], found.name):
                return found
        for other in self._above(space.path):
            if _is_fixture(other, name) and (other is not space or scope != name):
                return Entity("function", other.key, name)
        return None

    def _above(self, path: str) -> list[Namespace]:
        folder = path.rpartition("/")[0]
        if folder not in self._conftests:
            parts = folder.split("/") if folder else []
            keys = ["/".join([*parts[:at], "conftest.py"]) for at in range(len(parts), -1, -1)]
            self._conftests[folder] = [self._spaces[key] for key in keys if key in self._spaces]
        return self._conftests[folder]

    def _local(self, space: Namespace, scope: str, name: str, line: int) -> Entities | None:
        """In one function or class body; None if it does not bind the name."""
        definition = space.definitions.get(scope)
        is_method = definition is not None and definition.kind == "method"
        if is_method and name in ("self", "cls") and _is_first(space.events(scope, name)):
            owner = scope.rpartition(".")[0]
            return (Entity("instance" if name == "self" else "class", space.key, owner, "type"),)
        events = space.events_before(scope, name, line)
        is_parameter = definition is not None and name in definition.parameters
        if events and not (is_parameter and events[-1].line > line):
            return self._of_events(space, scope, name, events)
        if is_parameter:
            fixture = self.fixture(space, scope, name) if space.area == "tests" else None
            return self._tracer.yielded(fixture) if fixture else ()
        if definition is not None:
            for mark, kind in (("*", "tuple"), ("**", "dict")):
                if mark + name in definition.parameters:
                    return (Entity("builtin", "", kind),)
        return None

    def _of_events(self, space: Namespace, scope: str, name: str, events: list[Event]) -> Entities:
        """What the last of them binds; where that is guarded, both sides of the guard."""
        if len(events) == 1:
            return _ranked(self._of_event(space, scope, name, events[0]))
        found = (self._of_event(space, scope, name, event) for event in _alternatives(events))
        return _ranked(entity for entities in found for entity in entities)

    def _of_event(self, space: Namespace, scope: str, name: str, event: Event) -> Entities:
        if event.kind == "def":
            qualified = f"{scope}.{name}" if scope else name
            return (_defined(space, qualified),)
        if event.imported is not None:
            found = self.imported(space, event.imported)
            return (found,) if found is not None else ()
        return self._tracer.bound(space, scope, event)

    def _found(self, space: Namespace, name: str) -> Entities:
        events = space.events("", name)
        last = events[-1].line if events else 0
        for star in reversed(space.stars):
            found = self._starred(space, star, name) if star.line > last else ()
            if found:
                return found
        found = _ranked(
            entity
            for event in _alternatives(events)
            for entity in (
                (self._assigned(space, name, event),)
                if event.bindings
                else self._of_event(space, "", name, event)
            )
        )
        for star in reversed(space.stars):
            found = found or self._starred(space, star, name)
        if found or not is_package(space.path):
            return found
        module = self._module(space, self._modules.inside(dirname(space.path), name), name)
        return (module,) if module else ()

    def _assigned(self, space: Namespace, name: str, event: Event) -> Entity:
        """A module's own name: an alias means what it is the alias of."""
        if event.kind == "name":
            for found in self._tracer.bound(space, "", event):
                if found.kind in ("function", "class", "module", "external"):
                    return found
        return Entity("constant", space.key, name)

    def _starred(self, space: Namespace, star: Import, name: str) -> Entities:
        base = self.star(space, star)
        if base is None:
            return ()
        if (base.exports and name not in base.exports) or (not base.exports and name.startswith("_")):
            return ()
        return self.members(base.key, name)

    def _from(self, base: str, found: Import) -> Entity | None:
        return self.member(base, found.name) if found.name else Entity("module", base, found.module)


def _alternatives(events: list[Event]) -> list[Event]:
    """The events of which one holds: the last; of guarded imports all at the end, and what stands before them.

    What follows a guarded import, and is none, is its other side: `except ImportError: f = None`.
    """
    start = len(events) - 1
    is_other_side = start > 0 and not any(binding.passes for binding in events[start].bindings)
    if is_other_side and (events[start].imported is None or events[start].is_guarded):
        while start > 0 and events[start - 1].is_guarded:
            start -= 1
    if start > 0 and events[start].is_guarded:
        return [*events[start:], events[start - 1]]
    return events[max(start, 0) :]


def _ranked(entities: Iterable[Entity]) -> Entities:
    """What is defined here before what is from outside, and that before values: each in its order."""
    found = tuple(dict.fromkeys(entities))
    return found if len(found) < 2 else tuple(sorted(found, key=lambda entity: _RANKS.get(entity.kind, 0)))


def _is_first(events: list[Event]) -> bool:
    """Whether `self` is the parameter, rather than bound anew."""
    return not events or events[0].kind == "annotation"


def _defined(space: Namespace, qualified: str) -> Entity:
    definition = space.definitions[qualified]
    kind = "class" if definition.kind == "class" else "function"
    owner = (space.key, qualified.rpartition(".")[0]) if definition.kind == "method" else None
    return Entity(kind, space.key, qualified, "import", owner)


def _is_fixture(space: Namespace, qualified: str) -> bool:
    definition = space.definitions.get(qualified)
    return definition is not None and any("fixture" in text for text in definition.decorators)
