"""What a dataset holds and what was left out of it, in figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from codebase_gardener.dataset.examples import Example

__all__ = ["DatasetReport", "count_rows"]


@dataclass(frozen=True)
class DatasetReport:
    """Figures about a dataset.

    Attributes:
        source: `Snapshot.source`, or the user's file.
        commit: `Snapshot.revision`; "" for rows of the user's own.
        seed: The split's.
        rows: Rows by task, then by split.
        files: Files with rows or functions, by split.
        heldout_files: Their paths.
        near_duplicates: Training rows removed because they repeat a held-out function.
        exact_duplicates: Training rows removed because an earlier row is the same.
        user_rows: Rows of the user's own among `rows`.
        problems: File → why it gave no symbols.
        warnings: What a person should know.
    """

    source: str
    commit: str
    seed: int = 0
    rows: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    files: Mapping[str, int] = field(default_factory=dict)
    heldout_files: tuple[str, ...] = ()
    near_duplicates: int = 0
    exact_duplicates: int = 0
    user_rows: int = 0
    problems: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def count_rows(examples: Iterable[Example]) -> dict[str, dict[str, int]]:
    """Rows by task, then by split."""
    counts = Counter((example.task, example.split) for example in examples)
    return {
        task: {split: counts[task, split] for split in ("train", "heldout")}
        for task in sorted({task for task, _ in counts})
    }
