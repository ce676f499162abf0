"""Looking a name up: function, enclosing functions, module, what is imported, builtins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from codebase_gardener.knowledge.links.python.entities import BUILTINS, external
from codebase_gardener.knowledge.links.python.module_names import ModuleNames, is_package
from codebase_gardener.knowledge.links.python.namespaces import Event, Namespace
from codebase_gardener.languages.facts import Import
from codebase_gardener.languages.meanings import Entity

if TYPE_CHECKING:
    from codebase_gardener.knowledge.links.python.tracing import Tracer

__all__ = ["Scopes"]

Entities = tuple[Entity, ...]


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
        self._members: dict[tuple[str, str], Entity | None] = {}
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
            event = space.event_before("", name, 10**9 if scope else line)
            if event is not None:
                return self._of_event(space, "", name, event)
        member = self.member(space.key, name)
        if member is not None:
            return (member,)
        if space.host and name not in BUILTINS:
            return self.lookup(self._spaces[space.host], "", name, 10**9)
        if space.events("", name):
            return ()
        return (Entity("builtin", "", name),) if name in BUILTINS else None

    def member(self, key: str, name: str) -> Entity | None:
        """What a module has under a name: its own, imported, by a star, or a submodule."""
        asked = (key, name)
        if asked in self._members:
            return self._members[asked]
        if asked in self._open:
            return None
        self._open.add(asked)
        try:
            found = self._member(self._spaces[key], name)
        finally:
            self._open.discard(asked)
        if found is not None or not self._open:
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
        if base is not None and base != space.key and base in self._spaces:
            return self._from(base, found)
        if base == space.key:  # `from . import module` in an `__init__`
            path = self._modules.submodule(space.key, found.name)
        else:
            stem = f"{found.module}.{found.name}" if found.module else found.name
            path = self._modules.relative(space.path, found.level, stem)
        return Entity("module", path, found.name) if path and path in self._spaces else None

    def star(self, space: Namespace, found: Import) -> Namespace | None:
        """The module of a star import; None if it is from outside."""
        if found.level:
            base = self._modules.relative(space.path, found.level, found.module)
        else:
            base = self._modules.find(found.module, space.path)
        return self._spaces.get(base) if base is not None and base != space.key else None

    def inside(self, entity: Entity, name: str) -> Entity | None:
        """A name in a folder of modules."""
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
        event = space.event_before(scope, name, line)
        is_parameter = definition is not None and name in definition.parameters
        if event is not None and not (is_parameter and event.line > line):
            return self._of_event(space, scope, name, event)
        if is_parameter:
            fixture = self.fixture(space, scope, name) if space.area == "tests" else None
            return self._tracer.yielded(fixture) if fixture else ()
        if definition is not None:
            for mark, kind in (("*", "tuple"), ("**", "dict")):
                if mark + name in definition.parameters:
                    return (Entity("builtin", "", kind),)
        return None

    def _of_event(self, space: Namespace, scope: str, name: str, event: Event) -> Entities:
        if event.kind == "def":
            qualified = f"{scope}.{name}" if scope else name
            return (_defined(space, qualified),)
        if event.imported is not None:
            found = self.imported(space, event.imported)
            return (found,) if found is not None else ()
        return self._tracer.bound(space, scope, event)

    def _member(self, space: Namespace, name: str) -> Entity | None:
        for event in reversed(space.events("", name)):
            if event.kind == "def":
                return _defined(space, name)
            if event.imported is not None:
                found = self.imported(space, event.imported)
                if found is not None and not (found.kind == "external" and len(space.events("", name)) > 1):
                    return found
            else:
                return self._assigned(space, name, event)
        for event in space.events("", name):
            if event.imported is not None:
                return self.imported(space, event.imported)
        for star in space.stars:
            found = self._starred(space, star, name)
            if found is not None:
                return found
        path = self._modules.submodule(space.path, name) if is_package(space.path) else None
        return Entity("module", path, name) if path and path in self._spaces else None

    def _assigned(self, space: Namespace, name: str, event: Event) -> Entity:
        """A module's own name: an alias means what it is the alias of."""
        if event.kind == "name":
            for found in self._tracer.bound(space, "", event):
                if found.kind in ("function", "class", "module", "external"):
                    return found
        return Entity("constant", space.key, name)

    def _starred(self, space: Namespace, star: Import, name: str) -> Entity | None:
        base = self.star(space, star)
        if base is None:
            return None
        if (base.exports and name not in base.exports) or (not base.exports and name.startswith("_")):
            return None
        return self.member(base.key, name)

    def _from(self, base: str, found: Import) -> Entity | None:
        return self.member(base, found.name) if found.name else Entity("module", base, found.module)


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
