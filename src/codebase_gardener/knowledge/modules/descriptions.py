"""What the authors say of a package or folder: its docstring, its README; and where."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from codebase_gardener.documents.prose import plain_text
from codebase_gardener.documents.reading import kept_blocks
from codebase_gardener.documents.sentences import first_sentence
from codebase_gardener.knowledge.modules.tree import Module
from codebase_gardener.knowledge.sources.repository_facts import RepositoryFacts
from codebase_gardener.languages.table import FAMILIES, family_of

__all__ = ["SaidOf", "lines_saying", "said_of"]

_SPEAKS_FOR_ITS_FOLDER = re.compile(r"(?:__init__|index|mod|lib|doc|package-info|main)\.\w+\Z")
_FIRST_LINES = 80
_LONGEST = 8
"""Lines that one sentence may run over."""
_WORD = re.compile(r"[^\W_]+")
_SHORTEST = 3
"""Words of a sentence that says something."""


@dataclass(frozen=True)
class SaidOf:
    """A sentence of the authors, and the lines that say it."""

    sentence: str
    path: str
    start: int
    end: int


def said_of(module: Module, repository: RepositoryFacts) -> SaidOf | None:
    """What the authors say of a module as a whole: in the file that speaks for the folder, in the folder's README."""
    for path in (*_speakers(module), *_with_package_comment(module, repository)):
        purpose = repository.facts[path].purpose
        if len(_WORD.findall(purpose)) >= _SHORTEST:
            return SaidOf(purpose, path, *lines_saying(repository.lines(path, 1, _FIRST_LINES), purpose))
    return _in_readme(module, repository) if module.path and module.path not in module.files else None


def _speakers(module: Module) -> list[str]:
    """Files of a module that may speak for all of it, those at its own level first."""
    name = module.path.rpartition("/")[2]
    inside = [path for path in module.files if path.rpartition("/")[0] == module.path]
    if len(module.files) == 1:
        return list(module.files)
    by_name = [path for path in inside if _SPEAKS_FOR_ITS_FOLDER.match(path.rpartition("/")[2])]
    return by_name + [path for path in inside if name and path.rpartition("/")[2].partition(".")[0] == name]


def _with_package_comment(module: Module, repository: RepositoryFacts) -> list[str]:
    """Files whose words stand right above their package's name: those are the package's own, where it is a folder."""
    found = []
    for path in module.files:
        facts = repository.facts[path]
        family = FAMILIES.get(family_of(facts.language))
        is_inside = path.rpartition("/")[0] == module.path
        if not (is_inside and facts.purpose and family and family.package_comment):
            continue
        lines = repository.lines(path, 1, facts.lines)
        _, last = lines_saying(lines[:_FIRST_LINES], facts.purpose)
        following = next(
            (line for line in lines[last:] if not family.comment.match(line) or not line.strip()), ""
        )
        if following.startswith(family.package_comment):
            found.append(path)
    return found


def _in_readme(module: Module, repository: RepositoryFacts) -> SaidOf | None:
    readmes = [
        path
        for path in repository.facts
        if path.rpartition("/")[0] == module.path and path.rpartition("/")[2].lower().startswith("readme.")
    ]
    for path in readmes[:1]:
        for block in kept_blocks(path, repository.facts[path].language, repository.texts[path][:20_000]):
            sentence = first_sentence(plain_text(block.text), 300) if block.kind == "paragraph" else ""
            if len(_WORD.findall(sentence)) > _SHORTEST:
                return SaidOf(sentence, path, block.start, block.end)
    return None


def lines_saying(lines: Sequence[str], sentence: str) -> tuple[int, int]:
    """The first lines that have all words of a sentence, 1-based; all lines where none do.

    Example:
        >>> lines_saying(["# Licence", "# Adds up", "# numbers.", "x = 1"], "Adds up numbers.")
        (2, 3)
    """
    wanted = _WORD.findall(sentence)
    for start in range(len(lines)):
        if wanted and wanted[0] in _WORD.findall(lines[start]):
            for end in range(start, min(start + _LONGEST, len(lines))):
                if _has("\n".join(lines[start : end + 1]), wanted):
                    return start + 1, end + 1
    return 1, max(1, len(lines))


def _has(text: str, wanted: Sequence[str]) -> bool:
    words = iter(_WORD.findall(text))
    return all(word in words for word in wanted)
