"""What the names in code mean, across files: which symbol a call reaches, and who shows it to the user."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from codebase_gardener.documents.facts import Snippet
from codebase_gardener.knowledge.links.families import FamilyLinks, link_families
from codebase_gardener.knowledge.links.passages import (
    docstring_passage,
    document_passages,
    example_passages,
    family_test_passages,
    notebook_passage,
    test_passages,
)
from codebase_gardener.knowledge.links.python.linker import PythonLinker, is_machinery
from codebase_gardener.knowledge.links.python.module_names import ModuleNames, is_package
from codebase_gardener.knowledge.links.python.namespaces import Namespace, file_namespace, snippet_namespace
from codebase_gardener.knowledge.links.python.public_names import by_depth, package_ranks, public_names
from codebase_gardener.knowledge.links.python.signatures import can_make, can_take
from codebase_gardener.knowledge.links.python.tracing import Tracer
from codebase_gardener.knowledge.links.uses import Passage, Target, Use
from codebase_gardener.knowledge.sources.file_facts import FileFacts
from codebase_gardener.knowledge.sources.repository_facts import areas_and_copies, set_aside
from codebase_gardener.languages.engine.spaces import Space
from codebase_gardener.languages.facts import Reference
from codebase_gardener.languages.meanings import Entity
from codebase_gardener.languages.symbols import Symbol
from codebase_gardener.languages.table import family_of

__all__ = ["Resolution", "resolve"]


@dataclass(frozen=True)
class Resolution:
    """The links between files.

    Attributes:
        passages: In order of path and line.
        callers: Of each target, the uses of it within the package's own code, in order.
        public: Public dotted name ("peft.get_peft_model", "peft.PeftModel") to target: what a user can import,
            shortest path first where there are several; methods are under their class.
        exported: Targets that a package's `__init__` (or `__all__`) exports, with the dotted name, in order.
        references: How many references there are in package, docs, examples and tests, whether resolved or not.
        unresolved: How many of them have no target (builtins are left out of both).
        foreign: How many of the unresolved are members of what a call into another package gave: there is no source
            here that could tell their type.
        told: Of targets in Python, the public name that users are told.
        statements: The statement that imports a target, for languages other than Python.
        inside: The one by which the package's own files import what users cannot.
        bases: Of each type, the types of the repository that it extends or implements.
        helpers: Of each target, its uses in files of tests that stand in no passage, in order.
        remarks: Of an interface: what is said in place of the types that implement it.
        open_calls: By family of languages and name of a method: where it is called on something of unknown type, as
            path and line, in order.
    """

    passages: tuple[Passage, ...]
    callers: Mapping[Target, tuple[Use, ...]]
    public: Mapping[str, Target]
    exported: Mapping[Target, str]
    references: int
    unresolved: int
    foreign: int = 0
    told: Mapping[Target, str] = field(default_factory=dict)
    statements: Mapping[Target, str] = field(default_factory=dict)
    inside: Mapping[Target, str] = field(default_factory=dict)
    helpers: Mapping[Target, tuple[Use, ...]] = field(default_factory=dict)
    bases: Mapping[Target, tuple[Target, ...]] = field(default_factory=dict)
    remarks: Mapping[Target, str] = field(default_factory=dict)
    open_calls: Mapping[tuple[str, str], tuple[tuple[str, int], ...]] = field(default_factory=dict)


_COUNTED = ("package", "docs", "examples", "tests")
_MOST_HELPERS = 50  # functions of the tests' own that one call leads to


def resolve(facts: Mapping[str, FileFacts]) -> Resolution:
    """Link the facts of all files.

    Args:
        facts: By path.

    Returns:
        What names mean; a function of the facts alone.
    """
    again = set_aside(facts)
    all_areas, copied = areas_and_copies(facts)
    areas = {path: area for path, area in all_areas.items() if path not in again}
    spaces = dict(_namespaces(facts, areas))
    modules = ModuleNames(space.path for space in spaces.values() if space.key == space.path)
    tracer = Tracer(spaces, modules)
    names = public_names(spaces, modules, tracer.scopes, package_ranks(facts, areas))
    tracer.classes.offered = frozenset(place for place in names.exported)
    links = PythonLinker(spaces, tracer, names.by_last_part() | _packages(spaces, modules))
    others = link_families(facts, areas)
    closures = frozenset(closure for path in areas for closure in _closures(facts[path]))
    methods = {
        (one.language, one.name) for path in areas for one in facts[path].symbols if one.kind == "method"
    }
    gathered = _Uses(
        areas,
        closures,
        _definitions(facts, areas),
        _functions(facts, areas),
        frozenset((family_of(language) or language, name) for language, name in methods),
        _repeated(facts, areas),
    )
    for space in spaces.values():
        gathered.add(space, links.resolved(space))
    for other in others.spaces.values():
        gathered.add(other, others.links[other.family].resolved(other))
    public = (
        dict(sorted({**names.public, **others.public}.items(), key=by_depth))
        if others.public
        else names.public
    )
    exported = {**names.exported, **others.exported}
    shown = [path for path in areas if path not in copied]
    passages = [passage for path in shown for passage in _passages(facts[path], areas, gathered, others)]
    return Resolution(
        passages=tuple(
            sorted(passages, key=lambda found: (found.path, found.start, -found.end, found.scope))
        ),
        callers={target: tuple(uses) for target, uses in sorted(gathered.callers.items())},
        public={name: gathered.target(*place) for name, place in public.items()},
        exported={gathered.target(*place): name for place, name in exported.items()},
        references=gathered.references,
        unresolved=gathered.unresolved,
        foreign=gathered.foreign,
        told={gathered.target(*place): name for place, name in names.told.items()},
        statements={gathered.target(*place): text for place, text in others.statements.items()},
        inside={gathered.target(*place): text for place, text in others.inside.items()},
        helpers=_helpers(gathered, passages, [facts[path] for path in shown], areas),
        bases=_python_bases(facts, gathered)
        | {
            gathered.target(*one): tuple(gathered.target(*each) for each in above)
            for one, above in others.bases.items()
        },
        remarks={gathered.target(*place): text for place, text in others.remarks.items()},
        open_calls={name: tuple(sorted(places)) for name, places in sorted(gathered.open_calls.items())},
    )


def _python_bases(facts: Mapping[str, FileFacts], gathered: _Uses) -> dict[Target, tuple[Target, ...]]:
    """Of each class of Python: the references among its bases that mean a class of the repository."""
    found: dict[Target, dict[Target, None]] = defaultdict(dict)
    for key, uses in gathered.uses.items():
        named = [use for use in (*uses, *gathered.own[key]) if use.kind == "base" and use.target.path]
        classes = [one for one in facts[key].symbols if one.bases] if named and key in facts else []
        for use in named:
            around = [one for one in classes if one.start <= use.start <= one.end]
            if around:
                heir = max(around, key=lambda one: one.start)
                found[gathered.target(key, heir.qualified_name)][use.target] = None
    return {heir: tuple(bases) for heir, bases in found.items()}


def _helpers(
    gathered: _Uses, passages: Iterable[Passage], shown: Iterable[FileFacts], areas: Mapping[str, str]
) -> dict[Target, tuple[Use, ...]]:
    """Uses of files of tests, and of lines that only tests have, that belong to none of the tests."""
    told = {(use.path, use.start, use.target) for passage in passages for use in passage.uses}
    found: dict[Target, list[Use]] = defaultdict(list)
    for file in shown:
        is_test = areas[file.path] == "tests"
        for use in gathered.uses.get(file.path, ()) if is_test or file.tests else ():
            serves = is_test or any(start <= use.start <= end for start, end, _ in file.tests)
            if (
                serves
                and not use.target.external
                and use.scope
                and (file.path, use.start, use.target) not in told
            ):
                found[use.target].append(use)
    return {target: tuple(uses) for target, uses in sorted(found.items())}


def _namespaces(facts: Mapping[str, FileFacts], areas: Mapping[str, str]) -> Iterator[tuple[str, Namespace]]:
    """Of each Python file, of the examples in each of its docstrings, and of each document with Python in it."""
    for path, area in areas.items():
        file = facts[path]
        if file.language == "python":
            yield path, file_namespace(file, area)
        blocks: dict[str, list[Snippet]] = defaultdict(list)
        for snippet in file.snippets:
            if snippet.language == "python":
                blocks[snippet.scope].append(snippet)
        for scope, snippets in blocks.items():
            key = f"{path}#{scope}" if file.language == "python" else path
            host = path if file.language == "python" else ""
            yield key, snippet_namespace(key, path, area, snippets, host)


def _packages(spaces: Mapping[str, Namespace], modules: ModuleNames) -> dict[str, tuple[str, str]]:
    """The topmost packages by name: documents use them without an import."""
    dotted = {modules.dotted(key): key for key in sorted(spaces, reverse=True) if is_package(key)}
    return {
        name: (key, "") for name, key in dotted.items() if "." not in name and spaces[key].area == "package"
    }


class _Uses:
    """Gathers the uses of all namespaces."""

    def __init__(
        self,
        areas: Mapping[str, str],
        closures: frozenset[tuple[str, str]],
        definitions: Mapping[tuple[str, str], list[Symbol]],
        functions: Mapping[str, list[Symbol]],
        methods: frozenset[tuple[str, str]],
        repeated: frozenset[tuple[str, str]],
    ) -> None:
        self._areas = areas
        self._definitions = definitions
        self._closures = closures
        self.package = frozenset(path for path, area in areas.items() if area == "package")
        self._targets: dict[tuple[str, str], Target] = {}
        self.uses: dict[str, list[Use]] = {}
        self.own: dict[str, list[Use]] = {}
        self.callers: dict[Target, list[Use]] = defaultdict(list)
        self._functions = functions
        self._methods = methods
        self._repeated = repeated
        self.open_calls: dict[tuple[str, str], set[tuple[str, int]]] = defaultdict(set)
        self._scopes: dict[str, tuple[dict[str, list[Use]], dict[str, list[Use]]]] = {}
        self.references = 0
        self.unresolved = 0
        self.foreign = 0

    def target(self, path: str, name: str) -> Target:
        """One object for each place."""
        key = (path, name)
        if key not in self._targets:
            self._targets[key] = Target(path.partition("#")[0], name)
        return self._targets[key]

    def add(self, space: Namespace | Space, references: Iterable[tuple[Reference, Entity | None]]) -> None:
        """Take in a namespace's references with what they mean."""
        counted = space.area in _COUNTED
        is_code = space.area == "package" and space.is_file
        uses = self.uses[space.key] = []
        own = self.own[space.key] = []
        for reference, found in references:
            entity = found if found is None or self._can_mean(reference, found) else None
            by_itself = reference.kind == "value" or (
                reference.kind == "annotation" and isinstance(space, Space)
            )
            if by_itself and (entity is None or not entity.path):
                continue  # a name by itself is counted only where it is a definition of the repository
            if entity is None or entity.kind == "external value":
                self.references += counted
                self.unresolved += counted
                self.foreign += counted and entity is not None
                if found is None and counted and reference.kind == "call":
                    self._leave_open(space, reference)
                continue
            if entity.kind == "builtin":
                continue
            self.references += counted
            if not _is_shown(entity, reference.kind) or self._is_result(space, reference, entity):
                continue
            use = self._use(space, reference, entity)
            if not entity.path or self._areas[use.target.path] == "package":
                uses.append(use)
                if is_code and not (isinstance(space, Space) and space.is_test(reference.start)):
                    self.callers[use.target].append(use)
            elif entity.path == space.key or (isinstance(space, Space) and self._is_helper(use)):
                own.append(use)

    def _is_helper(self, use: Use) -> bool:
        """Whether it calls a function of the tests' own."""
        at = use.target.path
        is_one = (at, use.target.name) not in self._repeated
        return use.kind == "call" and is_one and self._areas.get(at) == "tests" == self._areas.get(use.path)

    def helped(self, path: str) -> Iterator[tuple[Use, list[Use]]]:
        """The calls by which a file's tests use the package through functions of the tests' own, with those uses."""
        for call in self.own.get(path, ()):
            found = self._within(call.target, set()) if self._is_helper(call) else []
            if found:
                yield call, found

    def _within(self, helper: Target, seen: set[Target]) -> list[Use]:
        """What a helper uses of the package itself, and through others."""
        if helper in seen or len(seen) >= _MOST_HELPERS:
            return []
        seen.add(helper)
        if helper.path not in self._scopes:
            both = (self.uses.get(helper.path, ()), self.own.get(helper.path, ()))
            self._scopes[helper.path] = (_by_scope(both[0]), _by_scope(both[1]))
        uses, calls = self._scopes[helper.path]
        further = [one for call in calls.get(helper.name, ()) for one in self._within(call.target, seen)]
        return [*(one for one in uses.get(helper.name, ()) if one.target.path in self.package), *further]

    def _leave_open(self, space: Namespace | Space, reference: Reference) -> None:
        receiver, _, last = reference.name.rpartition(".")
        named = (space.family if isinstance(space, Space) else "python", last)
        if receiver and named in self._methods:
            self.open_calls[named].add((space.path, reference.start))

    def _can_mean(self, reference: Reference, entity: Entity) -> bool:
        if reference.kind == "call" and entity.kind == "class":
            kinds, *makers = (
                self._definitions.get((entity.path, f"{entity.name}{name}"), [])
                for name in ("", ".__init__", ".__new__")
            )
            return bool(makers[1]) or can_make(kinds, makers[0], reference)
        if reference.kind != "call" or entity.kind != "function":
            return True
        return can_take(self._definitions.get((entity.path, entity.name), ()), reference)

    def _is_result(self, space: Namespace | Space, reference: Reference, entity: Entity) -> bool:
        """Whether it calls a function that another one made and returned: that is no name of anyone's."""
        if (entity.path, entity.name) not in self._closures:
            return False
        owner = entity.name.rpartition(".")[0]
        return not (space.key == entity.path and f"{reference.scope}.".startswith(f"{owner}."))

    def _scope(self, space: Namespace | Space, reference: Reference) -> str:
        """What a reference stands in; an annotation of a parameter belongs to its function, where it does not run."""
        if reference.kind != "annotation" or isinstance(space, Space):
            return reference.scope
        known = self._functions.get(space.path, [])
        for one in reversed(known[: bisect_right(known, reference.start, key=_start)]):
            if reference.start <= one.end and one.qualified_name.startswith(reference.scope):
                return one.qualified_name
        return reference.scope

    def _use(self, space: Namespace | Space, reference: Reference, entity: Entity) -> Use:
        return Use(
            self.target(entity.path, entity.name),
            space.path,
            reference.start,
            reference.end,
            self._scope(space, reference) if space.is_file else "",
            reference.kind,
            entity.how,
            reference.keywords,
            reference.text,
        )


