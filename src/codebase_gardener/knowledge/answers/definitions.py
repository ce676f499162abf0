"""What a name means: the definitions that have it, and the answer about each of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial

from codebase_gardener.knowledge.answers.graph import Graph
from codebase_gardener.knowledge.answers.graph_rows import DefinedName
from codebase_gardener.knowledge.answers.lines import GraphLine
from codebase_gardener.knowledge.answers.questions import Asked
from codebase_gardener.languages.table import is_stub

__all__ = ["AREAS", "MOST", "definitions", "each_of", "fits", "standing", "told_of"]

MOST = 20
"""Lines of an answer."""
AREAS = ("package", "examples", "scripts", "benchmarks", "other", "docs", "tests")
"""The package's own first."""
_VERSION = re.compile(r"(?<![^/])v(\d{1,4})(?=/)")
_DEPRECATED = re.compile(r"\W*deprecated\b", re.IGNORECASE)


def definitions(graph: Graph, asked: Asked) -> list[DefinedName]:
    """What a name means, of the package first; as it is written, else in either case and with its words apart."""
    if at_path := _at_path(graph, asked.what):
        return at_path
    owner, _, last = asked.what.rpartition(".")
    whole = [row for row in graph.rows(asked.what) if isinstance(row, DefinedName)]
    if asked.form not in ("what", "where"):  # how its options are read is not known
        whole = [row for row in whole if row.kind != "command"]
    alike = [row for row in graph.rows(last) if isinstance(row, DefinedName)]
    found = [row for row in alike if fits(row, asked.what)]
    found = found or [row for row in alike if asked.what in row.written]
    rows = found if owner else [*whole]
    rows = _without_stubs(rows or [row for row in whole if row.kind == "file"])
    exact = [row for row in rows if re.split(r"[./]", row.name)[-1] == last or _ends(row.name, asked.what)]
    own = [row for row in rows if row.place.area == "package"]
    if own and not any(
        row.place.area == "package" for row in exact
    ):  # `consumer` of a test is not the `Consumer`
        exact = [row for row in own if row.kind != "file"]
    of_kind = [row for row in rows if asked.kind and row.kind == asked.kind]
    return sorted(of_kind or exact or rows, key=partial(_order, _newest(rows)))


def _at_path(graph: Graph, what: str) -> list[DefinedName]:
    """The files that a path, or its end, leads to, else the folder."""
    path = what.removeprefix("./").strip("/")
    if "/" not in what:
        return []
    keys = (path.rpartition("/")[2], f"{path}/")
    rows = [row for key in keys for row in graph.rows(key) if isinstance(row, DefinedName)]
    found = [row for row in rows if row.kind in ("file", "folder") and _ends(row.name, path)]
    return sorted(found, key=lambda row: (row.kind, row.name != path, row.name))


def _ends(name: str, wanted: str) -> bool:
    """Whether a name, or a path, ends in whole parts of what is wanted: `_parse` does not end in `parse`."""
    return name == wanted or name.endswith((f".{wanted}", f"/{wanted}"))


def _without_stubs(rows: list[DefinedName]) -> list[DefinedName]:
    """Without the declarations of what is defined in another file, too."""
    defined = {(row.name, row.place.area) for row in rows if not is_stub(row.place.path)}
    return [row for row in rows if not is_stub(row.place.path) or (row.name, row.place.area) not in defined]


def fits(row: DefinedName, dotted: str) -> bool:
    """Whether a dotted name ends in what was asked for: its module's, its class's, or the name users import."""
    module = row.place.path.rpartition(".")[0].replace("/", ".").removesuffix(".__init__")
    wanted = f".{dotted.lower()}"
    names = (row.public, f"{module}.{row.name}", row.name, row.name.replace("/", "."))
    return any(f".{name.lower()}".endswith(wanted) for name in names)


def _newest(rows: Iterable[DefinedName]) -> dict[str, int]:
    """Of each folder that has folders of several versions, such as `v3` and `v4`, the newest."""
    found: dict[str, int] = {}
    for row in rows:
        for each in _VERSION.finditer(row.place.path):
            around = row.place.path[: each.start()]
            found[around] = max(found.get(around, 0), int(each[1]))
    return found


def _order(
    newest: dict[str, int], row: DefinedName
) -> tuple[int, bool, bool, bool, bool, bool, int, str, int]:
    path = row.place.path
    is_older = any(int(each[1]) < newest.get(path[: each.start()], 0) for each in _VERSION.finditer(path))
    hidden = any(part.startswith("_") for part in row.name.split("."))
    return (
        AREAS.index(row.place.area) if row.place.area in AREAS else len(AREAS),
        row.kind == "file",
        is_older,
        any(_DEPRECATED.match(said) for said in (*row.changes, row.says)),
        not row.public,
        hidden,
        row.name.count("."),
        row.place.path,
        row.place.start,
    )


def each_of(
    tell: Callable[[Graph, DefinedName, Asked], Iterable[GraphLine]],
) -> Callable[[Graph, Asked], Iterator[GraphLine]]:
    """The answer about one definition; where a name has several, those of the package are told in turn."""

    def lines(graph: Graph, asked: Asked) -> Iterator[GraphLine]:
        yield from told_of(definitions(graph, asked), tell, graph, asked)

    return lines


def told_of(
    rows: list[DefinedName],
    tell: Callable[[Graph, DefinedName, Asked], Iterable[GraphLine]],
    graph: Graph,
    asked: Asked,
) -> Iterator[GraphLine]:
    """The answer about each of some definitions, of those of the package alone where there are such."""
    own = [row for row in rows if row.place.area == "package"] or rows
    shown = [row for row in own if row.kind != "file"] or own
    told = [(row, found) for row in shown[:MOST] if (found := list(tell(graph, row, asked)))]
    many = len(told) > 1 or any(asked.what in row.written and not fits(row, asked.what) for row in shown)
    for row, found in told:
        if many:
            yield standing(row)
        yield from (replace(line, text=f"  {line.text}") if many else line for line in found)
    if len(shown) > MOST:
        yield GraphLine(f"and {len(shown) - MOST} more", shown[MOST].place.anchor)


def standing(row: DefinedName) -> GraphLine:
    """What it is, and where."""
    return GraphLine(f"{row.kind} `{row.name}`", row.place.anchor)
