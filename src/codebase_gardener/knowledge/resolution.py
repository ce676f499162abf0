"""What the names in code mean, across files: which symbol a call reaches, and who shows it to the user."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from codebase_gardener.knowledge.facts import FileFacts

__all__ = ["Passage", "Resolution", "Target", "Use", "resolve"]


@dataclass(frozen=True, order=True)
class Target:
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


@dataclass(frozen=True)
class Use:
    """A resolved reference.

    Attributes:
        target: What it means.
        path, start, end: Where it stands.
        scope: Qualified name of the definition that it stands in; "" at module level or in a document.
        kind: "call", "attribute" or "decorator".
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


@dataclass(frozen=True)
class Resolution:
    """The links between files.

    Attributes:
        passages: In order of path and line.
        callers: Of each target, the uses of it within the package's own code, in order.
        public: Public dotted name ("peft.get_peft_model", "peft.PeftModel") to target: what a user can import,
            shortest path first where there are several; methods are under their class.
        exported: Targets that a package's `__init__` (or `__all__`) exports, with the dotted name, in order.
        references: How many references there are in package, docs, examples and tests, whether resolved or not.
        unresolved: How many of them have no target (builtins are left out of both).
    """

    passages: tuple[Passage, ...]
    callers: Mapping[Target, tuple[Use, ...]]
    public: Mapping[str, Target]
    exported: Mapping[Target, str]
    references: int
    unresolved: int


def resolve(facts: Mapping[str, FileFacts]) -> Resolution:
    """Link the facts of all files."""
    raise NotImplementedError
