"""What questions are answered from: a row for each definition, error, package and file, under its name."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from codebase_gardener.documents.docstrings import Documentation
from codebase_gardener.documents.sentences import first_sentence
from codebase_gardener.knowledge.answers.sorted_rows import SortedRows
from codebase_gardener.knowledge.apis.calls import import_of
from codebase_gardener.knowledge.apis.context import ApiContext
from codebase_gardener.knowledge.apis.declared_commands import declared_commands
from codebase_gardener.knowledge.apis.io_contract import contract_of, fields_of
from codebase_gardener.knowledge.apis.tree_calls import documented
from codebase_gardener.knowledge.claims.field_index import FieldIndex
from codebase_gardener.knowledge.environments.evidence_by_kind import key_of
from codebase_gardener.knowledge.links.resolution import resolve
from codebase_gardener.knowledge.links.uses import Passage, Target, Use
from codebase_gardener.knowledge.pages.quoting import inline
from codebase_gardener.knowledge.sources.file_facts import FileFacts
from codebase_gardener.knowledge.sources.repository_facts import RepositoryFacts
from codebase_gardener.knowledge.writers.prose_pages import repository_names
from codebase_gardener.languages.symbols import Symbol
from codebase_gardener.languages.table import family_of, is_code
from codebase_gardener.utils.anchors import Anchor

__all__ = ["DefinedName", "Graph", "Input", "NeededPackage", "Place", "Raised", "plain_name"]

NEEDS = frozenset(
    {"package", "release", "runtime", "requirement", "extra", "dev-extra", "group", "listed", "build"}
)
"""Kinds of evidence of packaging files: what `which version` and `which extra` ask for."""

_ENTRIES = 200  # of one definition's uses that are kept
_RAISES = re.compile(r"(?:^|[\s;{})])(?:raise|throw)\s+(?:new\s+)?([A-Za-z_][\w.]*)")
_MOST_WRITTEN = 20
_DOTTED = re.compile(r"[A-Za-z_$][\w$]*(?:\.[\w$]+)+")
_WHOLE_RAISE = re.compile(r"\s*raise\s+[A-Za-z_][\w.]*(?:\s+from\s+\w+)?\s*(?:#.*)?")


class Place(msgspec.Struct, frozen=True, array_like=True):
    """Lines, and what stands there: the definition around a call, a passage's title."""

    path: str
    start: int
    end: int
    what: str = ""
    area: str = ""

    @property
    def anchor(self) -> str:
        """`path:Lx-y`."""
        return str(Anchor(self.path, self.start, self.end))


class Input(msgspec.Struct, frozen=True, array_like=True):
    """A parameter, as `implementation_layout.Parameter`; `anchor` is "" where its own lines are not known."""

    name: str
    type: str
    default: str
    required: bool | None
    description: str
    anchor: str = ""


class DefinedName(msgspec.Struct, frozen=True, tag="definition"):
    """A definition, a constant or a file.

    Attributes:
        name: Qualified within its file; of a file its path.
        kind: "function", "method", "class", "type", "interface", "constant", "field", "file", "command".
        place: Its lines, with the area of its file.
        signature: On one line; "" for a file.
        says: The first sentence of its docstring.
        says_at: The lines of its docstring, or of the comment above it; "" without one.
        public: The dotted name that a user imports it by; "".
        imported: The statement that imports it; "".
        inputs, outputs: What goes in and comes out (type, description).
        raises: What its body raises, each with its line; and what its docstring says of it.
        callers: Uses of it in the package's own code.
        shown: Passages of documents, examples and tests that use it.
        changes: "deprecated since version 2 …".
        bases: Of a class.
        packages: Optional packages that it, or its file, asks for.
        written: Dotted names that documents and examples call it by: `db.search` where `db` is an instance.
    """

    name: str
    kind: str
    place: Place
    signature: str = ""
    says: str = ""
    public: str = ""
    imported: str = ""
    inputs: tuple[Input, ...] = ()
    outputs: tuple[tuple[str, str], ...] = ()
    raises: tuple[Place, ...] = ()
    callers: tuple[Place, ...] = ()
    shown: tuple[Place, ...] = ()
    changes: tuple[str, ...] = ()
    bases: tuple[str, ...] = ()
    packages: tuple[Place, ...] = ()
    says_at: str = ""
    written: tuple[str, ...] = ()


