"""Makes the graph's rows of a repository's facts."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from codebase_gardener.documents.docstrings import Documentation
from codebase_gardener.documents.sentences import first_sentence
from codebase_gardener.knowledge.answers.graph_rows import (
    COMMANDS,
    INSTALL,
    NEEDS,
    PARAMETERS,
    RELEASES,
    SWITCHES,
    TOLD,
    AreaFolder,
    DefinedName,
    DescribedParameter,
    Heir,
    Importing,
    Input,
    Member,
    NeededPackage,
    Place,
    Row,
    Variable,
    plain_name,
)
from codebase_gardener.knowledge.answers.install_commands import install_commands
from codebase_gardener.knowledge.answers.raised_errors import RaisedErrors
from codebase_gardener.knowledge.answers.releases import release_notes
from codebase_gardener.knowledge.answers.returned_errors import ReturnedErrors
from codebase_gardener.knowledge.answers.switches import switches
from codebase_gardener.knowledge.answers.told_commands import told_commands
from codebase_gardener.knowledge.apis.calls import import_of
from codebase_gardener.knowledge.apis.context import ApiContext
from codebase_gardener.knowledge.apis.declared_commands import declared_commands
from codebase_gardener.knowledge.apis.io_contract import contract_of, fields_of
from codebase_gardener.knowledge.apis.raises import constructors_of
from codebase_gardener.knowledge.apis.run_time import at_run_time
from codebase_gardener.knowledge.apis.tree_calls import documented
from codebase_gardener.knowledge.claims.field_index import FieldIndex
from codebase_gardener.knowledge.environments.evidence_by_kind import key_of
from codebase_gardener.knowledge.links.uses import Passage, Target, Use
from codebase_gardener.knowledge.pages.markup import code
from codebase_gardener.knowledge.pages.quoting import inline
from codebase_gardener.knowledge.pages.wording import counted, enumerated
from codebase_gardener.knowledge.sources.file_facts import FileFacts
from codebase_gardener.languages.symbols import TYPES, Symbol
from codebase_gardener.languages.table import family_of, is_code, is_hidden, is_stub, says_bases
from codebase_gardener.manifests.table import installer_of, read_manifest
from codebase_gardener.repository.areas import area_of
from codebase_gardener.utils.anchors import Anchor
from codebase_gardener.utils.progress import Progress, silent

__all__ = ["Gathering"]

_ENTRIES = 200  # of one definition's uses that are kept
_MOST_WRITTEN = 20
_SHOWN_FILES = 5
_DOTTED = re.compile(r"[A-Za-z_$][\w$]*(?:\.[\w$]+)+")
_LICENCE = re.compile(r"licen[cs]e|copying", re.IGNORECASE)
_ERROR = re.compile(r"(?:Error|Exception|Warning|Throwable)\Z")
_BASE = re.compile(r"[A-Za-z_$][\w$]*(?:(?:\.|::)[\w$]+)*")


class Gathering:
    """Makes the rows."""

    def __init__(self, context: ApiContext) -> None:
        self._context = context
        self._repository = context.repository
        self._raised = RaisedErrors(context, self._code())
        self._returned_errors = ReturnedErrors(context)
        self._types = {
            (path.rpartition("/")[0], name): symbol
            for (path, name), symbol in self._repository.symbols.items()
            if symbol.kind in TYPES and family_of(symbol.language)
        }
        self._extras = {
            key_of(found.name): found.name
            for facts in self._repository.facts.values()
            for found in facts.evidence
            if found.kind == "extra"
        }

    def rows(self, progress: Progress = silent) -> Iterator[tuple[str, Row]]:
        """All of them, each with a key; `progress` counts definitions, which take nearly all of the time."""
        symbols = self._repository.symbols.values()
        for error in self._raised.rows:
            yield plain_name(error.error.rpartition(".")[2]), error
        for path, facts in self._repository.facts.items():
            yield from self._file(path, facts)
            yield from self._manifest(path, facts)
            yield from self._unpublished(path)
        for number, symbol in enumerate(symbols):
            progress(number, len(symbols))
            definition = self._definition(symbol)
            yield from self._by_its_names(definition)
            yield from ((PARAMETERS, row) for row in _described(definition))
            for heir in self._heirs(symbol):
                yield f"#heirs {plain_name((heir.target[1] or heir.base).rpartition('.')[2])}", heir
                yield f"#bases {plain_name(symbol.name)}", heir
                if not heir.target[0] and _ERROR.search(heir.base):
                    yield "#errors", heir
            yield from self._member(symbol)
            if self._repository.areas[symbol.path] == "package":
                for field in fields_of(symbol, self._context):
                    yield plain_name(field.name), self._constant(field, "package")
                    yield from self._member(field)
        yield from self._commands()
        yield from ((RELEASES, row) for row in release_notes(self._repository))
        yield from self._imports()
        yield from self._parts()
        yield from ((plain_name(folder), row) for folder, row in self._folders())
        yield from self._variables()
        for switch in switches(self._repository):
            yield SWITCHES, switch
            yield plain_name(switch.name), switch
        yield from ((TOLD, row) for row in told_commands(self._repository))
        yield from ((INSTALL, row) for row in install_commands(self._repository, self._own_packages()))

    def _own_packages(self) -> Iterator[str]:
        for facts in self._repository.facts.values():
            yield from (found.name for found in facts.evidence if found.kind == "package")
        yield self._repository.owner_repo.rpartition("_")[2]

    def _commands(self) -> Iterator[tuple[str, Row]]:
        """A program's commands, under "pipx inject" and "inject command"."""
        for each in declared_commands(self._context):
            place = Place(each.path, each.start, each.end, "", self._repository.areas[each.path])
            row = DefinedName(each.name, "command", place, each.name, inline(each.says, 300))
            for key in dict.fromkeys((each.name, f"{each.name.rpartition(' ')[2]} command")):
                yield plain_name(key), row
            yield COMMANDS, row

    def _imports(self) -> Iterator[tuple[str, Row]]:
        """Under the name of the package, and of the module's last part: `golang.org/x/text` is "text", too."""
        own = {path.partition("/")[0].partition(".")[0] for path in self._code()}
        own |= {path.split("/")[1].partition(".")[0] for path in self._code() if path.startswith("src/")}
        for path in self._code():
            for one in self._repository.facts[path].imports:
                first = one.module.partition(".")[0] if "/" not in one.module else one.module
                if one.level or not one.module or one.module.startswith(".") or first in own:
                    continue
                area = self._repository.areas[path]
                row = Importing(one.module, Place(path, one.line, one.line, one.scope, area))
                names = (first, one.module, re.sub(r"/v\d+\Z", "", one.module).rpartition("/")[2])
                for key in {plain_name(name) for name in names} - {""}:
                    yield f"#imports {key}", row

    def _variables(self) -> Iterator[tuple[str, Row]]:
        for path, facts in self._repository.facts.items():
            for found in facts.evidence if self._repository.areas[path] == "package" else ():
                if found.kind == "environment-variable" and found.name:
                    place = Place(path, found.start, found.end, found.scope, "package")
                    yield "#variables", Variable(found.name, inline(found.value, 80), place)

    def _parts(self) -> Iterator[tuple[str, Row]]:
        """By folder: that at the root, or the first below that is named after the part."""
        found: dict[tuple[str, str], list[str]] = defaultdict(list)
        for path, area in self._repository.areas.items():
            parts = path.split("/")[:-1]
            named = next(
                (at for at in range(len(parts)) if area_of("/".join((*parts[: at + 1], "a"))) == area), -1
            )
            found[area, "".join(f"{part}/" for part in parts[: named + 1 if named >= 0 else 1])].append(path)
        for (area, folder), paths in found.items():
            yield f"#part {area}", AreaFolder(area, folder, len(paths), self._first_of(paths))

    def _folders(self) -> Iterator[tuple[str, Row]]:
        """Under their paths with a "/" at the end, which is no name of anything else."""
        inside: dict[str, list[str]] = defaultdict(list)
        for path in sorted(self._repository.areas):
            parts = path.split("/")
            for depth in range(1, len(parts)):
                inside["/".join(parts[:depth])].append(path)
        for folder, paths in inside.items():
            own = [path for path in paths if "/" not in path[len(folder) + 1 :]]
            names = [code(path[len(folder) + 1 :]) for path in own]
            shown = f": {enumerated(names[:_SHOWN_FILES], len(names))}" if names else ""
            elsewhere = (
                f"; {len(paths) - len(own)} more in folders of its own" if len(paths) > len(own) else ""
            )
            says = f"{counted(len(own), 'file')}{shown}{elsewhere}"
            yield f"{folder}/", DefinedName(folder, "folder", self._first_of(own or paths), says=says)

    def _first_of(self, paths: Sequence[str]) -> Place:
        """The lines of the first of some files that has any."""
        facts, areas = self._repository.facts, self._repository.areas
        path = next((path for path in paths if facts[path].lines), paths[0])
        return Place(path, 1, facts[path].lines, "", areas[path])

    def _manifest(self, path: str, facts: FileFacts) -> Iterator[tuple[str, Row]]:
        for found in facts.evidence:
            if found.kind in NEEDS:
                lines = Place(path, found.start, found.end, inline(found.text, 200))
                install = self._installer(path) if found.kind == "package" else ""
                row = NeededPackage(
                    found.kind, found.name, found.value, found.scope, lines, install, found.package
                )
                yield f"#{found.kind}", row
                names = (
                    found.name,
                    found.scope,
                    found.name.removesuffix(".js") if found.kind == "runtime" else "",
                )
                for key in set(map(plain_name, names)) - {""}:
                    yield key, row

    def _installer(self, path: str) -> str:
        manifest = read_manifest(path, self._repository.texts[path])
        return installer_of(manifest, path.rpartition("/")[0], self._repository.facts) if manifest else ""

    def _unpublished(self, path: str) -> Iterator[tuple[str, Row]]:
        """A package at the root that is marked as private: what is published may be made of it."""
        manifest = read_manifest(path, self._repository.texts[path]) if "/" not in path else None
        if manifest and manifest.name and not manifest.published:
            name, version = manifest.name, manifest.version
            place = Place(path, name.start, version.end if version else name.end)
            yield "#package", NeededPackage("package", name.text, version.text, "", place)

    def _code(self) -> Iterator[str]:
        return (path for path, facts in self._repository.facts.items() if is_code(facts.language))

    def _file(self, path: str, facts: FileFacts) -> Iterator[tuple[str, Row]]:
        area = self._repository.areas[path]
        lines = Place(path, 1, facts.lines, "", area)
        name = path.rpartition("/")[2]
        says = facts.purpose
        if not says and _LICENCE.match(name):
            says = next((line for line in self._repository.lines(path, 1, 20) if line.strip()), "")
        row = DefinedName(path, "file", lines, says=inline(says, 300))
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

    def _by_its_names(self, row: DefinedName) -> Iterator[tuple[str, Row]]:
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
        open_calls = context.open_calls(symbol)
        return DefinedName(
            symbol.qualified_name,
            symbol.kind,
            Place(symbol.path, symbol.start, symbol.end, "", area),
            symbol.signature,
            inline(says.summary or first_sentence(symbol.docstring or ""), 300) + self._at_run_time(symbol),
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
            tuple(self._raised_by(symbol)),
            tuple(dict.fromkeys(_caller(use) for use in uses)),
            (*_shown_at(passages), *self._in_helpers(target)),
            says.changes or _deprecated(symbol),
            symbol.bases,
            tuple(self._packages(symbol)),
            str(symbol.docstring_anchor or ""),
            _written(symbol.name, context.uses.get(target, ())),
            context.resolution.remarks.get(target, ""),
            tuple(Place(at.path, at.start, at.end, said) for at, said in self._returned_errors.of(symbol)),
            len(open_calls),
            Place(*open_calls[0], open_calls[0][1]).anchor if open_calls else "",
        )

    def _at_run_time(self, symbol: Symbol) -> str:
        found = at_run_time(symbol, self._repository)
        if found is None:
            return ""
        told = f"`{found.name}`" if found.name else "another"
        return (
            f" (for type checkers; at run time it is {told}, {Anchor(symbol.path, found.line, found.line)})"
        )

    def _member(self, symbol: Symbol) -> Iterator[tuple[str, Member]]:
        """Under the name of its type: that of its file, or in Go one of the folder."""
        open_ = symbol.public and not is_hidden(symbol)
        within = symbol.qualified_name.rpartition(".")[0] if open_ else ""
        folder = symbol.path.rpartition("/")[0]
        owner = self._context.owner(symbol) or self._types.get((folder, within)) if within else None
        if owner is not None and owner.kind in TYPES and not symbol.name.startswith("__"):
            place = Place(symbol.path, symbol.start, symbol.end, "", self._repository.areas[symbol.path])
            says = inline(documented(symbol).summary, 200)
            at = (owner.path, owner.qualified_name)
            kind = "field" if symbol.kind == "field" else "property" if symbol.is_property else "method"
            yield (
                f"#members {plain_name(owner.name)}",
                Member(at, kind, symbol.name, symbol.signature, says, place),
            )

    def _heirs(self, symbol: Symbol) -> Iterator[Heir]:
        """One for each base: those of the repository, then those that are only named."""
        place = Place(symbol.path, symbol.start, symbol.end, "", self._repository.areas[symbol.path])
        own = symbol.qualified_name, symbol.kind, symbol.signature, place
        known = self._context.resolution.bases.get(self._context.target(symbol), ())
        for target in known:
            yield Heir(target.name, (target.path, target.name), *own)
        names = {target.name.rpartition(".")[2] for target in known}
        bound = {one.alias: one.name for one in self._repository.facts[symbol.path].imports}
        for text in symbol.bases if says_bases(symbol.language) else ():
            found = _BASE.match(text)
            last = found[0].rpartition(".")[2] if found else ""
            if found and last not in names and bound.get(last) not in names:
                yield Heir(found[0], ("", ""), *own)

    def _in_helpers(self, target: Target) -> Iterator[Place]:
        """Where what serves the tests uses it."""
        for use in self._context.resolution.helpers.get(target, ())[:_ENTRIES]:
            yield Place(use.path, use.start, use.end, f"`{use.scope}`", "test")

    def _raised_by(self, symbol: Symbol) -> Iterator[Place]:
        """What it raises, and what its docstring says so; of a class also what making an instance does."""
        makers = constructors_of(symbol, self._context)
        for each in (symbol, *makers):
            yield from self._raised.within(each)
        for each in (symbol, *makers):
            yield from _told(each, documented(each))

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
            Place(use.path, use.start, use.end, _shown_as(passage, use), passage.area)
            for passage, use in passages
        )
    )


def _shown_as(passage: Passage, use: Use) -> str:
    """What stands there: the passage, or a helper that it calls."""
    is_inside = use.path == passage.path and passage.start <= use.start <= passage.end
    return passage.title if is_inside or not use.scope else f"`{use.scope}`"


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


def _described(row: DefinedName) -> Iterator[DescribedParameter]:
    for each in row.inputs if row.place.area == "package" and not is_stub(row.place.path) else ():
        if each.description:
            anchor = each.anchor or row.place.anchor
            yield DescribedParameter(row.name, each.name, each.description, bool(row.public), anchor)


def _caller(use: Use) -> Place:
    return Place(use.path, use.start, use.end, use.scope, "as a value" if use.kind == "value" else "")


def _told(symbol: Symbol, says: Documentation) -> Iterator[Place]:
    """What a docstring says that it raises, at the docstring's lines."""
    at = symbol.docstring_anchor or symbol.anchor
    for each in says.raises:
        yield Place(at.path, at.start, at.end, each.name, inline(each.description, 200) or "docstring")
