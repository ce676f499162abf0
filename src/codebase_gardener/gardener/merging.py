"""Merging adapters into a new version."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from codebase_gardener.gardener.locating import Located, base_of
from codebase_gardener.gardener.publishing import Origin, publish_adapter
from codebase_gardener.merging.into_base import BaseMergeReport, merge_into_base
from codebase_gardener.merging.merge import MergeInput, MergeReport, MergeSpec, write_merged
from codebase_gardener.registry.rows import VersionRow
from codebase_gardener.utils.error_handling import ConflictError
from codebase_gardener.utils.names import AdapterRef
from codebase_gardener.utils.progress import Progress, silent

if TYPE_CHECKING:
    from codebase_gardener.gardener.facade import Gardener

__all__ = ["merge_inputs", "merge_into", "merge_with_base"]


def merge_into(
    gardener: Gardener,
    inputs: Sequence[tuple[Located, float]],
    ref: AdapterRef,
    spec: MergeSpec,
    *,
    base: str | None = None,
    progress: Progress = silent,
) -> tuple[VersionRow, MergeReport]:
    """Merge adapters into a new version of `ref`, and prove it.

    Raises:
        ConflictError: The inputs were trained on different bases.
        AdapterError, InvalidInputError: As `merge_adapters`.
    """
    rows = [located.row for located, _ in inputs if located.row is not None]
    hashes = {row.base_hash for row in rows}
    if len(hashes) > 1:
        raise ConflictError(
            f"{', '.join(str(row.ref) for row in rows)} were trained on different bases",
            hint="merge adapters of one base",
        )
    model = base_of(gardener, inputs[0][0], base)
    datasets = {(row.dataset_hash, row.commit, row.snapshot_id) for row in rows}
    same = datasets.pop() if len(datasets) == 1 and len(rows) == len(inputs) else (None, None, None)
    reports: list[MergeReport] = []

    def merge(staged: Path) -> None:
        reports.append(
            write_merged(merge_inputs(inputs), staged, spec, vouched=base is not None, progress=progress)
        )

    origin = Origin(model, {"merged_from": {located.label: weight for located, weight in inputs}}, *same)
    row = publish_adapter(gardener, ref, merge, origin)
    gardener.registry.add_receipt(row, "merge", asdict(reports[0]))
    return row, reports[0]


def merge_with_base(
    gardener: Gardener,
    inputs: Sequence[tuple[Located, float]],
    out: Path,
    spec: MergeSpec,
    *,
    base: str | None = None,
    dtype: str | None = None,
    progress: Progress = silent,
) -> BaseMergeReport:
    """Merge adapters into their base: a whole model in a new folder.

    Raises:
        AdapterError, InvalidInputError: As `merge_into_base`.
    """
    model = base_of(gardener, inputs[0][0], base)
    return merge_into_base(
        merge_inputs(inputs),
        model,
        out.resolve(),
        spec,
        vouched=base is not None,
        dtype=dtype,
        progress=progress,
    )


def merge_inputs(inputs: Sequence[tuple[Located, float]]) -> list[MergeInput]:
    """Adapters that were found, with their weights, as a merge takes them."""
    return [MergeInput(located.directory, weight, located.label) for located, weight in inputs]
