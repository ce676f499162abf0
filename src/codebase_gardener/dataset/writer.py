"""A dataset on disk: a published directory of JSONL files.

train.jsonl               rows to train on, with their provenance
heldout.jsonl             rows of held-out files
heldout_functions.jsonl   what evaluation asks for
dataset.json              hash and report
before.json               where an adapter is grown from another: what those before were trained on
manifest.json             sizes and hashes of the files
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from codebase_gardener.dataset.assembly import Dataset
from codebase_gardener.dataset.examples import Example
from codebase_gardener.dataset.heldout import HeldoutFunction
from codebase_gardener.dataset.report import DatasetReport
from codebase_gardener.dataset.taught import UNTAUGHT, Taught
from codebase_gardener.utils.error_handling import DatasetError, NotFoundError
from codebase_gardener.utils.files import (
    is_published,
    publish_dir,
    read_json,
    staging,
    write_atomic,
    write_json,
)

__all__ = ["load_dataset", "write_dataset"]


def write_dataset(dataset: Dataset, directory: Path) -> dict[str, Any]:
    """Write a dataset so that the directory is there whole or not at all.

    Returns:
        The manifest.

    Raises:
        AlreadyPublishedError: `directory` exists: a published directory never changes.
        ResourceError: The disk is full or the place cannot be written.
    """
    with staging(directory) as staged:
        _write_rows(staged / "train.jsonl", (row.as_row() for row in dataset.train))
        _write_rows(
            staged / "heldout.jsonl", (row.as_row() for row in dataset.examples if row.split == "heldout")
        )
        _write_rows(staged / "heldout_functions.jsonl", (row.as_row() for row in dataset.heldout))
        if dataset.before:
            write_json(staged / "before.json", dataset.before.as_dict())
        write_json(staged / "dataset.json", {"hash": dataset.hash, "report": asdict(dataset.report)})
        return publish_dir(staged, directory)


def load_dataset(directory: Path) -> Dataset:
    """Read what `write_dataset` wrote.

    Raises:
        NotFoundError: There is no dataset in `directory`.
        DatasetError: A file is damaged, or the rows do not have the hash that was written with them.
    """
    if not (directory / "dataset.json").exists():
        raise NotFoundError(f"no dataset in {directory}", hint="make it with: gardener dataset NAME")
    try:
        dataset, expected = _dataset_in(directory)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise _damaged(directory, str(error)) from error
    if not is_published(directory, check_hashes=True) or dataset.hash != expected:
        raise _damaged(directory, "its rows are not the ones that were written")
    return dataset


def _dataset_in(directory: Path) -> tuple[Dataset, str]:
    header = read_json(directory / "dataset.json")
    rows = [*_read_rows(directory / "train.jsonl"), *_read_rows(directory / "heldout.jsonl")]
    functions = [
        HeldoutFunction(
            **{**row, **{key: tuple(row[key]) for key in row if key.startswith(("context", "fim"))}}
        )
        for row in _read_rows(directory / "heldout_functions.jsonl")
    ]
    report = header["report"]
    for name in ("heldout_files", "warnings"):
        report[name] = tuple(report[name])
    examples = tuple(_example(row) for row in rows)
    earlier = directory / "before.json"
    before = Taught.from_dict(read_json(earlier)) if earlier.exists() else UNTAUGHT
    return Dataset(examples, tuple(functions), DatasetReport(**report), before), header["hash"]


def _example(row: dict[str, Any]) -> Example:
    for name in ("messages", "context", "fim"):
        if name in row:
            row[name] = tuple(row[name])
    provenance = {"path": "", "symbol": "", "commit": ""}  # as_row leaves empty values out
    return Example(**{**provenance, **row})


def _damaged(directory: Path, why: str) -> DatasetError:
    return DatasetError(
        f"the dataset in {directory} is damaged: {why}",
        hint="remove the directory and make the dataset again",
    )


def _write_rows(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    # ASCII only: other readers split JSONL at U+2028, and a lone surrogate is no UTF-8
    write_atomic(path, "".join(f"{json.dumps(row)}\n" for row in rows))


def _read_rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
