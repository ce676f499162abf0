"""All links of the languages that tree-sitter reads, put together: references, public names, statements, tests."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from codebase_gardener.knowledge.links.entities import Entity
from codebase_gardener.knowledge.links.tree_links import TreeLinks
from codebase_gardener.knowledge.links.tree_offers import members_of, offers, root_names
from codebase_gardener.knowledge.links.tree_spaces import TreeSpace, tree_spaces
from codebase_gardener.knowledge.links.tree_units import TreeUnits
from codebase_gardener.knowledge.sources.facts import FileFacts
from codebase_gardener.languages.facts import Reference
from codebase_gardener.languages.families import FAMILIES, family_of

if TYPE_CHECKING:
    from codebase_gardener.knowledge.links.passages import PassageMaker
    from codebase_gardener.knowledge.links.resolution import Passage, Use

__all__ = ["TreeResolution", "tree_resolution", "tree_tests"]

Place = tuple[str, str]

_TITLED = re.compile(
    r"(?:it|test|Deno\.test)(?:\.\w+)?\s*\(\s*(?:\"([^\"]{1,120})\"|'([^']{1,120})'|`([^`]{1,120})`)"
)
_TITLED_NAMES = ("it", "test", "Deno.test", "test.only", "it.only", "test.concurrent")


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
    units = TreeUnits(facts)
    spaces = {space.key: space for space in tree_spaces(facts, areas) if space.family in families}
    ours = {path for path, area in areas.items() if area == "package"}
    links: dict[str, TreeLinks] = {}
    public: dict[str, Place] = {}
    exported: dict[Place, str] = {}
    statements: dict[Place, str] = {}
    for family in families:
        of_family = {key: space for key, space in spaces.items() if space.family == family}
        own = {key: space for key, space in of_family.items() if space.is_file and key in ours}
        links[family] = TreeLinks(of_family, units, family, frozenset(own))
        links[family].name_roots(root_names(family, units))
        found = offers(family, links[family], units, own)
        exported |= {place: offer.name for place, offer in found.items()}
        for place, offer in (found | members_of(found, own)).items():
            public.setdefault(offer.name, place)
            statements[place] = offer.statement
    languages = frozenset(language for family in families for language in FAMILIES[family].languages)
    return TreeResolution(spaces, links, public, exported, statements, languages)


def tree_tests(facts: FileFacts, uses: Sequence[Use], maker: PassageMaker, area: str) -> Iterator[Passage]:
    """One passage a test of a file: a test function, or a call `test("title", …)` of a script."""
    family = family_of(facts.language)
    if family == "script":
        yield from _script_tests(facts, uses, maker) if area == "tests" else ()
        return
    pattern = FAMILIES[family].test
    for symbol in facts.symbols:
        marks = " ".join([*(f"@{name}" for name in symbol.decorators), symbol.name])
        if symbol.kind not in ("function", "method") or not any(
            pattern.match(mark) for mark in marks.split(" ")
        ):
            continue
        if area == "tests" or family == "rust":
            inside = tuple(use for use in uses if symbol.start <= use.start and use.end <= symbol.end)
            shown = family == "go" and symbol.name.startswith("Example")
            yield maker.of_test(symbol, inside, "example" if shown else "test")


def _script_tests(facts: FileFacts, uses: Sequence[Use], maker: PassageMaker) -> Iterator[Passage]:
    for reference in facts.references:
        titled = _TITLED.match(reference.text) if reference.name in _TITLED_NAMES else None
        if titled is None:
            continue
        inside = tuple(use for use in uses if reference.start <= use.start and use.end <= reference.end)
        title = next(filter(None, titled.groups()))
        yield maker.of_lines(facts.path, reference.start, reference.end, title, "test", inside)
