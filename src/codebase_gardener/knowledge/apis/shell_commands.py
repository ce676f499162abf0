"""Commands that documents tell the user to run, and the programs that the repository itself installs."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest

from codebase_gardener.documents.facts import Snippet
from codebase_gardener.knowledge.sources.file_facts import FileFacts
from codebase_gardener.languages.table import LANGUAGES
from codebase_gardener.manifests.table import root_manifests
from codebase_gardener.repository.areas import is_about_versions

__all__ = ["COMMON", "HTTP_METHODS", "Command", "commands", "console_scripts", "is_own"]

_OF_THE_SHELL = (
    "cd ls cat cp mv rm mkdir touch echo export source set sudo ssh chmod tar unzip wget curl open which "
    "exit env less head tail grep find sed awk kill tree time"
)
_FETCHING = (
    "pip pip3 pipx uv uvx conda mamba poetry pdm npm yarn pnpm brew apt apt-get yum dnf go cargo docker "
    "make git gh virtualenv venv choco pre-commit"
)
COMMON: dict[str, str] = {
    # programs that get no page, and why
    **dict.fromkeys(_OF_THE_SHELL.split(), "of the shell"),
    **dict.fromkeys(_FETCHING.split(), "installs or fetches; the Environment pages say what is needed"),
    **{program: "runs any file" for row in LANGUAGES.values() for program in row.interpreters},
}
_SHELL = ("shell", "sh", "bash", "console", "shell-session", "zsh", "terminal", "powershell", "text", "none")
_PROGRAM = re.compile(r"[a-z][a-z0-9_.-]{1,40}\Z")
_SUBCOMMAND = re.compile(r"(?!\S*:\d)[a-z][a-z0-9]{1,20}(?:[-_:][a-z0-9]{1,20}){0,3}\Z")
_LAUNCHER = re.compile(
    r"(?:uvx|npx|bunx|sudo|(?:uv|poetry|pipx|pdm|hatch|conda) run|(?:pnpm|yarn) dlx|bundle exec|python3? -m)\s+"
)
"""What may stand before a program that is run."""
_HANDS_OVER = re.compile(r"(?:--|--?exec[-\w]*|[|;&]+|xargs)\Z")
"""The word after which another command's words stand."""
_MAY_HAND_OVER = ("-x", "-X")
"""The same where a program's name follows."""
_LONGEST = 400
HTTP_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
_OWN_SERVER = re.compile(r"(?:https?://)?(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1?\])(?::\d+)?(/[^\s?#]*)?")
_SENDS = re.compile(r"(?:-d|--data[\w-]*|--json|-F|--form)\Z")
_GOES_ON = re.compile(r"\\[ \t]*\n[ \t]*")
_RUNNERS = {program for row in LANGUAGES.values() for program in row.interpreters}


@dataclass(frozen=True)
class Command:
    """A command in a document.

    Attributes:
        name: Program, with its subcommand where one is written: "accelerate launch".
        path, line: Where it stands.
        text: The line, without its prompt.
        title: Of the section.
        options: As written, without their values, and without those of a command that it starts: "--config_file".
    """

    name: str
    path: str
    line: int
    text: str
    title: str
    options: tuple[str, ...]


def commands(
    facts: Mapping[str, FileFacts], own: frozenset[str], declared: frozenset[str] | None = frozenset()
) -> dict[str, tuple[Command, ...]]:
    """The commands of all documents by name: README's first, those of news last, else in order of path and line.

    Args:
        facts: By path.
        own: Programs of the repository itself.
        declared: Words that its code declares as their subcommands: another word is an argument. None where that is
            not known.
    """
    found: dict[str, list[Command]] = defaultdict(list)
    for path in sorted(facts, key=_read_first):
        for snippet in facts[path].snippets:
            if _is_shell(snippet, own) and not snippet.scope:
                for command in _in_snippet(path, snippet, own, facts, declared):
                    found[command.name].append(command)
    return {name: tuple(each) for name, each in sorted(found.items())}


def console_scripts(texts: Mapping[str, str]) -> frozenset[str]:
    """Names of the programs that packaging files at the root declare."""
    found = (name for manifest in root_manifests(texts) for name in manifest.commands)
    return frozenset(name for name in found if _PROGRAM.match(name))


