"""What documents tell the user to type, in order: the commands of the repository's own programs, and HTTP calls."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import islice

from codebase_gardener.knowledge.apis.context import ApiContext
from codebase_gardener.knowledge.apis.shell_commands import Command
from codebase_gardener.knowledge.links.uses import Passage, Target, Use
from codebase_gardener.knowledge.workflows.passage_sequences import ShownSequence

__all__ = ["command_sequences"]


def command_sequences(context: ApiContext) -> Iterator[ShownSequence]:
    """One for each section that has several of them: those of different sections are tasks of their own.

    Where there is none, the first section that shows one is a sequence of one.
    """
    by_section: dict[tuple[str, str], list[Command]] = defaultdict(list)
    for name, every in context.commands.items():
        for run in every if name in context.own_commands else ():
            by_section[run.path, run.title].append(run)
    ordered = sorted(by_section.items(), key=lambda item: (item[0][0], min(run.line for run in item[1])))
    found = [one for section, runs in ordered if (one := _sequence(context, *section, runs))]
    yield from found
    if not found:
        alone = (_sequence(context, *section, runs, least=1) for section, runs in ordered)
        yield from islice(filter(None, alone), 1)


def _sequence(
    context: ApiContext, path: str, title: str, found: Sequence[Command], least: int = 2
) -> ShownSequence | None:
    runs = sorted(found, key=lambda run: run.line)
    uses = tuple(
        Use(Target("", run.name), path, run.line, run.line, "", "call", "import", run.options, run.text)
        for run in runs
    )
    targets = tuple(dict.fromkeys(use.target for use in uses))
    whole = next((each.title for each in context.repository.facts[path].headings), "")
    named = f"{whole}: {title}" if whole and title not in ("", whole) else title or whole
    if len(targets) < least or not named:
        return None
    area = "readme" if path.rpartition("/")[2].lower().startswith("readme") else "docs"
    return ShownSequence(Passage(path, runs[0].line, runs[-1].line, named, area, "", uses), targets)
