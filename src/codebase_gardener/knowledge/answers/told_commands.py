"""What a repository's own files tell to run, of whoever works on it: rows of the graph."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from codebase_gardener.documents.prose import plain_text
from codebase_gardener.languages.table import is_code
from codebase_gardener.utils.anchors import Anchor

if TYPE_CHECKING:
    from codebase_gardener.knowledge.overview.tasks import WrittenTask
    from codebase_gardener.knowledge.sources.repository_facts import RepositoryFacts

__all__ = ["ToldCommand", "told_commands"]


class ToldCommand(msgspec.Struct, frozen=True, tag="told"):
    """A command, or a section or a file of code that tells how to work on the repository.

    Attributes:
        order: Guides first, then build files, then what runs on every change, then scripts.
        kind: "command", "section", "file".
        command: What is typed; "" for the others.
        says: What it runs, or the heading that it stands under; of a section its title; of a file its purpose.
        path: Its file.
        anchor: Its lines.
    """

    order: int
    kind: str
    command: str
    says: str
    path: str
    anchor: str


def told_commands(repository: RepositoryFacts) -> Iterator[ToldCommand]:
    """All of them, in their order."""
    facts = repository.facts
    for order, task in enumerate(_tasks(repository)):
        anchor = Anchor(task.path, task.start, task.end)
        kind = "command" if task.command else "file" if is_code(facts[task.path].language) else "section"
        yield ToldCommand(order, kind, task.command, plain_text(task.does), task.path, str(anchor))


def _tasks(repository: RepositoryFacts) -> Iterator[WrittenTask]:
    from codebase_gardener.knowledge.overview.readme import readme_of
    from codebase_gardener.knowledge.overview.tasks import (
        WrittenTask,
        commands_of,
        guide_sections,
        guides,
        prose_commands,
        tasks,
    )

    facts, texts = repository.facts, repository.texts
    for path in guides(facts):
        if facts[path].lines:
            yield WrittenTask("", "", path, 1, facts[path].lines)
        for section in facts[path].headings:
            yield WrittenTask("", section.title, path, section.start, section.end)
    readme = readme_of(facts)
    sections = guide_sections(facts[readme]) if readme else []
    for section in sections:
        yield WrittenTask("", section.title, readme, section.start, section.end)
        for task in commands_of(readme, facts[readme], texts[readme]):
            if section.start <= task.start <= section.end:
                yield task
    for path in guides(facts):
        yield from prose_commands(path, facts[path], texts[path])
    for found in tasks(facts, texts, repository.package_manager).values():
        yield from found
    for path, file in facts.items():
        is_program = repository.areas[path] in ("scripts", "other") and is_code(file.language)
        if path.count("/") <= 1 and is_program and file.lines:
            yield WrittenTask("", file.purpose, path, 1, file.lines)
