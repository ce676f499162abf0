"""A kind of row: what makes it, how many are kept, how early they come in training."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from codebase_gardener.dataset.examples import Example
from codebase_gardener.dataset.sites import chance
from codebase_gardener.repository.areas import area_of

__all__ = ["Task", "kept_rows"]

S = TypeVar("S")

TEST_ORDER = 0.3
"""Rows of test files come later by this factor: they are many, alike, and not what is asked about."""


@dataclass(frozen=True)
class Task(Generic[S]):
    """A kind of row.

    Attributes:
        generator: Makes the rows of one symbol or page; None for one that has no evidence.
        weight: Share of the rows that are kept, 0 to 1; a hash of the row's id decides.
        order: How early its rows come in training (`Example.weight`), against 1 for completion.
        about: One line for people.
    """

    generator: Callable[[S], Iterator[Example | None]]
    weight: float
    order: float
    about: str


def kept_rows(task: Task[S], site: S, weight: float) -> Iterator[Example]:
    """The rows of a symbol or page that are kept, each with its place in training."""
    for row in task.generator(site) if weight > 0 else ():
        if row is not None and chance(f"keep {row.id}") < weight:
            yield replace(row, weight=task.order * (TEST_ORDER if area_of(row.path) == "tests" else 1))
