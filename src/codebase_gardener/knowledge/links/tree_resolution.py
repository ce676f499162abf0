"""All links of the languages that tree-sitter reads, put together: references, public names, statements, tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from codebase_gardener.knowledge.links.tree_links import TreeLinks
from codebase_gardener.knowledge.links.tree_spaces import TreeSpace, tree_spaces
from codebase_gardener.knowledge.links.tree_units import TreeUnits
from codebase_gardener.knowledge.sources.file_facts import FileFacts
from codebase_gardener.languages.facts import Reference
from codebase_gardener.languages.linking import Entity, Offer, Place
from codebase_gardener.languages.rows import Family
from codebase_gardener.languages.table import FAMILIES, LANGUAGES, family_of, is_hidden

__all__ = ["TreeResolution", "tree_resolution"]


@dataclass(frozen=True)
class TreeResolution:
    """What is known of the other languages' names.

    Attributes:
        spaces: Files, and documents with their code, by key.
        links: Of each family that the package has files of.
        public: Dotted name to place.
        exported: Place to dotted name, types and functions alone.
        statements: Place to the statement that imports it.
        languages: Of the code blocks that are linked.
    """

    spaces: Mapping[str, TreeSpace] = field(default_factory=dict)
    links: Mapping[str, TreeLinks] = field(default_factory=dict)
    public: Mapping[str, Place] = field(default_factory=dict)
    exported: Mapping[Place, str] = field(default_factory=dict)
    statements: Mapping[Place, str] = field(default_factory=dict)
    languages: frozenset[str] = frozenset()

    def of(self, space: TreeSpace) -> Iterator[tuple[Reference, Entity | None]]:
        """The references of a space with what they mean."""
        return self.links[space.family].of(space)


def tree_resolution(facts: Mapping[str, FileFacts], areas: Mapping[str, str]) -> TreeResolution:
    """Link the files of the other languages.

    Args:
        facts: By path.
        areas: Of each path; what a compiler wrote is no "package".
    """
    families = sorted(
        {f for path, area in areas.items() if area == "package" and (f := family_of(facts[path].language))}
    )
    if not families:
        return TreeResolution()
    spaces = {space.key: space for space in tree_spaces(facts, areas) if space.family in families}
    ours = {path for path, area in areas.items() if area == "package"}
    links: dict[str, TreeLinks] = {}
    public: dict[str, Place] = {}
    exported: dict[Place, str] = {}
    statements: dict[Place, str] = {}
    for name in families:
        family = FAMILIES[name]
        of_family = {key: space for key, space in spaces.items() if space.family == name}
        own = {key: space for key, space in of_family.items() if space.is_file and key in ours}
        units = TreeUnits(facts, family)
        links[name] = TreeLinks(of_family, units, family, frozenset(own))
        links[name].name_roots(family.root_names(units))
        found = _offers(family, links[name], own)
        exported |= {place: offer.name for place, offer in found.items()}
        for place, offer in (found | _members_of(found, own)).items():
            public.setdefault(offer.name, place)
            statements[place] = offer.statement
    languages = frozenset(language for language in LANGUAGES if family_of(language) in families)
    return TreeResolution(spaces, links, public, exported, statements, languages)


def _offers(family: Family, links: TreeLinks, spaces: Mapping[str, TreeSpace]) -> dict[Place, Offer]:
    """Everything of a family that users can import, methods left out; each with its shortest name.

    Args:
        family: Its row.
        links: Of the family.
        spaces: Of the package's own files, by path, those that a compiler wrote left out.
    """
    found: dict[Place, Offer] = {}
    rows = [
        (offer.name.count("."), len(offer.name), offer.name, place, offer)
        for place, offer in family.offers(links, spaces)
        if place[0] in spaces
    ]
    for *_, place, offer in sorted(rows, key=lambda row: row[:4]):
        found.setdefault(place, offer)
    return found


def _members_of(found: Mapping[Place, Offer], spaces: Mapping[str, TreeSpace]) -> dict[Place, Offer]:
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
