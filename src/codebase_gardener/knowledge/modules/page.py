"""The page of a module: what it is for, what it offers, what it uses and who uses it, its largest parts, its tests."""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from codebase_gardener.knowledge.apis.calls import import_of
from codebase_gardener.knowledge.apis.context import ApiContext
from codebase_gardener.knowledge.apis.io_contract import fields_of
from codebase_gardener.knowledge.apis.tree_calls import documented
from codebase_gardener.knowledge.links.uses import Target
from codebase_gardener.knowledge.modules.constants import Constants
from codebase_gardener.knowledge.modules.descriptions import SaidOf, said_of
from codebase_gardener.knowledge.modules.drawings import module_drawings
from codebase_gardener.knowledge.modules.relations import Relations
from codebase_gardener.knowledge.modules.tree import Module, ModuleTree
from codebase_gardener.knowledge.pages.cited import PageSources
from codebase_gardener.knowledge.pages.inline_quotes import QuotableText
from codebase_gardener.knowledge.pages.markup import code, link_free, table
from codebase_gardener.knowledge.pages.quoting import inline
from codebase_gardener.knowledge.pages.structure import Edge, Page, Section
from codebase_gardener.knowledge.pages.wording import counted, enumerated, tallied
from codebase_gardener.languages.symbols import TYPES, Symbol
from codebase_gardener.languages.table import is_code, is_hidden, is_test, reads_symbols
from codebase_gardener.utils.identifiers import identifier_words

__all__ = ["ModulePages", "module_page"]

_DEPRECATED = re.compile(r"^\W*(?:[@\\]deprecated\b|Deprecated:|\.\. deprecated::)", re.MULTILINE)
_MOST_MEMBERS = 40
_MOST_LARGE = 6
_MOST_SHOWN = 4
_MOST_TESTS = 8
_MOST_CONSTANTS = 40
_SAME_NAME = 3
"""Files of a module that give the same name a value: then it is what each of them has to have, and told once."""
_MOST_IMPORTS = 6
_LONGEST_SIGNATURE = 120
_TEST_OF = re.compile(r"test_(\w+)\.\w+|(\w+)(?:_test|\.test|\.spec)\.\w+")
"""A file of tests, by the name of what it tests."""
_LONGEST_SAID = 200


@dataclass(frozen=True)
class ModulePages:
    """What the pages of modules are made from.

    Attributes:
        context: The repository with its links.
        tree: The modules.
        pages: The Implementation page of each API that has one, by what it documents.
        workflows: Of each Implementation's id, the workflows that have it as a step: title and file.
    """

    context: ApiContext
    tree: ModuleTree
    pages: Mapping[Target, Page] = field(default_factory=dict)
    workflows: Mapping[str, Sequence[tuple[str, str]]] = field(default_factory=dict)

    @cached_property
    def relations(self) -> Relations:
        """What the modules use of each other."""
        return Relations(self.tree, self.context)

    @cached_property
    def constants(self) -> Constants:
        """The constants that its files give to others."""
        return Constants(self.context)

    def quoted(self, path: str, text: str, most: int = _LONGEST_SAID) -> str:
        """A text in quotation marks, where the file says it as the verifier looks for it; "" elsewhere."""
        if path not in self._texts:
            self._texts[path] = QuotableText(self.context.repository.texts[path])
        said = inline(text, most)
        return f"“{said}”" if said and self._texts[path].says(said) else ""

    def described(self, symbol: Symbol) -> str:
        """What the docstring of a definition says first, in quotation marks, with what it is deprecated for."""
        says = documented(symbol)
        said = self.quoted(symbol.path, says.summary)
        taken_back = self.quoted(symbol.path, says.deprecation) if said else ""
        return f"{said} It is deprecated: {taken_back}" if taken_back else said

    @cached_property
    def _texts(self) -> dict[str, QuotableText]:
        return {}


def module_page(module: Module, given: ModulePages) -> Page:
    """The page of a module."""
    sources = PageSources(given.context.repository)
    said = said_of(module, given.context.repository)
    where = sources.cite(said.path, said.start, said.end) if said else ""
    symbols = _symbols(module, given.context)
    public, internal = _outer(symbols, given)
    return Page(
        type="Module",
        name=module.name,
        title=module.title,
        overview=_overview(module, said, public, internal, given, sources),
        description=_description(module, said, where, given, sources),
        usage=_usage(module, public, given),
        sections=(
            Section(
                "Public Surface",
                (
                    _surface(public, internal, symbols, given, sources)
                    if public or internal
                    else _handed_out(module, given)
                )
                + _constants(module, given, sources),
            ),
            Section("Uses and Used By", _relations(module, given, sources)),
            Section(
                "Diagram",
                module_drawings(module, given.relations, lambda at: sources.cite(at.path, at.start, at.end)),
            ),
            Section("Definitions", _definitions(symbols, given, sources)),
            Section("Tests", _tests(module, given, sources)),
        ),
        edges=tuple(_edges(module, given)),
        sources=sources.all(),
        domains=tuple(sorted({word.lower() for word in identifier_words(module.path) if len(word) > 2})),
    )


