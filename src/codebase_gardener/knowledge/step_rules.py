"""Which uses are steps that a user takes, told from helpers by how a repository's own passages use them."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from codebase_gardener.knowledge.entities import FLUENT, TEST_MACHINERY
from codebase_gardener.knowledge.repository_facts import RepositoryFacts
from codebase_gardener.knowledge.resolution import Passage, Resolution, Target, Use

__all__ = ["READER_AREAS", "StepRules"]

READER_AREAS = ("readme", "docs", "example")
"""Areas of passages that are written for readers."""
TOOLBOX_FUNCTIONS = 15
"""Functions of one external module, from which on it is a language of its own (arrays, mathematics): its functions
are operations, not steps. PEFT's tests use 60 of `torch`, Flask's docs and tests 8 of `click`."""
USUAL_SHARE = 0.3
"""A method of an external object is a step where this share of the passages that make such an object call it."""
LEAST_FILES = 2
"""Files that use an external function, where no document does."""

_ERROR = re.compile(r".*(?:Error|Exception|Warning|Exit|Abort|Interrupt)\Z")
_TESTING = re.compile(r"_?test(?:s|ing|_.*|_?utils)?\Z", re.IGNORECASE)
_CHECK = re.compile(r"(?:assert|is_?close|all_?close|array_equal|approx|set_seed|manual_seed|seed_)", re.IGNORECASE)


@dataclass(frozen=True)
class StepRules:
    """Tells steps from helpers.

    Args:
        repository: For what a name's definition is.
        resolution: For how passages use it.
    """

    repository: RepositoryFacts
    resolution: Resolution

    def steps(self, passage: Passage) -> tuple[Target, ...]:
        """What a passage does: its significant targets, each once, in order of their first use."""
        return tuple(dict.fromkeys(use.target for use in passage.uses if self.is_step(use, passage)))

    def is_step(self, use: Use, passage: Passage) -> bool:
        """Whether a use is something that a user does, such as making a trainer; not printing, comparing, indexing."""
        target = use.target
        if use.kind == "attribute" or not self._is_named(target):
            return False
        if passage.area == "test" and self._is_testing(target):
            return False
        return self._is_outside_step(target) if target.external else self._is_own_step(target, passage)

    def _is_named(self, target: Target) -> bool:
        parts = target.name.split(".")
        return not any(part.startswith("_") for part in parts[-2:]) and not _CHECK.match(parts[-1])

    def _is_own_step(self, target: Target, passage: Passage) -> bool:
        symbol = self.repository.symbols.get((target.path, target.name))
        if symbol is None or (_ERROR.match(target.name) and passage.area == "test"):
            return False
        return target in self._public or not any(part.startswith("_") for part in target.path.split("/")[:-1])

    def _is_testing(self, target: Target) -> bool:
        """Whether it is there for tests: by the name of its module or its own."""
        module = target.path.removesuffix(".py").split("/") if target.path else target.name.split(".")[:-1]
        return any(_TESTING.match(part) for part in module) or bool(_TESTING.match(target.name.rpartition(".")[2]))

    def _is_outside_step(self, target: Target) -> bool:
        if target not in self._outside:
            self._outside[target] = self._judged(target)
        return self._outside[target]

    def _judged(self, target: Target) -> bool:
        parts = target.name.split(".")
        at = next((index for index, part in enumerate(parts) if part[:1].isupper()), len(parts))
        if len(parts) < 2 or parts[0] in TEST_MACHINERY or target in self._of_the_reader or _ERROR.match(target.name):
            return False
        module = ".".join(parts[:at])
        if at >= len(parts) - 1:  # a function or a class itself
            module = ".".join(parts[:-1])
            return module not in self._toolboxes and self._is_known(target)
        if target in self._makers:  # a method that makes an object: "A.load"
            return self._is_known(target)
        return self._is_usual(target, parts)

    def _is_usual(self, target: Target, parts: list[str]) -> bool:
        """Whether a method is what one does with such an object."""
        if parts[-1] in FLUENT - {"train"} or parts[0] in {name.partition(".")[0] for name in self._toolboxes}:
            return parts[-2] in self._made_here and parts[-1] not in FLUENT and self._share(target) >= USUAL_SHARE
        return not self._passages_making(target) or self._share(target) >= USUAL_SHARE

    def _share(self, target: Target) -> float:
        made = self._passages_making(target)
        return len(made & self._passages[target]) / len(made) if made else 0.0

    def _passages_making(self, target: Target) -> set[int]:
        return self._making.get(target.name.rpartition(".")[0], set())

    def _is_known(self, target: Target) -> bool:
        """Whether a document shows it, or several files use it."""
        return target in self._in_documents or len(self._files[target]) >= LEAST_FILES

    # ---- what the passages say of names, counted once

    @cached_property
    def _outside(self) -> dict[Target, bool]:
        return {}

    @cached_property
    def _public(self) -> frozenset[Target]:
        return frozenset(self.resolution.public.values())

    @cached_property
    def _in_documents(self) -> frozenset[Target]:
        return frozenset(use.target for one in self.resolution.passages if one.area in READER_AREAS for use in one.uses)

    @cached_property
    def _files(self) -> dict[Target, set[str]]:
        found: dict[Target, set[str]] = defaultdict(set)
        for _, use in self._external_uses:
            found[use.target].add(use.path)
        return found

    @cached_property
    def _passages(self) -> dict[Target, set[int]]:
        found: dict[Target, set[int]] = defaultdict(set)
        for index, use in self._external_uses:
            found[use.target].add(index)
        return found

    @cached_property
    def _external_uses(self) -> list[tuple[int, Use]]:
        return [
            (index, use)
            for index, passage in enumerate(self.resolution.passages)
            for use in passage.uses
            if use.target.external
        ]

    @cached_property
    def _makers(self) -> frozenset[Target]:
        """Methods that are called on a class itself, by its import."""
        hows: dict[Target, Counter[str]] = defaultdict(Counter)
        for _, use in self._external_uses:
            hows[use.target][use.how] += use.kind == "call"
        return frozenset(target for target, how in hows.items() if how["import"] > how["type"])

    @cached_property
    def _making(self) -> dict[str, set[int]]:
        """Of each external class, the passages that make an object of it."""
        found: dict[str, set[int]] = defaultdict(set)
        for index, use in self._external_uses:
            name = use.target.name
            if use.target in self._makers and name.rpartition(".")[0].rpartition(".")[2][:1].isupper():
                found[name.rpartition(".")[0]].add(index)
            elif name.rpartition(".")[2][:1].isupper():
                found[name].add(index)
        return found

    @cached_property
    def _made_here(self) -> frozenset[str]:
        return frozenset(name.rpartition(".")[2] for name in self._making)

    @cached_property
    def _toolboxes(self) -> frozenset[str]:
        functions: dict[str, set[str]] = defaultdict(set)
        for _, use in self._external_uses:
            module, _, name = use.target.name.rpartition(".")
            if use.kind == "call" and use.how == "import" and name[:1].islower():
                functions[module].add(name)
        return frozenset(module for module, names in functions.items() if len(names) >= TOOLBOX_FUNCTIONS)

    @cached_property
    def _of_the_reader(self) -> frozenset[Target]:
        """What documents import from the reader's own modules: names that some document or example defines itself."""
        trusted = {
            imported.module.partition(".")[0]
            for path, facts in self.repository.facts.items()
            if self.repository.areas[path] == "package"
            for imported in facts.imports
            if not imported.level
        }
        defined = frozenset(self._defined())
        return frozenset(
            target
            for target in self._files
            for package, _, rest in [target.name.partition(".")]
            if package not in trusted and (package in self._folders or defined & set(rest.split(".")))
        )

    def _defined(self) -> Iterator[str]:
        """Names that documents and examples define at the top of their code."""
        for path, facts in self.repository.facts.items():
            if self.repository.areas[path] == "docs":
                for snippet in facts.snippets:
                    yield from (each.name for each in snippet.bindings if not each.scope and "." not in each.name)
            elif self.repository.areas[path] == "examples":
                yield from (each.name for each in facts.symbols if "." not in each.qualified_name)
                yield from facts.names

    @cached_property
    def _folders(self) -> frozenset[str]:
        """Folders and modules of the examples and docs."""
        return frozenset(
            part.removesuffix(".py")
            for path, area in self.repository.areas.items()
            if area in ("docs", "examples") and path.endswith(".py")
            for part in path.split("/")
        )
