"""Which files are packaging files, who reads them, and what the installers of their packages are told."""

from __future__ import annotations

import configparser
import re
from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from codebase_gardener.manifests.cargo import cargo_toml
from codebase_gardener.manifests.contents import Manifest
from codebase_gardener.manifests.gem import gemspec
from codebase_gardener.manifests.go import go_mod
from codebase_gardener.manifests.maven import gradle, pom_xml
from codebase_gardener.manifests.npm import package_json
from codebase_gardener.manifests.python import (
    conda_environment,
    pyproject,
    requirements_file,
    setup_cfg,
    setup_py,
)

__all__ = [
    "CALLED",
    "ECOSYSTEMS",
    "MANIFESTS",
    "Ecosystem",
    "Reader",
    "installer_of",
    "is_manifest",
    "read_manifest",
    "root_manifests",
]

Reader = Callable[[str, str], Manifest]
"""Path and text to what the file says; what it cannot read raises ValueError, or is empty."""

MANIFESTS: tuple[tuple[re.Pattern[str], Reader], ...] = (
    (re.compile(r"(^|/)pyproject\.toml$"), pyproject),
    (re.compile(r"(^|/)setup\.cfg$"), setup_cfg),
    (re.compile(r"(^|/)setup\.py$"), setup_py),
    (re.compile(r"(^|/)(requirements[\w.-]*\.txt|requirements/[\w.-]+\.txt)$"), requirements_file),
    (re.compile(r"(^|/)environment[\w.-]*\.ya?ml$"), conda_environment),
    (re.compile(r"(^|/)package\.json$"), package_json),
    (re.compile(r"(^|/)Cargo\.toml$"), cargo_toml),
    (re.compile(r"(^|/)go\.mod$"), go_mod),
    (re.compile(r"(^|/)[\w.-]+\.gemspec$"), gemspec),
    (re.compile(r"(^|/)pom\.xml$"), pom_xml),
    (re.compile(r"(^|/)build\.gradle(\.kts)?$"), gradle),
)
"""Paths and their reader, in the order in which a project's files are asked who it is."""


@dataclass(frozen=True)
class Ecosystem:
    """How the packages of an index are installed; "" for what it has not.

    Attributes:
        install: A command for the packages at `{}`.
        program: The one for a package that has programs and nothing to import, where that is another.
        extra: A package with one of its extras, as words; elsewhere those of an extra are installed by their names.
        editable: The option that installs the repository's own package from its folder.
        develop: A command for all that work on the repository needs, by `{manager}` where there are several.
        declaration: XML that asks for a package by its group and its artifact.
    """

    install: str = ""
    program: str = ""
    extra: str = ""
    editable: str = ""
    develop: str = ""
    declaration: str = ""


ECOSYSTEMS: dict[str, Ecosystem] = {
    "PyPI": Ecosystem("pip install {}", extra="{}[{}]", editable="-e"),
    "npm": Ecosystem("npm install {}", develop="{manager} install"),
    "Go": Ecosystem("go get {}", develop="go mod download"),
    "crates.io": Ecosystem(
        "cargo add {}", program="cargo install {}", extra="{} --features {}", develop="cargo build"
    ),
    "RubyGems": Ecosystem("gem install {}", develop="bundle install"),
    "Maven": Ecosystem(
        declaration="<dependency><groupId>{}</groupId><artifactId>{}</artifactId></dependency>"
    ),
}
"""By `Manifest.ecosystem`."""

CALLED = {
    "golang": "go",
    "rustc": "rust",
    "msrv": "rust",
    "nodejs": "node",
    "jdk": "java",
    "cpython": "python",
}
"""What people call the languages that a packaging file needs, in plain letters."""


def installer_of(manifest: Manifest, folder: str, paths: Container[str]) -> str:
    """The command that installs the package of a packaging file, with `{}` for its name; "" where there is none.

    Args:
        manifest: What the file says.
        folder: In which it lies; "" for the root.
        paths: Of the repository's files.
    """
    row = ECOSYSTEMS.get(manifest.ecosystem, Ecosystem())
    inside = f"{folder}/" if folder else ""
    begins = [one.is_program for one in manifest.entries if f"{inside}{one.path}" in paths]
    has_programs = bool(begins or manifest.commands)
    return row.program if row.program and has_programs and all(begins) else row.install


def is_manifest(path: str) -> bool:
    """Whether a file is a packaging file, by its path."""
    return any(pattern.search(path) for pattern, _ in MANIFESTS)


@lru_cache(maxsize=16)
def read_manifest(path: str, text: str) -> Manifest | None:
    """What a packaging file says; an empty manifest for one that cannot be read, None for any other file.

    Several readers ask for those at the root, one by one.

    Example:
        >>> read_manifest("a/go.mod", "module github.com/spf13/cobra").name.text
        'github.com/spf13/cobra'
    """
    reader = next((reader for pattern, reader in MANIFESTS if pattern.search(path)), None)
    if reader is None:
        return None
    try:
        return reader(path, text)
    except (ValueError, configparser.Error, RecursionError, MemoryError):  # TOML's and JSON's are ValueErrors
        return Manifest("")


def root_manifests(texts: Mapping[str, str]) -> Iterator[Manifest]:
    """Those at the root of a repository, in the order of the table.

    Args:
        texts: By path.
    """
    paths = [path for path in texts if "/" not in path]
    for pattern, _ in MANIFESTS:
        found = (read_manifest(path, texts[path]) for path in sorted(paths) if pattern.search(path))
        yield from filter(None, found)
