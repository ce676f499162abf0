"""What users switch on when a package is built or installed: features, extras and build tags, with their comments."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import msgspec

from codebase_gardener.documents.prose import plain_text
from codebase_gardener.knowledge.answers.lines import GraphLine
from codebase_gardener.knowledge.pages.quoting import inline
from codebase_gardener.knowledge.pages.wording import enumerated
from codebase_gardener.languages.table import LANGUAGES
from codebase_gardener.manifests.table import read_manifest
from codebase_gardener.utils.anchors import Anchor

if TYPE_CHECKING:
    from codebase_gardener.knowledge.sources.repository_facts import RepositoryFacts

__all__ = ["NamedSwitch", "switch_lines", "switches"]

_ASIDE = ("tests", "examples", "benchmarks")
_HEAD = 3_000  # characters of a file in which it says how it is built
_MOST_LINES, _MOST_NAMES, _LONGEST = 40, 6, 300
_LICENCE = re.compile(r"copyright|licen[cs]e|\bSPDX\b|all rights reserved", re.IGNORECASE)


class NamedSwitch(msgspec.Struct, frozen=True, tag="switch"):
    """Something that is switched on by its name.

    Attributes:
        kind: "feature", "extra" or "build tag".
        name: As it is written.
        brings: What comes with it: other features and packages; the files that are built with it.
        without: The files that are built where it is not set.
        says: The comment on it; "".
        path, start, end: Its lines.
    """

    kind: str
    name: str
    brings: tuple[str, ...]
    without: tuple[str, ...]
    says: str
    path: str
    start: int
    end: int


def switches(repository: RepositoryFacts) -> Iterator[NamedSwitch]:
    """Those of packaging files, then the tags that files of code name as a condition of being built."""
    for path, text in repository.texts.items():
        manifest = read_manifest(path, text) if repository.areas[path] not in _ASIDE else None
        for one in manifest.switches if manifest else ():
            says = inline(plain_text(one.says, code_marks=True), _LONGEST)
            yield NamedSwitch(one.kind, one.name, one.brings, (), says, path, one.start, one.end)
    yield from _build_tags(repository)


def _build_tags(repository: RepositoryFacts) -> Iterator[NamedSwitch]:
    found: dict[str, list[tuple[bool, Anchor]]] = {}
    for path, facts in repository.facts.items():
        row = LANGUAGES.get(facts.language)
        if row is None or repository.areas[path] in _ASIDE:
            continue
        head = repository.texts[path][:_HEAD]
        for condition in row.built_with.finditer(head):
            line = head.count("\n", 0, condition.start()) + 1
            for tag in row.own_tag.finditer(condition[1]):
                is_given = not _is_negated(condition[1], tag.start())
                found.setdefault(tag[0], []).append((is_given, Anchor(path, line, line)))
    for name, places in sorted(found.items()):
        given, left_out = ([at for is_given, at in places if is_given is wanted] for wanted in (True, False))
        says = next(filter(None, (_says(repository, at.path) for at in given)), "")
        builds, leaves_out = (tuple(dict.fromkeys(at.path for at in each)) for each in (given, left_out))
        first = (given or left_out)[0]
        yield NamedSwitch("build tag", name, builds, leaves_out, says, first.path, first.start, first.end)


def _is_negated(condition: str, at: int) -> bool:
    """Whether a word of a condition must not hold: by a `!` before it, or before a bracket around it."""
    around: list[bool] = []
    for place, letter in enumerate(condition[:at]):
        if letter == "(":
            around.append(condition[:place].endswith("!"))
        elif letter == ")" and around:
            around.pop()
    return (sum(around) + condition[:at].endswith("!")) % 2 == 1


def _says(repository: RepositoryFacts, path: str) -> str:
    """The first comment of a file that is neither its licence nor an order to a tool."""
    facts = repository.facts[path]
    if facts.purpose:
        return inline(facts.purpose, _LONGEST)
    mark, said = LANGUAGES[facts.language].comment, []
    for line in [*repository.lines(path, 1, min(_MOST_LINES, facts.lines)), ""]:
        if line.startswith(f"{mark} ") and not line.startswith(f"{mark} +"):
            said.append(line.removeprefix(mark).strip())
        elif said and not _LICENCE.search(" ".join(said)):
            return inline(" ".join(said), _LONGEST)
        else:
            said = []
    return ""


def switch_lines(rows: Iterable[NamedSwitch]) -> Iterator[GraphLine]:
    """A line for each."""
    for row in rows:
        named = f"the extra [{row.name}]" if row.kind == "extra" else f"the {row.kind} `{row.name}`"
        brings = enumerated([f"`{name}`" for name in row.brings][:_MOST_NAMES], len(row.brings))
        without = enumerated([f"`{name}`" for name in row.without][:_MOST_NAMES], len(row.without))
        if row.kind == "build tag":
            parts = (f"builds {brings}" if brings else "", f"leaves out {without}" if without else "")
            told = " and ".join(filter(None, parts))
        else:
            told = f"brings {brings}" if brings else "brings nothing else"
        yield GraphLine(
            f"{named} {told}{f': {row.says}' if row.says else ''}", str(Anchor(row.path, row.start, row.end))
        )