class Raised(msgspec.Struct, frozen=True, tag="raised"):
    """A line that raises an error: `place.what` is the definition around it."""

    error: str
    place: Place
    text: str


class NeededPackage(msgspec.Struct, frozen=True, tag="needed"):
    """A line of a packaging file.

    Attributes:
        kind: One of `NEEDS`.
        name: The package, or "Python".
        bound: Of its version; "".
        extra: The extra or group that it belongs to; "".
        place: The line.
    """

    kind: str
    name: str
    bound: str
    extra: str
    place: Place


_COMMANDS = "#commands"
"""The key of all of them, beside those of needed packages."""

_Row = DefinedName | Raised | NeededPackage
_DECODE = msgspec.json.Decoder(_Row).decode
_ENCODE = msgspec.json.Encoder().encode


class Graph:
    """What is known of a repository, by name.

    Args:
        folder: Where `write` put it.

    Raises:
        NotFoundError: It is not there, or damaged.
    """

    def __init__(self, folder: Path) -> None:
        self._rows = SortedRows(folder / "graph.rows")
        self.names = SortedRows(folder / "names.rows")

    @staticmethod
    def write(folder: Path, repository: RepositoryFacts) -> None:
        """Gather what is known of a repository; a function of its facts alone."""
        rows = _Gathering(ApiContext(repository, resolve(repository.facts))).rows()
        SortedRows.write(folder / "graph.rows", ((key, _ENCODE(row).decode()) for key, row in rows))
        names = (name for name in repository_names(repository) if not re.search(r"[\t\n]", name))
        SortedRows.write(folder / "names.rows", ((name, "") for name in names))

    def rows(self, name: str) -> list[_Row]:
        """What stands under a name, however its words are joined and whether they are capital."""
        return [_DECODE(text) for text in self._rows.find(plain_name(name))]

    def needed(self, kind: str) -> list[NeededPackage]:
        """The lines of packaging files of one kind."""
        found = (_DECODE(text) for text in self._rows.find(f"#{kind}"))
        return [row for row in found if isinstance(row, NeededPackage)]

    def commands(self) -> list[DefinedName]:
        """The commands that the repository's own code declares."""
        found = (_DECODE(text) for text in self._rows.find(_COMMANDS))
        return [row for row in found if isinstance(row, DefinedName)]

    def keys(self) -> Iterator[str]:
        """The plain names of all rows."""
        return (key for key in self._rows if not key.startswith("#"))


def plain_name(name: str) -> str:
    """A name without case and what joins its words: `get_peft_model`, "get peft model" and `getPeftModel` are one.

    Example:
        >>> plain_name("load_adapter"), plain_name("Load-Adapter"), plain_name("__init__")
        ('loadadapter', 'loadadapter', 'init')
    """
    return re.sub(r"[\s_.\-]+", "", name).lower()