def _symbols(module: Module, context: ApiContext) -> list[Symbol]:
    """Its definitions, each name once, in order of path and line."""
    preferred = context.repository.symbols
    found = (
        symbol
        for path in module.files
        for symbol in context.repository.facts[path].symbols
        if preferred.get((path, symbol.qualified_name)) is symbol and not is_test(symbol)
    )
    return list(found)


def _outer(symbols: Sequence[Symbol], given: ModulePages) -> tuple[list[Symbol], list[Symbol]]:
    """What it offers at its outer level, and what lies in private files for the package's own use, most used first."""
    names = {symbol.qualified_name for symbol in symbols}
    outer = [
        symbol
        for symbol in symbols
        if symbol.public
        and not is_hidden(symbol)
        and not symbol.name.startswith("__")
        and symbol.qualified_name.rpartition(".")[0] not in names
    ]
    outer.sort(key=lambda symbol: _rank(symbol, given))
    internal = [symbol for symbol in outer if _is_internal(symbol, given)]
    return [symbol for symbol in outer if symbol not in internal], internal


def _is_internal(symbol: Symbol, given: ModulePages) -> bool:
    """Whether it lies in a private file, no package exports it, and it has no page."""
    target = given.context.target(symbol)
    hidden = any(part.startswith("_") and not part.startswith("__") for part in symbol.path.split("/"))
    return hidden and target not in given.context.resolution.exported and target not in given.pages


def _rank(symbol: Symbol, given: ModulePages) -> tuple[object, ...]:
    target = given.context.target(symbol)
    return (
        bool(_DEPRECATED.search(symbol.docstring or "")),
        target not in given.pages,
        -len(given.context.uses.get(target, ())),
        -given.relations.times(target),
        symbol.path,
        symbol.start,
    )


def _nameless(module: Module, given: ModulePages) -> str:
    """Of a language whose definitions are not read nothing is known of what it offers."""
    files = counted(len(module.files), "file")
    languages = {given.context.repository.facts[path].language for path in module.files}
    unread = sorted(language for language in languages if is_code(language) and not reads_symbols(language))
    if unread:
        return f"has {files} of code; definitions in {enumerated(list(map(code, unread)), len(unread))} are not read."
    if offered := [code(name) for name, _ in _offered(module, given)]:
        return f"offers {counted(len(offered), 'name')}: {tallied(offered, _MOST_SHOWN)}."
    return f"defines nothing public: {files} of code."


def _offered(module: Module, given: ModulePages) -> list[tuple[str, Target | None]]:
    """The names that its files list as what they hand out, most used first; what each means, where that is known."""
    context = given.context
    exported = {target: len(context.uses.get(target, ())) for target in context.resolution.exported}
    meant: dict[str, Target] = {}
    for target in sorted(exported, key=lambda one: -exported[one]):
        meant.setdefault(context.resolution.exported[target].rpartition(".")[2], target)
    listed = dict.fromkeys(name for path in module.files for name in context.repository.facts[path].exports)
    found = [(name, meant.get(name)) for name in listed]
    return sorted(found, key=lambda row: -exported[row[1]] if row[1] else 0)


def _overview(
    module: Module,
    said: SaidOf | None,
    public: Sequence[Symbol],
    internal: Sequence[Symbol],
    given: ModulePages,
    sources: PageSources,
) -> str:
    """In the authors' words for the whole; what they say of one definition of many says nothing of the others."""
    what = code(module.title)
    quoted = given.quoted(said.path, said.sentence, 300) if said else ""
    if quoted:
        return f"{what} is what the authors describe as: {quoted}"
    held = f"{what} holds {counted(len(public), 'public definition')}"
    if len(module.files) > 1:
        held += f" in {counted(len(module.files), 'file')}"
    names = [code(symbol.qualified_name) for symbol in public]
    if internal and not public:
        named = [code(symbol.qualified_name) for symbol in internal]
        own = f"{counted(len(internal), 'definition')} for the package's own use"
        return f"{what} holds {own}: {tallied(named, _MOST_SHOWN)}."
    if not public:
        return f"{what} {_nameless(module, given)}"
    told = f"{held}: {tallied(names, _MOST_SHOWN)}."
    about = [one for one in public if len(set(names)) == 1 or _is_named_after(module, one)][:1]
    for symbol in about:
        if quoted := given.described(symbol):
            sources.cite_docstring(symbol)
            return f"{told} Its {code(symbol.qualified_name)} is described as: {quoted}"
    return told


