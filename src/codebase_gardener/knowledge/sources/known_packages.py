"""Packages that a repository has to do with: what only its documents import may be made up for the sample."""

from __future__ import annotations

from collections.abc import Iterator

from codebase_gardener.documents.facts import Snippet
from codebase_gardener.knowledge.sources.file_facts import FileFacts
from codebase_gardener.knowledge.sources.repository_facts import RepositoryFacts

__all__ = ["known_packages"]

_DECLARED = ("requirement", "extra", "dev-extra", "group", "listed", "build")
_SHORTEST = 3  # characters of a name in a longer one


def known_packages(repository: RepositoryFacts) -> frozenset[str]:
    """Of the packages that code and documents import, those that a manifest declares or that code uses.

    The package's own code may import for others. An import elsewhere whose name stays unused is itself a sample, as
    the input of a formatter is. A notebook is code.
    """
    declared = frozenset(_declared(repository))
    known: set[str] = set()
    for path, facts in repository.facts.items():
        pieces: tuple[FileFacts | Snippet, ...] = (
            (facts, *facts.snippets) if path.endswith(".ipynb") else (facts,)
        )
        for piece in pieces:
            known.update(_imported(piece, every=repository.areas[path] == "package"))
        shown = {one.module.partition(".")[0] for snippet in facts.snippets for one in snippet.imports}
        known.update(package for package in shown if _means(package, declared))
    return frozenset(known)


def _declared(repository: RepositoryFacts) -> Iterator[str]:
    for facts in repository.facts.values():
        yield from (_plain(each.name) for each in facts.evidence if each.kind in _DECLARED)


def _imported(code: FileFacts | Snippet, *, every: bool) -> Iterator[str]:
    imports = [each for each in code.imports if not each.level]
    if imports and not every:
        used = {one.name.partition(".")[0].removesuffix("()") for one in code.references}
        used.update(one.value.partition(".")[0].removesuffix("()") for one in code.bindings)
        imports = [each for each in imports if each.name == "*" or each.alias in used]
    yield from (each.module.partition(".")[0] for each in imports)


def _means(package: str, declared: frozenset[str]) -> bool:
    """Whether a declared distribution holds a package: `yaml` is PyYAML's, `dotenv` python-dotenv's."""
    name = _plain(package)
    return name in declared or (len(name) >= _SHORTEST and any(_holds(one, name) for one in declared))


def _holds(distribution: str, name: str) -> bool:
    return distribution.startswith(name) or distribution.endswith(name)


def _plain(name: str) -> str:
    return name.lower().replace("-", "").replace("_", "").replace(".", "")
