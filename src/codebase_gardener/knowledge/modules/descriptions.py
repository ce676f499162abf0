"""What the authors say of a package or folder: its docstring, its README; and where."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from codebase_gardener.documents.prose import plain_text
from codebase_gardener.documents.purposes import is_title
from codebase_gardener.documents.reading import kept_blocks
from codebase_gardener.documents.sentences import first_sentence, told_alone
from codebase_gardener.knowledge.modules.tree import Module
from codebase_gardener.knowledge.sources.repository_facts import RepositoryFacts
from codebase_gardener.languages.table import FAMILIES, family_of, is_code

__all__ = ["SaidOf", "lines_saying", "said_of"]

_SPEAKS_FOR_ITS_FOLDER = re.compile(r"(?:__init__|index|mod|lib|doc|package-info)\.\w+\Z")
_FIRST_LINES = 80
_LONGEST = 8
"""Lines that one sentence may run over."""
_COMMAND = re.compile(r"`[^`\s]+\s[^`]{1,200}`|(?:run|install|execute|type|see|please)\b", re.IGNORECASE)
"""How a paragraph begins that tells what to type or where to look, not what a folder holds."""
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
    """What the authors say of a module as a whole: in the file that speaks for the folder, in the folder's README.

    What speaks for a package is of the folder, and not of the file that it stands in, where that is a module.
    """
    is_folder = module.path not in module.files
    inside = _inside(module, repository) if is_folder else list(module.files)
    commented = [path for path in inside if _has_package_comment(path, repository)]
    by_name = _speakers(module, inside)
    for path in (*by_name, *commented) if is_folder else set(by_name).difference(commented):
        purpose = told_alone(repository.facts[path].purpose)
        if len(_WORD.findall(plain_text(purpose))) >= _SHORTEST and not is_title(purpose):
            return SaidOf(purpose, path, *lines_saying(repository.lines(path, 1, _FIRST_LINES), purpose))
    return _in_readme(module, repository) if module.path and is_folder else None


def _inside(module: Module, repository: RepositoryFacts) -> list[str]:
    """The files of code at a folder's own level, those with a page of their own, too."""
    areas = {repository.areas[path] for path in module.files}
    return [
        path
        for path, facts in sorted(repository.facts.items())
        if path.rpartition("/")[0] == module.path
        and is_code(facts.language)
        and repository.areas[path] in areas
    ]


def _speakers(module: Module, inside: Sequence[str]) -> list[str]:
    """Files at a module's own level that may speak for all of it."""
    folder, _, name = module.path.rpartition("/")
    by_rule = [path for path in inside if _SPEAKS_FOR_ITS_FOLDER.match(path.rpartition("/")[2])]
    if len(inside) == 1 and len(module.files) == 1:
        is_of_folder = by_rule == [module.path] and module.parent == folder
        return [] if is_of_folder else list(inside)
    alike = {name, *(() if by_rule else ("main",))} - {""}
    own = [path for path in module.files if path.rpartition("/")[2].partition(".")[0] in alike]
    return by_rule + [path for path in own if path in inside and path not in by_rule]


def _has_package_comment(path: str, repository: RepositoryFacts) -> bool:
    """Whether a file's words stand right above its package's name: those are the package's own."""
    facts = repository.facts[path]
    family = FAMILIES.get(family_of(facts.language))
    if not (facts.purpose and family and family.package_comment):
        return False
    lines = repository.lines(path, 1, facts.lines)
    end = next((at for at, line in enumerate(lines) if line.startswith(family.package_comment)), 0)
    start = end
    if end and lines[end - 1].rstrip().endswith("*/"):
        start = next((at for at in range(end - 1, -1, -1) if "/*" in lines[at]), end)
    while start and lines[start - 1].startswith("//"):
        start -= 1
    first, _ = lines_saying(lines[:_FIRST_LINES], facts.purpose)
    return start < first <= end


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
                if _COMMAND.match(block.text) or not (told := told_alone(sentence)):
                    return None
                return SaidOf(told, path, block.start, block.end)
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
