"""Which file or folder an import of Go, TypeScript, JavaScript, Rust, Java, C or C++ means."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping

from codebase_gardener.knowledge.sources.compiled_scripts import SCRIPT_ENDING, TYPED_ENDING, joined, stems
from codebase_gardener.knowledge.sources.facts import FileFacts
from codebase_gardener.languages.families import family_of

__all__ = ["TreeUnits"]

_SOURCES = (".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs", ".d.ts", ".d.mts", ".d.cts")
"""Endings of script files; where several files have the same stem, the first is the source."""
_JAVA = re.compile(r"(?:^|/)(?:src/(?:main|test)/java|src/java|src|java)/(.+)\Z")


class TreeUnits:
    """The units of import of a snapshot: a file of a script, of Rust or of C; a folder of Go or Java.

    Args:
        facts: By path.

    A unit's key is the file's path; of a folder "go:folder" or "java:com/example".
    """

    def __init__(self, facts: Mapping[str, FileFacts]) -> None:
        self.family = {path: family for path, each in facts.items() if (family := family_of(each.language))}
        self.files: dict[str, list[str]] = defaultdict(list)
        for path in sorted(self.family):
            self.files[self.key(path)].append(path)
        self.entries: dict[tuple[str, str], str] = {}
        self._suffixes: dict[str, list[str]] = defaultdict(list)
        self._go_roots: list[tuple[str, str]] = []
        for key in self.files:
            self._suffixes[_last(key)].append(key)
        self._read_entries(facts)

    def key(self, path: str) -> str:
        """The unit that a file belongs to."""
        family, folder = self.family[path], path.rpartition("/")[0]
        if family == "go":
            return f"go:{folder}"
        if family == "java":
            found = _JAVA.search(folder)
            return f"java:{found[1] if found else folder}"
        return path

    def find(self, module: str, importer: str, family: str) -> str:
        """The unit of a module as an import writes it; "" for one from outside."""
        return _FINDERS[family](self, module, importer)

    def import_path(self, key: str) -> str:
        """How Go imports a folder: with its module's name, else from the first part that is a host on."""
        folder = key.removeprefix("go:")
        for root, name in self._go_roots:
            if not root or folder == root or folder.startswith(f"{root}/"):
                inside = folder[len(root) :].strip("/")
                return f"{name}/{inside}" if inside else name
        parts = folder.split("/")
        at = next((i for i, part in enumerate(parts) if "." in part.strip(".")), len(parts) - 1)
        return "/".join(parts[at:])

    # ---- packaging files

    def _read_entries(self, facts: Mapping[str, FileFacts]) -> None:
        for path, each in sorted(facts.items(), key=lambda item: (item[0].count("/"), item[0])):
            folder = path.rpartition("/")[0]
            for entry in each.entries:
                if entry.language == "go":
                    self._go_roots.append((folder, entry.name))
                    continue
                found = self._script_entry(folder, entry.path) if entry.language == "javascript" else ""
                if entry.language == "rust":
                    found = self._existing(joined(folder, entry.path))
                if found:
                    known = self.entries.get((entry.language, entry.name))
                    if known is None or (TYPED_ENDING.search(found) and not TYPED_ENDING.search(known)):
                        self.entries[entry.language, entry.name] = found
        self._go_roots.sort(key=lambda root: (-len(root[0]), root))

    def _script_entry(self, folder: str, path: str) -> str:
        plain = joined(folder, path)
        for stem in stems(plain, folder):
            found = self._script_at(stem, typed=True)
            if found:
                return found
        return self._script_at(SCRIPT_ENDING.sub("", plain))

    def _existing(self, path: str) -> str:
        return path if path in self.family else ""

    # ---- one finder a family

    def _script(self, module: str, importer: str) -> str:
        if module.startswith("."):
            target = joined(importer.rpartition("/")[0], module)
            return self._script_at(SCRIPT_ENDING.sub("", target)) or self._script_at(target)
        known = self.entries.get(("javascript", module))
        if known is not None:
            return known
        for (language, name), entry in self.entries.items():
            if language == "javascript" and module.startswith(f"{name}/"):
                folder = entry.rpartition("/")[0]
                found = self._script_at(SCRIPT_ENDING.sub("", joined(folder, module[len(name) + 1 :])))
                if found:
                    return found
        return ""

    def _script_at(self, stem: str, *, typed: bool = False) -> str:
        if stem.startswith(".."):
            return ""
        for ending in _SOURCES:
            for candidate in (f"{stem}{ending}", f"{stem}/index{ending}" if stem else f"index{ending}"):
                if candidate in self.family and (not typed or TYPED_ENDING.search(candidate)):
                    return candidate
        return ""

    def _go(self, module: str, importer: str) -> str:
        for root, name in self._go_roots:
            if module == name or module.startswith(f"{name}/"):
                key = f"go:{joined(root, module[len(name) :].strip('/'))}"
                if key in self.files:
                    return key
        if "/" not in module:
            return ""
        return self._ending(f"go:{module}", "go:", module)

    def _rust(self, module: str, importer: str) -> str:
        parts = module.split(".")
        if parts[0] in ("crate", "self", "super"):
            base = self._crate_root(importer) if parts[0] == "crate" else importer
            parts = parts[1:] if parts[0] in ("crate", "self") else parts
            while parts and parts[0] == "super":
                base, parts = self._rust_parent(base), parts[1:]
        else:
            known = self.entries.get(("rust", parts[0]))
            base = known or importer
            parts = parts[1:] if known else parts
        for part in parts:
            base = self._rust_child(base, part) if base else ""
        return base if base != importer or module in ("self", "crate") else ""

    def _crate_root(self, importer: str) -> str:
        parts = importer.split("/")
        for at in range(len(parts) - 1, -1, -1):
            for name in ("lib.rs", "main.rs", "src/lib.rs", "src/main.rs"):
                found = self._existing("/".join([*parts[:at], name]))
                if found:
                    return found
        return ""

    def _rust_child(self, base: str, name: str) -> str:
        folder, _, file = base.rpartition("/")
        stem = file.removesuffix(".rs")
        inside = folder if stem in ("lib", "main", "mod") else joined(folder, stem)
        return self._existing(joined(inside, f"{name}.rs")) or self._existing(
            joined(inside, f"{name}/mod.rs")
        )

    def _rust_parent(self, base: str) -> str:
        folder, _, file = base.rpartition("/")
        if file == "mod.rs":
            folder = folder.rpartition("/")[0]
        elif file in ("lib.rs", "main.rs"):
            return base
        names = ("mod.rs", "lib.rs", "main.rs")
        return next((f for n in names if (f := self._existing(joined(folder, n)))), "") or self._existing(
            f"{folder}.rs"
        )

    def _java(self, module: str, importer: str) -> str:
        path = module.replace(".", "/")
        return self._ending(f"java:{path}", "java:", path)

    def _c(self, module: str, importer: str) -> str:
        beside = self._existing(joined(importer.rpartition("/")[0], module))
        if beside:
            return beside
        if module in self.family:
            return module
        return self._ending("", "", module)

    def _ending(self, exact: str, mark: str, path: str) -> str:
        """The only unit, or the one nearest to the root, whose path ends so."""
        if exact in self.files:
            return exact
        found = [
            key
            for key in self._suffixes.get(_last(path), ())
            if key.startswith(mark) and f"/{key.removeprefix(mark)}".endswith(f"/{path}")
        ]
        return min(found, key=lambda key: (key.count("/"), key), default="")


_FINDERS = {
    "script": TreeUnits._script,
    "go": TreeUnits._go,
    "rust": TreeUnits._rust,
    "java": TreeUnits._java,
    "c": TreeUnits._c,
}
"""How each family finds a module."""


def _last(key: str) -> str:
    return key.rpartition(":")[2].rpartition("/")[2]
