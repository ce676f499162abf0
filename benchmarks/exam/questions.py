"""The exam's questions: read from the TOML file of a repository, and their anchors checked against its files."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

__all__ = ["BEYOND", "KINDS", "Lines", "Paper", "Question", "Repository", "check", "papers", "read_paper"]

KINDS = ("what", "how", "where", "contract", "together", "change", "depends")
"""What is it for; how do I; where is; what does it take, return, raise; how do the parts work together; how to build,
test and change it; what does it need."""

BEYOND = 40
"""Lines that a cited range may reach beyond an anchor on either side to count in the stricter count."""

_AT = re.compile(r"(?P<path>.+?):L?(?P<first>\d+)(?:-L?(?P<last>\d+))?")


@dataclass(frozen=True)
class Lines:
    """A range of lines of a file, 1-based and inclusive, and what the author of the question saw there."""

    path: str
    first: int
    last: int
    quote: str = ""

    @classmethod
    def read(cls, text: str, quote: str = "") -> Lines:
        """Of `path:first-last`, as anchors of the wiki (`path:Lx-y`) and `path:line` are written, too."""
        found = _AT.fullmatch(text.strip())
        if found is None:
            raise ValueError(f"{text!r} is no path:first-last")
        first = int(found["first"])
        return cls(found["path"], first, int(found["last"] or first), quote)

    def __str__(self) -> str:
        return f"{self.path}:{self.first}-{self.last}"

    def meets(self, cited: Lines) -> bool:
        """Whether a cited range has one of these lines."""
        return self.path == cited.path and self.first <= cited.last and cited.first <= self.last

    def is_pointed_at(self, cited: Lines) -> bool:
        """Whether a cited range has one of these lines and reaches at most `BEYOND` lines beyond them."""
        near = self.first - BEYOND <= cited.first and cited.last <= self.last + BEYOND
        return near and self.meets(cited)


@dataclass(frozen=True)
class Question:
    """What a newcomer asks, the right answer in a few words, and every place that gives it: any of them will do."""

    kind: str
    ask: str
    answer: str
    anchors: tuple[Lines, ...]


@dataclass(frozen=True)
class Repository:
    """Where a repository comes from: `source` is pypi, npm or debian.

    Of the package, `root` is the folder that counts, without those in `leave_out`, which were built from the rest.
    """

    name: str
    language: str
    kind: str
    source: str
    package: str
    version: str
    sha256: str
    readme: str
    root: str = ""
    leave_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class Paper:
    """The questions of a repository, and the hashes of the files that they ask about."""

    repository: Repository
    files: dict[str, str]
    questions: tuple[Question, ...]


def papers() -> dict[str, Path]:
    """Name of each repository to its file."""
    return {file.stem: file for file in sorted(Path(__file__).parent.glob("*.toml"))}


def read_paper(file: Path) -> Paper:
    """A file of questions."""
    content = tomllib.loads(file.read_text("utf-8"))
    questions = tuple(
        Question(
            one["kind"],
            one["ask"],
            one["answer"],
            tuple(Lines.read(each["at"], each["quote"]) for each in one["anchors"]),
        )
        for one in content["questions"]
    )
    return Paper(Repository(**content["repository"]), content["files"], questions)


def check(paper: Paper, tree: Path) -> tuple[Paper, list[str]]:
    """The paper with anchors that have moved put right and those that are gone left out, and what was found.

    A quote that stands once elsewhere in its file has moved with it. A question without an anchor left is left out.
    """
    told = [f"{path} is not the version that was read" for path in _changed(paper, tree)]
    questions = []
    for question in paper.questions:
        standing = [(lines, _standing(lines, tree)) for lines in question.anchors]
        told += [f"{lines} no longer says {lines.quote!r}" for lines, now in standing if now is None]
        told += [f"{lines} is now {now}" for lines, now in standing if now is not None and now != lines]
        anchors = tuple(now for _, now in standing if now is not None)
        if anchors:
            questions.append(replace(question, anchors=anchors))
        else:
            told.append(f"left out: {question.ask}")
    return replace(paper, questions=tuple(questions)), told


def _changed(paper: Paper, tree: Path) -> Iterable[str]:
    for path, sha256 in paper.files.items():
        file = tree / path
        if not file.is_file() or hashlib.sha256(file.read_bytes()).hexdigest() != sha256:
            yield path


def _standing(lines: Lines, tree: Path) -> Lines | None:
    """Where the lines stand now; None where what they said is gone or stands in several places."""
    file = tree / lines.path
    if not file.is_file():
        return None
    text = [_plain(line) for line in file.read_text("utf-8", "replace").split("\n")]
    quote = _plain(lines.quote)
    at = [number for number, line in enumerate(text, 1) if quote in line]
    if any(lines.first <= number <= lines.last for number in at):
        return lines
    if len(at) != 1:
        return None
    return replace(lines, first=at[0], last=at[0] + lines.last - lines.first)


def _plain(line: str) -> str:
    return " ".join(line.split())
