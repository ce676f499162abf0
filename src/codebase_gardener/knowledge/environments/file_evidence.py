"""What a file says about where the software runs: what a packaging file needs, and guards in code."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from codebase_gardener.knowledge.environments.guard_evidence import guard_evidence
from codebase_gardener.knowledge.sources.file_facts import Evidence
from codebase_gardener.languages.symbols import Symbol
from codebase_gardener.languages.table import FAMILIES, LANGUAGES, family_of
from codebase_gardener.manifests.contents import Manifest
from codebase_gardener.manifests.values import one_line
from codebase_gardener.repository.areas import area_of

__all__ = ["KINDS", "environment_evidence", "manifest_evidence"]

KINDS: dict[str, tuple[str, str]] = {
    # kind: (what it says, the row of "Where facts come from" in wiki-format.md that asks for it)
    "package": ("the package's own name; text is its index, value its version", "setup.py / pyproject"),
    "release": ("the version that the packaging file gives the package", "setup.py / pyproject"),
    "runtime": ("a language and its bound", "setup.py / pyproject"),
    "platform": ("an operating system that is declared or asked for", "setup.py / pyproject"),
    "build-condition": ("a file, or code in it, is built only where this holds", "setup.py / pyproject"),
    "requirement": ("plain installation needs it; value is the bound", "setup.py / pyproject"),
    "extra": ("an extra (scope) that users install needs it", "setup.py / pyproject"),
    "dev-extra": ("an extra (scope) for work on the repository needs it", "setup.py / pyproject"),
    "group": ("work on the repository needs it; scope is the group", "setup.py / pyproject"),
    "listed": ("a requirements file (scope) lists it", "requirements"),
    "build": ("building the package needs it", "setup.py / pyproject"),
    "available": (
        "code asks whether a package is there; value is its name on the index, if told",
        "find_spec",
    ),
    "guard": ("code calls an availability function or reads such a flag", "is_*_available()"),
    "optional-import": ("an import that may fail; value is the line of its try", "is_*_available()"),
    "version": ("code refuses other versions of a package than value", "Version(...) comparisons"),
    "version-check": ("code does something else from or below this version", "Version(...) comparisons"),
    "raise": ("an error for lack of something; name is its class", "ImportError / RuntimeError messages"),
    "environment-variable": ("code reads a variable; value is its default", "os.environ"),
    "device": ("code asks for a kind of device", "device checks"),
    "device-word": ("code names a kind of device in a string", "device checks"),
}
"""Kinds of evidence."""

_USERS = ("package", "scripts", "other")


def environment_evidence(
    path: str, language: str, text: str, tree: ast.Module | None, symbols: tuple[Symbol, ...] = ()
) -> tuple[Evidence, ...]:
    """All evidence of a file of code; a function of its arguments alone.

    Args:
        path: POSIX, from the root.
        language: As in `SourceFile`.
        text: Its content.
        tree: Its syntax tree, for Python that could be parsed.
        symbols: Its symbols (not needed here; part of the signature that readers of evidence share).

    Returns:
        In the order of the file; kinds as in `KINDS`. Tests, examples, docs and benchmarks have none from code.

    Example:
        >>> environment_evidence("a.go", "go", 'os.Getenv("HOME_DIR")', None)[0].name
        'HOME_DIR'
    """
    if path.rpartition("/")[2].lower().startswith("readme"):
        return tuple(_told_runtimes(text))
    if area_of(path) not in _USERS:
        return ()
    if tree is not None:
        return guard_evidence(text, tree)
    return (*_conditions(path, language, text), *_variables(language, text))


def manifest_evidence(manifest: Manifest) -> Iterator[Evidence]:
    """What a packaging file says: the package, and all that it needs."""
    name, version = manifest.name, manifest.version
    if name and manifest.published:
        yield Evidence("package", name.start, name.end, "", name.text, manifest.ecosystem, version.text)
        if version:
            text = f"version {version.text}"
            yield Evidence("release", version.start, version.end, "", version.text, text)
    for each in manifest.dependencies:
        yield Evidence(
            each.kind, each.start, each.end, each.group, each.name, each.text, each.version, each.package
        )  # fmt: skip


def _told_runtimes(text: str) -> Iterator[Evidence]:
    """The version of a language that a README asks for: the first that it names of each."""
    for row in LANGUAGES.values():
        found = row.told_version.search(text)
        if found is not None:
            first, last = (text.count("\n", 0, at) + 1 for at in found.span())
            told = one_line(found[0])
            yield Evidence("runtime", first, last, "", found["name"], told, f">={found['version']}")


def _conditions(path: str, language: str, text: str) -> Iterator[Evidence]:
    family = FAMILIES.get(family_of(language))
    for line, condition in family.conditions(path, text) if family is not None else ():
        yield Evidence("build-condition", line, line, "", one_line(condition), one_line(condition))


def _variables(language: str, text: str) -> Iterator[Evidence]:
    row = LANGUAGES.get(language)
    line, offset = 1, 0
    if row is None:
        return
    for found in row.variables.finditer(text):
        line += text.count("\n", offset, found.start())
        offset = found.start()
        name = next(filter(None, found.groups()))
        if not row.set_by_tools.match(name):
            yield Evidence("environment-variable", line, line, "", name, found[0])
