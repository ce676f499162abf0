"""Which file an import means: package roots, nested and namespace packages, scripts beside each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from posixpath import dirname, join

from codebase_gardener.knowledge.links.python.entities import STANDARD_LIBRARY
from codebase_gardener.languages.python.row import SOURCE_ROOTS, is_python
from codebase_gardener.repository.areas import area_of

__all__ = ["ModuleNames", "is_package", "is_stub"]


class ModuleNames:
    """The modules of a snapshot by their dotted names.

    Args:
        paths: Of all its Python files.
    """

    def __init__(self, paths: Iterable[str]) -> None:
        self._paths = {path for path in paths if is_python(path)}
        self._packages = {dirname(path) for path in self._paths if _stem(path) == "__init__"}
        self._parents = {parent for path in self._paths for parent in _parents(path)}
        self._tops: dict[str, str] = {}
        tops = (self._top(package) for package in self._packages)
        self._roots = {*SOURCE_ROOTS, *(top for top in tops if area_of(f"{top}/_.py") == "package")}
        self._by_name: dict[str, list[tuple[str, str]]] = defaultdict(list)
        self._folders: dict[str, set[str]] = defaultdict(set)
        for path in sorted(self._paths):
            self._index(path)
        self._found: dict[tuple[str, str, bool], str | None] = {}
        self._importers: dict[str, tuple[str, bool]] = {}

    def find(self, dotted: str, importer: str) -> str | None:
        """The file of an absolute import, as seen from another file; None if it is from outside.

        Among several (copies in a monorepo) the one nearest to the importer is taken. A module that is in no package
        is found from its own folder and below, as Python finds it for scripts; one in a package only by its full name.
        """
        folder, is_run = self._from_where(importer)
        key = (dotted, folder, is_run)
        if key not in self._found:
            self._found[key] = self._nearest(dotted, importer, folder, is_run)
        found = self._found[key]
        return None if found == importer and "." not in dotted else found

    def _from_where(self, importer: str) -> tuple[str, bool]:
        """Its folder, and whether that is on the path, since it is run itself."""
        if importer not in self._importers:
            is_run = area_of(importer) in ("examples", "scripts", "benchmarks")
            self._importers[importer] = dirname(importer), is_run
        return self._importers[importer]

    def is_namespace(self, dotted: str, importer: str) -> bool:
        """Whether it is a folder without `__init__` that has modules in it."""
        if dotted.partition(".")[0] in STANDARD_LIBRARY:
            return False
        folder = dirname(importer)
        return any(
            root in self._roots or (root not in self._packages and _within(folder, root))
            for root in self._folders.get(dotted, ())
        )

    def relative(self, importer: str, level: int, module: str) -> str | None:
        """The file of a relative import, or the folder without `__init__`; None if it leaves the snapshot."""
        folder = dirname(importer)
        for _ in range(level - 1):
            if not folder:
                return None
            folder = dirname(folder)
        return self.inside(folder, module.replace(".", "/"))

    def inside(self, folder: str, name: str) -> str | None:
        """The file of a module in a folder, or the folder of that name that has modules in it."""
        stem = join(folder, name) if name else folder
        return self._module_at(stem) or (stem if stem in self._parents else None)

    def dotted(self, path: str) -> str:
        """The name by which users import a file: from its topmost package on."""
        folder, stem = dirname(path), _stem(path)
        package = folder  # a folder without `__init__` inside a package is a part of it, too
        while package and package not in self._packages:
            package = dirname(package)
        top = self._top(package) if package in self._packages else folder
        inside = folder[len(top) :].strip("/") if top else folder
        parts = inside.split("/") if inside else []
        return ".".join(parts if stem == "__init__" else [*parts, stem])

    def _index(self, path: str) -> None:
        whole = dirname(path) if is_package(path) else path.rpartition(".")[0]
        parts = whole.split("/") if whole else []
        for at in range(len(parts)):
            self._by_name[".".join(parts[at:])].append(("/".join(parts[:at]), path))
        folders = parts[:-1]
        for start in range(len(folders)):
            for end in range(start + 1, len(folders) + 1):
                if "/".join(folders[:end]) not in self._packages:
                    self._folders[".".join(folders[start:end])].add("/".join(folders[:start]))

    def _nearest(self, dotted: str, importer: str, folder: str, is_run: bool) -> str | None:
        best: tuple[int, int, str] | None = None
        for root, path in self._by_name.get(dotted, ()):
            if path == importer and "." not in dotted:
                continue
            own = is_run and root == folder
            if not own and root not in self._roots and (root in self._packages or not _within(folder, root)):
                continue
            rank = (-_shared(root, folder), len(root), path)
            if best is None or rank < best:
                best = rank
        return best[2] if best else None

    def _module_at(self, stem: str) -> str | None:
        for end in ("/__init__.py", ".py", "/__init__.pyi", ".pyi"):
            candidate = f"{stem}{end}" if stem else end.lstrip("/")
            if candidate in self._paths:
                return candidate
        return None

    def _top(self, folder: str) -> str:
        """The folder that holds the topmost package around this one."""
        if folder not in self._tops:
            above = dirname(folder)
            self._tops[folder] = self._top(above) if folder and above in self._packages else above
        return self._tops[folder]


def is_package(path: str) -> bool:
    """Whether the file is the `__init__` of a package."""
    return _stem(path) == "__init__"


def is_stub(path: str) -> bool:
    """Whether the file only says types: of the module beside it, which is its path without the last letter."""
    return path.endswith(".pyi")


def _stem(path: str) -> str:
    return path.rpartition("/")[2].rpartition(".")[0]


def _parents(path: str) -> Iterator[str]:
    while path := dirname(path):
        yield path


def _within(folder: str, root: str) -> bool:
    return not root or folder == root or folder.startswith(root + "/")


def _shared(root: str, folder: str) -> int:
    count = 0
    for left, right in zip(root.split("/"), folder.split("/"), strict=False):
        if left != right or not left:
            break
        count += 1
    return count
