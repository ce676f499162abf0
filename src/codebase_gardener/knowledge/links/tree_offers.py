"""What packages of Go, TypeScript, JavaScript, Rust, Java, C and C++ let others import, and by which statement."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from codebase_gardener.knowledge.links.tree_links import TreeLinks
from codebase_gardener.knowledge.links.tree_spaces import TYPES, TreeSpace
from codebase_gardener.knowledge.links.tree_units import TreeUnits
from codebase_gardener.languages.families import is_hidden

__all__ = ["Offer", "members_of", "offers", "root_names"]

Place = tuple[str, str]

MAX_MODULES = 20_000
_HEADER = re.compile(r"\.(?:h|hh|hpp|hxx|cuh)\Z")
_INCLUDED_FROM = re.compile(r"(?:^|.*/)(?:include|inc|src|lib)/(?=.)")
_GO_VERSION = re.compile(r"(?:/v\d+|\.v\d+)\Z")
_PLACES = ("class", "function", "constant")


@dataclass(frozen=True)
class Offer:
    """How users get at something.

    Attributes:
        name: With the package's name, as the language joins them by a dot: "zod.string", "cobra.Command".
        statement: That imports it.
    """

    name: str
    statement: str


@dataclass(frozen=True)
class _Family:
    links: TreeLinks
    units: TreeUnits
    spaces: Mapping[str, TreeSpace]  # of the package's own files


def offers(
    family: str, links: TreeLinks, units: TreeUnits, spaces: Mapping[str, TreeSpace]
) -> dict[Place, Offer]:
    """Everything of a family that users can import, methods left out; each with its shortest name.

    Args:
        family: A key of `FAMILIES`.
        links: Of the family.
        units: Of the snapshot.
        spaces: Of the package's own files, by path, those that a compiler wrote left out.
    """
    found: dict[Place, Offer] = {}
    rows = [
        (offer.name.count("."), len(offer.name), offer.name, place, offer)
        for place, offer in _OFFERS[family](_Family(links, units, spaces))
        if place[0] in spaces
    ]
    for *_, place, offer in sorted(rows, key=lambda row: row[:4]):
        found.setdefault(place, offer)
    return found


def members_of(found: Mapping[Place, Offer], spaces: Mapping[str, TreeSpace]) -> dict[Place, Offer]:
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


def root_names(family: str, units: TreeUnits) -> dict[str, str]:
    """Names that documents use for a package without an import, with their units."""
    if family == "go":
        return {
            name: key
            for key in sorted(units.files, reverse=True)
            if key.startswith("go:") and (name := _go_name(units.import_path(key)))
        }
    language = {"script": "javascript"}.get(family, family)
    return {
        name: path for (of, name), path in units.entries.items() if of == language and name.isidentifier()
    }


# ---- one function a family


def _script(family: _Family) -> Iterator[tuple[Place, Offer]]:
    entries = sorted(
        (name.count("/"), name, path)
        for (language, name), path in family.units.entries.items()
        if language == "javascript" and path in family.spaces
    )
    for _, module, path in entries:
        for name in _names(family, path):
            entity = family.links.offered(path, name)
            if entity is None or entity.kind not in _PLACES:
                continue
            shown = entity.name if name == "default" else name
            wanted = shown if name == "default" else f"{{ {name} }}"
            yield (entity.path, entity.name), Offer(f"{module}.{shown}", f'import {wanted} from "{module}";')
    if not entries:
        yield from _plain_scripts(family)


def _plain_scripts(family: _Family) -> Iterator[tuple[Place, Offer]]:
    """Without a packaging file: each file by its path."""
    for path, space in family.spaces.items():
        stem = re.sub(r"(?:\.d)?\.[cm]?[jt]sx?\Z", "", path)
        for name in space.exports:
            if name in space.symbols:
                yield (path, name), Offer(name, f'import {{ {name} }} from "./{stem}";')


def _names(family: _Family, path: str) -> list[str]:
    """The names that a script hands out, those that it passes on from others included."""
    names: dict[str, None] = {}
    pending = [path]
    seen: set[str] = set()
    while pending and len(seen) < MAX_MODULES:
        current = pending.pop(0)
        space = family.spaces.get(current)
        if space is None or current in seen:
            continue
        seen.add(current)
        names.update(dict.fromkeys(name for name in space.exports if name != "default" or current == path))
        pending += [family.units.find(star.module, current, "script") for star in space.stars]
    return list(names)


def _go(family: _Family) -> Iterator[tuple[Place, Offer]]:
    mains = {family.units.key(path) for path, space in family.spaces.items() if "main" in space.symbols}
    for path, space in family.spaces.items():
        key = family.units.key(path)
        module = family.units.import_path(key)
        if key in mains or "internal" in module.split("/") or path.endswith("_test.go"):
            continue
        package = _go_name(module)
        for name in space.exports:
            if package:
                yield (path, name), Offer(f"{package}.{name}", f'import "{module}"')


def _go_name(module: str) -> str:
    last = _GO_VERSION.sub("", module).rpartition("/")[2]
    last = last.removeprefix("go-").removesuffix("-go").removesuffix(".go")
    return last if last.isidentifier() else ""


def _rust(family: _Family) -> Iterator[tuple[Place, Offer]]:
    crates = {path: name for (of, name), path in family.units.entries.items() if of == "rust"}
    pending = [
        (path, name) for path, name in sorted(crates.items()) if path.endswith("lib.rs") or len(crates) == 1
    ]
    seen: set[str] = set()
    while pending and len(seen) < MAX_MODULES:
        path, name = pending.pop(0)
        space = family.spaces.get(path)
        if space is None or path in seen:
            continue
        seen.add(path)
        for each in space.exports:
            entity = family.links.offered(path, each)
            if entity is not None and entity.kind == "module":
                pending.append((entity.path, f"{name}::{each}"))
            elif entity is not None and entity.kind in _PLACES:
                yield (
                    (entity.path, entity.name),
                    Offer(f"{name}.{each}".replace("::", "."), f"use {name}::{each};"),
                )
        for star in space.stars:
            base = family.units.find(star.module, path, "rust")
            if base and base not in crates:
                pending.append((base, name))


def _java(family: _Family) -> Iterator[tuple[Place, Offer]]:
    for path, space in family.spaces.items():
        package = family.units.key(path).removeprefix("java:").strip("/").replace("/", ".")
        for name in space.exports:
            if name in space.symbols and package:
                yield (path, name), Offer(f"{package}.{name}", f"import {package}.{name};")


def _c(family: _Family) -> Iterator[tuple[Place, Offer]]:
    for path, space in family.spaces.items():
        if not _HEADER.search(path):
            continue
        included = _INCLUDED_FROM.sub("", path)
        statement = f'#include "{included}"'
        own = [
            name
            for name, symbol in space.symbols.items()
            if symbol.kind in TYPES or symbol.kind == "function"
        ]
        for name in dict.fromkeys((*space.exports, *own)):
            entity = family.links.members.ending(name, path)
            if entity is None or entity.path not in family.spaces:
                continue
            if not is_hidden(family.spaces[entity.path].symbols[entity.name]):
                yield (entity.path, entity.name), Offer(entity.name, statement)


_OFFERS: dict[str, Callable[[_Family], Iterator[tuple[Place, Offer]]]] = {
    "script": _script,
    "go": _go,
    "rust": _rust,
    "java": _java,
    "c": _c,
}
"""What each family calls public: by `exports`, capitals (Go), `pub` (Rust), `public` (Java), headers (C)."""
