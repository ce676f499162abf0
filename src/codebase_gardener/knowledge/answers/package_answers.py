"""Answers about packages: versions, extras, what the repository's own need, and how they are installed."""

from __future__ import annotations

import re
from collections.abc import Iterator

from codebase_gardener.knowledge.answers.definitions import definitions
from codebase_gardener.knowledge.answers.graph import Graph
from codebase_gardener.knowledge.answers.graph_rows import NeededPackage, plain_name
from codebase_gardener.knowledge.answers.install_commands import naming
from codebase_gardener.knowledge.answers.lines import GraphLine
from codebase_gardener.knowledge.answers.package_lines import (
    DEPENDENCY_KINDS,
    dependency_lines,
    install_lines,
    needed_lines,
    outermost,
)
from codebase_gardener.knowledge.answers.questions import Asked
from codebase_gardener.knowledge.answers.release_lines import release_lines
from codebase_gardener.knowledge.answers.releases import numbers_of
from codebase_gardener.knowledge.answers.switches import switch_lines
from codebase_gardener.manifests.table import CALLED

__all__ = ["dependencies", "extra", "install", "runs", "version"]

_LOCKED, _OF_WORK = ("listed", "build"), ("group", "dev-extra")
_MAJOR = re.compile(r"/v\d+\Z")  # of a module of Go
_ITSELF = frozenset(
    f"{article}{word}"
    for article in ("", "the", "this")
    for word in ("", "it", "project", "library", "package", "repository", "repo", "module", "tool", "program")
)


def version(graph: Graph, asked: Asked) -> Iterator[GraphLine]:
    """The version that is needed of a package, or that the repository itself has."""
    wanted = _called(asked.what)
    packages = [*graph.needed("release"), *graph.needed("package")]
    own = [row for row in packages if not wanted or plain_name(row.name) == wanted]
    if own or not wanted:
        rows = [row for row in own if row.bound]
        yield from needed_lines(outermost(rows)[:1])
        told = [row for row in graph.releases() if row.released][:1]
        if told and all(numbers_of(row.bound) != numbers_of(told[0].version) for row in rows[:1]):
            yield from release_lines(graph.releases(), "", whole=False)
        if not wanted:
            yield from needed_lines(outermost(graph.needed("runtime")))
        elif not rows:
            yield from needed_lines(outermost(own)[:1])
        return
    found = [row for row in graph.rows(wanted) if isinstance(row, NeededPackage) and _is_named(row, wanted)]
    found = outermost(found) if found and found[0].kind == "runtime" else found
    yield from needed_lines(
        sorted(
            found,
            key=lambda row: (
                row.kind in _LOCKED,
                row.kind in _OF_WORK,
                row.place.path.count("/"),
                row.place.anchor,
            ),
        )
    )


def runs(graph: Graph, asked: Asked) -> Iterator[GraphLine]:
    """Which versions of a language the repository's own package runs with; nothing of what is no language."""
    wanted = _called(asked.what)
    yield from needed_lines(outermost([row for row in graph.needed("runtime") if _is_named(row, wanted)]))


def _called(name: str) -> str:
    """The plain name of a package, or of the language that is called so."""
    return CALLED.get(plain_name(name), plain_name(name))


def _is_named(row: NeededPackage, wanted: str) -> bool:
    return plain_name(row.name) == wanted or (row.kind == "runtime" and plain_name(row.name) == f"{wanted}js")


def _own_packages(graph: Graph, wanted: str) -> tuple[list[NeededPackage], bool]:
    """The repository's own packages that are meant, and whether by their name: "it" means the outermost."""
    name = plain_name(wanted)
    own = [*graph.needed("package"), *graph.needed("release")]
    if name in _ITSELF:
        return outermost(own), False
    named = (re.split(r"[/:]", _MAJOR.sub("", row.name))[-1] for row in own)
    return [
        row for row, last in zip(own, named, strict=True) if name in (plain_name(row.name), plain_name(last))
    ], True


def dependencies(graph: Graph, asked: Asked) -> Iterator[GraphLine]:
    """What the repository's own package needs where it runs."""
    own, is_named = _own_packages(graph, asked.what)
    if own or plain_name(asked.what) in _ITSELF:
        packages = [row for kind in DEPENDENCY_KINDS for row in graph.needed(kind)]
        folders = {row.place.path.rpartition("/")[0] for row in own}
        if is_named:  # of several packages of a repository, that one's
            packages = [row for row in packages if row.place.path.rpartition("/")[0] in folders]
        yield from dependency_lines(packages, own)


def install(graph: Graph, asked: Asked) -> Iterator[GraphLine]:
    """How the repository's own package is installed; what an extra brings."""
    own, is_named = _own_packages(graph, asked.what)
    if own or plain_name(asked.what) in _ITSELF:
        told = graph.install_commands()
        if is_named and len({row.name for row in graph.needed("package")}) > 1:
            is_meant = naming(row.name for row in own)
            told = [row for row in told if is_meant.search(row.command)]
        yield from install_lines(told, own)
    elif asked.part in ("", "install") and any(
        isinstance(row, NeededPackage) and row.kind == "extra" for row in graph.rows(asked.what)
    ):
        yield from extra(graph, asked)


def extra(graph: Graph, asked: Asked) -> Iterator[GraphLine]:
    """What comes with an extra, which extra brings a package, what a definition asks for."""
    if not asked.what:
        listed = [*graph.needed("extra"), *graph.needed("dev-extra")]
        named = [row for row in graph.switches() if row.kind == "extra"]
        if named and {row.path for row in named} == {row.place.path for row in listed}:
            yield from switch_lines(named)
        else:
            yield from needed_lines(listed) if listed else [GraphLine("no packaging file names an extra")]
        return
    rows = [row for row in graph.rows(asked.what) if isinstance(row, NeededPackage)]
    listed = [row for row in rows if row.kind in ("extra", "dev-extra", "group")]
    yield from needed_lines(listed)
    for row in definitions(graph, asked):
        if not (row.packages or listed):
            yield GraphLine(
                f"`{row.name}` asks for no package of an extra in its own lines", row.place.anchor
            )
        for place in row.packages:
            yield GraphLine(f"`{row.name}` asks for {place.what}", place.anchor)
            rows = [each for each in graph.rows(place.what) if isinstance(each, NeededPackage)]
            yield from needed_lines([each for each in rows if each.kind == "extra"])
