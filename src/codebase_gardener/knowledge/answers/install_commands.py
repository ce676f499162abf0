"""The commands by which a repository's own packages are installed, as README and documents give them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import msgspec

from codebase_gardener.documents.fences import fence_after
from codebase_gardener.languages.rows import NEVER
from codebase_gardener.repository.areas import is_about_versions
from codebase_gardener.utils.anchors import Anchor

if TYPE_CHECKING:
    from codebase_gardener.knowledge.sources.repository_facts import RepositoryFacts

__all__ = ["InstallCommand", "install_commands", "naming"]

_INSTALLS = re.compile(
    r"(?P<at>(?:[$%>][ \t]*)?|`)"
    r"(?P<command>(?:sudo[ ]|(?:python3?|py)[ ]-m[ ])?"
    r"(?:pip3?[ ]install|pipx[ ](?:install|run)|uv[ ](?:add|(?:pip|tool)[ ]install)|uvx|(?:poetry|pdm|deno|apk)[ ]add"
    r"|(?:conda|mamba|gem|brew|port|dnf|yum|choco|scoop|winget|apt(?:-get)?(?:[ ]-y)?)[ ]install"
    r"|(?:npm|pnpm|bun)[ ](?:install|i|add)|yarn[ ](?:global[ ])?add|npx(?:[ ]jsr[ ]add)?|go[ ](?:get|install)"
    r"|cargo[ ](?:add|install)|bundle[ ]add|pacman[ ]-S\w*|docker[ ]pull|composer[ ]require|nix-env[ ]-\w+)"
    r"(?P<what>[ ][^`]{1,200}))"
)
_LONGEST, _DEEPEST, _MOST_INSTALLS, _MOST_INDENT = 2_000, 3, 50, 9
_DOCUMENT = re.compile(r"\.(?:md|mdx|rst|txt|adoc)\Z|(?:^|/)README\Z", re.IGNORECASE)


class InstallCommand(msgspec.Struct, frozen=True, tag="install"):
    """A command as it is typed, in the order of the documents.

    Attributes:
        order: README's first.
        command: What is typed.
        anchor: Its line.
    """

    order: int
    command: str
    anchor: str


def naming(packages: Iterable[str]) -> re.Pattern[str]:
    """Finds the name of a package in what a command installs; a name of one letter is found nowhere."""
    names = "|".join(
        re.escape(name) for name in sorted(set(packages), key=len, reverse=True) if len(name) > 1
    )
    return re.compile(rf"(?<![\w-])(?:{names})(?![\w-])", re.IGNORECASE) if names else NEVER


def install_commands(repository: RepositoryFacts, own: Iterable[str]) -> Iterator[InstallCommand]:
    """The commands by which README and documents install the repository's own packages, README's first.

    Args:
        repository: What is known of it.
        own: The names of its packages.
    """
    from codebase_gardener.knowledge.overview.readme import readme_of

    is_own = naming(own)
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
                yield InstallCommand(len(seen), command, str(Anchor(path, line, line)))


def _typed(text: str) -> Iterator[tuple[int, str, str]]:
    """Commands that install: their line, as they are typed, and what they install.

    Those in backticks, behind a prompt, indented or in a fence: what begins a line of prose like one is none.
    """
    mark = ""
    for number, line in enumerate(text.split("\n"), 1):
        before, mark = mark, fence_after(line, mark, _MOST_INDENT)
        if mark != before or len(line) > _LONGEST:
            continue
        bare = line.lstrip(" \t")
        found = [each for each in _INSTALLS.finditer(line) if each["at"] == "`"]
        first = _INSTALLS.match(bare)
        if first and first["at"] != "`" and (mark or first["at"] or len(line) - len(bare) > 1):
            found.insert(0, first)
        for each in found:
            yield number, " ".join(each["command"].rstrip(" \t\\").split()), each["what"]
