"""All links of the languages that tree-sitter reads, put together: references, public names, statements, tests."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from codebase_gardener.documents.facts import Snippet
from codebase_gardener.knowledge.sources.file_facts import FileFacts
from codebase_gardener.languages.engine.linker import Linker
from codebase_gardener.languages.engine.spaces import Space
from codebase_gardener.languages.engine.units import Units
from codebase_gardener.languages.meanings import Offer, Place
from codebase_gardener.languages.rows import Family
from codebase_gardener.languages.symbols import Symbol
from codebase_gardener.languages.table import FAMILIES, LANGUAGES, family_of, is_hidden

__all__ = ["FamilyLinks", "link_families", "spaces_of", "units_of"]


@dataclass(frozen=True)
class FamilyLinks:
    """What is known of the other languages' names.

    Attributes:
        spaces: Files, and documents with their code, by key.
        links: Of each family that the package has files of.
        public: Dotted name to place.
        exported: Place to dotted name, types and functions alone; not of a module that is the package's own matter.
        statements: Place to the statement that imports it.
        inside: Place to the statement by which files of the package itself import it.
        languages: Of the code blocks that are linked.
        bases: Place of a type to the places of those that it extends or implements.
        remarks: Place of an interface to what is said in place of the types that implement it.
    """

    spaces: Mapping[str, Space] = field(default_factory=dict)
    links: Mapping[str, Linker] = field(default_factory=dict)
    public: Mapping[str, Place] = field(default_factory=dict)
    exported: Mapping[Place, str] = field(default_factory=dict)
    statements: Mapping[Place, str] = field(default_factory=dict)
    inside: Mapping[Place, str] = field(default_factory=dict)
    languages: frozenset[str] = frozenset()
    bases: Mapping[Place, tuple[Place, ...]] = field(default_factory=dict)
    remarks: Mapping[Place, str] = field(default_factory=dict)


def link_families(facts: Mapping[str, FileFacts], areas: Mapping[str, str]) -> FamilyLinks:
    """Link the files of the other languages.

    Args:
        facts: By path.
        areas: Of each path; what a compiler wrote is no "package".
    """
    families = sorted(
        {f for path, area in areas.items() if area == "package" and (f := family_of(facts[path].language))}
    )
    if not families:
        return FamilyLinks()
    spaces = {space.key: space for space in spaces_of(facts, areas) if space.family in families}
    ours = {path for path, area in areas.items() if area == "package"}
    links: dict[str, Linker] = {}
    public: dict[str, Place] = {}
    exported: dict[Place, str] = {}
    statements: dict[Place, str] = {}
    inside: dict[Place, str] = {}
    bases: dict[Place, tuple[Place, ...]] = {}
    remarks: dict[Place, str] = {}
    for name in families:
        family = FAMILIES[name]
        of_family = {key: space for key, space in spaces.items() if space.family == name}
        own = {key: space for key, space in of_family.items() if space.is_file and key in ours}
        units = units_of(facts, family)
        links[name] = Linker(of_family, units, family, frozenset(own))
        files = {key: space for key, space in of_family.items() if space.is_file}
        if family.fulfilled is None:
            bases |= _bases(links[name], files)
        else:
            fulfilled = family.fulfilled(links[name], files)
            bases |= _grouped(fulfilled.pairs)
            remarks |= fulfilled.remarks
        found = _offers(family, links[name], own)
        exported |= {place: offer.name for place, offer in found.items() if not _is_inner(offer)}
        offered = (found | _members_of(found, own)).items()
        for place, offer in sorted(offered, key=lambda row: own[row[0][0]].left_out):
            public.setdefault(offer.name, place)
            statements[place] = offer.statement
        for place, statement in family.inside(links[name], own):
            inside.setdefault(place, statement)
    languages = frozenset(language for language in LANGUAGES if family_of(language) in families)
    return FamilyLinks(spaces, links, public, exported, statements, inside, languages, bases, remarks)


def _bases(links: Linker, files: Mapping[str, Space]) -> dict[Place, tuple[Place, ...]]:
    """What types say that they extend and implement."""
    found: list[tuple[Place, Place]] = []
    for path, space in files.items():
        for name, symbol in space.symbols.items():
            for text in symbol.bases:
                base = links.base(space, name, text)
                if base is not None and (base.path, base.name) != (path, name):
                    found.append(((path, name), (base.path, base.name)))
    return _grouped(found)


def _grouped(pairs: Iterable[tuple[Place, Place]]) -> dict[Place, tuple[Place, ...]]:
    found: dict[Place, dict[Place, None]] = defaultdict(dict)
    for one, above in pairs:
        found[one][above] = None
    return {one: tuple(above) for one, above in found.items()}


def units_of(facts: Mapping[str, FileFacts], family: Family) -> Units:
    """Which files imports of a family mean."""
    by_depth = sorted(facts.items(), key=lambda item: (item[0].count("/"), item[0]))
    entries = [
        (path.rpartition("/")[0], entry.name, entry.path)
        for path, each in by_depth
        for entry in each.entries
        if family_of(entry.language) == family.name
    ]
    return Units(family, (p for p, each in facts.items() if family_of(each.language) == family.name), entries)


def spaces_of(facts: Mapping[str, FileFacts], areas: Mapping[str, str]) -> Iterator[Space]:
    """Of each file of such a language and of each definition's examples in it; of a document's code, one a family."""
    for path, area in areas.items():
        file = facts[path]
        family = family_of(file.language)
        if family:
            yield _of_file(file, area, family)
            by_scope: dict[str, list[Snippet]] = defaultdict(list)
            for snippet in file.snippets:
                by_scope[snippet.scope].append(snippet)
            for scope, shown in by_scope.items():
                yield _of_snippets(f"{path}#{scope}", path, area, family, shown)
            continue
        blocks: dict[str, list[Snippet]] = defaultdict(list)
        for snippet in file.snippets:
            named = family_of(snippet.language)
            if named and snippet.references:
                blocks[named].append(snippet)
        for named, snippets in sorted(blocks.items()):
            yield _of_snippets(f"{path}#{named}", path, area, named, snippets)


def _of_snippets(key: str, path: str, area: str, family: str, snippets: Iterable[Snippet]) -> Space:
    space = Space(key, path, area, family, is_file=False)
    for snippet in snippets:
        space.add(snippet.imports, snippet.bindings, snippet.references, (snippet.start, snippet.end))
    return space


def _of_file(facts: FileFacts, area: str, family: str) -> Space:
    space = Space(facts.path, facts.path, area, family, is_file=True)
    for symbol in facts.symbols:
        if symbol.kind == "macro":
            if symbol.qualified_name not in space.macros or not symbol.left_out:
                space.macros[symbol.qualified_name] = symbol
            continue
        known = space.symbols.get(symbol.qualified_name)
        if known is not None:
            space.variants.setdefault(symbol.qualified_name, [known]).append(symbol)
        if (
            known is None
            or (known.left_out and not symbol.left_out)
            or (known.is_declaration and not symbol.is_declaration)
            or _is_of_literal(known, symbol)
            or (symbol.public and not known.public)
        ):
            space.symbols[symbol.qualified_name] = symbol
    closed = {symbol.qualified_name for symbol in facts.symbols if not symbol.public}
    space.inner = {name for name in closed if name in space.symbols and space.symbols[name].public}
    owners = {name.rpartition(".")[0].rpartition(".")[2] for name in space.symbols}
    bindings = (
        one for one in facts.bindings if one.how != "def" or one.name not in owners
    )  # it has methods here
    space.add(facts.imports, bindings, facts.references)
    space.exports = facts.exports
    space.tests = facts.tests
    space.left_out = facts.left_out
    space.names = frozenset(facts.names)
    return space


def _is_of_literal(known: Symbol, symbol: Symbol) -> bool:
    """Whether the first of two is a method without an owner (of an object literal), and the second one is not."""
    return known.kind == "method" != symbol.kind and "." not in known.qualified_name


def _offers(family: Family, links: Linker, spaces: Mapping[str, Space]) -> dict[Place, Offer]:
    """Everything of a family that users can import, methods left out; each with its shortest name.

    Of the names that a module has for it, its own comes first.

    Args:
        family: Its row.
        links: Of the family.
        spaces: Of the package's own files, by path, those that a compiler wrote left out.
    """
    found: dict[Place, Offer] = {}
    offers = ((place, offer) for place, offer in family.offers(links, spaces) if place[0] in spaces)
    for place, offer in sorted(offers, key=lambda row: _by_length(*row)):
        found.setdefault(place, offer)
    return found


def _is_inner(offer: Offer) -> bool:
    """Whether its module says by an underscore that it is the package's own matter."""
    return any(part.startswith("_") for part in re.split(r"[./]", offer.name.rpartition(".")[0]))


def _by_length(place: Place, offer: Offer) -> tuple[int, int, bool, int, str, Place]:
    module, _, name = offer.name.rpartition(".")
    return offer.name.count("."), len(module), name != place[1], len(name), name, place


def _members_of(found: Mapping[Place, Offer], spaces: Mapping[str, Space]) -> dict[Place, Offer]:
    """The open methods of types that are offered: under their type, by its statement."""
    by_folder = {(path.rpartition("/")[0], name): offer for (path, name), offer in sorted(found.items())}
    methods: dict[Place, Offer] = {}
    for path, space in spaces.items():
        for qualified, symbol in space.symbols.items():
            owner, _, name = qualified.rpartition(".")
            if not owner or symbol.kind != "method" or is_hidden(symbol) or name == owner:
                continue
            offer = found.get((path, owner)) or by_folder.get((path.rpartition("/")[0], owner))
            if offer is not None:
                methods[path, qualified] = Offer(f"{offer.name}.{name}", offer.statement)
    return methods
