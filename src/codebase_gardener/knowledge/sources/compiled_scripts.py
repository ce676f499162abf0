"""Scripts that a compiler wrote beside their sources."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from codebase_gardener.knowledge.sources.facts import FileFacts
from codebase_gardener.languages.families import family_of

__all__ = ["SCRIPT_ENDING", "TYPED_ENDING", "compiled_files", "joined", "stems"]

SCRIPT_ENDING = re.compile(r"(?:\.d)?\.[cm]?[jt]sx?\Z")
TYPED_ENDING = re.compile(r"(?<!\.d)\.[cm]?tsx?\Z")
_BUILT = ("dist", "lib", "build", "out", "es", "esm", "cjs", "umd", "types", "node")
"""Folders that compilers write to."""
_MOST_FILES = 200_000


def compiled_files(facts: Mapping[str, FileFacts]) -> frozenset[str]:
    """Scripts that a compiler wrote: a TypeScript file of the same name stands in the place of its source."""
    scripts = [path for path, each in facts.items() if family_of(each.language) == "script"]
    typed = {SCRIPT_ENDING.sub("", path) for path in scripts if TYPED_ENDING.search(path)}
    roots = sorted(
        {path.rpartition("/")[0] for path, each in facts.items() if each.entries}, key=len, reverse=True
    )
    if not typed or len(scripts) > _MOST_FILES:
        return frozenset()
    found = set()
    for path in scripts:
        if TYPED_ENDING.search(path):
            continue
        root = next((root for root in roots if not root or path.startswith(f"{root}/")), "")
        if any(stem in typed for stem in stems(path, root)):
            found.add(path)
    return frozenset(found)


def stems(path: str, root: str) -> Iterator[str]:
    """Where the source of a compiled file may be, without its ending: beside it, or in `src` instead of `dist`."""
    stem = SCRIPT_ENDING.sub("", path)
    yield stem
    inside = stem[len(root) :].strip("/") if root else stem
    parts = inside.split("/")
    if parts[0] == "src":
        return
    while len(parts) > 1 and parts[0] in _BUILT:
        parts = parts[1:]
        yield joined(root, "/".join(["src", *parts]))
        yield joined(root, "/".join(parts))
    yield joined(root, "/".join(["src", *parts]))


def joined(folder: str, path: str) -> str:
    """A relative path taken from a folder, without dots; one that leaves the root begins with `..`."""
    parts = [part for part in folder.split("/") if part]
    for part in path.split("/"):
        if part == ".." and parts and parts[-1] != "..":
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)