def _by_scope(uses: Iterable[Use]) -> dict[str, list[Use]]:
    """Uses by the definition that they stand in."""
    found: dict[str, list[Use]] = defaultdict(list)
    for use in uses:
        found[use.scope].append(use)
    return found


def _repeated(facts: Mapping[str, FileFacts], areas: Mapping[str, str]) -> frozenset[tuple[str, str]]:
    """Path and name of what a file of tests defines several times: each test has its own."""
    counts = Counter(
        (path, one.qualified_name)
        for path, area in areas.items()
        if area == "tests"
        for one in facts[path].symbols
    )
    return frozenset(place for place, times in counts.items() if times > 1)


def _definitions(
    facts: Mapping[str, FileFacts], areas: Mapping[str, str]
) -> dict[tuple[str, str], list[Symbol]]:
    """Python's functions, methods and classes by path and name."""
    found: dict[tuple[str, str], list[Symbol]] = defaultdict(list)
    for path in areas:
        for each in facts[path].symbols:
            if each.language == "python":
                found[path, each.qualified_name].append(each)
    return found


def _functions(facts: Mapping[str, FileFacts], areas: Mapping[str, str]) -> dict[str, list[Symbol]]:
    """Those of Python, by path and in the order of their lines."""
    return {
        path: sorted((one for one in facts[path].symbols if one.kind in ("function", "method")), key=_start)
        for path in areas
        if facts[path].language == "python"
    }


