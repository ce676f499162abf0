"""Optional packages of a repository, put together as a user meets them: an extra, or what code guards as one."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from codebase_gardener.knowledge.environments.evidence_by_kind import EnvironmentFacts, FoundEvidence, key_of
from codebase_gardener.knowledge.environments.guard_evidence import AVAILABILITY
from codebase_gardener.knowledge.environments.optional_packages import (
    Package,
    headers,
    named_packages,
    optional_packages,
    word_of,
)
from codebase_gardener.knowledge.sources.repository_facts import RepositoryFacts
from codebase_gardener.utils.identifiers import identifier_words

__all__ = ["Backend", "optional_backends"]

_AGGREGATES = frozenset({"all", "full", "complete", "everything"})


@dataclass
class Backend:
    """Optional packages that belong together.

    Attributes:
        subject: In words, as files or packaging call it: "gptq".
        packages: By key.
        extra: The extra that installs them; "" if there is none.
        alternatives: Sets of keys, each of which is enough; one set where all are needed.
    """

    subject: str
    packages: list[Package]
    extra: str = ""
    alternatives: list[tuple[str, ...]] = field(default_factory=list)
    variants: list[str] = field(default_factory=list)


def optional_backends(
    repository: RepositoryFacts, facts: EnvironmentFacts
) -> tuple[list[Backend], list[Package]]:
    """All backends by subject, and the packages that no user has to hear of: used if there, without any error."""
    packages = optional_packages(repository, facts)
    extras, variants = _extras(facts)
    groups = _grouped(packages, extras, facts)
    backends = [_backend(keys, packages, extras, variants, repository) for keys in groups]
    named = {key for keys in extras.values() for key in keys}
    soft = [one for key, one in sorted(packages.items()) if key not in named and one.sites and not _met(one)]
    return sorted(_merged(backends), key=lambda one: (one.subject, one.packages[0].key)), soft


def _merged(backends: list[Backend]) -> list[Backend]:
    """What is called like an extra joins it: IPython, asked for in jupyter.py, joins the extra jupyter."""
    extras = {key_of(one.subject): one for one in backends if one.extra}
    kept = []
    for one in backends:
        home = extras.get(key_of(one.subject))
        if one.extra or home is None:
            kept.append(one)
        else:
            home.packages += [package for package in one.packages if package not in home.packages]
    return kept


def _met(package: Package) -> bool:
    """Whether a user meets it: it has an availability function that is used, an error, or several places."""
    used = bool(package.sites)
    return used and bool(package.functions or package.errors or len({one.path for one in package.sites}) > 1)


def _extras(facts: EnvironmentFacts) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Extras that are worth a page with their packages, and which others say nearly the same."""
    tables: dict[str, set[str]] = defaultdict(set)
    for found in facts.of_kinds("extra"):
        tables[found.evidence.scope].add(facts.canonical(found.evidence.name))
    own = {key_of(found.evidence.name) for found in facts.of_kinds("package")}
    kept: dict[str, list[str]] = {}
    variants: dict[str, list[str]] = defaultdict(list)
    for extra in sorted(tables, key=lambda name: (len(name), name)):
        keys = tables[extra] - own
        like = next(
            (name for name in kept if _overlap(keys, set(kept[name])) >= (0.8 if len(keys) > 2 else 1)), None
        )
        if extra in _AGGREGATES or not keys:
            continue
        if like:
            variants[like].append(extra)
        else:
            kept[extra] = sorted(keys)
    return kept, variants


def _overlap(left: set[str], right: set[str]) -> float:
    return len(left & right) / max(1, len(left | right))


def _grouped(
    packages: dict[str, Package], extras: dict[str, list[str]], facts: EnvironmentFacts
) -> list[tuple[str, list[str]]]:
    """(extra or "", keys) of each group."""
    home: dict[str, str] = {}
    for extra in sorted(extras, key=lambda name: (len(extras[name]), name)):
        for key in extras[extra]:
            home.setdefault(key, extra)
    groups = [(extra, [key for key in keys if key in packages]) for extra, keys in sorted(extras.items())]
    free = {key: one for key, one in sorted(packages.items()) if key not in home and _met(one)}
    parent = {key: key for key in free}

    def root(key: str) -> str:
        while parent[key] != key:
            key = parent[key]
        return key

    for together in _together(free, facts):
        first, *rest = [key for key in together if key in free] or [""]
        for key in rest:
            parent[max(root(first), root(key))] = min(root(first), root(key))
    joined: dict[str, list[str]] = defaultdict(list)
    for key in free:
        joined[root(key)].append(key)
    return [group for group in groups if group[1]] + [("", keys) for _, keys in sorted(joined.items())]


