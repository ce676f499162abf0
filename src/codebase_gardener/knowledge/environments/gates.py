"""Which definitions an optional backend gates, and which environments an API therefore requires."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from codebase_gardener.knowledge.environments.evidence_by_kind import FoundEvidence, key_of
from codebase_gardener.knowledge.environments.guard_evidence import AVAILABILITY
from codebase_gardener.knowledge.environments.optional_packages import Package
from codebase_gardener.knowledge.environments.page_draft import EnvironmentPage
from codebase_gardener.knowledge.links.resolution import Resolution
from codebase_gardener.knowledge.links.uses import Target
from codebase_gardener.knowledge.sources.repository_facts import RepositoryFacts
from codebase_gardener.utils.anchors import split_lines
from codebase_gardener.utils.identifiers import identifier_words
from codebase_gardener.utils.memo import remembered

__all__ = ["gates_of", "required_environments"]

STEPS = 2
_AND = re.compile(r",|;|/|\band\b|\bor\b")
_SMALL = {"for", "to", "the", "a", "an", "of", "with"}
_CONSTRUCTORS = ("__init__", "__post_init__", "__new__", "__call__")


def gates_of(repository: RepositoryFacts, packages: Sequence[Package]) -> tuple[Target, ...]:
    """Definitions that ask for one of the packages, that stand under such a question, or that use its import."""
    found: set[Target] = set()
    for package in packages:
        for site in package.sites:
            found |= _asked(repository, site)
        for error in package.errors:
            found |= _kept_from(repository, error)
        for path, names in _imports(repository, {package.key, *(row.evidence.name for row in package.sites)}):
            found |= _using(repository, path, names)
    return tuple(sorted(target for target in found if not AVAILABILITY.match(target.name.rpartition(".")[2])))


def _asked(repository: RepositoryFacts, site: FoundEvidence) -> set[Target]:
    if site.evidence.scope:
        return {Target(site.path, site.evidence.scope)}
    end = _block_end(repository, site.path, site.evidence.start)
    return {
        Target(site.path, symbol.qualified_name)
        for symbol in repository.facts[site.path].symbols
        if site.evidence.start < symbol.start <= end and "." not in symbol.qualified_name
    }


def _kept_from(repository: RepositoryFacts, error: FoundEvidence) -> set[Target]:
    """What a file defines after an error that it raises when it is imported."""
    if error.evidence.scope or error.evidence.kind != "raise":
        return set()
    return {
        Target(error.path, symbol.qualified_name)
        for symbol in repository.facts[error.path].symbols
        if symbol.start > error.evidence.end and "." not in symbol.qualified_name
    }


def _block_end(repository: RepositoryFacts, path: str, start: int) -> int:
    """Last line of the block that a module-level `if` at `start` opens; `start` for other lines."""
    lines = repository.lines(path, start, repository.facts[path].lines)
    if not lines or not re.match(r"(?:el)?if\b", lines[0]):
        return start
    end = start
    for number, line in enumerate(lines[1:], start + 1):
        if line.strip() and not line[0].isspace():
            break
        end = number
    return end


def _imports(repository: RepositoryFacts, wanted: set[str]) -> Iterable[tuple[str, set[str]]]:
    keys = {key_of(name) for name in wanted}
    for path, facts in repository.facts.items():
        if repository.areas[path] == "package":
            names = {one.alias for one in facts.imports
                     if not one.level and one.alias != "*" and not one.erased
                     and key_of(one.module.partition(".")[0]) in keys}  # fmt: skip
            if names:
                yield path, names


def _using(repository: RepositoryFacts, path: str, names: set[str]) -> set[Target]:
    """Innermost definitions of a file whose lines have one of the names as a word."""
    found: set[Target] = set()
    symbols = repository.facts[path].symbols
    for number in _lines_with(tuple(sorted(names)), repository.texts[path]):
        around = [symbol for symbol in symbols if symbol.start <= number <= symbol.end]
        if around:
            found.add(Target(path, max(around, key=lambda symbol: symbol.start).qualified_name))
    return found


@remembered
def _lines_with(names: tuple[str, ...], text: str) -> tuple[int, ...]:
    """The lines of a text that have one of the names as a word outside a comment."""
    pattern = re.compile(rf"\b(?:{'|'.join(re.escape(name) for name in names)})\b")
    return tuple(
        number
        for number, line in enumerate(split_lines(text), 1)
        if len(line) < 2_000 and pattern.search(line.partition("#")[0])
    )


def required_environments(
    targets: Iterable[Target], environments: Sequence[EnvironmentPage], resolution: Resolution | None = None
) -> dict[Target, tuple[EnvironmentPage, ...]]:
    """Of each API, the environments that it requires.

    Core always; a backend if the API's own code, or code that it reaches in at most `STEPS` calls, is gated by it,
    or if it comes from one of the backend's packages or is named after one (BitsAndBytesConfig, bitsandbytes).

    Args:
        targets: APIs.
        environments: All of them.
        resolution: Calls between definitions; without it only an API's own code counts.
    """
    calls = _calls(resolution) if resolution else {}
    gates: dict[str, list[tuple[str, EnvironmentPage]]] = defaultdict(list)
    for one in environments:
        for gate in one.gates:
            gates[gate.path].append((gate.name, one))
    answer = {}
    for target in targets:
        reached = _reached(target, calls)
        required = [
            one
            for one in environments
            if one.kind == "core"
            or (one.kind == "backend" and (_named_after(target, one) or _is_told(target, one)))
            or any(gated is one and _inside(name, scope, scope == target.name)
                   for path, scope in reached for name, gated in gates.get(path, ()))
        ]  # fmt: skip
        answer[target] = tuple(required)
    return answer


def _inside(gate: str, scope: str, whole: bool) -> bool:
    """Whether the gated definition is this one, is around it, or (for the API itself) within it."""
    return gate == scope or scope.startswith(f"{gate}.") or (whole and gate.startswith(f"{scope}."))


def _named_after(target: Target, environment: EnvironmentPage) -> bool:
    """transformers.BitsAndBytesConfig for bitsandbytes, transformers.GPTQConfig for GPTQ, scipy.stats for scipy."""
    if not target.external:
        return False
    package, _, rest = target.name.partition(".")
    if key_of(package) in environment.packages:
        return True
    parts = [re.sub(r"[^a-z0-9]", "", part.lower()) for part in rest.split(".")[:4]]
    return any(len(word) > 3 and part.startswith(word) for word in environment.words for part in parts)


def _is_told(target: Target, environment: EnvironmentPage) -> bool:
    """Whether the packaging file says that a package is for it: "For forms and file uploads" of `UploadFile`."""
    wanted = [
        {_singular(word) for word in identifier_words(part)}
        for part in target.name.split(".")[-2:]
        if part[:1].isupper()
    ]
    said = (part for purpose in environment.purposes for part in _AND.split(purpose.lower()))
    meant = [{_singular(word) for word in re.findall(r"\w+", part)} - _SMALL for part in said]
    return any(words in meant for words in wanted)


def _singular(word: str) -> str:
    return word.lower().removesuffix("s")


def _calls(resolution: Resolution) -> Mapping[tuple[str, str], set[Target]]:
    calls: dict[tuple[str, str], set[Target]] = defaultdict(set)
    for target, uses in resolution.callers.items():
        for use in uses:
            if not target.external and use.scope:
                calls[use.path, use.scope].add(target)
    return calls


def _reached(target: Target, calls: Mapping[tuple[str, str], set[Target]]) -> set[tuple[str, str]]:
    """Definitions that the API reaches; of a class, only its construction is followed."""
    seen = {(target.path, target.name)}
    frontier = seen | {(target.path, f"{target.name}.{name}") for name in _CONSTRUCTORS}
    for _ in range(STEPS):
        following = {(one.path, one.name) for place in frontier for one in calls.get(place, ())}
        frontier = following - seen
        seen |= following
    return seen
