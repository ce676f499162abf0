"""Three ways to an answer, without anyone who understands: the wiki's search, README alone, the source with grep.

Each tells whether an anchor of the answer was come upon, and how many tokens were read until then.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from questions import Lines, Question

from codebase_gardener.repository.areas import area_of
from codebase_gardener.wiki.project import ProjectWiki
from codebase_gardener.wiki.questions import content_words
from codebase_gardener.wiki.search import SearchResult

__all__ = ["Found", "Grep", "Readme", "Tokens", "WikiSearch"]

Tokens = Callable[[str], int]

_SHOWN = 5
"""Results of a search, as `gardener wiki search` prints them."""

_PAGES = 3
_FILES = 10
_WINDOWS = 40
_AROUND = 10
_MAX_TEXT_BYTES = 2**20
_CITED = re.compile(r"([\w@.+-][\w@.+/ -]*):L(\d+)-(\d+)")


@dataclass(frozen=True)
class Found:
    """How an arm fared with a question.

    Attributes:
        rank: Of the first page (file, for grep) that has an anchor, from 1; 0 for none.
        strict: The same, counting only cited ranges that point at the anchor (`Lines.is_pointed_at`).
        tokens: Read until it was come upon; where it was not, all that was read.
        seen: The pages or files, in order.
    """

    rank: int
    strict: int
    tokens: int
    seen: tuple[str, ...]


class WikiSearch:
    """`gardener wiki search` and what it names, opened one after another: pages, and sections of documents."""

    def __init__(self, wiki: ProjectWiki, tokens: Tokens) -> None:
        self._wiki, self._tokens = wiki, tokens
        self._index = wiki.index()

    def ask(self, question: Question) -> Found:
        """Search with the question as it is, then open the first three pages until one has an anchor."""
        results = self._index.search(question.ask, k=_SHOWN)
        spent, rank, strict = self._tokens(_printed(results)), 0, 0
        for number, result in enumerate(results[:_PAGES], 1):
            text = self._wiki.show(result.id).text
            spent += 0 if rank else self._tokens(text)
            cited = [Lines(path.strip(), int(a), int(b)) for path, a, b in _CITED.findall(text)]
            pairs = [(anchor, lines) for anchor in question.anchors for lines in cited]
            if not rank and any(anchor.meets(lines) for anchor, lines in pairs):
                rank = number
            if not strict and any(anchor.is_pointed_at(lines) for anchor, lines in pairs):
                strict = number
        return Found(rank, strict, spent, tuple(result.id for result in results[:_PAGES]))


def _printed(results: list[SearchResult]) -> str:
    """As `gardener wiki search` prints them."""
    return "\n".join(
        f"{one.score:6.2f}  {one.id}\n        {one.overview}\n        {one.said}\n        {one.anchor}"
        for one in results
    )


class Readme:
    """README, read as a whole."""

    def __init__(self, tree: Path, name: str, tokens: Tokens) -> None:
        self._name = name
        self._spent = tokens((tree / name).read_text("utf-8", "replace"))

    def ask(self, question: Question) -> Found:
        """Whether an anchor is in it."""
        rank = int(any(anchor.path == self._name for anchor in question.anchors))
        return Found(rank, rank, self._spent, (self._name,))


class Grep:
    """The source with grep: lines that have the question's words, the better of two ways to read on from them.

    Whole files, those with most of the words first, tests last; or the lines around each match, those with most of the
    words first. Copies of README in a package's metadata are left out.
    """

    def __init__(self, tree: Path, tokens: Tokens) -> None:
        self._tree, self._tokens = tree, tokens

    @cached_property
    def _texts(self) -> dict[str, list[str]]:
        texts = {}
        for file in sorted(self._tree.rglob("*")):
            path = file.relative_to(self._tree).as_posix()
            if file.is_file() and file.stat().st_size <= _MAX_TEXT_BYTES and not _is_metadata(path):
                data = file.read_bytes()
                if b"\0" not in data:
                    texts[path] = data.decode("utf-8", "replace").split("\n")
        return texts

    def ask(self, question: Question) -> Found:
        """Read on until an anchor is come upon."""
        words = [word.lower() for word in content_words(question.ask) if len(word) > 2]
        matches = {
            path: found
            for path, lines in self._texts.items()
            if (
                found := {number: had for number, line in enumerate(lines, 1) if (had := _words(words, line))}
            )
        }
        files = sorted(
            matches,
            key=lambda path: (
                area_of(path) == "tests",
                -len(set().union(*matches[path].values())),
                -len(matches[path]),
                path,
            ),
        )
        wholes = [(Lines(path, 1, len(self._texts[path]))) for path in files[:_FILES]]
        rank, spent = self._read(question, wholes)
        beside, less = self._read(question, list(self._windows(matches)))
        if beside and (not rank or less < spent):
            spent = less
        return Found(rank, rank, spent, tuple(files[:_PAGES]))

    def _read(self, question: Question, ranges: list[Lines]) -> tuple[int, int]:
        """How many ranges were read until one had an anchor (0 where none had), and the tokens of them."""
        spent = 0
        for number, lines in enumerate(ranges, 1):
            spent += self._tokens("\n".join(self._texts[lines.path][lines.first - 1 : lines.last]))
            if any(anchor.meets(lines) for anchor in question.anchors):
                return number, spent
        return 0, spent

    def _windows(self, matches: dict[str, dict[int, frozenset[str]]]) -> Iterator[Lines]:
        """The lines around each match, best first; none of them twice."""
        order = sorted(
            ((path, number, had) for path, found in matches.items() for number, had in found.items()),
            key=lambda one: (-len(one[2]), area_of(one[0]) == "tests", one[0], one[1]),
        )
        read: set[tuple[str, int]] = set()
        for path, number, _ in order:
            if (path, number) not in read and len(read) < _WINDOWS * (2 * _AROUND + 1):
                window = Lines(path, max(1, number - _AROUND), number + _AROUND)
                read.update((path, line) for line in range(window.first, window.last + 1))
                yield window


def _is_metadata(path: str) -> bool:
    return path == "PKG-INFO" or ".egg-info/" in path


def _words(words: list[str], line: str) -> frozenset[str]:
    lowered = line.lower()
    return frozenset(word for word in words if word in lowered)