def _together(packages: dict[str, Package], facts: EnvironmentFacts) -> Iterator[list[str]]:
    """Lists of packages that belong to one backend, and why."""
    by_function: dict[str, set[str]] = defaultdict(set)
    by_try: dict[tuple[str, str], set[str]] = defaultdict(set)
    for key, one in packages.items():
        for found in one.definitions + one.bounds:
            if found.evidence.kind != "guard":
                by_function[f"{found.path}:{found.evidence.scope}"].add(key)
        for found in one.sites:
            if found.evidence.kind == "optional-import":
                by_try[found.path, found.evidence.value].add(key)
    yield from (sorted(keys) for name, keys in sorted(by_function.items()) if AVAILABILITY.match(_last(name)))
    yield from (sorted(keys) for _, keys in sorted(by_try.items()))  # imported in one `try`
    for found in facts.of_kinds("raise"):
        named = named_packages(found.evidence.text, packages)
        if len(named) == 2 and " or " not in found.evidence.text:
            yield named  # one message asks for both
    yield from _by_stem(packages)


def _last(name: str) -> str:
    return re.split(r"[.:]", name)[-1]


def _by_stem(packages: dict[str, Package]) -> Iterator[list[str]]:
    """gptq.py guards gptqmodel and auto_gptq; tracking.py is the only place of all the trackers."""
    contained: dict[str, set[str]] = defaultdict(set)
    only: dict[str, set[str]] = defaultdict(set)
    stems = {_stem(found.path) for one in packages.values() for found in one.sites}
    for key, one in packages.items():
        for stem in stems:
            if len(stem) > 2 and stem in key:
                contained[stem].add(key)
        paths = {found.path for found in one.sites}
        if len(paths) == 1 and not _stem(next(iter(paths))).startswith("__"):
            only[next(iter(paths))].add(key)
    yield from (sorted(keys) for _, keys in sorted(contained.items()))
    yield from (sorted(keys) for _, keys in sorted(only.items()))


def _stem(path: str) -> str:
    return path.rpartition("/")[2].partition(".")[0].strip("_").lower()


def _backend(
    group: tuple[str, list[str]],
    packages: dict[str, Package],
    extras: dict[str, list[str]],
    variants: dict[str, list[str]],
    repository: RepositoryFacts,
) -> Backend:
    extra, keys = group
    members = [packages[key] for key in keys]
    if extra:
        return Backend(extra, members, extra, [tuple(keys)], sorted(variants.get(extra, [])))
    return Backend(_subject(members, repository), members, "", _alternatives(members))


def _alternatives(members: list[Package]) -> list[tuple[str, ...]]:
    """Each availability function's packages are one way; packages that no function asks for are one way each."""
    by_function: dict[str, set[str]] = defaultdict(set)
    for one in members:
        for found in [*one.definitions, *one.bounds]:
            by_function[f"{found.path}:{found.evidence.scope}"].add(one.key)
        if not one.definitions:
            by_function[min((f"{found.path}:{found.evidence.value}" for found in one.sites), default="")].add(
                one.key
            )
    ways = {tuple(sorted(keys)) for keys in by_function.values()}
    return sorted(way for way in ways if not any(set(way) < set(other) for other in ways))


def _subject(members: list[Package], repository: RepositoryFacts) -> str:
    if len(members) > 1:
        stems = Counter(_stem(found.path) for one in members for found in one.sites)
        shared = [stem for stem in stems if len(stem) > 2]
        for stem in sorted(shared, key=lambda stem: (-stems[stem], stem)):
            only = all({_stem(found.path) for found in one.sites} <= {stem} for one in members)
            if only or sum(stem in one.key for one in members) > 1:
                return stem
        asked = {word_of(name) for one in members for name in one.functions}
        return next((one.key for one in members if one.key in asked), members[0].key)
    one = members[0]
    if one.functions or len({found.path for found in one.sites}) < 2:
        return one.key
    words = [_site_words(found, repository) for found in one.sites]
    shared_words = set.intersection(*words) - set(one.key.split("-"))
    stems = Counter(word for found in one.sites for word in _words(_stem(found.path)))
    return min(shared_words, key=lambda word: (-stems[word], -len(word), word), default=one.key)


def _site_words(found: FoundEvidence, repository: RepositoryFacts) -> set[str]:
    """Words of the file's name, of the enclosing definition and of the conditions around the line."""
    conditions = " ".join(line for line in headers(repository, found) if "TYPE_CHECKING" not in line)
    text = f"{_stem(found.path)} {found.evidence.scope} {conditions}"
    return {word for word in _words(text) if len(word) > 3}


def _words(text: str) -> list[str]:
    return [word.rstrip("0123456789").lower() for word in identifier_words(text[:2_000])]
