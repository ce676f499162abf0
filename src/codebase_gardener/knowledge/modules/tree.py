"""The packages and folders that a person would name, as a tree."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from codebase_gardener.knowledge.links.families import units_of
from codebase_gardener.knowledge.modules.imports import imported_files
from codebase_gardener.knowledge.pages.wiki_names import page_name, unique_names
from codebase_gardener.knowledge.sources.repository_facts import RepositoryFacts
from codebase_gardener.languages.table import FAMILIES, family_of, is_code, is_hidden, is_test
from codebase_gardener.manifests.table import read_manifest
from codebase_gardener.repository.areas import is_for_tests

__all__ = ["Module", "ModuleTree", "module_tree"]

MOST_MODULES = 120
"""In a larger repository the smallest folders are told with those around them."""

FEW_LINES = 20
"""A folder of so few lines is told with the one around it, as a file of them is discarded by triage."""

LONG_FILE = 300
"""A file of so many lines is kept by triage, too."""

MANY_DEFINITIONS = 40
"""A folder whose own files have more public ones is too much for a page: its long files get pages of their own."""

LOOSE = "files at the root"
"""What files are called that belong to no package in the folders beside them."""

_AREAS = ("package", "scripts", "other", "examples", "benchmarks")
"""Where the code of a repository is: the first of these that has any; tests are never meant."""


@dataclass(frozen=True)
class Module:
    """A folder, or a file, with a page of its own.

    Attributes:
        path: From the root; "" for the root.
        files: Of code, whose definitions its page tells, sorted.
        parent: Path of the module around it; None for a topmost one.
        name: Of its page.
        title: Its path; of the root, what the repository is called.
        is_loose: Whether it is only the files at the root, which belong to none of the folders.
    """

    path: str
    files: tuple[str, ...]
    parent: str | None
    name: str
    title: str
    is_loose: bool = False


@dataclass(frozen=True)
class ModuleTree:
    """All modules, sorted by path."""

    modules: tuple[Module, ...]

    @cached_property
    def of_file(self) -> dict[str, Module]:
        """The module that tells each file's definitions."""
        return {path: module for module in self.modules for path in module.files}

    @cached_property
    def by_path(self) -> dict[str, Module]:
        """By their own path."""
        return {module.path: module for module in self.modules}

    def children(self, module: Module) -> list[Module]:
        """Those right inside a module, sorted by path."""
        return [one for one in self.modules if one.parent == module.path]


def module_tree(repository: RepositoryFacts) -> ModuleTree:
    """The modules of a repository.

    A folder with code is one, unless it has hardly any lines or only serves tests; in a folder with many public
    definitions the long files are, too; where all code is one file, that file is. The root of a package that lies in
    folders is none where it only has scripts, or what nothing imports and nobody is offered.
    """
    files = _code(repository)
    folders: dict[str, list[str]] = defaultdict(list)
    for path in files:
        folders[path.rpartition("/")[0]].append(path)
    if len(files) == 1:
        folders = {files[0]: files}
    if len(folders) > 1 and "" in folders and _are_scripts(folders[""], repository):
        del folders[""]
    is_loose = len(folders) > 1 and "" in folders and _are_loose(folders[""], repository)
    if is_loose and not any(_public(repository, path) for path in folders[""]):
        del folders[""]
    lines = {path: repository.facts[path].lines for path in files}
    for folder in sorted(folders, key=lambda one: (-one.count("/"), one)):
        if sum(lines[path] for path in folders[folder]) <= FEW_LINES:
            _tell_with_outer(folder, folders, is_loose=is_loose)
    _drop_empty(folders, lines, repository)
    _lessen(folders, lines, is_loose=is_loose)
    _split(folders, lines, repository)
    return ModuleTree(_named(folders, repository, is_loose=is_loose))


def _code(repository: RepositoryFacts) -> list[str]:
    by_area: dict[str, list[str]] = defaultdict(list)
    for path, area in repository.areas.items():
        serves_tests = any(is_for_tests(part.partition(".")[0]) for part in path.split("/")[:-1])
        if is_code(repository.facts[path].language) and not serves_tests:
            by_area[area].append(path)
    return next((by_area[area] for area in _AREAS if by_area[area]), [])


