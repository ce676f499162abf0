"""What a passage does, as a sequence: the APIs in it that are steps a user takes, each once, in order."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from codebase_gardener.knowledge.repository_facts import RepositoryFacts
from codebase_gardener.knowledge.resolution import Passage, Resolution, Target, Use

__all__ = ["SequenceMaker", "ShownSequence"]

_ASSERTION = re.compile(
    r"(?:assert|is_?close|all_?close|array_equal|manual_seed|seed_everything|skip)", re.IGNORECASE
)
_MODULE_PART = re.compile(r"[a-z_]")


@dataclass(frozen=True)
class ShownSequence:
    """A passage's steps.

    Attributes:
        passage: Where they stand.
        targets: The significant ones, each once, in order of their first use.
    """

    passage: Passage
    targets: tuple[Target, ...]

    @cached_property
    def set(self) -> frozenset[Target]:
        """The targets without their order."""
        return frozenset(self.targets)


@dataclass(frozen=True)
class SequenceMaker:
    """Tells steps from helpers.

    Args:
        repository: For what a name's definition is.
        resolution: For what is public.
    """

    repository: RepositoryFacts
    resolution: Resolution

    @cached_property
    def sequences(self) -> tuple[ShownSequence, ...]:
        """Of each passage with at least two steps, one of them of the repository."""
        found = []
        for passage in self.resolution.passages:
            targets = tuple(dict.fromkeys(use.target for use in passage.uses if self.is_step(use)))
            if len(targets) > 1 and any(not target.external for target in targets):
                found.append(ShownSequence(passage, targets))
        return tuple(found)

    def is_step(self, use: Use) -> bool:
        """Whether a use is something that a user does."""
        return use.kind != "attribute" and self._of_use(use.target)

    def _of_use(self, target: Target) -> bool:
        if target not in self._known:
            self._known[target] = self._is_significant(target)
        return self._known[target]

    @cached_property
    def _known(self) -> dict[Target, bool]:
        return {}

    def _is_significant(self, target: Target) -> bool:
        parts = target.name.split(".")
        if any(part.startswith("_") for part in parts[-2:]) or _ASSERTION.match(parts[-1]):
            return False
        if target.external:
            return self._is_step_outside(target)
        symbol = self.repository.symbols.get((target.path, target.name))
        return symbol is not None and symbol.kind in ("class", "function", "method", "async function")

    def _is_step_outside(self, target: Target) -> bool:
        """An external API that is used beside the repository's own in enough files."""
        parts = target.name.split(".")
        if len(parts) < 2 or parts[0] in self._primitive:
            return False
        return self._files[target] > 1

    @cached_property
    def _files(self) -> Counter[Target]:
        """In how many files each target is used."""
        seen = {(use.target, passage.path) for passage in self.resolution.passages for use in passage.uses}
        return Counter(target for target, _ in seen)

    @cached_property
    def _primitive(self) -> frozenset[str]:
        """Packages of which so many different names are used that they are a language of their own (arrays, math)."""
        names: dict[str, set[str]] = {}
        for target in self._files:
            if target.external:
                names.setdefault(target.name.partition(".")[0], set()).add(target.name)
        return frozenset(name for name, used in names.items() if len(used) > 40 and _lower_share(used) > 0.7)

    def weights(self, sequences: Sequence[ShownSequence]) -> Mapping[Target, float]:
        """Of each target: how much it tells, by the number of files that use it."""
        files = {(target, one.passage.path) for one in sequences for target in one.targets}
        counts = Counter(target for target, _ in files)
        total = len({path for _, path in files})
        return {target: math.log(1 + total / count) for target, count in counts.items()}


def _lower_share(names: Iterable[str]) -> float:
    last = [name.rpartition(".")[2] for name in names]
    return sum(bool(_MODULE_PART.match(name)) for name in last) / len(last)
