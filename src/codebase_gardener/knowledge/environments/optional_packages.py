"""Packages that code uses only where they are installed: where it asks, with what bounds, and what it says."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from codebase_gardener.knowledge.environments.evidence_by_kind import EnvironmentFacts, FoundEvidence, key_of
from codebase_gardener.knowledge.environments.guard_evidence import AVAILABILITY, DEVICES, FLAG
from codebase_gardener.knowledge.links.python.entities import NO_PACKAGES
from codebase_gardener.knowledge.sources.file_facts import Evidence
from codebase_gardener.knowledge.sources.repository_facts import RepositoryFacts
from codebase_gardener.languages.python.row import is_python, module_path

__all__ = ["Package", "headers", "named_packages", "optional_packages", "own_names", "word_of"]

_CONDITION = re.compile(r"(?:if|elif|while|for|with|match|case)\b.*:$|try:")


@dataclass
class Package:
    """An optional package.

    Attributes:
        key: Its name, lower case with `-`.
        name: As an installer takes it, as far as the repository tells.
        sites: Where code asks for it, outside of availability functions.
        definitions: Where an availability function asks for it.
        bounds: Versions that code refuses to go below.
        required: Rows of packaging files that name it.
        errors: What code raises for lack of it.
        imports: Where the package's code imports it.
        erased: Where it imports no more than its types, which only the compiler reads.
        functions: Availability functions (or flags) that stand for it.
    """

    key: str
    name: str
    sites: list[FoundEvidence] = field(default_factory=list)
    definitions: list[FoundEvidence] = field(default_factory=list)
    bounds: list[FoundEvidence] = field(default_factory=list)
    required: list[FoundEvidence] = field(default_factory=list)
    errors: list[FoundEvidence] = field(default_factory=list)
    imports: list[FoundEvidence] = field(default_factory=list)
    erased: list[FoundEvidence] = field(default_factory=list)
    functions: set[str] = field(default_factory=set)


def optional_packages(repository: RepositoryFacts, facts: EnvironmentFacts) -> dict[str, Package]:
    """By key, with all that is known of each."""
    own = own_names(repository, facts)
    packages: dict[str, Package] = {}
    outside = {"python", *DEVICES}

    def package(name: str) -> Package | None:
        top = name.partition(".")[0]
        key = facts.canonical(top)
        if not key or key in facts.core | own or key in outside or top in NO_PACKAGES:
            return None
        if "." in name and key not in facts.spelling and key not in packages:
            key = key_of(name)  # a namespace, such as google.colab
        return packages.setdefault(key, Package(key, facts.spelling.get(key, name)))

    for found in facts.of_kinds("extra"):
        one = package(found.evidence.name)
        if one:
            one.required.append(found)
    for found in facts.of_kinds("available", "optional-import", "version"):
        one = package(found.evidence.name)
        if one is None:
            continue
        asker = found.evidence.scope.rpartition(".")[2]
        if found.evidence.kind == "version":
            one.bounds.append(found)
        if AVAILABILITY.match(asker):
            one.definitions.append(found)
            one.functions.add(asker)
        else:
            one.sites.append(found)
        if found.evidence.value and found.evidence.kind == "available":
            one.name = facts.spelling.get(one.key, found.evidence.value)
    imported = _imported(repository)
    for found in facts.of_kinds("guard"):
        word = word_of(found.evidence.name)
        if word in imported:  # is_wandb_available, defined elsewhere, and `import wandb`
            package(imported[word])
    _follow_functions(packages, facts)
    for found in facts.of_kinds("dev-extra", "group", "listed"):
        if facts.canonical(found.evidence.name) in packages:
            packages[facts.canonical(found.evidence.name)].required.append(found)
    _give_errors(packages, repository, facts)
    _give_imports(packages, repository, facts)
    return packages


def _give_imports(packages: dict[str, Package], repository: RepositoryFacts, facts: EnvironmentFacts) -> None:
    for path, file in repository.facts.items():
        if repository.areas[path] != "package":
            continue
        for one in file.imports:
            name = one.module.partition(".")[0]
            found = None if one.level or not name else packages.get(facts.canonical(name))
            if found is not None:
                text = f"import {one.module}"
                rows = found.erased if one.erased else found.imports
                rows.append(
                    FoundEvidence(path, Evidence("import", one.line, one.line, one.scope, name, text))
                )


def _give_errors(packages: dict[str, Package], repository: RepositoryFacts, facts: EnvironmentFacts) -> None:
    """An error belongs to the packages that it names, that its extra brings, or that is asked for above it."""
    of_extra: dict[str, set[str]] = defaultdict(set)
    for row in facts.of_kinds("extra"):
        of_extra[row.evidence.scope].add(facts.canonical(row.evidence.name))
    compared = [
        (bound.path, bound.evidence.scope, bound.evidence.end, one)
        for one in packages.values()
        for bound in one.bounds
    ]
    tried: dict[tuple[str, str], set[str]] = defaultdict(set)
    for key, one in packages.items():
        for site in one.sites + one.definitions:
            if site.evidence.kind == "optional-import":
                tried[site.path, site.evidence.value].add(key)
    for found in facts.of_kinds("raise"):
        named = set(named_packages(found.evidence.text, packages)) or {
            key for extra in re.findall(r"\w\[([\w-]+)\]", found.evidence.text) for key in of_extra[extra]
        }
        named = named or (tried[found.path, found.evidence.value] if found.evidence.value else set())
        if not named:
            asked = set(re.findall(r"\w+", " ".join(headers(repository, found)[:1])))
            named = {key for key, one in packages.items() if one.functions & asked}
        for key in sorted(named & set(packages)):
            packages[key].errors.append(found)
        place = (found.path, found.evidence.scope)
        for path, scope, line, one in compared:
            if (path, scope) == place and 0 < found.evidence.start - line < 6 and one.key not in named:
                one.errors.append(found)


def own_names(repository: RepositoryFacts, facts: EnvironmentFacts) -> set[str]:
    """Names that the repository itself provides: its package, its top-level folders and modules."""
    own = {key_of(found.evidence.name) for found in facts.of_kinds("package")}
    for path in repository.facts:
        if is_python(path):
            parts = path.removeprefix("src/").removeprefix("lib/").removeprefix("python/").split("/")
            own.add(key_of(module_path(parts[0])))
    return own


def _follow_functions(packages: dict[str, Package], facts: EnvironmentFacts) -> None:
    """Each call of an availability function is a place of the packages that it (or what it calls) asks for."""
    direct: dict[str, set[str]] = defaultdict(set)
    for key, one in packages.items():
        for name in one.functions:
            direct[name].add(key)
    guards = facts.of_kinds("guard")
    calls: dict[str, set[str]] = defaultdict(set)
    for found in guards:
        asker = found.evidence.scope.rpartition(".")[2]
        if AVAILABILITY.match(asker):
            calls[asker].add(found.evidence.name)
    for found in guards:
        asker = found.evidence.scope.rpartition(".")[2]
        name = found.evidence.name
        reached = direct.get(name) or {key for part in sorted(calls[name]) for key in direct.get(part, ())}
        for key in sorted(reached or _by_name(name, packages)):
            one = packages[key]
            one.functions.add(name)
            (one.definitions if AVAILABILITY.match(asker) else one.sites).append(found)


def _by_name(function: str, packages: Mapping[str, Package]) -> set[str]:
    """`is_wandb_available`, defined elsewhere, stands for wandb, if that is known to be optional."""
    return {word_of(function)} & set(packages)


def word_of(function: str) -> str:
    """ "wandb" of `is_wandb_available` and of `HAS_WANDB`."""
    found = AVAILABILITY.match(function) or FLAG.match(function)
    return key_of(next((group for group in found.groups() if group), "")) if found else ""


def _imported(repository: RepositoryFacts) -> dict[str, str]:
    """Key and name of the modules from outside that the package's code imports."""
    return {
        key_of(name): name
        for path, facts in repository.facts.items()
        if repository.areas[path] == "package"
        for one in facts.imports
        if not one.level and (name := one.module.partition(".")[0])
    }


