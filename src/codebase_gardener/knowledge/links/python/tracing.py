"""Following names through bindings, calls and attributes to what they mean."""

from __future__ import annotations

from collections.abc import Mapping

from codebase_gardener.knowledge.links.python.class_members import ClassMembers
from codebase_gardener.knowledge.links.python.entities import (
    external,
    from_builtin,
    from_outside,
    is_loader,
    says_nothing,
)
from codebase_gardener.knowledge.links.python.module_names import ModuleNames
from codebase_gardener.knowledge.links.python.namespaces import Definition, Event, Namespace
from codebase_gardener.knowledge.links.python.overloads import chosen_overloads
from codebase_gardener.knowledge.links.python.scopes import Entities, Scopes
from codebase_gardener.languages.facts import Binding
from codebase_gardener.languages.meanings import Entity
from codebase_gardener.languages.python.expressions import OPERATORS

__all__ = ["Tracer"]

MAX_DEPTH = 24
"""Bindings that are followed one after the other; what lies deeper stays unknown."""

_PROPERTIES = ("property", "cached_property", "setter", "getter", "locked_cached_property", "hybrid_property")
_CONTEXTS = ("contextmanager", "asynccontextmanager")


class Tracer:
    """What dotted names mean in a namespace.

    Args:
        spaces: By key.
        modules: The file names of modules.
    """

    def __init__(self, spaces: Mapping[str, Namespace], modules: ModuleNames) -> None:
        self._spaces = spaces
        self.scopes = Scopes(spaces, modules, self)
        self.classes = ClassMembers(spaces, lambda space, scope, name: self.trace(space, scope, name, 10**9))
        self._bound: dict[tuple[str, str, str, int], Entities] = {}
        self._results: dict[Entity, Entities] = {}
        self._open: set[object] = set()
        self._cuts = 0

    def trace(self, space: Namespace, scope: str, name: str, line: int) -> Entities:
        """The meanings of a dotted name, best first; () if unknown."""
        parts = name.split(".")
        if len(parts) > 1 and parts[0] == "super()":
            return self._above(space, scope, parts)
        root = parts[0].rstrip("()")
        found = self.scopes.lookup(space, scope, root, line) or ()
        return self.along(found, parts)

    def along(self, found: Entities, parts: list[str]) -> Entities:
        """From what the first part means, along the others; parts may end in `()`."""
        for at, part in enumerate(parts):
            bare = part.rstrip("()")
            if at:
                member = self.member(found, bare)
                found = (member,) if member is not None and _is_followed(member, bare) else ()
            for _ in range((len(part) - len(bare)) // 2):
                found = self.called(found)
            if not found:
                return ()
        return found

    def _above(self, space: Namespace, scope: str, parts: list[str]) -> Entities:
        owner = scope
        while owner:
            definition = space.definitions.get(owner)
            if definition is not None and definition.kind == "class":
                break
            owner = owner.rpartition(".")[0]
        first = parts[1].rstrip("()")
        found = self.classes.above(space.key, owner, first) if owner else None
        if found is None and owner:
            base = self.classes.outside(space.key, owner)
            found = self._member(base, first) if base else Entity("builtin", "", first)
        if found is None:
            return ()
        start = self.call(found) if parts[1].endswith("()") else (found,)
        return self.along(start, ["", *parts[2:]]) if len(parts) > 2 else start

    def _is_cut(self, key: object) -> bool:
        """Whether following ends here: in a ring, or too deep. What was cut is not kept as unknown."""
        cut = key in self._open or len(self._open) > MAX_DEPTH
        self._cuts += cut
        return cut

    # attributes

    def member(self, entities: Entities, name: str) -> Entity | None:
        """What an attribute means: of the first alternative that has it."""
        outside = None
        for entity in entities:
            found = self._member(entity, name)
            if found is None:
                continue
            if found.kind == "external value":
                outside = found
            elif found.how == "import" and entity.how != "import":
                return found._replace(how=entity.how)
            else:
                return found
        return outside

    def _member(self, entity: Entity, name: str) -> Entity | None:
        kind = entity.kind
        found: Entity | None
        if kind == "module":
            found = self.scopes.member(entity.path, name)
        elif kind == "namespace":
            found = self.scopes.inside(entity, name)
        elif kind in ("class", "instance"):
            found = self._class_member(entity, name)
        elif (
            kind == "external" and entity.owner is not None
        ):  # an attribute of an instance: its type is unknown
            found = Entity("external value", "", entity.name)
        elif kind == "external":
            found = external(f"{entity.name}.{name}", entity.how)
        elif kind == "external instance":
            found = Entity("external", "", f"{entity.name}.{name}", "type", ("", entity.name))
        elif kind == "builtin":
            found = Entity("builtin", "", f"{entity.name}.{name}")
        elif kind == "external value":
            found = entity
        elif kind == "function" and name in ("setter", "getter", "deleter"):
            found = Entity("builtin", "", f"property.{name}")
        else:
            found = self.member(self.value(entity), name)
        return found

    def _class_member(self, entity: Entity, name: str) -> Entity | None:
        found = self.classes.find(entity.path, entity.name, name)
        if found is not None:
            how = "type" if entity.kind == "instance" else entity.how
            return found._replace(how=how)
        found = self._handed_on(entity, name) if entity.kind == "instance" else None
        if found is not None:
            return found
        base = self.classes.outside(entity.path, entity.name)
        if base is None or self.classes.is_of_an_heir(entity.path, entity.name, name):
            return None
        found = self._member(base._replace(how="type"), name)
        return found._replace(owner=(entity.path, entity.name)) if found else None

    def _handed_on(self, entity: Entity, name: str) -> Entity | None:
        """A member that its `__getattr__` takes from another object; one that makes up its own answer has none."""
        method = self.classes.find(entity.path, entity.name, "__getattr__")
        key = ("member", entity, name)
        if method is None or self._is_cut(key):
            return None
        space = self._spaces[method.path]
        events = space.events(method.name, "pass")
        self._open.add(key)
        try:
            receivers = [found for event in events for found in self.bound(space, method.name, event)]
            found = self.member(tuple(each for each in receivers if each.kind == "instance"), name)
        finally:
            self._open.discard(key)
        if found is not None and found.path:
            return found
        known = receivers and all(self._is_without(each, name) for each in receivers)
        return self.classes.by_name(name, forwarded=True) if events and not known else None

    def _is_without(self, entity: Entity, name: str) -> bool:
        """Whether it is an instance of a class that is all here, and neither it nor an heir has the member."""
        place = (entity.path, entity.name)
        within = entity.kind == "instance" and self.classes.outside(*place) is None
        return within and not self.classes.is_of_an_heir(*place, name)

    def value(self, entity: Entity) -> Entities:
        """What a name of a module or class holds; what a property gives; a decorated function's wrapper."""
        key = ("value", entity)
        if self._is_cut(key):
            return ()
        self._open.add(key)
        try:
            return self._value(entity)
        finally:
            self._open.discard(key)

    def _value(self, entity: Entity) -> Entities:
        space = self._spaces.get(entity.path)
        if space is None:
            return ()
        if entity.kind == "constant":
            event = space.event_before("", entity.name, 10**9)
            return self.bound(space, "", event) if event else ()
        if entity.kind == "field":
            return self._of_field(space, entity)
        definition = space.definitions.get(entity.name)
        if definition is None or entity.kind != "function":
            return ()
        is_property = definition.is_decorated(*_PROPERTIES)
        return self.call(entity) if is_property else self._decorated(space, entity, definition)

    def _of_field(self, space: Namespace, entity: Entity) -> Entities:
        owner, _, name = entity.name.rpartition(".")
        event = space.event_before(owner, name, 10**9)
        found = self.bound(space, owner, event) if event else ()
        for binding in () if found else space.attribute(owner, name):
            found = self._given(space, binding.scope, binding)
            if found:
                break
        return found

    def _decorated(self, space: Namespace, entity: Entity, definition: Definition) -> Entities:
        """What a decorator of the repository makes of a function, such as a command."""
        scope = entity.name.rpartition(".")[0]
        for text in definition.decorators:
            wrapper = self.trace(space, scope, text.partition("(")[0], definition.line)
            found = self.called(wrapper)
            if "(" in text:
                found = (*self._parts(wrapper, "()"), *found, *self.called(found))
            if any(result.kind == "instance" for result in found):
                return found
        return ()

    # calls

    def called(self, entities: Entities, arguments: str = "") -> Entities:
        """What a call of any of them gives."""
        if len(entities) == 1:
            return self.call(entities[0], arguments)
        return tuple(dict.fromkeys(result for entity in entities for result in self.call(entity, arguments)))

    def call(self, entity: Entity, arguments: str = "") -> Entities:
        """What a call of it gives; with these arguments (of a `Binding`), where they are known."""
        kind = entity.kind
        found: Entities = ()
        if kind == "class":
            found = (Entity("instance", entity.path, entity.name, "type"),)
        elif kind == "function":
            found = self._returned(entity, arguments)
        elif kind == "external":
            found = from_outside(entity)
        elif kind == "builtin":
            found = from_builtin(entity.name)
        elif kind == "instance":
            target = self.classes.on_call(entity.path, entity.name)
            found = self.call(target, arguments) if target else ()
        elif kind in ("constant", "field"):
            found = self.called(self.value(entity))
        elif kind == "external value":
            found = (entity,)
        return found

    def yielded(self, entity: Entity) -> Entities:
        """What a generator function gives its user: a fixture's value, a context manager's."""
        space = self._spaces[entity.path]
        if space.events(entity.name, "yield"):
            return self._annotated(space, entity, "[]") or self._stated(space, entity, "yield")
        return self._returned(entity)

    def _returned(self, entity: Entity, arguments: str = "") -> Entities:
        space = self._spaces[entity.path]
        overloads = space.overloads.get(entity.name)
        chosen = chosen_overloads(overloads, arguments) if overloads and arguments else ()
        if chosen:
            return self._annotated(space, entity, "", chosen)
        if entity in self._results:
            return self._results[entity]
        if self._is_cut(entity):
            return ()
        cuts = self._cuts
        self._open.add(entity)
        try:
            found = self._annotated(space, entity, "") or self._stated(space, entity, "return")
            definition = space.definitions.get(entity.name)
            is_made = definition is not None and definition.is_decorated("classmethod")
            if not found and entity.owner and is_made and is_loader(entity.name.rpartition(".")[2]):
                found = (Entity("instance", *entity.owner, "type"),)
        finally:
            self._open.discard(entity)
        if found or not self._open or cuts == self._cuts:
            self._results[entity] = found
        return found

    def _annotated(
        self, space: Namespace, entity: Entity, suffix: str, lines: tuple[int, ...] = ()
    ) -> Entities:
        found: list[Entity] = []
        scope = entity.name.rpartition(".")[0]
        for event in space.events(entity.name, suffix):
            for binding in event.bindings if not lines or event.line in lines else ():
                last = binding.value.rpartition(".")[2]
                if binding.how == "literal":
                    found.append(Entity("builtin", "", binding.value))
                elif entity.owner and (
                    last == "Self" or self._is_receiver(space, entity.name, binding.value)
                ):
                    found.append(Entity("instance", *entity.owner, "type"))
                elif binding.how == "name":
                    found.extend(self.trace(space, scope, binding.value, binding.line))
                else:
                    found.extend(self._instances(space, scope, binding))
        return tuple(dict.fromkeys(found))

    def _is_receiver(self, space: Namespace, scope: str, value: str) -> bool:
        """Whether the annotation is the type variable of `self` or `cls`."""
        return any(
            binding.value == value
            for name in ("self", "cls")
            for event in space.events(scope, name)
            for binding in event.bindings
        )

    def _stated(self, space: Namespace, entity: Entity, statement: str) -> Entities:
        """What its return or yield statements give."""
        found: list[Entity] = []
        for event in space.events(entity.name, statement):
            for binding in event.bindings:
                if entity.owner and (binding.value, binding.how) in (("self", "name"), ("cls", "call")):
                    found.append(Entity("instance", *entity.owner, "type"))
                else:
                    found.extend(self._given(space, entity.name, binding))
        return tuple(dict.fromkeys(found))

    # bindings

    def bound(self, space: Namespace, scope: str, event: Event) -> Entities:
        """What an event's bindings give: several for a union."""
        key = (space.key, scope, event.bindings[0].name, event.line)
        if key in self._bound:
            return self._bound[key]
        if self._is_cut(key):
            return ()
        cuts = self._cuts
        self._open.add(key)
        try:
            results = [result for binding in event.bindings for result in self._given(space, scope, binding)]
            unknown = all(result.kind == "external value" for result in results)
            if unknown and any(binding.passes for binding in event.bindings):
                results = list(self._before(space, scope, event.bindings[0]))
        finally:
            self._open.discard(key)
        found = tuple(dict.fromkeys(results))
        if found or not self._open or cuts == self._cuts:
            self._bound[key] = found
        return found

    def _before(self, space: Namespace, scope: str, binding: Binding) -> Entities:
        """What a name meant before `x = x.to(device)`."""
        earlier = space.event_earlier(scope, binding.name, binding.line)
        if earlier is not None and earlier.bindings:
            return self.bound(space, scope, earlier)
        return ()

    def _given(self, space: Namespace, scope: str, binding: Binding) -> Entities:
        how = binding.how
        found: Entities
        if how == "literal":
            found = (Entity("builtin", "", binding.value),)
        elif how in ("annotation", "returns"):
            found = self._instances(space, scope, binding)
        elif how == "for":
            found = self._elements(space, scope, binding)
        elif how == "with":
            found = self._entered(space, scope, binding)
        else:
            found = self._traced(space, scope, binding)
        return found

    def _traced(self, space: Namespace, scope: str, binding: Binding) -> Entities:
        found = self.trace(space, scope, binding.value, binding.line)
        if binding.item is not None:
            return self._parts(found, f"[{binding.item}]") if binding.how == "call" else ()
        if binding.how == "call":
            return self.called(found, binding.arguments)
        return tuple(result for entity in found for result in self._held(entity))

    def _held(self, entity: Entity) -> Entities:
        """What a name that means this holds."""
        is_held = entity.kind in ("field", "constant")
        if entity.kind == "function":
            definition = self._spaces[entity.path].definitions.get(entity.name)
            is_held = definition is not None and definition.is_decorated(*_PROPERTIES)
        return self.value(entity) if is_held else (entity,)

    def _instances(self, space: Namespace, scope: str, binding: Binding) -> Entities:
        """Instances of what an annotation names."""
        results = []
        for entity in self.trace(space, scope, binding.value, 10**9):
            if entity.kind == "class":
                results.append(Entity("instance", entity.path, entity.name, "type"))
            elif entity.kind == "external" and not says_nothing(entity.name):
                # what is a base of the repository's classes may be given as any class of its kind
                kind = "external value" if self.classes.is_base(entity.name) else "external instance"
                results.append(Entity(kind, "", entity.name, "type"))
            elif entity.kind == "builtin" and entity.name != "object":
                results.append(entity)
        return tuple(results)

    def _elements(self, space: Namespace, scope: str, binding: Binding) -> Entities:
        """What a loop over the value gives."""
        value = binding.value
        if not value.endswith("()"):
            event = space.event_before(scope, f"{value}[]", binding.line)
            if event:
                return self.bound(space, scope, event)
            held = [
                each
                for entity in self.trace(space, scope, value, binding.line)
                for each in self._held(entity)
            ]
            return tuple(dict.fromkeys(result for each in held for result in self._iterated(each)))
        found = self.trace(space, scope, value[:-2], binding.line)
        functions = [entity for entity in found if entity.kind == "function"]
        yielded = (self._stated(self._spaces[entity.path], entity, "yield") for entity in functions)
        return (
            self._parts(found, "[]")
            or tuple(result for results in yielded for result in results)
            or tuple(
                result for each in self.called(found, binding.arguments) for result in self._iterated(each)
            )
        )

    def _iterated(self, entity: Entity) -> Entities:
        """What a loop over an instance gives: what `__iter__` says or yields, `__next__` of what it gives."""
        for first, then in (("__iter__", "__next__"), ("__aiter__", "__anext__")):
            method = self._method(entity, first)
            if method is not None:
                space = self._spaces[method.path]
                iterators = self._returned(method)
                steps = [step for each in iterators if (step := self._method(each, then))]
                return (
                    self._parts((method,), "[]")
                    or self._stated(space, method, "yield")
                    or tuple(result for step in steps for result in self._returned(step))
                )
        method = self._method(entity, "__getitem__")
        return self._returned(method) if method is not None else ()

    def _method(self, entity: Entity, name: str) -> Entity | None:
        """A method of an instance of a class that stands here."""
        found = self.classes.find(entity.path, entity.name, name) if entity.kind == "instance" else None
        return found if found is not None and found.kind == "function" else None

    def _parts(self, entities: Entities, suffix: str) -> Entities:
        """What functions give inside of what they return, by its annotation: `[]`, `[0]` or `()`."""
        return tuple(
            result
            for entity in entities
            if entity.kind == "function"
            for result in self._annotated(self._spaces[entity.path], entity, suffix)
        )

    def _entered(self, space: Namespace, scope: str, binding: Binding) -> Entities:
        """What `with` gives: the result of `__enter__`, what a context manager function yields, else the thing."""
        stem = binding.value.removesuffix("()")
        results: list[Entity] = []
        for entity in self.trace(space, scope, stem, binding.line):
            definition = self._spaces[entity.path].definitions.get(entity.name) if entity.path else None
            if entity.kind == "function" and definition and definition.is_decorated(*_CONTEXTS):
                results.extend(self.yielded(entity))
            else:
                is_call = stem != binding.value
                for given in self.call(entity, binding.arguments) if is_call else self._held(entity):
                    results.extend(self._enter(given))
        return tuple(dict.fromkeys(results))

    def _enter(self, entity: Entity) -> Entities:
        for name in ("__enter__", "__aenter__"):
            method = self._method(entity, name)
            if method is not None:
                return self._returned(method)
        return (entity,)


def _is_followed(member: Entity, name: str) -> bool:
    """Whether more than its name is known of a member: an operator's method only if it stands here."""
    return member.kind == "function" or name not in OPERATORS
