"""Which file or folder an import means, in the languages that tree-sitter reads."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable

from codebase_gardener.languages.rows import Family

__all__ = ["Units"]


class Units:
    """The units of import of a family in a snapshot.

    Args:
        family: Its row; a unit's key is as `Family.unit` says.
        paths: Of its files.
        entries: What packaging files say, those nearest to the root first: folder, name, and path as written.

    Attributes:
        paths: Of the family's files.
        files: The files of each unit, by its key.
        entries: What packaging files let others import: the name, and the file that it means.
        roots: Folders of packaging files with the name that each gives, the deepest first.
    """

    def __init__(
        self, family: Family, paths: Iterable[str], entries: Iterable[tuple[str, str, str]] = ()
    ) -> None:
        self._family = family
        self.paths = frozenset(paths)
        self.files: dict[str, list[str]] = defaultdict(list)
        self._ordered = sorted(self.paths)
        for path in self._ordered:
            self.files[family.unit(path)].append(path)
        self._suffixes: dict[str, list[str]] = defaultdict(list)
        for key in self.files:
            self._suffixes[_last(key)].append(key)
        self.entries: dict[str, str] = {}
        self.roots: list[tuple[str, str]] = []
        self._enter(entries)

    def find(self, module: str, importer: str) -> str:
        """The unit of a module as an import writes it; "" for one from outside."""
        return self._family.find(self, module, importer)

    def existing(self, path: str) -> str:
        """The path, if it is a file of the family; else ""."""
        return path if path in self.paths else ""

    def below(self, folder: str) -> list[str]:
        """The files of a folder and of those in it, in order; all of them without one."""
        if not folder:
            return self._ordered
        first = bisect_left(self._ordered, f"{folder}/")
        return self._ordered[first : bisect_left(self._ordered, f"{folder}0", first)]  # "0" follows "/"

    def ending(self, exact: str, mark: str, path: str) -> str:
        """The unit `exact`, else the one nearest to the root whose key begins with a mark and ends with a path."""
        if exact in self.files:
            return exact
        found = [
            key
            for key in self._suffixes.get(_last(path), ())
            if key.startswith(mark) and f"/{key.removeprefix(mark)}".endswith(f"/{path}")
        ]
        return min(found, key=lambda key: (key.count("/"), key), default="")

    def _enter(self, entries: Iterable[tuple[str, str, str]]) -> None:
        patterns = []
        for folder, name, path in entries:
            if "*" in name:  # of what the others leave
                patterns.append((folder, name, path))
                continue
            self.roots.append((folder, name))
            self._means(name, self._family.entry(self, folder, path) if self._family.entry else "")
        closed = tuple(name.partition("*")[0] for _, name, path in patterns if not path)
        for folder, name, path in patterns:
            for own, found in self._family.matching(self, folder, name, path) if path else ():
                if not own.startswith(closed):
                    self._means(own, found)
        self.roots.sort(key=lambda root: (-len(root[0]), root))

    def _means(self, name: str, found: str) -> None:
        known = self.entries.get(name)
        if found and (known is None or self._family.better(found, known)):
            self.entries[name] = found


def _last(key: str) -> str:
    return key.rpartition(":")[2].rpartition("/")[2]