class _Gathering:
    """Makes the rows."""

    def __init__(self, context: ApiContext) -> None:
        self._context = context
        self._repository = context.repository
        self._raised: dict[tuple[str, str], list[Place]] = defaultdict(list)
        self._errors = [raised for path in self._code() for raised in self._raised_in(path)]
        self._extras = {
            key_of(found.name): found.name
            for facts in self._repository.facts.values()
            for found in facts.evidence
            if found.kind == "extra"
        }

    def rows(self) -> Iterator[tuple[str, _Row]]:
        for error in self._errors:
            yield plain_name(error.error.rpartition(".")[2]), error
        for path, facts in self._repository.facts.items():
            yield from self._file(path, facts)
            yield from _manifest(path, facts)
        for symbol in self._repository.symbols.values():
            yield from self._by_its_names(self._definition(symbol))
            if self._repository.areas[symbol.path] == "package":
                for field in fields_of(symbol, self._context):
                    yield plain_name(field.name), self._constant(field, "package")
        yield from self._commands()

    def _commands(self) -> Iterator[tuple[str, _Row]]:
        """A program's commands, under "pipx inject" and "inject command"."""
        for each in declared_commands(self._context):
            place = Place(each.path, each.start, each.end, "", self._repository.areas[each.path])
            row = DefinedName(each.name, "command", place, each.name, inline(each.says, 300))
            for key in dict.fromkeys((each.name, f"{each.name.rpartition(' ')[2]} command")):
                yield plain_name(key), row
            yield _COMMANDS, row

    def _code(self) -> Iterator[str]:
        return (path for path, facts in self._repository.facts.items() if is_code(facts.language))

    def _file(self, path: str, facts: FileFacts) -> Iterator[tuple[str, _Row]]:
        area = self._repository.areas[path]
        lines = Place(path, 1, max(1, facts.lines), "", area)
        row = DefinedName(path, "file", lines, says=inline(facts.purpose, 300))
        name = path.rpartition("/")[2]
        stem = name.partition(".")[0]
        stem = path.split("/")[-2] if stem in ("__init__", "index", "mod") and "/" in path else stem
        for key in {plain_name(name), plain_name(stem)} - {""}:
            yield key, row
        if is_code(facts.language) and not family_of(facts.language) and area == "package":
            for symbol in FieldIndex(path, self._repository.texts[path]).all():
                if symbol.kind == "field":
                    yield plain_name(symbol.name), self._constant(symbol, area)
        for symbol in facts.constants if area == "package" else ():
            yield from self._by_its_names(self._constant(symbol, area))

    def _by_its_names(self, row: DefinedName) -> Iterator[tuple[str, _Row]]:
        """A row under its own name, and under the one that users know it by."""
        names = (row.name.rpartition(".")[2], row.public.rpartition(".")[2])
        yield from ((key, row) for key in dict.fromkeys(map(plain_name, names)) if key)

    def _constant(self, symbol: Symbol, area: str) -> DefinedName:
        lines = self._repository.lines(symbol.path, symbol.start, symbol.end)
        place = Place(symbol.path, symbol.start, symbol.end, "", area)
        shown = inline(" ".join(line.strip() for line in lines), 200)
        target, context = self._context.target(symbol), self._context
        passages = context.uses.get(target, ())[:_ENTRIES]
        return DefinedName(
            symbol.qualified_name,
            "field" if symbol.kind == "field" else "constant",
            place,
            shown,
            inline(documented(symbol).summary, 300),
            context.names.get(target, ""),
            import_of(target, context) if symbol.public else "",
            callers=tuple(
                Place(use.path, use.start, use.end, use.scope)
                for use in context.resolution.callers.get(target, ())[:_ENTRIES]
            ),
            shown=_shown_at(passages),
            says_at=str(symbol.docstring_anchor or ""),
        )

    def _definition(self, symbol: Symbol) -> DefinedName:
        context, says = self._context, documented(symbol)
        area = self._repository.areas[symbol.path]
        target = context.target(symbol)
        contract = contract_of(symbol, context) if area != "tests" else None
        uses = context.resolution.callers.get(target, ())[:_ENTRIES]
        passages = context.uses.get(target, ())[:_ENTRIES]
        return DefinedName(
            symbol.qualified_name,
            symbol.kind,
            Place(symbol.path, symbol.start, symbol.end, "", area),
            symbol.signature,
            inline(says.summary or first_sentence(symbol.docstring or ""), 300),
            context.names.get(target, ""),
            import_of(target, context) if area == "package" else "",
            tuple(
                Input(
                    each.name,
                    each.type,
                    each.default,
                    each.required,
                    each.description,
                    str(each.place) if each.place else "",
                )
                for each in (contract.inputs if contract else ())
            ),
            tuple((each.type, each.description) for each in (contract.outputs if contract else ())),
            (*self._raised.get((symbol.path, symbol.qualified_name), ()), *_told(symbol, says)),
            tuple(Place(use.path, use.start, use.end, use.scope) for use in uses),
            (*_shown_at(passages), *self._in_helpers(target)),
            says.changes or _deprecated(symbol),
            symbol.bases,
            tuple(self._packages(symbol)),
            str(symbol.docstring_anchor or ""),
            _written(symbol.name, context.uses.get(target, ())),
        )

    def _in_helpers(self, target: Target) -> Iterator[Place]:
        """Where what serves the tests uses it."""
        for use in self._context.resolution.helpers.get(target, ())[:_ENTRIES]:
            yield Place(use.path, use.start, use.end, f"`{use.scope}`", "test")

    def _raised_in(self, path: str) -> Iterator[Raised]:
        """The lines that raise: a keyword before a name that the file's facts know as one that is called there."""
        facts, area = self._repository.facts[path], self._repository.areas[path]
        called = {(reference.start, reference.name) for reference in facts.references}
        for number, line in enumerate(self._repository.lines(path, 1, facts.lines), 1):
            found = _RAISES.search(line) if "raise" in line or "throw" in line else None
            if found and ((number, found[1]) in called or _WHOLE_RAISE.fullmatch(line)):
                scope = _scope(facts, number)
                place = Place(path, number, number, scope, area)
                self._raised[path, scope].append(Place(path, number, number, found[1], area))
                yield Raised(found[1], place, inline(line.strip(), 200))

    def _packages(self, symbol: Symbol) -> Iterator[Place]:
        """Packages of extras that the definition asks for, or a guard of its file outside of definitions."""
        for found in self._repository.facts[symbol.path].evidence:
            name = self._extras.get(key_of(found.name)) or self._extras.get(key_of(found.value))
            near = symbol.start <= found.start <= symbol.end
            if name and found.kind in ("available", "optional-import", "guard", "version") and near:
                yield Place(symbol.path, found.start, found.end, name)


