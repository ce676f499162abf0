"""Constants that are functions in truth: `const fire = heated(kiln)`, which others import and call as `fire(pot)`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from msgspec import structs

from codebase_gardener.knowledge.links.families import spaces_of, units_of
from codebase_gardener.knowledge.sources.file_facts import FileFacts
from codebase_gardener.knowledge.sources.repository_facts import areas_of
from codebase_gardener.languages.engine.brackets import named_types
from codebase_gardener.languages.engine.called import tree_called, tree_called_types
from codebase_gardener.languages.engine.linker import Linker
from codebase_gardener.languages.engine.spaces import Space
from codebase_gardener.languages.meanings import Place
from codebase_gardener.languages.signatures import typed_parameters
from codebase_gardener.languages.symbols import Symbol
from codebase_gardener.languages.table import FAMILIES, family_of
from codebase_gardener.utils.anchors import split_lines

__all__ = ["with_called_constants"]

_LAST_LINE = 10**9


def with_called_constants(facts: Mapping[str, FileFacts], texts: Mapping[str, str]) -> dict[str, FileFacts]:
    """The public constants of a package that another file, or a document, imports and calls: they are functions.

    Args:
        facts: By path.
        texts: By path.
    """
    made = {
        (path, one.qualified_name): one
        for path, file in facts.items()
        if (family := FAMILIES.get(family_of(file.language))) is not None and family.makes_functions
        for one in file.constants
        if one.public
    }
    areas = areas_of(facts) if made else {}
    constants = {place: one for place, one in made.items() if areas[place[0]] == "package"}
    if not constants:
        return dict(facts)
    found: dict[str, list[Symbol]] = defaultdict(list)
    spaces = {space.key: space for space in spaces_of(facts, areas)}
    ours = {path for path, area in areas.items() if area == "package"}
    for name in sorted({family_of(one.language) for one in constants.values()}):
        of_family = {key: space for key, space in spaces.items() if space.family == name}
        own = frozenset(key for key, space in of_family.items() if space.is_file and key in ours)
        family = FAMILIES[name]
        links = Linker(of_family, units_of(facts, family), family, own)
        called = {place for space in of_family.values() for place in _called(space, links, constants)}
        for place in sorted(called):
            found[place[0]].append(_as_function(constants[place], of_family[place[0]], links, facts, texts))
    return {path: _with(file, found[path]) if path in found else file for path, file in facts.items()}


def _called(space: Space, links: Linker, constants: Collection[Place]) -> Iterator[Place]:
    """The constants that a file, or a document's code, imports and calls."""
    first = {reference.name.partition(".")[0] for reference in space.references if reference.kind == "call"}
    imported = first & set(space.imports)
    for name in {one.name for one in space.references if one.kind == "call"} if imported else ():
        meant = links.trace(space, "", name, _LAST_LINE) if name.partition(".")[0] in imported else None
        if meant is not None and meant.kind == "module":
            meant = links.offered(meant.path, "default")
        if meant is None or meant.kind != "constant" or meant.path == space.key:
            continue
        if (meant.path, meant.name) in constants:
            yield meant.path, meant.name


def _as_function(
    one: Symbol, space: Space, links: Linker, facts: Mapping[str, FileFacts], texts: Mapping[str, str]
) -> Symbol:
    """It keeps its own comment; how it is called its type says, where one is known."""
    made = structs.replace(one, kind="function")
    told = _declared(one, space, links, facts, texts)
    if told is None:
        return made
    needed = tuple(each.name for each in typed_parameters(told) if each.required)
    return structs.replace(made, declared=told, parameters=needed, returns=told.returns)


def _declared(
    one: Symbol, space: Space, links: Linker, facts: Mapping[str, FileFacts], texts: Mapping[str, str]
) -> Symbol | None:
    """The signatures of the first of its types that is called."""
    for written in tree_called_types(one, split_lines(texts[one.path])[one.start - 1 : one.end]):
        names, near = [written], space
        if written.endswith("()"):
            maker = links.trace(space, "", written.removesuffix("()"), _LAST_LINE)
            made_by = _symbol(maker.path, maker.name, facts) if maker is not None else None
            if maker is None or made_by is None or not made_by.returns:
                continue
            names, near = named_types(made_by.returns)[:1], links.space(maker.path)
        for name in names:
            meant = links.trace(near, "", name, _LAST_LINE)
            kind = _symbol(meant.path, meant.name, facts) if meant is not None else None
            lines = split_lines(texts[kind.path])[kind.start - 1 : kind.end] if kind is not None else []
            if kind is not None and (told := tree_called(kind, lines, one.name)) is not None:
                return told
    return None


def _symbol(path: str, name: str, facts: Mapping[str, FileFacts]) -> Symbol | None:
    file = facts.get(path)
    return (
        next((one for one in file.symbols if one.qualified_name == name), None) if file is not None else None
    )


def _with(file: FileFacts, functions: list[Symbol]) -> FileFacts:
    names = {one.qualified_name for one in functions}
    symbols = sorted((*file.symbols, *functions), key=lambda one: one.start)
    rest = tuple(one for one in file.constants if one.qualified_name not in names)
    bindings = tuple(one for one in file.bindings if one.scope or one.name not in names)
    return replace(file, symbols=tuple(symbols), constants=rest, bindings=bindings)
