"""The references of a namespace, resolved one by one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from codebase_gardener.knowledge.links.python.entities import STANDARD_LIBRARY, TEST_MACHINERY
from codebase_gardener.knowledge.links.python.namespaces import Namespace
from codebase_gardener.knowledge.links.python.scopes import Entities
from codebase_gardener.knowledge.links.python.tracing import Tracer
from codebase_gardener.languages.facts import Reference
from codebase_gardener.languages.meanings import Entity

__all__ = ["PythonLinker", "is_machinery"]


class PythonLinker:
    """Resolves references; keeps what the parts of names mean, since they come again and again.

    Args:
        spaces: By key.
        tracer: What names mean.
        bare: What a bare name means in a document that does not import it, as (path, qualified name); of a package
            the qualified name is "".
    """

    def __init__(
        self, spaces: Mapping[str, Namespace], tracer: Tracer, bare: Mapping[str, tuple[str, str]]
    ) -> None:
        self._spaces = spaces
        self._tracer = tracer
        self._bare = bare

    def resolved(self, space: Namespace) -> Iterator[tuple[Reference, Entity | None]]:
        """Each reference with what it means; None if that is unknown."""
        receivers: dict[tuple[str, str, object], Entities] = {}
        for reference in space.references:
            receiver, _, last = reference.name.rpartition(".")
            if not receiver or receiver == "super()":
                yield reference, self._plain(space, reference)
                continue
            scope = reference.scope
            root = receiver.partition(".")[0].partition("(")[0]
            event = space.event_before(scope, root, reference.start)
            if event is None and space.is_script and scope:
                event = space.event_before("", root, 10**9)
            elif event is not None and event.line >= reference.start:
                event = (reference.start, event.line)  # type: ignore[assignment]
            key = (scope, receiver, event)
            known = receivers.get(key)
            if known is None:
                known = receivers[key] = self._receiver(space, scope, receiver, reference.start)
            yield reference, self._member(known, last, reference)

    def _receiver(self, space: Namespace, scope: str, name: str, line: int) -> Entities:
        root = name.partition(".")[0].rstrip("()")
        if name.startswith("?"):
            return ()
        found = self._tracer.trace(space, scope, name, line)
        is_bare = not found and space.area != "package" and root in self._bare
        if is_bare and self._tracer.scopes.lookup(space, scope, root, line) is None:
            found = self._tracer.along((self._exported(root),), name.split("."))
        return found

    def _exported(self, name: str) -> Entity:
        path, qualified = self._bare[name]
        if not qualified:
            return Entity("module", path, name)
        definition = self._spaces[path].definitions.get(qualified)
        kind = "constant" if definition is None else "class" if definition.kind == "class" else "function"
        return Entity(kind, path, qualified, "name")

    def _plain(self, space: Namespace, reference: Reference) -> Entity | None:
        if reference.name.startswith("super()."):
            found = self._tracer.trace(space, reference.scope, reference.name, reference.start)
            return found[0] if found else None
        name = reference.name.rstrip("()")
        known = self._tracer.scopes.lookup(space, reference.scope, name, reference.start)
        if known is None:
            return self._exported(name) if name in self._bare and space.area != "package" else None
        if reference.kind == "value":
            return next((each for each in known if each.kind in ("function", "class")), None)
        for _ in range((len(reference.name) - len(name)) // 2):
            known = self._tracer.called(known)
        return self._called(known, reference)

    def _member(self, receiver: Entities, name: str, reference: Reference) -> Entity | None:
        found = self._tracer.member(receiver, name)
        if found is not None:
            return self._called((found,), reference) if found.kind in ("constant", "instance") else found
        if receiver:
            return None
        return self._tracer.classes.by_name(name) if reference.kind in ("call", "decorator") else None

    def _called(self, entities: Entities, reference: Reference) -> Entity | None:
        """What is run by a call of this: a class means itself, an instance its `__call__`."""
        for entity in entities:
            if entity.kind == "instance":
                target = self._tracer.classes.on_call(entity.path, entity.name)
                base = self._tracer.classes.outside(entity.path, entity.name) if target is None else None
                if base is not None and base.kind == "external":
                    target = base._replace(name=f"{base.name}.__call__", how="type")
                if target is not None:
                    return target
            elif entity.kind == "external instance":
                return Entity("external", "", f"{entity.name}.__call__", "type")
            elif entity.kind != "external value":
                return entity
        return entities[0] if entities and entities[0].kind == "external value" else None


def is_machinery(entity: Entity) -> bool:
    """Whether it is of the standard library or of a test runner: known, but nobody's workflow."""
    root = entity.name.partition(".")[0]
    return root in STANDARD_LIBRARY or root in TEST_MACHINERY