def _start(symbol: Symbol) -> int:
    return symbol.start


def _closures(facts: FileFacts) -> Iterator[tuple[str, str]]:
    """Path and name of the functions that are defined inside others."""
    functions = {each.qualified_name for each in facts.symbols if each.kind in ("function", "method")}
    for name in functions:
        if name.rpartition(".")[0] in functions:
            yield facts.path, name


def _is_shown(entity: Entity, kind: str) -> bool:
    """Whether it is worth a `Use`: no data attribute of an instance, no folder, nothing of the standard library."""
    if entity.kind in ("class", "function", "constant"):
        return True
    if entity.kind == "field":
        return entity.how != "type"
    is_data = kind == "attribute" and entity.how != "import"
    return entity.kind == "external" and not is_data and not is_machinery(entity)


def _passages(
    facts: FileFacts, areas: Mapping[str, str], gathered: _Uses, others: FamilyLinks
) -> Iterator[Passage]:
    """Those of one file that use something."""
    path, area = facts.path, areas[facts.path]
    uses, found = gathered.uses.get(path, []), []
    if others.links and facts.language != "python" and not family_of(facts.language):
        keys = (path, *(f"{path}#{family}" for family in others.links))
        uses = sorted((use for key in keys for use in gathered.uses.get(key, ())), key=lambda use: use.start)
    if family_of(facts.language):
        found = list(family_test_passages(facts, uses, area, list(gathered.helped(path))))
        if area == "examples":
            found += example_passages(facts, uses)
    elif facts.language != "python":
        name = path.rpartition("/")[2].lower()
        if name.endswith(".ipynb"):
            found = [notebook_passage(facts, uses)]
        else:
            shown = "readme" if name.startswith("readme") else "docs"
            found = list(document_passages(facts, uses, shown, others.languages | {"python"}))
    elif area == "tests":
        found = list(test_passages(facts, uses, gathered.own[path], gathered.package))
    elif area == "examples":
        found = list(example_passages(facts, uses))
    file = [""] if family_of(facts.language) else []  # its own comment, beside those of its definitions
    for name in dict.fromkeys([*file, *(symbol.qualified_name for symbol in facts.symbols)]):
        within = gathered.uses.get(f"{path}#{name}")
        if within:
            found.append(docstring_passage(facts, name, within))
    yield from (passage for passage in found if passage.uses)
