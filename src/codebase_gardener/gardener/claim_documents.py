"""Which documents `verify --claims` judges: those that are named, and those below a folder that is."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from codebase_gardener.languages.table import LANGUAGES
from codebase_gardener.repository.entries import Entry
from codebase_gardener.repository.filters import directory_problem
from codebase_gardener.repository.patterns import IGNORE_FILE, Chosen
from codebase_gardener.utils.error_handling import InvalidInputError

__all__ = ["read_documents"]

_HINT = "name a Markdown file after --claims"


def read_documents(named: Sequence[Path], root: Path | None, exclude: Sequence[str]) -> dict[Path, bytes]:
    """The content of every document, once.

    Args:
        named: Files, which count in any case, and folders, of which the Markdown files count that nobody leaves out.
        root: The repository's folder, whose `.gardenerignore` counts; None where it is no folder.
        exclude: Patterns of the settings.

    Raises:
        InvalidInputError: One cannot be read, or a folder has none.
    """
    read: dict[Path, bytes] = {}
    places = set()
    for start in named:
        for document in _wanted(start, root, exclude) if start.is_dir() else [start]:
            place = document.resolve()
            if place not in places:  # a link to one that is read is no second one
                places.add(place)
                read[document] = _read(document)
    return read


def _wanted(folder: Path, root: Path | None, exclude: Sequence[str]) -> list[Path]:
    found = [*_markdown(folder, root)]
    if root is not None:
        ignore = root / IGNORE_FILE
        paths = {document: document.resolve() for document in found}
        below = {d: p.relative_to(root).as_posix() for d, p in paths.items() if p.is_relative_to(root)}
        entries = [Entry(path, 0, bytes) for path in below.values()]
        if ignore.is_file():
            entries.append(Entry(IGNORE_FILE, ignore.stat().st_size, ignore.read_bytes))
        left_out = Chosen(exclude=tuple(exclude)).problems(entries)
        found = [document for document in found if below.get(document) not in left_out]
    if not found:
        raise InvalidInputError(f"{folder} holds no Markdown file that counts", hint=_HINT)
    return found


def _markdown(named: Path, root: Path | None) -> Iterator[Path]:
    """The Markdown files below a folder, but for those of tools and of others, and links that lead elsewhere."""
    inside = [named.resolve(), *([root] if root else [])]
    for folder, folders, names in os.walk(named):
        folders[:] = sorted(name for name in folders if directory_problem(name) is None)
        for name in sorted(names):
            document = Path(folder, name)
            if not name.lower().endswith(LANGUAGES["markdown"].extensions) or not document.is_file():
                continue
            if any(document.resolve().is_relative_to(place) for place in inside):
                yield document


def _read(document: Path) -> bytes:
    try:
        waits = document.exists() and not document.is_file()  # a FIFO, for ever
        data = b"" if waits else document.read_bytes()
    except (OSError, ValueError) as error:
        raise InvalidInputError(f"{document} cannot be read: {error}", hint=_HINT) from error
    if waits:
        raise InvalidInputError(f"{document} cannot be read: it is no regular file", hint=_HINT)
    return data
