"""Under which names packages of Go, Rust and the script languages are imported, from their packaging files."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterator
from typing import Any

from codebase_gardener.knowledge.sources.facts import PackageEntry
from codebase_gardener.utils.anchors import split_lines

__all__ = ["package_entries"]

MAX_ENTRIES = 500
MAX_DEPTH = 6
_NPM_MAIN = ("source", "module", "main", "types", "typings")
"""Fields of package.json that name the file of the package itself, where there is no `exports`; the source first."""


def package_entries(path: str, text: str) -> tuple[PackageEntry, ...]:
    """What a file lets others import; () for all that is no packaging file, or cannot be read.

    Example:
        >>> package_entries("a/go.mod", "module github.com/spf13/cobra")
        (PackageEntry(language='go', name='github.com/spf13/cobra', path=''),)
    """
    read = _READERS.get(path.rpartition("/")[2])
    if read is None:
        return ()
    try:
        return tuple(dict.fromkeys(read(text)))[:MAX_ENTRIES]
    except (ValueError, RecursionError):  # TOML's and JSON's errors are ValueErrors
        return ()


def _package_json(text: str) -> Iterator[PackageEntry]:
    data = json.loads(text)
    name = data.get("name") if isinstance(data, dict) else None
    if not isinstance(name, str) or not name or len(name) > 214:
        return
    exports = data.get("exports")
    if exports is not None:
        table = exports if _has_paths(exports) else {".": exports}
        for key, value in table.items():
            if "*" not in key and not key.endswith(".json"):
                for file in _files(value, 0):
                    yield PackageEntry("javascript", name + key.removeprefix("."), file)
    for field in _NPM_MAIN:
        if isinstance(data.get(field), str):
            yield PackageEntry("javascript", name, data[field])
    yield PackageEntry("javascript", name, "")


def _has_paths(exports: object) -> bool:
    return isinstance(exports, dict) and any(key.startswith(".") for key in exports)


def _files(value: object, depth: int) -> Iterator[str]:
    """The files of an entry of `exports`, under whatever conditions."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list) and depth < MAX_DEPTH:
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _files(inner, depth + 1)


def _go_mod(text: str) -> Iterator[PackageEntry]:
    for line in split_lines(text):
        words = line.split("//", 1)[0].split()[:3]
        if len(words) == 2 and words[0] == "module":
            yield PackageEntry("go", words[1].strip('"'), "")
            return


def _cargo_toml(text: str) -> Iterator[PackageEntry]:
    data = tomllib.loads(text)
    package, library = _table(data, "package"), _table(data, "lib")
    name = library.get("name") or package.get("name")
    if isinstance(name, str) and re.fullmatch(r"[\w-]{1,100}", name):
        path = library.get("path")
        yield PackageEntry("rust", name.replace("-", "_"), path if isinstance(path, str) else "src/lib.rs")
        yield PackageEntry("rust", name.replace("-", "_"), "src/main.rs")


def _table(data: dict[str, Any], key: str) -> dict[str, Any]:
    found = data.get(key)
    return found if isinstance(found, dict) else {}


_READERS: dict[str, Callable[[str], Iterator[PackageEntry]]] = {
    "package.json": _package_json,
    "go.mod": _go_mod,
    "Cargo.toml": _cargo_toml,
}
"""Packaging files by name. Java's packages are its folders, C's headers their paths."""