def _shown_at(passages: Sequence[tuple[Passage, Use]]) -> tuple[Place, ...]:
    return tuple(
        dict.fromkeys(
            Place(use.path, use.start, use.end, passage.title, passage.area) for passage, use in passages
        )
    )


def _written(name: str, passages: Sequence[tuple[Passage, Use]]) -> tuple[str, ...]:
    """The dotted names by which what is shown to users calls a definition of this name."""
    shown = (use.text for passage, use in passages if passage.area != "test" and use.text)
    found = (_DOTTED.match(text) for text in shown)
    names = (each[0] for each in found if each and each[0].rpartition(".")[2] == name)
    return tuple(dict.fromkeys(names))[:_MOST_WRITTEN]


def _deprecated(symbol: Symbol) -> tuple[str, ...]:
    """The paragraph that says so, as Go's, JSDoc's and Javadoc's conventions have it."""
    paragraphs = re.split(r"\n\s*\n", symbol.docstring or "")
    said = (" ".join(one.split()).lstrip("@") for one in paragraphs)
    return tuple(inline(one, 300) for one in said if re.match(r"deprecated\b", one, re.IGNORECASE))[:1]


def _scope(facts: FileFacts, line: int) -> str:
    """The innermost definition around a line."""
    around = [symbol for symbol in facts.symbols if symbol.start <= line <= symbol.end]
    return max(around, key=lambda symbol: symbol.start).qualified_name if around else ""


def _told(symbol: Symbol, says: Documentation) -> Iterator[Place]:
    """What a docstring says that it raises, at the docstring's lines."""
    at = symbol.docstring_anchor or symbol.anchor
    for each in says.raises:
        yield Place(at.path, at.start, at.end, each.name, inline(each.description, 200) or "docstring")


def _manifest(path: str, facts: FileFacts) -> Iterator[tuple[str, _Row]]:
    for found in facts.evidence:
        if found.kind in NEEDS:
            lines = Place(path, found.start, found.end, inline(found.text, 200))
            row = NeededPackage(found.kind, found.name, found.value, found.scope, lines)
            yield f"#{found.kind}", row
            names = (
                found.name,
                found.scope,
                found.name.removesuffix(".js") if found.kind == "runtime" else "",
            )
            for key in set(map(plain_name, names)) - {""}:
                yield key, row
