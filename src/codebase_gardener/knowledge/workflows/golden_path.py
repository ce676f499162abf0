"""A golden path: steps in the order in which the authors show them to their users."""

from __future__ import annotations

from dataclasses import dataclass

from codebase_gardener.knowledge.links.uses import Passage, Target, Use

__all__ = ["GoldenPath", "Step"]


@dataclass(frozen=True)
class Step:
    """One step.

    Attributes:
        target: The API that does it.
        uses: Where the passages do it, best first.
        others: Further APIs that are part of the same step (a config's helper, a context manager's body).
    """

    target: Target
    uses: tuple[Use, ...]
    others: tuple[Target, ...] = ()


@dataclass(frozen=True)
class GoldenPath:
    """A workflow as mined.

    Attributes:
        title: In words, from the document: "LoRA fine-tuning".
        page: Name of its page, without owner_repo: "LoRA_Fine_Tuning".
        steps: At least 2; one where a command is all that the documents tell the user to type.
        passages: What it was mined from, the one that names it first.
    """

    title: str
    page: str
    steps: tuple[Step, ...]
    passages: tuple[Passage, ...]