def _is_named_after(module: Module, symbol: Symbol) -> bool:
    """Whether a file is called like a definition in it: `src/number.rs` of `Number`."""
    stem = module.path.rpartition("/")[2].partition(".")[0]
    return module.path in module.files and identifier_words(stem.lower()) == [
        word.lower() for word in identifier_words(symbol.name)
    ]


def _description(
    module: Module, said: SaidOf | None, where: str, given: ModulePages, sources: PageSources
) -> str:
    repository = given.context.repository
    lines = sum(repository.facts[path].lines for path in module.files)
    parts = [
        f"{counted(len(module.files), 'file')} of code, {counted(lines, 'line')}"
        + (
            f"; the authors' words stand in {where}."
            if where
            else "; its authors say nothing of it as a whole."
        )
    ]
    if len(module.files) > 1:
        parts.append(
            table(
                ("File", "Lines", "What it is for"),
                (
                    (code(path), str(repository.facts[path].lines), _purpose(path, given, sources))
                    for path in module.files
                ),
            )
        )
    inside = given.tree.children(module)
    if inside:
        parts.append("Inside it lie " + ", ".join(_link(one) for one in inside) + ".")
    if module.parent is not None:
        parts.append(f"It is a part of {_link(given.tree.by_path[module.parent])}.")
    return "\n\n".join(parts)


def _purpose(path: str, given: ModulePages, sources: PageSources) -> str:
    """What a file says that it is for, else its largest definitions."""
    facts = given.context.repository.facts[path]
    quoted = given.quoted(path, facts.purpose)
    if quoted:
        sources.cite(path, 1, min(facts.lines, 1))  # the words are looked for in the file
        return quoted
    outer = [symbol for symbol in facts.symbols if "." not in symbol.qualified_name]
    outer.sort(key=lambda symbol: (symbol.start - symbol.end, symbol.start))
    names = list(dict.fromkeys(symbol.name for symbol in outer))
    return enumerated([code(name) for name in names[:_MOST_SHOWN]], len(names)) if names else ""


def _usage(module: Module, public: Sequence[Symbol], given: ModulePages) -> str:
    statements = list(
        dict.fromkeys(
            statement
            for symbol in public
            if (statement := import_of(given.context.target(symbol), given.context))
        )
    )
    parts = []
    if statements:
        shown = [code(one) for one in statements[:_MOST_IMPORTS]]
        parts.append(f"Imported with {enumerated(shown, len(statements))}.")
    flows = dict.fromkeys(
        flow
        for target, page in given.pages.items()
        if given.tree.of_file.get(target.path) == module
        for flow in given.workflows.get(page.id, ())
    )
    if flows:
        links = [f"[{link_free(title)}](../{file})" for title, file in flows]
        parts.append(f"A step of {enumerated(links[:_MOST_LARGE], len(links))}.")
    return "\n\n".join(parts) or "No statement that imports it is known."


def _handed_out(module: Module, given: ModulePages) -> str:
    """Of a module that defines nothing for others: the names that it lists, each with the page of what it means."""
    offered = _offered(module, given)
    if not offered:
        return "Nothing in it is public."
    named = [
        f"[{code(name)}](../{given.pages[target].file})" if target and target in given.pages else code(name)
        for name, target in offered[:_MOST_MEMBERS]
    ]
    return (
        f"It defines nothing public itself; the names that it hands out: {enumerated(named, len(offered))}."
    )


