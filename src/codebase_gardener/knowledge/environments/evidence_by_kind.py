"""The evidence of all files that counts for environments: whose manifest is the main one, what is core."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property, lru_cache

from codebase_gardener.knowledge.sources.file_facts import Evidence
from codebase_gardener.knowledge.sources.repository_facts import RepositoryFacts
from codebase_gardener.repository.areas import is_for_tests

__all__ = ["EnvironmentFacts", "FoundEvidence", "key_of"]

_MANIFEST_KINDS = frozenset(
    {"package", "requirement", "extra", "dev-extra", "group", "listed", "build", "runtime", "release"}
)
_COUNTED = ("package", "scripts", "other")


@dataclass(frozen=True)
class FoundEvidence:
    """Evidence and its file."""

    path: str
    evidence: Evidence


@lru_cache(maxsize=4096)
def key_of(name: str) -> str:
    """A package's name as indexes compare it (PEP 503).

    Example:
        >>> key_of("Auto_GPTQ")
        'auto-gptq'
    """
    return re.sub(r"[-_.]+", "-", name).lower() if not name.startswith("@") and "/" not in name else name


class EnvironmentFacts:
    """Evidence by kind, of the package's own code and of its main manifest."""

    def __init__(self, repository: RepositoryFacts) -> None:
        manifests: dict[str, list[FoundEvidence]] = defaultdict(list)
        self._by_kind: dict[str, list[FoundEvidence]] = defaultdict(list)
        extras = {
            key_of(evidence.name)
            for facts in repository.facts.values()
            for evidence in facts.evidence
            if evidence.kind == "extra"
        }
        for path, facts in repository.facts.items():
            for_tests = _serves_tests(path)
            for evidence in facts.evidence:
                if evidence.kind in _MANIFEST_KINDS:
                    manifests[_folder(path)].append(FoundEvidence(path, evidence))
                elif repository.areas[path] in _COUNTED and not (for_tests and _is_aside(evidence, extras)):
                    self._by_kind[evidence.kind].append(FoundEvidence(path, evidence))
        self.folder = _main_folder(repository, manifests)
        self.others = sorted(
            (found for folder, rows in manifests.items() if folder != self.folder
             for found in rows if found.evidence.kind == "package" and repository.areas[found.path] in _COUNTED),
            key=lambda found: (found.path, found.evidence.start),
        )  # fmt: skip
        for found in _deduplicated(manifests.get(self.folder, [])):
            self._by_kind[found.evidence.kind].append(found)
        if not self._by_kind["requirement"]:
            self._by_kind["requirement"] = [f for f in self._by_kind["listed"] if f.path.count("/") == 0]

    def of_kinds(self, *kinds: str) -> list[FoundEvidence]:
        """Evidence of these kinds, by kind, path and line."""
        return [found for kind in kinds for found in self._by_kind.get(kind, ())]

    @cached_property
    def core(self) -> set[str]:
        """Keys of what plain installation brings."""
        return {key_of(found.evidence.name) for found in self.of_kinds("requirement")}

    @cached_property
    def spelling(self) -> dict[str, str]:
        """Of each key, how packaging files write it."""
        rows = self.of_kinds("listed", "group", "dev-extra", "extra", "requirement")
        return {key_of(found.evidence.name): found.evidence.name for found in rows}

    def canonical(self, name: str) -> str:
        """The key of the distribution that an imported name means, as far as manifests tell.

        `dotenv` is python-dotenv, `yaml` is PyYAML, `opentelemetry` is opentelemetry-sdk, if these are there.
        """
        key = key_of(name)
        return self._aliases.get(key, key) if key not in self.spelling else key

    @cached_property
    def _aliases(self) -> dict[str, str]:
        known = sorted(self.spelling)
        aliases: dict[str, str] = {}
        for key in known:
            for short in (key.removeprefix("python-"), key.removeprefix("py"), key.removesuffix("-python"),
                          key.partition("-")[0]):  # fmt: skip
                if len(short) > 2 and short not in self.spelling:
                    aliases.setdefault(short, key)
        for found in self.of_kinds("available"):
            if found.evidence.value and key_of(found.evidence.value) != key_of(found.evidence.name):
                aliases.setdefault(key_of(found.evidence.value), key_of(found.evidence.name))
        aliases.update(self._modules)
        return aliases

    @cached_property
    def _modules(self) -> dict[str, str]:
        """`awq` is autoawq: asked for in the same file, one as a module, the other by its version."""
        rows = self.of_kinds("available")
        distributions = {
            key_of(f.evidence.value): f.path for f in rows if f.evidence.value == f.evidence.name
        }
        modules = {key_of(f.evidence.name) for f in rows} - set(distributions)
        found: dict[str, str] = {}
        for module in sorted(modules):
            fitting = [key for key in sorted(distributions) if module in key and len(module) > 2]
            if len(fitting) == 1 and module in distributions[fitting[0]]:
                found[module] = fitting[0]
        return found


def _is_aside(evidence: Evidence, extras: set[str]) -> bool:
    """Whether what serves tests does not ask its users for an extra: the client of a web framework does."""
    if evidence.kind == "optional-import":
        return key_of(evidence.name) not in extras
    return evidence.kind != "raise" or not evidence.value


def _serves_tests(path: str) -> bool:
    return any(map(is_for_tests, path.rpartition(".")[0].split("/")))


def _folder(path: str) -> str:
    folder = path.rpartition("/")[0]
    return folder.rpartition("/")[0] if folder.rpartition("/")[2] == "requirements" else folder


def _main_folder(repository: RepositoryFacts, manifests: dict[str, list[FoundEvidence]]) -> str:
    """Where the package lives that the repository is about: nearest to the root, then the one named like it."""
    name = key_of(repository.owner_repo)

    def rank(folder: str) -> tuple[bool, int, bool, str]:
        rows = manifests[folder]
        packages = [key_of(found.evidence.name) for found in rows if found.evidence.kind == "package"]
        counted = any(repository.areas[found.path] in _COUNTED for found in rows)
        named = any(name.endswith(package.rpartition("/")[2]) for package in packages)
        return not (packages and counted), folder.count("/") + bool(folder), not named, folder

    return min(manifests, key=rank, default="")


def _deduplicated(rows: list[FoundEvidence]) -> list[FoundEvidence]:
    """The same requirement in several files (or twice in one) counts once for each group."""
    seen: set[tuple[str, str, str]] = set()
    kept: list[FoundEvidence] = []
    for found in sorted(rows, key=lambda found: (found.path, found.evidence.start)):
        mark = (
            found.evidence.kind,
            found.evidence.scope,
            f"{key_of(found.evidence.name)} {found.evidence.value}",
        )
        if mark not in seen:
            seen.add(mark)
            kept.append(found)
    return kept
