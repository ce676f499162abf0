"""Answers from packaging files: what the package needs, how it is installed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from codebase_gardener.knowledge.answers.lines import GraphLine
from codebase_gardener.knowledge.pages.wording import counted, enumerated
from codebase_gardener.utils.anchors import Anchor

if TYPE_CHECKING:
    from codebase_gardener.knowledge.answers.graph_rows import NeededPackage
    from codebase_gardener.knowledge.answers.install_commands import InstallCommand

__all__ = ["DEPENDENCY_KINDS", "dependency_lines", "install_lines", "needed_lines", "outermost"]

DEPENDENCY_KINDS = ("runtime", "requirement", "extra")
_MOST = 20
_MOST_INSTALLS = 8
_NAMES = 12
_KINDS = {
    "package": "{row.name} {row.bound} is the package",
    "release": "{row.name} {row.bound} is the release",
    "runtime": "{row.name} {row.bound}",
    "requirement": "{row.name} {row.bound} is required",
    "extra": "{row.name} {row.bound} comes with the extra [{row.extra}]",
    "dev-extra": "{row.name} {row.bound} comes with the extra [{row.extra}], for work on the repository",
    "group": "{row.name} {row.bound} is in the group {row.extra}, for work on the repository",
    "listed": "{row.name} {row.bound} is listed",
    "build": "{row.name} {row.bound} is needed to build the package",
}
_EXTRA = re.compile(r"\[|--(?:extras?|features)\b")
_WHERE_INSTALLED = "{row.name} {row.bound} is used where it is installed"


def needed_lines(rows: Iterable[NeededPackage]) -> Iterator[GraphLine]:
    """A line of a packaging file each."""
    for row in list(rows)[:_MOST]:
        said = _WHERE_INSTALLED if row.kind == "extra" and _is_npm(row) else _KINDS[row.kind]
        said = (
            said.replace("the extra [{row.extra}]", "the feature `{row.extra}`")
            if _has_features(row)
            else said
        )
        condition = row.place.what.partition(";")[2].strip() if row.kind in ("requirement", "extra") else ""
        said = said.replace("{row.name}", "{row.name} (package {row.package})") if row.package else said
        told = f"{said.format(row=row)}{f', where {condition}' if condition else ''}"
        yield GraphLine(told.replace("  ", " ").strip(), _anchor([row]))


def outermost(rows: Sequence[NeededPackage]) -> list[NeededPackage]:
    """Those of the packaging files that lie nearest to the root: examples have their own."""
    depth = min((row.place.path.count("/") for row in rows), default=0)
    return [row for row in rows if row.place.path.count("/") == depth]


def dependency_lines(packages: Sequence[NeededPackage], own: Sequence[NeededPackage]) -> Iterator[GraphLine]:
    """What the package needs at run time, and what each of its extras brings; what it is developed with is none.

    Args:
        packages: Of `DEPENDENCY_KINDS`.
        own: The repository's own packages.
    """
    rows = outermost(packages)
    needed = [row for row in rows if row.kind in ("runtime", "requirement")]
    yield from needed_lines(needed)
    if len(needed) > _MOST:
        yield GraphLine(f"and {len(needed) - _MOST} more", _anchor([needed[_MOST]]))
    for line in outermost(own)[:1] if all(row.kind != "requirement" for row in needed) else ():
        yield GraphLine(f"`{line.name}` needs no other package at run time", _anchor([line]))
    extras: dict[tuple[str, str], list[NeededPackage]] = {}
    for row in rows:
        if row.kind == "extra":
            extras.setdefault((row.place.path, row.extra), []).append(row)
    for (_, extra), each in extras.items():
        different = dict.fromkeys(f"`{row.name}`" for row in each)
        names = enumerated(list(different)[:_NAMES], len(different))
        named = f"the feature `{extra}`" if _has_features(each[0]) else f"the extra [{extra}]"
        said = f"used where installed: {names}" if _is_npm(each[0]) else f"with {named}: {names}"
        yield GraphLine(said, _anchor(each))


def install_lines(told: Sequence[InstallCommand], own: Sequence[NeededPackage]) -> Iterator[GraphLine]:
    """The commands that README and documents give; where all are of extras, first that of the packaging file's index.

    Args:
        told: As `Graph.install_commands` gives them.
        own: The repository's own packages.
    """
    for package in outermost(own)[:1] if all(_EXTRA.search(row.command) for row in told) else ():
        if package.install:
            yield GraphLine(f"`{package.install.format(package.name)}`", _anchor([package]))
    for row in told[:_MOST_INSTALLS]:
        yield GraphLine(f"`{row.command}`", row.anchor)
    if len(told) > _MOST_INSTALLS:
        more = told[_MOST_INSTALLS]
        yield GraphLine(f"and {counted(len(told) - _MOST_INSTALLS, 'further command')}", more.anchor)


def _is_npm(row: NeededPackage) -> bool:
    """Whether its packaging file knows no extras: npm's optional packages are installed by their names."""
    return row.place.path.rpartition("/")[2] == "package.json"


def _has_features(row: NeededPackage) -> bool:
    """Whether its packaging file calls what is switched on by its name a feature."""
    return row.place.path.rpartition("/")[2] == "Cargo.toml"


def _anchor(rows: Sequence[NeededPackage]) -> str:
    start, end = min(row.place.start for row in rows), max(row.place.end for row in rows)
    return str(Anchor(rows[0].place.path, start, end))