def _surface(
    public: Sequence[Symbol],
    internal: Sequence[Symbol],
    symbols: Sequence[Symbol],
    given: ModulePages,
    sources: PageSources,
) -> str:
    members: dict[str, list[Symbol]] = {}
    for symbol in symbols:
        owner, _, name = symbol.qualified_name.rpartition(".")
        if owner and symbol.public and not is_hidden(symbol) and not name.startswith("__"):
            members.setdefault(owner, []).append(symbol)
    told = {
        heading: table(
            ("Definition", "What it is", "Where"),
            (
                (
                    _named(symbol, symbol.qualified_name, given),
                    _told(symbol, members.get(symbol.qualified_name, ()), given, sources),
                    sources.cite_symbol(symbol),
                )
                for symbol in listed
            ),
        )
        for heading, listed in (("", public), ("### For its own use\n\n", internal))
        if listed
    }
    own = "" if public else "Nothing in it is public."
    return "\n\n".join(filter(None, (own, *(f"{heading}{rows}" for heading, rows in told.items()))))


def _constants(module: Module, given: ModulePages, sources: PageSources) -> str:
    """A line for each constant; where there are many, those that are used or described first."""
    every = list(given.constants.of_files(module.files))
    named = Counter(one.name for one in every)
    firsts = {one.name: one for one in reversed(every)}
    found = [one for one in every if named[one.name] < _SAME_NAME or firsts[one.name] is one]
    if not found:
        return ""
    times = {id(one): given.relations.times(given.context.target(one)) for one in found}
    order = sorted(found, key=lambda one: (-times[id(one)], not one.docstring, one.path, one.start))
    kept = {id(one) for one in order[:_MOST_CONSTANTS]}
    rows = [
        (
            _constant_name(one, given),
            _given_value(one, named[one.name], given, sources),
            sources.cite(one.path, one.start, one.end),
        )
        for one in found
        if id(one) in kept
    ]
    more = len(found) - len(rows)
    rest = f"\n\nAnd {counted(more, 'further constant')}." if more else ""
    return f"\n\n### Constants\n\n{table(('Constant', 'Value', 'Where'), rows)}{rest}"


def _constant_name(one: Symbol, given: ModulePages) -> str:
    """With the name that users import it by, where that is another."""
    public = given.context.names.get(given.context.target(one), "")
    return code(one.name) + (
        f", to users {code(public)}" if public.rpartition(".")[2] not in ("", one.name) else ""
    )


def _given_value(one: Symbol, times: int, given: ModulePages, sources: PageSources) -> str:
    quoted = given.described(one)
    told = code(one.signature) + (f" {quoted}{sources.said_at(one)}" if quoted else "")
    return f"{told}; {times - 1} other files give one, too" if times >= _SAME_NAME else told


def _named(symbol: Symbol, name: str, given: ModulePages) -> str:
    page = given.pages.get(given.context.target(symbol))
    return f"[{code(name)}](../{page.file})" if page else code(name)


def _told(symbol: Symbol, members: Sequence[Symbol], given: ModulePages, sources: PageSources) -> str:
    signature = code(textwrap.shorten(symbol.signature, _LONGEST_SIGNATURE, placeholder=" …"))
    quoted = given.described(symbol)
    said = f"{quoted}{sources.said_at(symbol)}" if quoted else signature
    if given.context.target(symbol) not in given.pages:
        said += _fields(symbol, given, sources)
    if symbol.kind in TYPES and members:
        ordered = sorted(members, key=lambda one: given.context.target(one) not in given.pages)
        named = [_named(one, one.name, given) for one in ordered[:_MOST_MEMBERS]]
        said += f" Members: {enumerated(named, len(members))}."
    return said


def _fields(symbol: Symbol, given: ModulePages, sources: PageSources) -> str:
    """What users may read and set of a type, where no page of its own tells it."""
    found = fields_of(symbol, given.context)
    told = []
    for one in found[:_MOST_MEMBERS]:
        quoted = given.described(one)
        where = sources.cite(one.path, min(one.docstring_start or one.start, one.start), one.end)
        told.append(f"{code(one.name)} {quoted} ({where})" if quoted else f"{code(one.name)} ({where})")
    return f" Fields: {enumerated(told, len(found))}." if told else ""


def _relations(module: Module, given: ModulePages, sources: PageSources) -> str:
    relations, tree = given.relations, given.tree
    parts = []
    for heading, pairs, none_found in (
        # what it only hands on from another module is no use
        ("Uses", relations.uses(module), "No use of another module's definitions was found in its code."),
        (
            "Used by",
            relations.used_by(module),
            "No use of its definitions was found in another module's code.",
        ),
    ):
        ordered = sorted(pairs.items(), key=lambda item: (-item[1].total(), item[0]))
        lines = [
            f"* {_link(tree.by_path[path])}: {_names_of(targets)}, {counted(targets.total(), 'time')}"
            + _first_at(user, used, given, sources)
            for path, targets in ordered
            for other in [tree.by_path[path]]
            for user, used in [(module, other) if heading == "Uses" else (other, module)]
        ]
        parts.append(f"### {heading}\n\n" + ("\n".join(lines) or none_found))
    return "\n\n".join(parts)


