"""What code uses, and the passages in which authors show it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import msgspec

__all__ = ["Passage", "Target", "Use"]


class Target(NamedTuple):
    """What a name means.

    Attributes:
        path: The file that defines it; "" for something from outside the repository.
        name: Qualified name in that file; from outside, the dotted name with its package:
            "transformers.AutoModelForCausalLM.from_pretrained".
    """

    path: str
    name: str

    @property
    def external(self) -> bool:
        """Whether it comes from another package."""
        return not self.path


class Use(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A resolved reference.

    Attributes:
        target: What it means.
        path, start, end: Where it stands.
        scope: Qualified name of the definition that it stands in; "" at module level or in a document.
        kind: "call", "attribute", "decorator", "base", "annotation" or "value".
        how: How it was resolved: "import" (names and imports), "type" (through what a name was given),
            "name" (only one symbol family of the repository has a member of this name).
        keywords: Names of keyword arguments.
        text: The expression on one line.
    """

    target: Target
    path: str
    start: int
    end: int
    scope: str
    kind: str
    how: str
    keywords: tuple[str, ...] = ()
    text: str = ""

    @property
    def acts(self) -> bool:
        """Whether something is done with it: it is more than read or named."""
        return self.kind not in ("attribute", "annotation", "value")


@dataclass(frozen=True)
class Passage:
    """A run of code that the authors show or run as one: a section's code blocks, an example, a test.

    Attributes:
        path, start, end: Its lines.
        title: Heading path, file name or test name in words: how a person would call it.
        area: "readme", "docs", "example", "test", "docstring".
        scope: For a test or docstring: the function.
        uses: In order of their lines.
    """

    path: str
    start: int
    end: int
    title: str
    area: str
    scope: str
    uses: tuple[Use, ...]

    def is_of(self, target: Target) -> bool:
        """Whether it is the target's own docstring."""
        return self.area == "docstring" and (self.path, self.scope) == (target.path, target.name)
