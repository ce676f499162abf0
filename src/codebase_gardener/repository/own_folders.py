"""Folders with a name such as `vendor` or `dist` that are the repository's own: its code imports them as packages."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from posixpath import dirname, join

from codebase_gardener.languages.engine.code import tree_code
from codebase_gardener.languages.facts import Import
from codebase_gardener.languages.python.code import python_code
from codebase_gardener.languages.python.row import SOURCE_ROOTS, is_python
from codebase_gardener.languages.rows import Family
from codebase_gardener.languages.table import FAMILIES, GRAMMARS, family_of, is_code, language_of
from codebase_gardener.repository.filters import DIRECTORIES, may_be_own

__all__ = ["own_folders"]

_FOREIGN = re.compile(r"(?:licen[cs]e|copying|notice|vendor\.txt|modules\.txt|pyvenv\.cfg)", re.IGNORECASE)
"""Files that come with somebody else's code."""


def own_folders(folders: Mapping[str, Sequence[str]], files: Sequence[tuple[str, str]]) -> set[str]:
    """Which folders are kept, of those that are left out by their name.

    Args:
        folders: Path, with a slash at its end, to the paths of all files in it.
        files: Path and text of the repository's other files.

    Example:
        >>> own_folders({"shop/vendor/": ["shop/vendor/rate.py"]}, [("shop/a.py", "from .vendor import rate")])
        {'shop/vendor/'}
    """
    open_ones = {
        folder
        for folder, paths in folders.items()
        if may_be_own(folder) and not any(_FOREIGN.match(path.rpartition("/")[2]) for path in paths)
    }
    if not any(is_code(language_of(path, text)) for path, text in files):  # published as it was built
        return {folder for folder in open_ones if folder[:-1] in DIRECTORIES["built"]}
    words = {folder: folder.split("/")[-2] for folder in open_ones}
    found: set[str] = set()
    for path, text in files:
        asked = {folder for folder in open_ones - found if words[folder] in text}
        if asked:
            imports = _imports(path, text)
            found |= {folder for folder in asked if any(_is_in(folder, path, each) for each in imports)}
    return found


def _imports(path: str, text: str) -> Sequence[Import]:
    if is_python(path):
        return python_code(text).imports
    language = language_of(path, text)
    if language not in GRAMMARS or FAMILIES[family_of(language)].compiled is not Family.compiled:
        return ()  # where `dist` is what a compiler wrote, an import of it says nothing
    return tree_code(text, language).imports


def _is_in(folder: str, importer: str, found: Import) -> bool:
    """Whether an import is of a module in the folder."""
    target = "/".join(part for part in (found.module.replace(".", "/"), found.name) if part) + "/"
    if found.level:
        base = dirname(importer)
        for _ in range(found.level - 1):
            base = dirname(base)
        return join(base, target).startswith(folder)
    parts = folder.split("/")[:-1]
    if (
        len(parts) > 1 and f"/{folder}" in f"/{target}"
    ):  # below the name of a whole module: `example.com/shop/…`
        return True
    for at in range(len(parts)):
        root = "/".join(parts[:at])
        is_seen = root in SOURCE_ROOTS or importer.startswith(f"{root}/")
        if is_seen and target.startswith("/".join(parts[at:]) + "/"):
            return True
    return False