def named_packages(text: str, packages: Mapping[str, Package]) -> list[str]:
    """Keys of the packages that a message names as words."""
    words = {key_of(word) for word in re.findall(r"[A-Za-z0-9][\w.-]*[A-Za-z0-9]", text)}
    return sorted(words & set(packages))


def headers(repository: RepositoryFacts, found: FoundEvidence) -> list[str]:
    """The conditions around a line, nearest first, up to its definition: lines above that are indented less."""
    first = max(1, found.evidence.start - 200)
    lines = [line[:1_000] for line in repository.lines(found.path, first, found.evidence.start)]
    indent = _indent(lines[-1]) if lines else 0
    kept: list[str] = []
    alternative = ""
    for line in reversed(lines[:-1]):
        text = re.sub(r"\s+#\s.*$", "", line.strip())
        if (
            alternative
            and text
            and _indent(line) == indent
            and text.startswith(("if ", "elif ", "for ", "try:", "while "))
        ):
            kept.append(f"{alternative} of {text}"[:200])
            alternative = ""
        elif text and _indent(line) < indent:
            indent = _indent(line)
            if text.startswith(("def ", "class ", "async def ")):
                break
            if text.startswith("except"):
                kept.append(text[:200])
            elif text.startswith("else:"):
                alternative = "else"
            elif _CONDITION.match(text):
                kept.append(text[:200])
    return kept


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
