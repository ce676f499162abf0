"""What the names of a file, or of a document's code, are bound to, in the languages that tree-sitter reads."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from codebase_gardener.languages.engine.brackets import named_types
from codebase_gardener.languages.facts import Binding, Import, Reference
from codebase_gardener.languages.signatures import receiver_of, typed_parameters
from codebase_gardener.languages.symbols import TYPES, Symbol
from codebase_gardener.languages.table import FAMILIES

__all__ = ["Space"]


class Space:
    """The names of one file, or of a document's code blocks in one language.

    Attributes:
        key: The file's path; of a document's code with "#" and the family.
        path: The file.
        area: As `area_of` says.
        family: A key of `FAMILIES`.
        host: Always "": no file's names are looked up in another.
        is_file: Whether it is a file of code.
        references: All uses of names.
        exports: Names that the file lets others use.
        symbols: By qualified name; the first of several.
        left_out: Whether a build that asks for nothing does without the file.
        variants: By qualified name, where a file has several definitions of it: all of them.
        macros: By qualified name, where they have names of their own; they are no symbols then.
        stars: Imports that make all names of a module visible.
        imports: By the name that they bind.
        outer: The file's own names of what it hands out under another alone, with that one.
        tests: Lines that only tests have, with their titles.
        inner: Names by which the file itself means another definition than the one that it hands out.
    """

    def __init__(self, key: str, path: str, area: str, family: str, *, is_file: bool) -> None:
        self.key, self.path, self.area, self.family, self.is_file = key, path, area, family, is_file
        self.host = ""
        self.left_out = False
        self.references: list[Reference] = []
        self.exports: tuple[str, ...] = ()
        self.symbols: dict[str, Symbol] = {}
        self.variants: dict[str, list[Symbol]] = {}
        self.macros: dict[str, Symbol] = {}
        self.stars: list[Import] = []
        self.imports: dict[str, Import] = {}
        self.tests: tuple[tuple[int, int, str], ...] = ()
        self.inner: set[str] = set()
        self.outer: dict[str, str] = {}
        self.names: frozenset[str] = frozenset()
        self._bindings: dict[tuple[str, str], list[Binding]] = defaultdict(list)
        self._made: set[str] = set()
        self._types: set[str] | None = None
        self._blocks: list[tuple[int, int, dict[str, Import]]] = []
        self._parameters: dict[tuple[str, int], dict[str, str]] = {}

    def add(
        self,
        imports: Iterable[Import],
        bindings: Iterable[Binding],
        references: Iterable[Reference],
        lines: tuple[int, int] = (0, 0),
    ) -> None:
        """Take in what a piece of code says; a document's block with its first and last line."""
        own: dict[str, Import] = {}
        for one in sorted(imports, key=lambda one: one.guarded):  # what a build leaves out comes last
            if one.name == "*":
                self.stars.append(one)
            else:
                own.setdefault(one.alias, one)
        self.imports |= {alias: one for alias, one in own.items() if alias not in self.imports}
        if lines[0]:
            self._blocks.append((*lines, own))
        for binding in bindings:
            if binding.how == "outer":
                self.outer[binding.name] = binding.value
                continue
            if binding.how == "def" and self.is_file:
                self._made.add(binding.name)
            self._bindings[binding.scope, binding.name].append(binding)
        self.references.extend(references)

    def is_test(self, line: int) -> bool:
        """Whether only tests have a line."""
        return any(start <= line <= end for start, end, _ in self.tests)

    def names_type(self, name: str) -> bool:
        """Whether the code defines, imports or mentions a type of the name, or may import it by a star."""
        if self._types is None:
            mentioned = (one.name.rpartition(".")[2] for one in self.references if one.kind == "annotation")
            defined = (one.rpartition(".")[2] for one in self.symbols)
            self._types = {*mentioned, *defined, *(one.name or one.alias for one in self.imports.values())}
        return bool(self.stars) or name in self._types

    def imported(self, name: str, line: int) -> Import | None:
        """The import that binds a name: of a document's block at a line its own, else the first of them all."""
        own = next((own for start, end, own in self._blocks if start <= line <= end), {})
        return own.get(name) or self.imports.get(name)

    def is_bound(self, name: str, line: int) -> bool:
        """Whether a document's block gives a name its value above a line of it, or imports it."""
        return any(
            name in own or any(start <= one.line <= line for one in self._bindings.get(("", name), ()))
            for start, end, own in self._blocks
            if start <= line <= end
        )

    def bindings(self, scope: str, name: str, line: int, *, later: bool = True) -> list[Binding]:
        """What gives a name its value at a line: the last one before it, with all of its line.

        Args:
            scope: In which it is given.
            name: As it is written.
            line: Where it is used.
            later: Whether the first one counts where all stand below the line, as for code that runs after them.
        """
        found = [one for one in self._bindings.get((scope, name), ()) if not one.end or line <= one.end]
        block = next(((start, own) for start, end, own in self._blocks if start <= line <= end), None)
        if block is not None and name in block[1]:  # a block with imports is a program of its own
            found, later = [one for one in found if one.line >= block[0]], False
        before = [one for one in found if one.line <= line]
        before = before or ([one for one in found if not one.end][:1] if later else [])
        last = max((one.line for one in before), default=0)
        return [one for one in before if one.line == last]

    def bound_names(self) -> set[str]:
        """The names that the outer level gives a value."""
        return {name for scope, name in self._bindings if not scope}

    def makes(self, scope: str, name: str) -> bool:
        """Whether a macro in a file makes a type of the name, that is none of the symbols."""
        while name in self._made:
            if any(one.how == "def" for one in self._bindings.get((scope, name), ())):
                return True
            if not scope:
                break
            scope = scope.rpartition(".")[0]
        return False

    def is_built(self, scope: str, line: int = 0) -> bool:
        """Whether a build that asks for nothing holds a definition, and those around it."""
        while scope:
            symbol = self.definition(scope, line)
            if symbol is not None and symbol.left_out:
                return False
            scope = scope.rpartition(".")[0]
        return not self.left_out

    def definition(self, scope: str, line: int) -> Symbol | None:
        """The definition of a name: of several the one around a line, else the first."""
        variants = self.variants.get(scope, ())
        return next((one for one in variants if one.start <= line <= one.end), self.symbols.get(scope))

    def parameter(self, symbol: Symbol, name: str) -> str:
        """The type of a function's parameter as it is written; ""."""
        key = (symbol.qualified_name, symbol.start)
        if key not in self._parameters:
            self._parameters[key] = {one.name: one.type for one in typed_parameters(symbol) if one.type}
            receiver = receiver_of(symbol)
            if receiver is not None:
                self._parameters[key][receiver.name] = receiver.type
        return self._parameters[key].get(name, "")

    def owner(self, scope: str) -> str:
        """The qualified name of the type that a method's scope is in; ""."""
        while scope:
            symbol = self.symbols.get(scope)
            if symbol is not None and symbol.kind in TYPES:
                return scope
            above = scope.rpartition(".")[0]
            if symbol is not None and symbol.kind == "method":
                return above
            scope = above
        return ""

    def returned(self, name: str) -> list[str]:
        """The types that a function's result names, those that only hold another left out."""
        symbol = self.symbols.get(name)
        if symbol is None or not symbol.returns:
            return []
        wrappers = FAMILIES[self.family].wrappers
        return [one for one in named_types(symbol.returns) if one.rpartition(".")[2] not in wrappers]
