"""Answers about types: what extends and implements them, what they extend, what they have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from codebase_gardener.knowledge.answers.definitions import AREAS, MOST, definitions, each_of, standing
from codebase_gardener.knowledge.answers.graph import Graph
from codebase_gardener.knowledge.answers.graph_rows import DefinedName, Heir, Place
from codebase_gardener.knowledge.answers.lines import GraphLine
from codebase_gardener.knowledge.answers.questions import Asked
from codebase_gardener.languages.symbols import TYPES

__all__ = ["bases", "errors", "heirs", "members"]


def heirs(graph: Graph, asked: Asked) -> Iterator[GraphLine]:
    """What extends or implements a type, of the repository or from outside."""
    rows = [row for row in definitions(graph, asked) if row.kind in TYPES]
    if rows:
        yield from each_of(_heirs_of)(graph, asked)
        return
    last = asked.what.rpartition(".")[2]
    outside = [
        one for one in graph.heirs(last) if not one.target[0] and f".{one.base}".endswith(f".{asked.what}")
    ]
    yield from _heir_lines(graph, outside)


def _heirs_of(graph: Graph, row: DefinedName, asked: Asked) -> Iterator[GraphLine]:
    if row.kind not in TYPES:
        return
    found = _below(graph, row.place.path, row.name)
    yield from _heir_lines(graph, found)
    if not found:
        unknown = f"nothing in the repository is known to extend or implement `{row.name}`"
        yield GraphLine(f"`{row.name}`: {row.implemented}" if row.implemented else unknown, row.place.anchor)


def _below(graph: Graph, path: str, name: str) -> list[Heir]:
    return [one for one in graph.heirs(name.rpartition(".")[2]) if one.target == (path, name)]


def _heir_lines(graph: Graph, direct: Iterable[Heir], *, own_only: bool = False) -> Iterator[GraphLine]:
    """Those that name it, then those that extend these; the package's own first, or alone."""
    told: dict[tuple[str, str], tuple[Heir, str]] = {}
    pending = [(one, "") for one in sorted(direct, key=_heir_order)]
    while pending:
        one, by = pending.pop(0)
        key = (one.place.path, one.name)
        if key not in told:
            told[key] = (one, by)
            further = sorted(_below(graph, *key), key=_heir_order)
            pending += [(each, one.name) for each in further]
    rows = [row for row in told.values() if row[0].place.area == "package" or not own_only]
    rows = sorted(rows, key=lambda row: (_area_rank(row[0].place), bool(row[1])))
    for one, by in rows[: 2 * MOST]:
        area = "" if one.place.area == "package" else f"{one.place.area}: "
        through = f", by way of `{by}`" if by else ""
        yield GraphLine(f"{area}{one.kind} `{one.name}`{through}: `{one.signature}`", one.place.anchor)
    if len(rows) > 2 * MOST:
        yield GraphLine(f"and {len(rows) - 2 * MOST} more", rows[2 * MOST][0].place.anchor)


def _heir_order(one: Heir) -> tuple[int, str, int]:
    return _area_rank(one.place), one.place.path, one.place.start


def _area_rank(place: Place) -> int:
    return AREAS.index(place.area) if place.area in AREAS else len(AREAS)


def bases(graph: Graph, row: DefinedName, asked: Asked) -> Iterator[GraphLine]:
    """What a type extends and implements."""
    if row.kind not in TYPES:
        return
    own = (row.place.path, row.name)
    found = [one for one in graph.bases(row.name.rpartition(".")[2]) if (one.place.path, one.name) == own]
    for one in found:
        path, name = one.target
        above = [
            each for each in graph.rows(name.rpartition(".")[2])
            if path and isinstance(each, DefinedName) and (each.place.path, each.name) == (path, name)
        ]  # fmt: skip
        yield from map(standing, above)
        if not above:
            yield GraphLine(
                f"`{row.name}` extends or implements `{one.base}`, from outside", row.place.anchor
            )
    if not found:
        yield GraphLine(f"`{row.name}` is not known to extend or implement anything", row.place.anchor)


def members(graph: Graph, row: DefinedName, asked: Asked) -> Iterator[GraphLine]:
    """Methods, fields, or both; what it has from others is told by their names."""
    if row.kind not in TYPES:
        return
    found = [one for one in graph.members(row.name) if one.owner == (row.place.path, row.name)]
    wanted = asked.part.lower()
    if wanted.startswith(("method", "function")):
        found = [one for one in found if one.kind == "method"]
    elif wanted.startswith(("attr", "prop")):
        found = [one for one in found if one.kind != "method"]
        if not found and row.kind == "class":
            return  # what its constructor sets is not known by name
    for one in found[: 2 * MOST]:
        yield GraphLine(f"`{one.signature}`{f': {one.says}' if one.says else ''}", one.place.anchor)
    if len(found) > 2 * MOST:
        yield GraphLine(f"and {len(found) - 2 * MOST} more", found[2 * MOST].place.anchor)
    for base in row.bases:
        yield GraphLine(f"and what it has of `{base}`", row.place.anchor)
    if not found and not row.bases:
        yield GraphLine(f"`{row.name}` itself defines no public {asked.part or 'member'}", row.place.anchor)


def errors(graph: Graph, asked: Asked) -> Iterator[GraphLine]:
    """The package's own errors, and those that extend them."""
    own = [one for one in graph.errors() if one.place.area == "package"]
    yield from _heir_lines(graph, own, own_only=True)
