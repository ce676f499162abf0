"""The repository that claims are judged against: files by the end of their path, symbols read when they are named."""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from collections.abc import Mapping

from codebase_gardener.knowledge.claims.field_index import FieldIndex
from codebase_gardener.knowledge.claims.link_targets import LinkTargets
from codebase_gardener.knowledge.claims.name_index import SEPARATORS, NameIndex
from codebase_gardener.knowledge.claims.quote_index import QuoteIndex
from codebase_gardener.languages.reading import symbols_of
from codebase_gardener.languages.symbols import Symbol, SymbolTable
from codebase_gardener.repository.snapshot import Snapshot

__all__ = ["ClaimSources"]

_MAX_LOOKED_UP = 500
_MAX_ANCESTORS = 20
_DOTS = re.compile(r"(?:\.{1,2}/)+")
_VERSION = re.compile(r"-v?\d[\w.]*$")


class ClaimSources:
    """A snapshot, with what was looked up in it so far.

    Args:
        snapshot: The repository.
        tables: Its symbols by path, where they were read already; others are read when a claim names their file.
        links: What its documents' links are judged by; by default, as of documents that lie elsewhere.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        tables: Mapping[str, SymbolTable] | None = None,
        links: LinkTargets | None = None,
    ) -> None:
        self.links = links or LinkTargets(snapshot)
        self._files = {file.path: file for file in snapshot.files}
        self._left_out = {file.path: file.reason for file in snapshot.skipped}
        self._tables = dict(tables or {})
        self._names: dict[str, NameIndex] = {}
        self._fields: dict[str, FieldIndex] = {}
        self._quotes: dict[str, QuoteIndex] = {}
        self._elsewhere: dict[str, Symbol | None] = {}
        self._ancestors: dict[str, tuple[str, ...]] = {}
        self._by_name: dict[str, list[str]] = defaultdict(list)
        for path in self._files:
            self._by_name[path.rpartition("/")[2]].append(path)
        self._roots = _roots(snapshot)

    def candidates(self, written: str, document: str = "") -> list[str]:
        """The files that a path may mean: the one of that path, then those whose paths end with it, sorted.

        One that begins with dots means the file that it leads to from the document, if that is there.
        """
        dots = _DOTS.match(written)
        if dots:
            for place in self.links.place(document):
                path = posixpath.normpath(posixpath.join(posixpath.dirname(place), written))
                if path in self._files:
                    return [path]
            written = written[dots.end() :]
        found = self._ending_with(written)
        first, _, rest = written.partition("/")
        if not found and rest and first in self._roots and rest in self._files:
            return [rest]
        return found

    def left_out(self, written: str) -> str:
        """Why a file is not in the snapshot though it exists; "" where it does not."""
        for path, reason in self._left_out.items():
            whole = path.endswith("/") and f"/{written}".find(f"/{path}") >= 0
            if whole or f"/{path}".endswith(f"/{written}"):
                return f"{path} was left out: {reason}"
        return ""

    def text(self, path: str) -> str:
        """Of a file."""
        return self._files[path].text

    def last_line(self, path: str) -> int:
        """How many lines a file has."""
        return self._files[path].lines

    def names(self, path: str) -> NameIndex:
        """The symbols of a file, by name."""
        if path not in self._names:
            self._names[path] = NameIndex(path, self._table(path).symbols, self._roots)
        return self._names[path]

    def fields(self, path: str, name: str) -> tuple[Symbol, ...]:
        """The constants of a Python module, and the fields of its classes, that a name means."""
        file = self._files[path]
        if file.language != "python" or SEPARATORS.split(name)[-1] not in file.text:
            return ()
        if path not in self._fields:
            self._fields[path] = FieldIndex(path, file.text)
        return self._fields[path].find(name)

    def quotes(self, path: str) -> QuoteIndex:
        """The text of a file, for quotes."""
        if path not in self._quotes:
            self._quotes[path] = QuoteIndex.read(self._files[path].text)
        return self._quotes[path]

    def elsewhere(self, name: str) -> Symbol | None:
        """A symbol of that name anywhere, the first by path; for the first 500 names, since each takes a search."""
        if name not in self._elsewhere:
            searched = len(self._elsewhere) < _MAX_LOOKED_UP
            self._elsewhere[name] = self._search(name) if searched else None
        return self._elsewhere[name]

    def ancestors(self, name: str) -> tuple[str, ...]:
        """Classes that the class in `Class.method` or `Class_method` inherits from, by their last name."""
        owner = re.split(r"\.|::|#|_", name, maxsplit=1)[0]
        if owner == name or not owner[:1].isupper():
            return ()
        if owner not in self._ancestors:
            self._ancestors[owner] = self._all_ancestors(owner)
        return self._ancestors[owner]

    def _all_ancestors(self, owner: str) -> tuple[str, ...]:
        found: list[str] = []
        pending = [owner]
        while pending and len(found) < _MAX_ANCESTORS:
            symbol = self.elsewhere(pending.pop(0))
            written = symbol.bases if symbol else ()
            bases = [re.split(r"[\[(]", base)[0].rpartition(".")[2] for base in written]
            fresh = [base for base in bases if base not in (*found, owner)]
            found += fresh
            pending += fresh
        return tuple(found)

    def _search(self, name: str) -> Symbol | None:
        last = SEPARATORS.split(name)[-1]
        for path, file in self._files.items():
            if last in file.text and (match := self.names(path).find(name)) and match.exact:
                return match.symbols[0]
        return None

    def _table(self, path: str) -> SymbolTable:
        if path not in self._tables:
            file = self._files[path]
            self._tables[path] = symbols_of(path, file.text, file.language)
        return self._tables[path]

    def _ending_with(self, written: str) -> list[str]:
        named = self._by_name.get(written.rpartition("/")[2], ())
        found = sorted(path for path in named if path == written or path.endswith(f"/{written}"))
        return sorted(found, key=lambda path: path != written)


def _roots(snapshot: Snapshot) -> tuple[str, ...]:
    """Names that may stand for the repository: of its folder or archive, and of its top packages."""
    folder = re.split(r"[\\/]", snapshot.source.rstrip("/"))[-1].removesuffix(".git")
    folder = re.sub(r"\.(?:tar\.\w+|tgz|tar|zip|whl)$", "", folder)
    packages = {
        path.removeprefix("src/").split("/")[0]
        for path in (file.path for file in snapshot.files)
        if path.removeprefix("src/").count("/") == 1 and path.endswith("/__init__.py")
    }
    names = {folder, _VERSION.sub("", folder), *packages} - {""}
    return tuple(sorted(names | {name.replace("-", "_") for name in names}))
