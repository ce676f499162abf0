"""A dataset made of the user's own rows alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from codebase_gardener.dataset.assembly import Dataset
from codebase_gardener.dataset.deduplication import HeldoutBodies, deduplicate
from codebase_gardener.dataset.heldout import heldout_rows
from codebase_gardener.dataset.report import DatasetReport, count_rows
from codebase_gardener.dataset.split import HELDOUT_SHARE
from codebase_gardener.dataset.user_rows import read_user_rows

__all__ = ["user_dataset"]


def user_dataset(
    source: Path | str | Iterable[Mapping[str, Any]],
    *,
    name: str = "training_data",
    heldout_share: float = HELDOUT_SHARE,
    seed: int = 0,
) -> Dataset:
    """Read, split and compare the user's rows.

    Args:
        source: A JSONL file, or rows as dicts.
        name: What anchors and errors call a source that is no file.
        heldout_share: Share of the files, or rows, that are held out.
        seed: Of the split.

    Raises:
        DatasetError: Rows that are malformed, each named with what is wrong; or no rows.

    Example:
        >>> user_dataset([{"prompt": "1 + 1 = ", "completion": "2"}]).train[0].completion
        '2'
    """
    rows = read_user_rows(source, name=name, heldout_share=heldout_share, seed=seed)
    left = deduplicate(rows.examples, HeldoutBodies())
    heldout_files = {row.path for row in left.examples if row.split == "heldout" and row.path}
    train_files = {row.path for row in left.examples if row.split == "train" and row.path}
    return Dataset(
        examples=left.examples,
        heldout=tuple(heldout_rows(left.examples)),
        report=DatasetReport(
            source=str(source) if isinstance(source, Path | str) else name,
            commit="",
            seed=seed,
            rows=count_rows(left.examples),
            files={"train": len(train_files), "heldout": len(heldout_files)},
            heldout_files=tuple(sorted(heldout_files)),
            near_duplicates=left.near_duplicates,
            exact_duplicates=left.exact_duplicates,
            user_rows=len(left.examples),
            warnings=rows.warnings,
        ),
    )
