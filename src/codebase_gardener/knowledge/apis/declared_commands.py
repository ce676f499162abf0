"""The commands that the repository's own programs have, as its code declares them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from codebase_gardener.knowledge.apis.context import ApiContext
from codebase_gardener.knowledge.apis.entry_points import entry_points

__all__ = ["DeclaredCommand", "declared_commands"]


@dataclass(frozen=True)
class DeclaredCommand:
    """A command, and where it is declared.

    Attributes:
        name: As it is typed; without its program where the repository installs several.
        says: Its help, where the lines have it as one; "".
        path, start, end: Its lines.
    """

    name: str
    says: str
    path: str
    start: int
    end: int


def declared_commands(context: ApiContext) -> list[DeclaredCommand]:
    """In the order of files and lines; none of a repository that installs no program.

    Commands of a group are left out where no packaging file names it as the program: it may be added to another one.
    """
    programs, entries = sorted(context.scripts), list(_entries(context))
    sole = programs[0] if len(programs) == 1 else ""
    found: dict[str, DeclaredCommand] = {}
    for path, facts in sorted(context.repository.facts.items()) if programs else ():
        for one in facts.evidence:
            program = sole if not one.value else _program(path, one.value, entries)
            if one.kind == "command" and (program or not one.value):
                name = f"{program} {one.name}".strip()
                lines = context.repository.lines(path, one.start, one.end)
                says = one.text if any(one.text in line for line in lines) and "%(" not in one.text else ""
                found.setdefault(name, DeclaredCommand(name, says, path, one.start, one.end))
    return list(found.values())


def _entries(context: ApiContext) -> Iterator[tuple[str, str, str]]:
    """Program, the last name of its module, and what is called there."""
    for one in entry_points(context.repository.texts):
        if one.name in context.scripts:
            yield one.name, one.module.rpartition(".")[2], one.called


def _program(path: str, group: str, entries: list[tuple[str, str, str]]) -> str:
    """What a group is as a program; "" where it is none."""
    folder, _, name = path.rpartition("/")
    places = (*folder.split("/"), name.partition(".")[0])
    return next((program for program, module, called in entries if called == group and module in places), "")
