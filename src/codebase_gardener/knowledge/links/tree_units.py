"""Which file or folder an import means, in the languages that tree-sitter reads."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from codebase_gardener.knowledge.sources.file_facts import FileFacts
from codebase_gardener.languages.rows import Family
from codebase_gardener.languages.table import family_of

__all__ = ["TreeUnits"]


class TreeUnits:
    """The units of import of a family in a snapshot.

    Args:
        facts: By path.
        family: Its row; a unit's key is as `Family.unit` says.

    Attributes:
        paths: Of the family's files.
        files: The files of each unit, by its key.
        entries: What packaging files let others import: the name, and the file that it means.
        roots: Folders of packaging files with the name that each gives, the deepest first.
    """

    def __init__(self, facts: Mapping[str, FileFacts], family: Family) -> None:
        self._family = family
        self.paths = frozenset(
            path for path, each in facts.items() if family_of(each.language) == family.name
        )
        self.files: dict[str, list[str]] = defaultdict(list)
        for path in sorted(self.paths):
            self.files[family.unit(path)].append(path)
        self._suffixes: dict[str, list[str]] = defaultdict(list)
        for key in self.files:
            self._suffixes[_last(key)].append(key)
        self.entries: dict[str, str] = {}
        self.roots: list[tuple[str, str]] = []
        self._read_entries(facts)

    def find(self, module: str, importer: str) -> str:
        """The unit of a module as an import writes it; "" for one from outside."""
        return self._family.find(self, module, importer)

    def existing(self, path: str) -> str:
        """The path, if it is a file of the family; else ""."""
        return path if path in self.paths else ""

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

    def _read_entries(self, facts: Mapping[str, FileFacts]) -> None:
        """What packaging files say, those nearest to the root first."""
        for path, each in sorted(facts.items(), key=lambda item: (item[0].count("/"), item[0])):
            folder = path.rpartition("/")[0]
            for entry in each.entries:
                if family_of(entry.language) != self._family.name:
                    continue
                self.roots.append((folder, entry.name))
                found = self._family.entry(self, folder, entry.path) if self._family.entry else ""
                known = self.entries.get(entry.name)
                if found and (known is None or self._family.better(found, known)):
                    self.entries[entry.name] = found
        self.roots.sort(key=lambda root: (-len(root[0]), root))


def _last(key: str) -> str:
    return key.rpartition(":")[2].rpartition("/")[2]
