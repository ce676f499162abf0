"""The base with the adapter merged in, as safetensors: any program that loads the base loads it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from codebase_gardener.adapters.proof import prove_merged
from codebase_gardener.exports.request import ExportRequest
from codebase_gardener.merging.into_base import MERGED_DTYPES, merge_into_base
from codebase_gardener.merging.judging import judge_merged
from codebase_gardener.merging.merge import MergeInput, MergeSpec
from codebase_gardener.utils.error_handling import AdapterError

__all__ = ["MERGED_DTYPES", "prove_merged_folder", "write_merged_folder"]


def write_merged_folder(request: ExportRequest, folder: Path) -> list[str]:
    """Merge, in the base's own shards; `quantize` is the dtype of the result, by default that of the base's files."""
    folder.rmdir()  # the merge makes its folder itself
    report = merge_into_base(
        [MergeInput(request.files.directory, 1.0, request.label)],
        request.base,
        folder,
        MergeSpec("linear"),
        vouched=True,  # `export_adapter` has checked the base
        dtype=request.quantize,
    )
    untied = [f"{name} has values of its own now: the base ties it" for name in report.untied]
    return [*report.notes, *untied]


def prove_merged_folder(request: ExportRequest, folder: Path) -> dict[str, Any]:
    """Replay the rounding: every element is what a correct merge gives. Then compare logits, in a fresh process."""
    found = judge_merged(request.files, request.base.path, folder)
    words = {row["word"] for row in found["tensors"]}
    if found["differing"] or words == {"rounded away"}:
        raise AdapterError(
            f"{found['differing']:,} of {found['elements']:,} elements of the merge of {request.label} are not what a "
            f"correct merge gives: tensors are {', '.join(sorted(words))}",
            hint="the dtype cannot hold the change: merge with --quantize float32, or keep the adapter as one",
            context={"judgement": found},
        )
    return {
        "elements": found["elements"],
        "differing": found["differing"],
        "scale": found["scale"],
        **prove_merged(request.files.directory, request.base, folder),
    }
