"""The names by which users import what a package offers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from packaging.utils import canonicalize_name

from codebase_gardener.knowledge.links.python.module_names import ModuleNames, is_package, is_stub
from codebase_gardener.knowledge.links.python.namespaces import Namespace
from codebase_gardener.knowledge.links.python.scopes import Scopes
from codebase_gardener.knowledge.sources.file_facts import FileFacts
from codebase_gardener.languages.meanings import PLACES, Entity, Place

__all__ = ["PublicNames", "by_depth", "package_ranks", "public_names"]


class PublicNames(NamedTuple):
    """Dotted names of places, a place being (path, qualified name).

    Attributes:
        public: Every dotted name that can be imported, and methods under their class; the shortest come first.
        exported: What `__init__` files or `__all__` name, with the name that users are told.
        told: Of each place the name that users are told: of the package that is named like the project, then of the
            one that documents import most, then of the one that defines it, the shortest.
    """

    public: dict[str, Place]
    exported: dict[Place, str]
    told: dict[Place, str]

    def by_last_part(self) -> dict[str, Place]:
        """What a bare name means in a document that leaves its imports out: the names that only one thing has."""
        found: dict[str, set[Place]] = {}
        for place, dotted in self.exported.items():
            found.setdefault(dotted.rpartition(".")[2], set()).add(place)
        return {name: next(iter(places)) for name, places in found.items() if len(places) == 1}


def package_ranks(facts: Mapping[str, FileFacts], areas: Mapping[str, str]) -> dict[str, tuple[bool, int]]:
    """How far users are told to import a package, the lowest first: named like a project, imported by documents."""
    named = {
        canonicalize_name(found.name)
        for path in areas
        for found in facts[path].evidence
        if found.kind == "package"
    }
    imports = Counter(
        canonicalize_name(each.module.partition(".")[0])
        for path in areas
        if facts[path].language != "python"
        for snippet in facts[path].snippets
        if snippet.language == "python"
        for each in snippet.imports
        if not each.level
    )
    return {root: (root not in named, -imports[root]) for root in (*imports, *named)}


def public_names(
    spaces: Mapping[str, Namespace],
    modules: ModuleNames,
    scopes: Scopes,
    ranks: Mapping[str, tuple[bool, int]],
) -> PublicNames:
    """Collect the names of all modules of the package that are not private.

    Args:
        spaces: By key.
        modules: The file names of modules.
        scopes: Name lookup.
        ranks: Of packages, as `package_ranks` has them.
    """
    rows: list[tuple[tuple[object, ...], str, Place, bool]] = []
    for space in spaces.values():
        if space.area != "package" or space.host or (is_stub(space.path) and space.path[:-1] in spaces):
            continue
        dotted = modules.dotted(space.path)
        if not dotted or _is_private(dotted):
            continue
        listed = bool(space.exports) or is_package(space.path)
        root = dotted.partition(".")[0]
        rank = ranks.get(canonicalize_name(root), (True, 0))
        for name, entity in _offered(space, scopes):
            place = (entity.path, entity.name)
            if spaces[entity.path].area == "package":
                is_elsewhere = modules.dotted(entity.path).partition(".")[0] != root
                is_renamed = entity.name.rpartition(".")[2] != name
                order = (*rank, is_elsewhere, dotted.count("."), is_renamed, f"{dotted}.{name}")
                rows.append((order, f"{dotted}.{name}", place, listed))
    rows.sort(key=lambda row: row[0])
    public: dict[str, Place] = {}
    exported: dict[Place, str] = {}
    told: dict[Place, str] = {}
    for _, name, place, listed in rows:
        public.setdefault(name, place)
        told.setdefault(place, name)
        if listed:
            exported.setdefault(place, name)
    methods = _methods(spaces, told)
    for name, place in methods.items():
        told.setdefault(place, name)
    return PublicNames(dict(sorted(public.items(), key=by_depth)) | methods, exported, told)


def _offered(space: Namespace, scopes: Scopes) -> Iterator[tuple[str, Entity]]:
    """What a module offers: `__all__`; a package all that it binds; another module what it defines itself."""
    if space.exports:
        names = list(space.exports)
    else:
        names = [name for name in space.names() if not name.startswith("_") and _is_open(space, name)]
        if is_package(space.path):
            names.extend(_starred(space, scopes))
    for name in dict.fromkeys(names):
        entity = scopes.member(space.key, name)
        if entity is None or entity.kind not in PLACES:
            continue
        if space.exports or is_package(space.path) or entity.path == space.key:
            yield name, entity


def _is_open(space: Namespace, name: str) -> bool:
    """Whether a stub's name is more than an import of its own use: `import a as a` hands `a` out."""
    events = space.events("", name)
    return not is_stub(space.path) or any(one.imported is None or one.imported.again for one in events)


def _starred(space: Namespace, scopes: Scopes) -> Iterator[str]:
    for star in space.stars:
        base = scopes.star(space, star)
        if base is not None:
            is_own = base.path[:-1] == space.path  # the stub that a lazy loader attaches
            names = (
                one for one in base.names() if not one.startswith("_") and (is_own or _is_open(base, one))
            )
            yield from base.exports or names


def _methods(spaces: Mapping[str, Namespace], told: Mapping[Place, str]) -> dict[str, Place]:
    found: dict[str, Place] = {}
    for key, space in spaces.items():
        for qualified, definition in space.definitions.items():
            owner, _, name = qualified.rpartition(".")
            if definition.kind == "method" and not name.startswith("_") and (key, owner) in told:
                found[f"{told[key, owner]}.{name}"] = (key, qualified)
    return dict(sorted(found.items(), key=by_depth))


def by_depth(row: tuple[str, Place]) -> tuple[int, str]:
    """The order of dotted names: the shortest first."""
    return row[0].count("."), row[0]


def _is_private(dotted: str) -> bool:
    return any(part.startswith("_") and not part.startswith("__") for part in dotted.split("."))