def _are_scripts(paths: Sequence[str], repository: RepositoryFacts) -> bool:
    """Whether files at the root are no part of a package.

    Nothing in a folder imports them, and the packaging file of the package there and code of documents do not name
    them; at the root of a workspace, whose packages lie in folders, who names them only runs them.
    """
    packages = [path for path in repository.facts if _is_named(path, repository)]
    at_root = [path for path in packages if "/" not in path]
    is_workspace = any(path.rpartition("/")[2] in repository.facts for path in packages if "/" in path)
    units = [_unit(path, repository) for path in paths]
    if not (at_root or is_workspace) or any(":" in unit for unit in units):
        return False
    told = [repository.texts[path] for path in at_root]
    if at_root:
        told += [each.code for facts in repository.facts.values() for each in facts.snippets]
    inner = [facts for path, facts in repository.facts.items() if "/" in path]
    imports = (each for facts in inner for each in facts.imports)
    told += [f"{each.module} {each.name}" for each in imports]
    stems = "|".join(re.escape(path.rpartition(".")[0]) for path in paths)
    return not re.search(rf"(?<![\w-])(?:{stems})(?![\w-])", "\n".join(told))


def _are_loose(paths: Sequence[str], repository: RepositoryFacts) -> bool:
    """Whether the packaging file at the root offers none of the files there, and no other file imports one."""
    facts = repository.facts
    families = {family_of(facts[path].language) for path in paths}
    if "" in families or any(":" in _unit(path, repository) for path in paths):
        return False
    for name in families:
        units = units_of(facts, FAMILIES[name])
        is_packaged = any(not folder for folder, _ in units.roots)
        if not is_packaged or set(units.entries.values()) & set(paths):
            return False
    return not any(
        "/" in user and set(used) & set(paths)
        for user, used in imported_files(facts).items()
        if repository.areas[user] != "tests"
    )


def _is_named(path: str, repository: RepositoryFacts) -> bool:
    """Whether a file is a packaging file that names a package."""
    manifest = read_manifest(path, repository.texts[path])
    return manifest is not None and bool(manifest.name.text)


def _unit(path: str, repository: RepositoryFacts) -> str:
    """What is imported of a file: of a folder, the whole of it, with a colon."""
    family = FAMILIES.get(family_of(repository.facts[path].language))
    return family.unit(path) if family else path


def _outer(path: str, known: Iterable[str], *, is_loose: bool = False) -> str | None:
    """The nearest of the known folders that a path is in; loose files at the root hold none."""
    folders = set(known) - ({""} if is_loose else set())
    while path:
        path = path.rpartition("/")[0]
        if path in folders:
            return path
    return None


def _tell_with_outer(folder: str, folders: dict[str, list[str]], *, is_loose: bool) -> None:
    outer = _outer(folder, folders, is_loose=is_loose)
    if outer is not None:
        folders[outer] = sorted([*folders[outer], *folders.pop(folder)])


def _drop_empty(folders: dict[str, list[str]], lines: Mapping[str, int], repository: RepositoryFacts) -> None:
    """A few lines that define nothing and lie in no other module only hand on to one."""
    for folder, paths in list(folders.items()):
        defines = any(repository.facts[path].symbols for path in paths)
        if len(folders) > 1 and not defines and sum(lines[path] for path in paths) <= FEW_LINES:
            del folders[folder]


def _lessen(folders: dict[str, list[str]], lines: Mapping[str, int], *, is_loose: bool) -> None:
    """Smallest first, folders are told with those around them, until there are few enough."""
    size = {folder: sum(lines[path] for path in paths) for folder, paths in folders.items()}
    for folder in sorted(size, key=lambda one: (size[one], one)):
        if len(folders) <= MOST_MODULES:
            return
        _tell_with_outer(folder, folders, is_loose=is_loose)


def _split(folders: dict[str, list[str]], lines: Mapping[str, int], repository: RepositoryFacts) -> None:
    for folder, paths in sorted(folders.items()):
        if len(paths) < 2 or sum(_public(repository, path) for path in paths) <= MANY_DEFINITIONS:
            continue
        own = [path for path in paths if lines[path] >= LONG_FILE and _public(repository, path)]
        if len(folders) + len(own) > MOST_MODULES:
            continue
        folders |= {path: [path] for path in own}
        folders[folder] = [path for path in paths if path not in own]


def _public(repository: RepositoryFacts, path: str) -> int:
    """How many definitions of a file are offered at its outer level."""
    return sum(
        symbol.public and "." not in symbol.qualified_name and not is_hidden(symbol) and not is_test(symbol)
        for symbol in repository.facts[path].symbols
    )


def _named(
    folders: Mapping[str, Sequence[str]], repository: RepositoryFacts, *, is_loose: bool
) -> tuple[Module, ...]:
    paths = sorted(folders)
    root = LOOSE if is_loose else repository.repo.rstrip("/").rpartition("/")[2] or "root"
    names = unique_names(page_name(repository.owner_repo, path.replace("/", "_") or root) for path in paths)
    return tuple(
        Module(
            path,
            tuple(sorted(folders[path])),
            _outer(path, folders, is_loose=is_loose) if path else None,
            name,
            path or root,
            is_loose=is_loose and not path,
        )
        for path, name in zip(paths, names, strict=True)
    )
