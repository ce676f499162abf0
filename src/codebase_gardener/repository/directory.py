"""A directory that is no git repository: walked without following links, every `.gitignore` honoured."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pathspec

from codebase_gardener.repository.disk import DiskTree
from codebase_gardener.repository.entries import Entry, EntryListing
from codebase_gardener.repository.filters import directory_problem, may_be_own

__all__ = ["list_directory"]

MAX_IGNORE_BYTES = 1_000_000
_TAGS = {"pyvenv.cfg": "virtual environment directory", "CACHEDIR.TAG": "cache directory"}


def list_directory(root: Path, source: str, limit_bytes: int) -> EntryListing:
    """List a directory's files.

    Args:
        root: The directory, resolved.
        source: How the snapshot names it.
        limit_bytes: Files are read at most one byte past this.
    """
    walk = _Walk(DiskTree(root, limit_bytes), [], [])
    walk.enter("", ())
    return EntryListing("directory", source, tuple(walk.entries), left_out=tuple(walk.left_out))


@dataclass(frozen=True)
class _Ignore:
    """One `.gitignore`: what it says counts below its own directory."""

    prefix: str
    spec: pathspec.GitIgnoreSpec

    def verdict(self, path: str) -> bool | None:
        """True: ignored; False: explicitly kept; None: not mentioned."""
        include: bool | None = self.spec.check_file(path[len(self.prefix) :]).include
        return include


@dataclass(frozen=True)
class _Walk:
    tree: DiskTree
    entries: list[Entry]
    left_out: list[tuple[str, str]]

    def enter(self, top: str, ignores: tuple[_Ignore, ...]) -> None:
        """Collect all entries below `top` ("" or a path that ends in "/"), depth first, without recursion."""
        pending = [(top, ignores)]
        while pending:
            folder, ignores = pending.pop()
            names = self._names(folder)
            ignores = (*ignores, *_read_ignore(self.tree, folder, names))
            for name, is_folder in names:
                path = folder + name + ("/" if is_folder else "")
                if _ignored(path, ignores):
                    continue
                if not is_folder:
                    self._add(path)
                elif self._enters(path):
                    pending.append((path, ignores))

    def _names(self, folder: str) -> list[tuple[str, bool]]:
        try:
            return self.tree.names(folder)
        except OSError as error:
            self.left_out.append((folder, f"cannot be read: {error.strerror or error}"))
            return []

    def _add(self, path: str) -> None:
        entry = self.tree.entry(path)
        if entry is not None:
            self.entries.append(entry)

    def _enters(self, path: str) -> bool:
        named = None if may_be_own(path) else directory_problem(path[:-1].rpartition("/")[2])
        reason = named or next(_tagged(self.tree, path), None)
        if reason:
            self.left_out.append((path, reason))
        return reason is None


def _tagged(tree: DiskTree, folder: str) -> Iterator[str]:
    return (reason for name, reason in _TAGS.items() if tree.entry(folder + name) is not None)


def _read_ignore(tree: DiskTree, folder: str, names: list[tuple[str, bool]]) -> Iterator[_Ignore]:
    if (".gitignore", False) not in names:
        return
    try:
        data = tree.read(f"{folder}.gitignore", MAX_IGNORE_BYTES)
        spec = pathspec.GitIgnoreSpec.from_lines(data.decode("utf-8", "replace").splitlines())
    except (OSError, ValueError):
        return  # a .gitignore that is a link, a pipe or malformed ignores nothing, as with git
    yield _Ignore(folder, spec)


def _ignored(path: str, ignores: tuple[_Ignore, ...]) -> bool:
    """The nearest `.gitignore` that mentions the path decides."""
    verdicts = (ignore.verdict(path) for ignore in reversed(ignores))
    return next((verdict for verdict in verdicts if verdict is not None), False)
