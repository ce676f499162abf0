"""`evaluate --tokens`: which functions are shown token by token, and where that is kept."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from codebase_gardener.utils.names import AdapterRef
from codebase_gardener.utils.progress import Progress, silent

if TYPE_CHECKING:
    from codebase_gardener.gardener.facade import Gardener

__all__ = ["TOKENS", "score_tokens"]

TOKENS = "tokens"
"""The kind of its receipt."""


def score_tokens(
    gardener: Gardener, ref: AdapterRef, *, limit: int, progress: Progress = silent
) -> dict[str, Any]:
    """Score the tokens of held-out functions with base and adapter; kept as a receipt.

    Args:
        gardener: The home.
        ref: `project/name`; without a version the newest is measured.
        limit: Functions at most: the first of those that a verdict is measured on.
        progress: Functions, over both.

    Returns:
        The receipt's data: "functions", a list of `TokenScores`.

    Raises:
        InvalidInputError: The adapter comes from no dataset.
        DatasetError: Nothing was held out.
    """
    from codebase_gardener.dataset.writer import load_dataset
    from codebase_gardener.evaluation.measuring import heldout_functions

    row = gardener.newest(ref)
    functions = heldout_functions(load_dataset(gardener.heldout_dataset(row)), limit)
    verdict = gardener.registry.latest_verdict(row)
    os.environ.update(gardener.settings.for_computing)
    from codebase_gardener.evaluation.torch_tokens import score_tokens as measure

    measured = measure(
        row.directory,
        gardener.base_of(row),
        functions,
        pages=bool(verdict and (verdict.data.get("wiki") or {}).get("kept")),
        device=gardener.settings.device,
        dtype=gardener.settings.inference_dtype,
        progress=progress,
    )
    data = {"functions": [one.as_dict() for one in measured]}
    gardener.registry.add_receipt(row, TOKENS, data)
    return data
