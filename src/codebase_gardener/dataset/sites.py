"""What a task generator is given: one symbol in its file, at a commit, on one side of the split."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from codebase_gardener.dataset.examples import Example
from codebase_gardener.dataset.functions import is_completable
from codebase_gardener.languages.symbols import Symbol
from codebase_gardener.retrieval.documents import Document
from codebase_gardener.utils.files import sha256_text

__all__ = ["Site", "chance", "row_id"]

_SORTED = json.JSONEncoder(sort_keys=True)


@dataclass(frozen=True)
class Site:
    """A symbol and what stands around it.

    Attributes:
        symbol: The symbol that rows are made of.
        lines: Its file's lines, with their ends.
        members: Symbols directly inside it.
        commit: `Snapshot.revision`.
        split: "train" or "heldout".
        same_name: How many symbols of the repository have its qualified name.
        same_name_in_file: How many of those are in its file.
        repeated: Lines of its file, first and last, that repeat a held-out function.
        context: Finds the documents for its prompt; () for a row that shall have none.
    """

    symbol: Symbol
    lines: Sequence[str]
    members: tuple[Symbol, ...]
    commit: str
    split: str
    same_name: int = 1
    same_name_in_file: int = 1
    repeated: tuple[tuple[int, int], ...] = ()
    context: Callable[[], Sequence[Document]] = tuple

    @cached_property
    def is_completable(self) -> bool:
        """Whether it is a function with a body that says something (`functions.is_completable`)."""
        return is_completable(self.symbol, self.lines)

    def example(self, task: str, **form: Any) -> Example:
        """A row of this symbol in one of the forms of `Example`."""
        anchor = str(self.symbol.anchor)
        return Example(
            id=row_id(task, anchor, form),
            task=task,
            split=self.split,
            path=self.symbol.path,
            symbol=self.symbol.qualified_name,
            anchor=anchor,
            commit=self.commit,
            **form,
        )


def row_id(task: str, anchor: str, form: Any) -> str:
    """First 16 hex digits of a hash over what makes a row."""
    return sha256_text(_SORTED.encode([task, anchor, form]))[:16]


def chance(text: str) -> float:
    """A number in [0, 1) that depends on `text` alone: the dataset's only dice."""
    return int(sha256_text(text)[:12], 16) / 16**12
