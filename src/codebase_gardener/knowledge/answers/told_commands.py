"""What a repository's own files tell to run, of whoever works on it: rows of the graph."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import msgspec

from codebase_gardener.documents.prose import plain_text
from codebase_gardener.knowledge.overview.readme import readme_of
from codebase_gardener.knowledge.overview.tasks import WrittenTask, commands_of, guide_sections, guides, tasks
from codebase_gardener.knowledge.sources.repository_facts import RepositoryFacts
from codebase_gardener.languages.table import is_code
from codebase_gardener.repository.areas import is_about_versions
from codebase_gardener.utils.anchors import Anchor

__all__ = ["ToldCommand", "install_commands", "told_commands"]

_INSTALLS = re.compile(
    r"(?P<at>(?:[$%>][ \t]*)?|`)"
    r"(?P<command>(?:sudo[ ]|(?:python3?|py)[ ]-m[ ])?"
    r"(?:pip3?[ ]install|pipx[ ](?:install|run)|uv[ ](?:add|(?:pip|tool)[ ]install)|uvx|(?:poetry|pdm|deno|apk)[ ]add"
    r"|(?:conda|mamba|gem|brew|port|dnf|yum|choco|scoop|winget|apt(?:-get)?(?:[ ]-y)?)[ ]install"
    r"|(?:npm|pnpm|bun)[ ](?:install|i|add)|yarn[ ](?:global[ ])?add|npx(?:[ ]jsr[ ]add)?|go[ ](?:get|install)"
    r"|cargo[ ](?:add|install)|bundle[ ]add|pacman[ ]-S\w*|docker[ ]pull|composer[ ]require|nix-env[ ]-\w+)"
    r"(?P<what>[ ][^`]{1,200}))"
)
_FENCE = re.compile(r"\s{0,9}(?:`{3}|~{3})")
_LONGEST, _DEEPEST, _MOST_INSTALLS = 2_000, 3, 50
_DOCUMENT = re.compile(r"\.(?:md|mdx|rst|txt|adoc)\Z|(?:^|/)README\Z", re.IGNORECASE)


class ToldCommand(msgspec.Struct, frozen=True, tag="told"):
    """A command, or a section or a file of code that tells how to work on the repository.

    Attributes:
        order: Guides first, then build files, then what runs on every change, then scripts.
        kind: "command", "section", "file", "install".
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
    facts, texts = repository.facts, repository.texts
    for path in guides(facts):
        yield WrittenTask("", "", path, 1, max(1, facts[path].lines))
        for section in facts[path].headings:
            yield WrittenTask("", section.title, path, section.start, section.end)
    readme = readme_of(facts)
    sections = guide_sections(facts[readme]) if readme else []
    for section in sections:
        yield WrittenTask("", section.title, readme, section.start, section.end)
        for task in commands_of(readme, facts[readme], texts[readme]):
            if section.start <= task.start <= section.end:
                yield task
    for found in tasks(facts, texts).values():
        yield from found
    for path, file in facts.items():
        if path.count("/") <= 1 and repository.areas[path] in ("scripts", "other") and is_code(file.language):
            yield WrittenTask("", file.purpose, path, 1, max(1, file.lines))


def install_commands(repository: RepositoryFacts, own: Iterable[str]) -> Iterator[ToldCommand]:
    """The commands by which README and documents install the repository's own packages, README's first.

    Args:
        repository: What is known of it.
        own: The names of its packages.
    """
    names = "|".join(re.escape(name) for name in sorted(set(own), key=len, reverse=True) if len(name) > 1)
    if not names:
        return
    is_own = re.compile(rf"(?<![\w-])(?:{names})(?![\w-])", re.IGNORECASE)
    seen: set[str] = set()
    readme = readme_of(repository.facts)
    paths = [
        path
        for path in repository.texts
        if _DOCUMENT.search(path)
        and not is_about_versions(path)
        and (path == readme or path.count("/") <= _DEEPEST)
    ]
    for path in sorted(paths, key=lambda path: (path != readme, path.count("/"), path)):
        for line, command, what in _typed(repository.texts[path]):
            if len(seen) < _MOST_INSTALLS and is_own.search(what) and command not in seen:
                seen.add(command)
                yield ToldCommand(len(seen), "install", command, "", path, str(Anchor(path, line, line)))


def _typed(text: str) -> Iterator[tuple[int, str, str]]:
    """Commands that install: their line, as they are typed, and what they install.

    Those in backticks, behind a prompt, indented or in a fence: what begins a line of prose like one is none.
    """
    is_code = False
    for number, line in enumerate(text.split("\n"), 1):
        if _FENCE.match(line):
            is_code = not is_code
            continue
        if len(line) > _LONGEST:
            continue
        bare = line.lstrip(" \t")
        found = _INSTALLS.match(bare)
        if found and not (is_code or found["at"] or len(line) - len(bare) > 1):
            found = None
        for each in (found, *_INSTALLS.finditer(line)) if "`" in line or found else ():
            if each is not None and (each is found or each["at"] == "`"):
                command = " ".join(each["command"].rstrip(" \t\\").split())
                yield number, command, each["what"]
