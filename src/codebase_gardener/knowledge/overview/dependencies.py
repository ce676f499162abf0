"""What the repository depends on, and why: which of its files import it, for what."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from codebase_gardener.knowledge.apis.context import ApiContext
from codebase_gardener.knowledge.sources.file_facts import FileFacts
from codebase_gardener.languages.table import FAMILIES, family_of
from codebase_gardener.manifests.contents import Dependency
from codebase_gardener.manifests.table import read_manifest

__all__ = ["Needed", "needed"]

_KINDS = ("runtime", "requirement", "extra")
_MOST_NAMES = 4
_BY_NAME = re.compile(r"""(?:importlib\.)?(?:import_module|__import__)\(\s*["']([A-Za-z_][\w.]*)["']""")
"""An import by a name that is written out."""

_IN_PATH = re.compile(r"\b(?<!:)([a-z_]\w*)::")


@dataclass(frozen=True)
class Needed:
    """A dependency, and what it is for.

    Attributes:
        entry: As the packaging file has it.
        path: Of the packaging file.
        files: Files of the package that import it, else those that name it in a path, sorted.
        names: What they use of it, the most used first.
        is_imported: Whether they import it.
    """

    entry: Dependency
    path: str
    files: tuple[str, ...]
    names: tuple[str, ...]
    is_imported: bool


def needed(context: ApiContext) -> list[Needed]:
    """What plain installation and the extras need, in the order of the packaging files at the root."""
    texts = context.repository.texts
    importing, in_paths, used = _importing(context), _in_all_paths(context), _used(context)
    found: dict[tuple[str, str], Needed] = {}
    for path in sorted(path for path in texts if "/" not in path):
        manifest = read_manifest(path, texts[path])
        for entry in manifest.dependencies if manifest else ():
            key = _key(entry.name)
            known = {each.name for each in context.repository.facts[path].evidence if each.kind == entry.kind}
            if entry.kind in _KINDS and entry.name in known and (key, entry.group) not in found:
                root = _root(entry.name, importing)
                names = tuple(name for name, _ in used.get(root, Counter()).most_common(_MOST_NAMES))
                files = importing.get(root) or in_paths.get(root, set())
                found[key, entry.group] = Needed(entry, path, tuple(sorted(files)), names, root in importing)
    return list(found.values())


def _key(name: str) -> str:
    return re.sub(r"[^a-z0-9@/.]+", "_", name.lower())


def _root(name: str, importing: Mapping[str, set[str]]) -> str:
    """The import that a package's name means: its own, or one that only adds or drops a word such as "py"."""
    key = _key(name)
    near = (key, key.removeprefix("python_"), key.removeprefix("py"), key.removesuffix("_python"))
    return next((one for one in near if one in importing), key)


def _importing(context: ApiContext) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for path, facts in context.repository.facts.items():
        if context.repository.areas[path] == "package":
            for each in facts.imports:
                if not each.level:
                    for root in _roots(each.module):
                        found[root].add(path)
            for reference in facts.references:
                called = _BY_NAME.match(reference.text) if reference.kind == "call" else None
                for root in _roots(called[1]) if called else ():
                    found[root].add(path)
    for name, alias in _other_names(context):
        found[_key(name)] |= found.get(_key(alias), set())
    return found


def _in_all_paths(context: ApiContext) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for path, facts in context.repository.facts.items():
        for root in _in_paths(facts) if context.repository.areas[path] == "package" else ():
            found[root].add(path)
    return found


def _in_paths(facts: FileFacts) -> set[str]:
    """What the paths of a file begin with where a package needs no import: `itoa::Buffer::new()`, `#[tokio::main]`."""
    family = FAMILIES.get(family_of(facts.language))
    if family is None or not family.paths_need_no_import:
        return set()
    found = {
        _key(name) for each in facts.symbols for text in each.decorators for name in _IN_PATH.findall(text)
    }
    for each in facts.references:
        first = _IN_PATH.match(each.text)
        dotted = each.name.partition(".")[0] if each.kind == "annotation" and "." in each.name else ""
        found |= {_key(name) for name in (first[1] if first else "", dotted) if name}
    return found


def _other_names(context: ApiContext) -> Iterator[tuple[str, str]]:
    """A package and the other name that a file gives it for all: `extern crate a as b`."""
    for path, facts in context.repository.facts.items():
        family = FAMILIES.get(family_of(facts.language))
        if family is not None and family.paths_need_no_import and context.repository.areas[path] == "package":
            yield from (
                (each.module, each.alias)
                for each in facts.imports
                if not each.name and "." not in each.module and each.alias != each.module
            )


def _roots(module: str) -> Iterator[str]:
    """What an import may mean: the whole of it, its beginnings."""
    parts = re.split(r"[./]", module) if not module.startswith("@") else []
    yield _key(module)
    if parts:
        yield _key(parts[0])
    steps = module.split("/")
    for end in range(2, len(steps)):
        yield _key("/".join(steps[:end]))


def _used(context: ApiContext) -> dict[str, Counter[str]]:
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for target, uses in context.resolution.callers.items():
        if target.external:
            for root in _roots(target.name):
                found[root][target.name] += sum(use.how == "import" for use in uses)
    return {root: +names for root, names in found.items()}
