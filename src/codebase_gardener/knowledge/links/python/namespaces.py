"""What the names of a file, or of a document's code, are bound to, before anything is followed."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from codebase_gardener.documents.facts import Snippet
from codebase_gardener.knowledge.sources.file_facts import FileFacts
from codebase_gardener.languages.facts import Binding, Import, Reference
from codebase_gardener.languages.python.row import is_python

__all__ = ["Definition", "Event", "Namespace", "file_namespace", "snippet_namespace"]

_STARTS_OWN_LINE = ("for", "with", "annotation", "def", "class")


class Definition(NamedTuple):
    """A function or class: what following a name needs of it."""

    kind: str
    line: int
    parameters: tuple[str, ...] = ()
    bases: tuple[str, ...] = ()
    decorators: tuple[str, ...] = ()

    def is_decorated(self, *names: str) -> bool:
        """Whether a decorator's last part, without arguments, is one of these."""
        return any(text.partition("(")[0].rpartition(".")[2] in names for text in self.decorators)


class Event(NamedTuple):
    """A line that binds a name: an import, a definition, or bindings (several for a union)."""

    line: int
    kind: str
    imported: Import | None = None
    bindings: tuple[Binding, ...] = ()

    @property
    def is_guarded(self) -> bool:
        """Whether it is an import under a condition or in a `try`."""
        return self.imported is not None and self.imported.guarded


class Namespace:
    """The names of one file or document.

    Attributes:
        key: How it is told apart: the file's path; for the examples in a docstring, with "#" and the symbol.
        path: The file.
        area: As `area_of` says.
        host: Key of the namespace in which names are looked up that are not bound here; "".
        definitions: By qualified name.
        stars: `from x import *`.
        exports: `__all__`.
        references: All uses of names.
        overloads: The literals that overloads take, by function and line.
        is_script: Whether its module level runs from top to bottom as a user reads it.
    """

    def __init__(self, key: str, path: str, area: str, host: str = "", is_script: bool = False) -> None:
        self.key, self.path, self.area, self.host, self.is_script = key, path, area, host, is_script
        self.definitions: dict[str, Definition] = {}
        self.stars: list[Import] = []
        self.exports: tuple[str, ...] = ()
        self.references: list[Reference] = []
        self._events: dict[tuple[str, str], list[Event]] = defaultdict(list)
        self.overloads: dict[str, dict[int, list[Binding]]] = defaultdict(lambda: defaultdict(list))
        self._attributes: dict[str, dict[str, list[Binding]]] = defaultdict(lambda: defaultdict(list))

    @property
    def is_file(self) -> bool:
        """Whether it is a file of code, whose references stand in definitions."""
        return self.key == self.path and is_python(self.path)

    def events(self, scope: str, name: str) -> list[Event]:
        """What binds a name in a scope, by line."""
        return self._events.get((scope, name), [])

    def events_before(self, scope: str, name: str, line: int) -> list[Event]:
        """Those before a line; where there are none, the first after it."""
        events = self._events.get((scope, name), [])
        if len(events) < 2:
            return events
        at = bisect_left(events, line, key=_line)
        while at < len(events) and events[at].line == line and events[at].kind in _STARTS_OWN_LINE:
            at += 1
        return events[: max(at, 1)]

    def event_before(self, scope: str, name: str, line: int) -> Event | None:
        """The last one before a line; where there is none, the first after it."""
        events = self._events.get((scope, name))
        if not events:
            return None
        return events[0] if len(events) == 1 else self.events_before(scope, name, line)[-1]

    def event_earlier(self, scope: str, name: str, line: int) -> Event | None:
        """The last one strictly before a line."""
        events = self.events(scope, name)
        at = bisect_left(events, line, key=_line)
        return events[at - 1] if at else None

    def attribute(self, owner: str, name: str) -> list[Binding]:
        """What `self.name` is given in the methods of a class."""
        return self._attributes[owner][name] if owner in self._attributes else []

    def names(self) -> list[str]:
        """Names bound at module level, in order of their lines."""
        found = [(events[0].line, name) for (scope, name), events in self._events.items() if not scope]
        return [name for _, name in sorted(found) if name != "*" and "[" not in name and name]

    def define(self, name: str, definition: Definition) -> None:
        """Add a definition; of several, one that is no overload stands."""
        known = self.definitions.get(name)
        if known is None or known.is_decorated("overload"):
            self.definitions[name] = definition
        scope, _, last = name.rpartition(".")
        self._events[scope, last].append(Event(definition.line, "def"))

    def bind(self, imports: Iterable[Import], bindings: Iterable[Binding]) -> None:
        """Add what names are bound to."""
        for found in imports:
            if found.name == "*":
                self.stars.append(found)
            else:
                self._events[found.scope, found.alias].append(Event(found.line, "import", found))
        for binding in bindings:
            if binding.how in ("def", "class"):
                continue
            if binding.how == "overload":
                self.overloads[binding.scope][binding.line].append(binding)
                continue
            head, dot, attribute = binding.name.partition(".")
            if dot and head in ("self", "cls"):
                owner = binding.scope.rpartition(".")[0]
                self._attributes[owner][attribute].append(binding)
                continue
            events = self._events[binding.scope, binding.name]
            last = events[-1] if events else None
            if last is not None and last.line == binding.line and last.bindings:
                events[-1] = last._replace(bindings=(*last.bindings, binding))
            else:
                events.append(Event(binding.line, binding.how, None, (binding,)))

    def close(self) -> None:
        """Put everything in order of lines; after this nothing may be added."""
        for events in self._events.values():
            if len(events) > 1:
                events.sort(key=_line)
        self._events = dict(self._events)
        self.overloads = dict(self.overloads)


def file_namespace(facts: FileFacts, area: str) -> Namespace:
    """The names of a Python file."""
    space = Namespace(facts.path, facts.path, area, is_script=area != "package")
    for symbol in facts.symbols:
        space.define(
            symbol.qualified_name,
            Definition(
                symbol.kind, symbol.definition_line, symbol.parameters, symbol.bases, symbol.decorators
            ),
        )
    space.bind(facts.imports, facts.bindings)
    space.exports = facts.exports
    space.references.extend(facts.references)
    space.close()
    return space


def snippet_namespace(
    key: str, path: str, area: str, snippets: Iterable[Snippet], host: str = ""
) -> Namespace:
    """The names of code blocks that are read one after the other."""
    space = Namespace(key, path, area, host, is_script=True)
    for snippet in snippets:
        for name, definition in _definitions(snippet.bindings):
            space.define(name, definition)
        space.bind(snippet.imports, snippet.bindings)
        space.references.extend(snippet.references)
    space.close()
    return space


def _definitions(bindings: tuple[Binding, ...]) -> Iterator[tuple[str, Definition]]:
    """Definitions in a snippet, which has no symbols: from the bindings that say where they are."""
    values: dict[tuple[str, int, str], list[str]] = defaultdict(list)
    for binding in bindings:
        if binding.how in ("def", "class"):
            name = f"{binding.scope}.{binding.name}" if binding.scope else binding.name
            values[name, binding.line, binding.how].append(binding.value)
    classes = {name for name, _, how in values if how == "class"}
    for (name, line, how), found in values.items():
        named = tuple(value for value in found if value)
        if how == "class":
            yield name, Definition("class", line, (), named)
        else:
            kind = "method" if name.rpartition(".")[0] in classes else "function"
            yield name, Definition(kind, line, (), (), named)


def _line(event: Event) -> int:
    return event.line
