"""Required packages that the package at the root does without, where each folder is imported by itself, or that only
files import which a build leaves out that asks for nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from codebase_gardener.knowledge.environments.evidence_by_kind import EnvironmentFacts, FoundEvidence
from codebase_gardener.knowledge.links.families import units_of
from codebase_gardener.knowledge.sources.file_facts import Evidence, FileFacts
from codebase_gardener.knowledge.sources.repository_facts import RepositoryFacts
from codebase_gardener.languages.rows import Family
from codebase_gardener.languages.table import FAMILIES, family_of

__all__ = ["needs_of_parts"]


def needs_of_parts(
    repository: RepositoryFacts, facts: EnvironmentFacts, required: Iterable[FoundEvidence]
) -> dict[str, list[FoundEvidence]]:
    """By its name, the imports of a requirement that no file imports which the root's package brings.

    Args:
        repository: With its facts.
        facts: Its evidence.
        required: Rows of the main packaging file.
    """
    names = [found.evidence.name for found in required]
    found: dict[str, list[FoundEvidence]] = {}
    for family in FAMILIES.values() if names else ():
        files = {
            path: file
            for path, file in repository.facts.items()
            if repository.areas[path] == "package" and family_of(file.language) == family.name
        }
        if family.by_package and files:
            brought = _brought(repository.facts, files, family, facts.folder)
            for name in names if brought else ():
                rows = list(_imports(files, name))
                if rows and not any(row.path in brought for row in rows):
                    found[name] = rows
    return found


def _brought(
    facts: Mapping[str, FileFacts], files: Mapping[str, FileFacts], family: Family, root: str
) -> set[str]:
    """The files of the package at the root, and of those that it imports, as a build has them that asks for nothing."""
    units = units_of(facts, family)
    pending = [path for path in files if path.rpartition("/")[0] == root]
    brought: set[str] = set()
    while pending:
        path = pending.pop()
        if path not in brought and not files[path].left_out:
            brought.add(path)
            keys = {units.find(one.module, path) for one in files[path].imports}
            pending += [each for key in keys for each in units.files.get(key, ()) if each in files]
    return brought


def _imports(files: Mapping[str, FileFacts], name: str) -> Iterable[FoundEvidence]:
    for path, file in sorted(files.items()):
        for one in file.imports:
            if f"{one.module}/".startswith(f"{name}/"):
                text = f"import {one.module}"
                yield FoundEvidence(path, Evidence("import", one.line, one.line, one.scope, name, text))
