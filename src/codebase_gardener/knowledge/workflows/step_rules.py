"""Which uses are steps that a user takes, told from helpers by how a repository's own passages use them."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from codebase_gardener.knowledge.links.python.entities import STANDARD_LIBRARY, TEST_MACHINERY
from codebase_gardener.knowledge.links.resolution import Resolution
from codebase_gardener.knowledge.links.uses import Passage, Target, Use
from codebase_gardener.knowledge.sources.repository_facts import RepositoryFacts
from codebase_gardener.languages.python.row import is_python, module_path
from codebase_gardener.languages.table import is_hidden
from codebase_gardener.repository.areas import is_for_tests

__all__ = ["READER_AREAS", "StepRules"]

READER_AREAS = ("readme", "docs", "example")
"""Areas of passages that are written for readers."""
TOOLBOX_FUNCTIONS = 15
"""Functions of one external module, from which on it is a language of its own (arrays, plots): its functions are
operations, not steps. A share of the repository's own functions lost: a small library uses few of either (ADR 12)."""
USUAL_SHARE = 0.3
"""A method of an external object is a step where this share of the passages that make such an object call it."""
LEAST_FILES = 2
"""Files that use an external function, where no document does."""

_ERROR = re.compile(r".*(?:Error|Exception|Warning|Exit|Abort|Interrupt)\Z")
_PLACEHOLDER = re.compile(r"(?:my|your)\w*\Z|(?:\w+_)?(?:foo|bar|baz)\Z")
"""Packages that documents import from as from the reader's own: `yourapplication`, `mylibrary`, `flask_foo` (the words
are RFC 3092's)."""
_CHECK = re.compile(
    r"(?:assert|is_?close|all_?close|array_equal|approx|set_seed|manual_seed|seed_)", re.IGNORECASE
)


