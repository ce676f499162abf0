"""Answers about releases: what is new in the last one, or in one that is named."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from codebase_gardener.knowledge.answers.lines import GraphLine
from codebase_gardener.knowledge.answers.releases import ReleaseNotes, numbers_of
from codebase_gardener.knowledge.pages.wording import counted

if TYPE_CHECKING:
    from codebase_gardener.knowledge.answers.graph_rows import NeededPackage

__all__ = ["behind_lines", "release_lines"]

_MOST = 5
_NEXT = ("unreleased", "upcoming", "next")


def release_lines(
    rows: Sequence[ReleaseNotes], wanted: str, *, package: str = "", whole: bool = True
) -> Iterator[GraphLine]:
    """What the changelogs say of a release; nothing where there is no changelog.

    Args:
        rows: As `Graph.releases` gives them.
        wanted: Its version; "" for the last one; "next" for what is not released yet.
        package: Whose version the question names: where there is no such version, it may be another's.
        whole: With its items; else what it is called, with its date.
    """
    main = [row for row in rows if row.book == rows[0].book]
    if not main:
        return
    if not wanted:
        yield from _last(main, whole=whole)
    elif wanted.lower() in _NEXT:
        yield from _next(main, whole=whole)
    else:
        yield from _of_version(rows, main, wanted.lower().removeprefix("v"), package, whole=whole)


def behind_lines(rows: Sequence[ReleaseNotes], own: Sequence[NeededPackage]) -> Iterator[GraphLine]:
    """That the packaging file has a later version than the changelog, where it has.

    Args:
        rows: As `Graph.releases` gives them.
        own: The repository's own packages, the outermost, with their versions.
    """
    main = [row for row in rows if row.book == rows[0].book]
    last = next((row for row in main if row.released), None)
    if last is None or not own:
        return
    now = numbers_of(own[0].bound)
    if now > numbers_of(last.version) and all(numbers_of(row.version) != now for row in main):
        said = (
            f"{own[0].name} is at {own[0].bound}, of which `{last.book}` has no section; its newest release"
        )
        yield GraphLine(said, own[0].place.anchor)


def _last(main: Sequence[ReleaseNotes], *, whole: bool) -> Iterator[GraphLine]:
    last = next((row for row in main if row.released), None)
    if last is None:
        yield GraphLine(f"`{main[0].book}` tells of no release, only of what is to come", main[0].anchor)
        yield from _section(main[0], whole=whole)
        return
    yield from _section(last, whole=whole)
    for row in main[: main.index(last)] if whole else ():
        yield GraphLine(f"above it, not released: {row.title}", row.anchor)


def _next(main: Sequence[ReleaseNotes], *, whole: bool) -> Iterator[GraphLine]:
    first = next(row for row in main)
    if first.released:
        yield GraphLine(
            f"`{first.book}` tells of nothing that is not released; its first section", first.anchor
        )
    yield from _section(first, whole=whole and not first.released)


def _of_version(
    rows: Sequence[ReleaseNotes], main: Sequence[ReleaseNotes], wanted: str, package: str, *, whole: bool
) -> Iterator[GraphLine]:
    same = [row for row in rows if row.version and numbers_of(row.version) == numbers_of(wanted)]
    exact = next((row for row in same if row in main), next(iter(same), None))
    parts = _numbers(wanted)
    of_it = [
        row
        for row in main
        if row.version and _numbers(row.version)[: len(parts)] == parts and row is not exact
    ]
    if exact is None and len(of_it) == 1:
        exact = of_it.pop()
    if exact is not None:
        yield from _section(exact, whole=whole)
    elif of_it:
        yield GraphLine(f"`{main[0].book}` has no section of {wanted} itself; of it are", of_it[0].anchor)
    elif not package:
        near = [row for row in main if row.version and _numbers(row.version)[:1] == parts[:1]] or [
            row for row in main if row.version
        ]
        yield GraphLine(f"`{main[0].book}` has no section of {wanted}; the nearest", near[0].anchor)
        of_it = near[:_MOST]
    for row in of_it[: 3 * _MOST if exact is None else _MOST] if whole else ():
        yield GraphLine(
            f"{row.title}: {counted(len(row.items) + row.rest[0], 'entry', 'entries')}", row.anchor
        )


def _numbers(version: str) -> list[int]:
    return [int(one) for one in re.findall(r"\d+", version)]


def _section(row: ReleaseNotes, *, whole: bool) -> Iterator[GraphLine]:
    yield GraphLine(row.title if row.released else f"not released: {row.title}", row.anchor)
    if not whole:
        return
    yield from (GraphLine(text, anchor) for text, anchor in row.items)
    if row.rest[0]:
        yield GraphLine(f"and {row.rest[0]} more", row.rest[1])
