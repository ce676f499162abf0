"""Which symbols of a file a name means, however it is written: `Class.method`, `Class_method`, `Class_init`."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from codebase_gardener.languages.symbols import Symbol

__all__ = ["SEPARATORS", "Match", "NameIndex"]

SEPARATORS = re.compile(r"\.|::|#")
_CONSTRUCTORS = ("init", "new", "constructor")
_MAX_DEPTH = 6
_ANGLES = ("context", "multi")  # of one word; longer names may end in any word


@dataclass(frozen=True)
class Match:
    """What a name means in one file.

    Attributes:
        symbols: At least one; several where a name is defined more than once.
        exact: The name was used as a whole, but for a module's or a page's prefix.
    """

    symbols: tuple[Symbol, ...]
    exact: bool


class NameIndex:
    """Looks names up among the symbols of one file.

    Args:
        path: Of the file: its parts may stand before a name.
        symbols: Of the file.
        packages: Names of the repository and its packages, which end a page name's prefix.
    """

    def __init__(self, path: str, symbols: Iterable[Symbol], packages: Collection[str]) -> None:
        self.modules = {part.partition(".")[0] for part in path.split("/")} | set(packages)
        self.packages = packages
        self.by_key: dict[str, list[Symbol]] = defaultdict(list)
        for symbol in symbols:
            raw = symbol.qualified_name.split(".")[-_MAX_DEPTH:]
            parts = [_without_dunder(part) for part in raw]
            for begin in range(len(parts)):
                for key in {"_".join(parts[begin:]), "_".join(raw[begin:])}:
                    self.by_key[key].append(symbol)

    def find(self, name: str, ancestors: Collection[str] = ()) -> Match | None:
        """What the name means here, or None.

        Args:
            name: As written.
            ancestors: Classes that the class in the name inherits from; their methods are meant too.

        Example:
            >>> from codebase_gardener.languages.python.symbols import python_symbols
            >>> table = python_symbols("a.py", "class A:\\n    def go(self): ...\\n")
            >>> [s.qualified_name for s in NameIndex("a.py", table.symbols, ()).find("A_go").symbols]
            ['A.go']
        """
        parts = SEPARATORS.split(name)
        exact = self._exact(parts) or self._of_instance(parts) or self._without_page_prefix(name)
        if exact:
            return Match(exact, exact=True)
        loose = self._inherited(parts, ancestors) or self._without_suffix(name)
        return Match(loose, exact=False) if loose else None

    def _exact(self, parts: list[str]) -> tuple[Symbol, ...]:
        """The name as it is, or without modules in front of it."""
        while parts:
            found = self._named("_".join(parts))
            if found or parts[0] not in self.modules:
                return found
            parts = parts[1:]
        return ()

    def _named(self, key: str) -> tuple[Symbol, ...]:
        found = list(self.by_key.get(key, ()))
        stem, _, last = key.rpartition("_")
        if last in _CONSTRUCTORS and stem:  # the page of a class is called after its constructor
            found += [
                symbol for symbol in self.by_key.get(stem, ()) if symbol.kind not in ("function", "method")
            ]
        return tuple(found)

    def _of_instance(self, parts: list[str]) -> tuple[Symbol, ...]:
        """`model.save()` for `PeftModel.save`: a variable that is called after its class."""
        if len(parts) != 2 or not parts[0].islower():
            return ()
        owner = parts[0].replace("_", "")
        return tuple(
            symbol
            for symbol in self.by_key.get(parts[1], ())
            if symbol.kind == "method"
            and (owner in ("self", "cls", "this") or owner in symbol.qualified_name.split(".")[-2].lower())
        )

    def _without_page_prefix(self, name: str) -> tuple[Symbol, ...]:
        """`owner_repo_Name`: the prefix of a page ends with the repository's or the package's name."""
        for package in self.packages:
            head, mark, rest = f"_{name}".partition(f"_{package}_")
            if mark and rest and (found := self._named(rest)) and head != name:
                return found
        return ()

    def _inherited(self, parts: list[str], ancestors: Collection[str]) -> tuple[Symbol, ...]:
        """`Class.method` where the method stands in a class that it inherits from."""
        methods = {"_".join(parts).rpartition("_")[2], parts[-1]}
        for ancestor in ancestors:
            for method in _tails(parts) | methods:
                if found := self.by_key.get(f"{ancestor}_{method}"):
                    return tuple(found)
        return ()

    def _without_suffix(self, name: str) -> tuple[Symbol, ...]:
        """`disable_adapter_context`, `Config_4bit`: the same symbol from another angle."""
        if SEPARATORS.search(name):
            return ()
        stem, _, cut = name.rpartition("_")
        single = "_" not in stem.strip("_")
        if not stem or cut[:1].isupper() or (single and not (cut[:1].isdigit() or cut in _ANGLES)):
            return ()  # `Base_Loading` is a topic, and `Cart_remove` no name of `Cart`
        return self._named(stem)


def _tails(parts: list[str]) -> set[str]:
    words = "_".join(parts).split("_")[:20]
    return {"_".join(words[begin:]) for begin in range(1, len(words))}


def _without_dunder(part: str) -> str:
    return part[2:-2] if len(part) > 4 and part.startswith("__") and part.endswith("__") else part