@dataclass(frozen=True)
class StepRules:
    """Tells steps from helpers.

    Args:
        repository: For what a name's definition is.
        resolution: For how passages use it.
        packages: Those that the repository has to do with (`known_packages`).
    """

    repository: RepositoryFacts
    resolution: Resolution
    packages: frozenset[str]

    def is_step(self, use: Use, passage: Passage) -> bool:
        """Whether a use is something that a user does, such as making a trainer; not printing, comparing, indexing."""
        target = use.target
        if not use.acts or not self._is_named(target):
            return False
        if use.kind == "base" and (target.external or passage.area not in READER_AREAS):
            return False
        if passage.area == "test" and self._is_testing(target):
            return False
        if target.external:
            return target in self._outside_steps
        asked = target, passage.area
        if asked not in self._own_steps:
            self._own_steps[asked] = self._is_own_step(*asked)
        return self._own_steps[asked]

    def _is_named(self, target: Target) -> bool:
        parts = target.name.split(".")
        return not any(part.startswith("_") for part in parts[-2:]) and not _CHECK.match(parts[-1])

    @cached_property
    def _own_steps(self) -> dict[tuple[Target, str], bool]:
        """By target and area of a passage, what was asked."""
        return {}

    def _is_own_step(self, target: Target, area: str) -> bool:
        symbol = self.repository.symbols.get((target.path, target.name))
        if symbol is None or (_ERROR.match(target.name) and area == "test"):
            return False
        if area in ("example", "test") and is_hidden(symbol):  # it stands in the package, as in Go
            return False
        owner = self.repository.symbols.get((target.path, target.name.rpartition(".")[0]))
        if owner is not None and owner.kind in (
            "function",
            "method",
        ):  # what a function defines and returns, as a decorator
            return False
        return target in self._public or not any(part.startswith("_") for part in target.path.split("/")[:-1])

    def _is_testing(self, target: Target) -> bool:
        """Whether it is there for tests: by the name of its module or its own."""
        module = module_path(target.path).split("/") if target.path else target.name.split(".")[:-1]
        return any(map(is_for_tests, [*module, target.name.rpartition(".")[2]]))

    def _is_outside_step(self, target: Target) -> bool:
        parts = target.name.split(".")
        at = next((index for index, part in enumerate(parts) if part[:1].isupper()), len(parts))
        if (
            len(parts) < 2
            or parts[0] in TEST_MACHINERY
            or target in self._of_the_reader
            or _ERROR.match(target.name)
        ):
            return False
        if at == len(parts):  # a function
            return ".".join(parts[:-1]) not in self._toolboxes and self._is_known(target)
        if (
            at == len(parts) - 1 or target in self._makers
        ):  # a class, or a method that makes an object: "A.load"
            return self._is_known(target)
        return self._is_usual(target, parts)

    def _is_usual(self, target: Target, parts: list[str]) -> bool:
        """Whether a method is what one does with such an object, made by its class or inherited by the repository's."""
        used, made = self._passages[target], self._making.get(".".join(parts[:-1]), set())
        if len(used - made) > len(used & made):
            return parts[0] not in self._toolbox_packages
        return len(made & used) >= USUAL_SHARE * len(made)

    def _is_known(self, target: Target) -> bool:
        """Whether a document shows it, or several files use it."""
        return target in self._in_documents or len(self._files[target]) >= LEAST_FILES

    # ---- what the passages say of names, counted once

    @cached_property
    def _outside_steps(self) -> frozenset[Target]:
        return frozenset(filter(self._is_outside_step, self._files))

    @cached_property
    def _public(self) -> frozenset[Target]:
        return frozenset(self.resolution.public.values())

    @cached_property
    def _in_documents(self) -> frozenset[Target]:
        return frozenset(
            use.target for one in self.resolution.passages if one.area in READER_AREAS for use in one.uses
        )

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
    def _toolboxes(self) -> frozenset[str]:
        functions: dict[str, set[str]] = defaultdict(set)
        for _, use in self._external_uses:
            module, _, name = use.target.name.rpartition(".")
            if use.kind == "call" and use.how == "import" and name[:1].islower():
                functions[module].add(name)
        return frozenset(module for module, names in functions.items() if len(names) >= TOOLBOX_FUNCTIONS)

    @cached_property
    def _toolbox_packages(self) -> frozenset[str]:
        return frozenset(name.partition(".")[0] for name in self._toolboxes)

    @cached_property
    def _of_the_reader(self) -> frozenset[Target]:
        """What documents import from the reader's own modules, or from examples' own, or from made-up ones."""
        known = self._known_packages
        real = self.packages | STANDARD_LIBRARY
        defined = frozenset(self._defined())
        modules = frozenset(self._modules())
        return frozenset(
            target
            for target in self._files
            for package, _, rest in [target.name.partition(".")]
            if package not in known
            and (
                package not in real
                or package in modules
                or _PLACEHOLDER.match(package)
                or defined & set(rest.split("."))
            )
        )

    @cached_property
    def _known_packages(self) -> frozenset[str]:
        """Those that the package imports or that some manifest requires."""
        found = set()
        for path, facts in self.repository.facts.items():
            found |= {
                each.name.lower().replace("-", "_")
                for each in facts.evidence
                if each.kind in ("requirement", "extra")
            }
            if self.repository.areas[path] == "package":
                found |= {each.module.partition(".")[0] for each in facts.imports if not each.level}
        return frozenset(found)

    def _defined(self) -> Iterator[str]:
        """Names that documents and examples define at the top of their code."""
        for path, facts in self.repository.facts.items():
            if facts.language != "python":
                for snippet in facts.snippets:
                    yield from (
                        each.name for each in snippet.bindings if not each.scope and "." not in each.name
                    )
            elif self.repository.areas[path] == "examples":
                yield from (each.name for each in facts.symbols if "." not in each.qualified_name)
                yield from facts.names

    def _modules(self) -> Iterator[str]:
        """Names by which the modules and packages of examples and docs can be imported."""
        for path, area in self.repository.areas.items():
            if area in ("docs", "examples") and is_python(path):
                folder, _, name = path.rpartition("/")
                yield module_path(name)
                if module_path(name) == "__init__":
                    yield folder.rpartition("/")[2]
