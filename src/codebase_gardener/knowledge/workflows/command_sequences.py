"""What documents tell the user to type, in order: the commands of the repository's own programs, and HTTP calls."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from codebase_gardener.knowledge.apis.context import ApiContext
from codebase_gardener.knowledge.apis.shell_commands import Command
from codebase_gardener.knowledge.links.uses import Passage, Target, Use
from codebase_gardener.knowledge.workflows.passage_sequences import ShownSequence

__all__ = ["command_sequences"]


def command_sequences(context: ApiContext) -> Iterator[ShownSequence]:
    """One for each document with several of them, and one for each of its sections that has several.

    Where all documents together show one command, the first that shows it is a sequence of one.
    """
    by_path: dict[str, list[Command]] = defaultdict(list)
    for name, every in context.commands.items():
        for run in every if name in context.own_commands else ():
            by_path[run.path].append(run)
    alone = sum(name in context.own_commands for name in context.commands) == 1
    for path, found in sorted(by_path.items()):
        runs = sorted(found, key=lambda run: run.line)
        lines = context.repository.facts[path].lines
        whole = next((each.title for each in context.repository.facts[path].headings), "")
        yield from _sequence(path, 1, lines, whole, runs, least=1 if alone else 2)
        sections: dict[str, list[Command]] = defaultdict(list)
        for run in runs:
            sections[run.title].append(run)
        for title, inside in sections.items():
            if len(inside) < len(runs):
                named = f"{whole}: {title}" if whole and title not in ("", whole) else title
                yield from _sequence(path, inside[0].line, inside[-1].line, named, inside)


def _sequence(
    path: str, start: int, end: int, title: str, runs: Sequence[Command], least: int = 2
) -> Iterator[ShownSequence]:
    uses = tuple(
        Use(Target("", run.name), path, run.line, run.line, "", "call", "import", run.options, run.text)
        for run in runs
    )
    targets = tuple(dict.fromkeys(use.target for use in uses))
    if len(targets) >= least and title:
        area = "readme" if path.rpartition("/")[2].lower().startswith("readme") else "docs"
        yield ShownSequence(Passage(path, start, end, title, area, "", uses), targets)