def _first_at(user: Module, used: Module, given: ModulePages, sources: PageSources) -> str:
    at = given.relations.lines_between(user, used)
    return f", first at {sources.cite(at.path, at.start, at.end)}" if at else ""


def _names_of(targets: Counter[Target]) -> str:
    by_use = sorted(targets.items(), key=lambda item: (-item[1], item[0]))
    names = list(dict.fromkeys(target.name or target.path for target, _ in by_use))
    return enumerated([code(name) for name in names[:_MOST_SHOWN]], len(names))


def _link(module: Module) -> str:
    return f"[{code(module.title)}](../modules/{module.name}.md)"


def _definitions(symbols: Sequence[Symbol], given: ModulePages, sources: PageSources) -> str:
    if not symbols:
        return "It defines nothing."
    times = {id(symbol): given.relations.times(given.context.target(symbol)) for symbol in symbols}
    large = sorted(symbols, key=lambda one: (one.start - one.end, one.path, one.start))[:_MOST_LARGE]
    used = sorted(symbols, key=lambda one: (-times[id(one)], one.path, one.start))[:_MOST_LARGE]
    parts = []
    for heading, found in (("Largest", large), ("Most used", [one for one in used if times[id(one)]])):
        rows = [
            (
                _named(one, one.qualified_name, given), one.kind, str(one.end - one.start + 1),
                str(times[id(one)]), sources.cite_symbol(one),
            )
            for one in found
        ]  # fmt: skip
        if rows:
            parts.append(f"### {heading}\n\n" + table(("Definition", "Kind", "Lines", "Uses", "Where"), rows))
    return "\n\n".join(parts)


def _tests(module: Module, given: ModulePages, sources: PageSources) -> str:
    found = given.relations.tests(module)
    named = {
        path: of
        for path, of in _tests_by_name(module, given)
        if path not in found or of.rpartition("/")[2].startswith("_")
        if given.context.repository.facts[path].lines
    }
    if not found and not named:
        return "No test was found that uses its definitions by their names."
    rows = []
    for path, passages in list(found.items())[:_MOST_TESTS]:
        first = min(passages, key=lambda one: (-_uses_of(module, one, given), one.start))
        where = sources.cite(first.path, first.start, first.end)
        rows.append((code(path), str(len(passages)), where))
    text = table(("File", "Tests that use it", "The one that uses most of it"), rows) if rows else ""
    more = len(found) - len(rows)
    text += f"\n\nFurther files with such tests: {more}." if more else ""
    by_name = [
        f"{code(path)} is named after {code(of)}, and has {_tests_in(path, given)} ({sources.cite(path, 1, 1)})."
        for path, of in list(named.items())[:_MOST_TESTS]
    ]
    return "\n\n".join(filter(None, (text, *by_name)))


def _tests_in(path: str, given: ModulePages) -> str:
    facts = given.context.repository.facts[path]
    return counted(sum(map(is_test, facts.symbols)) + len(facts.tests), "test")


def _tests_by_name(module: Module, given: ModulePages) -> Iterator[tuple[str, str]]:
    """Files of tests that are called like one file of the module: `test_checkers.py` like `_checkers.py`."""
    stems = {path.rpartition("/")[2].partition(".")[0].strip("_"): path for path in module.files}
    for path, area in sorted(given.context.repository.areas.items()):
        found = _TEST_OF.fullmatch(path.rpartition("/")[2]) if area == "tests" else None
        of = stems.get(next(filter(None, found.groups()))) if found else None
        if of is not None and of.rpartition(".")[2] == path.rpartition(".")[2]:
            yield path, of


def _uses_of(module: Module, passage: object, given: ModulePages) -> int:
    uses = getattr(passage, "uses", ())
    return len({use.target for use in uses if given.tree.of_file.get(use.target.path) == module})


def _edges(module: Module, given: ModulePages) -> list[Edge]:
    name_of = {one.path: f"Module:{one.name}" for one in given.tree.modules}
    edges = [Edge("contains", name_of[one.path]) for one in given.tree.children(module)]
    edges += sorted(
        Edge("contains", page.id)
        for target, page in given.pages.items()
        if given.tree.of_file.get(target.path) == module
    )
    edges += [Edge("uses", name_of[path]) for path in sorted(given.relations.uses(module))]
    return list(dict.fromkeys(edges))