def is_own(name: str, programs: frozenset[str]) -> bool:
    """Whether a command is one of the repository's: of its programs, a file of it, or a call of its server."""
    first = name.partition(" ")[0]
    return first in programs or first in HTTP_METHODS or first in _RUNNERS


def _read_first(path: str) -> tuple[bool, bool, str]:
    name = path.rpartition("/")[2].lower()
    return is_about_versions(path), not name.startswith("readme"), path


def _is_shell(snippet: Snippet, own: frozenset[str]) -> bool:
    """Whether a block is named as the shell's, or is named as nothing and begins with a program of the repository."""
    first = snippet.code.lstrip().partition(" ")[0]
    return snippet.language in _SHELL[:-2] or (snippet.language in ("", *_SHELL[-2:]) and first in own)


def _http_call(code: str, words: list[str]) -> str:
    """Of `curl` on one's own machine: "POST /items"; "" for what is none. The call may go on over several lines."""
    if words[0] != "curl":
        return ""
    called = _words(_GOES_ON.sub(" ", code).split("\n")[0])
    address = next((found for word in called[1:] if (found := _OWN_SERVER.match(word))), None)
    if address is None:
        return ""
    at = next((at for at, word in enumerate(called) if word in ("-X", "--request")), None)
    given = called[at + 1].upper() if at is not None and at + 1 < len(called) else ""
    method = given or ("POST" if any(map(_SENDS.match, called)) else "GET")
    return f"{method} {address[1] or '/'}" if method in HTTP_METHODS else ""


def _own_file(path: str, words: list[str], facts: Mapping[str, FileFacts]) -> str:
    """Of an interpreter with a file of the repository: "python train.py"; "" for what is none."""
    if words[0] not in _RUNNERS or len(words) < 2:
        return ""
    beside = posixpath.normpath(posixpath.join(posixpath.dirname(path), words[1]))
    return f"{words[0]} {posixpath.basename(words[1])}" if {beside, words[1]} & facts.keys() else ""


def _in_snippet(
    path: str,
    snippet: Snippet,
    own: frozenset[str],
    facts: Mapping[str, FileFacts],
    declared: frozenset[str] | None,
) -> Iterator[Command]:
    lines = snippet.code.split("\n")
    for number, line in enumerate(lines):
        text = line.strip().removeprefix("$ ").removeprefix("> ").strip()
        if not text or text.startswith("#") or len(text) > _LONGEST or line[:1].isspace():
            continue
        words = _words(text)
        while words and re.fullmatch(r"\w+=.*", words[0]):
            words = words[1:]
        launched = _words(_LAUNCHER.sub("", text, count=1)) if _LAUNCHER.match(text) else []
        words = launched if launched[:1] and launched[0] in own else words
        if not words:
            continue
        special = _http_call("\n".join([text, *lines[number + 1 :]]), words) or _own_file(path, words, facts)
        common = words[0] in COMMON and words[0] not in own
        if not special and (common or not _PROGRAM.match(words[0])):
            continue
        is_own = words[0] in own
        has_subcommand = _has_subcommand(words, declared if is_own else None, is_own)
        name = special or " ".join(words[: 1 + has_subcommand])
        given = words if special else list(_own_words(words))
        options = tuple(
            dict.fromkeys(word.partition("=")[0] for word in given if re.match(r"--?[A-Za-z]", word))
        )
        yield Command(name, path, snippet.start + number, text, snippet.title, options)


def _has_subcommand(words: list[str], declared: frozenset[str] | None, is_own: bool) -> bool:
    if len(words) == 1 or not _SUBCOMMAND.match(words[1]):
        return False
    if declared is not None:
        return words[1] in declared
    return is_own or len(words) > 2 or "-" not in words[0]


def _own_words(words: list[str]) -> Iterator[str]:
    """Those that the program itself takes, not those of a command that it, or the shell, starts after it."""
    for word, after in zip_longest(words, words[1:], fillvalue=""):
        if word == "--" or (not word.startswith("-") and _HANDS_OVER.match(word)):
            return
        yield word
        if _HANDS_OVER.match(word) or (word in _MAY_HAND_OVER and _PROGRAM.match(after) and "." not in after):
            return


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text, comments=True)
    except ValueError:
        return text.split()
