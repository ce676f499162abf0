"""Rows scored by torch in this process: in batches of like length, with the adapter on or off."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

import torch
from peft.helpers import disable_input_dtype_casting

from codebase_gardener.evaluation.measuring import RowScore
from codebase_gardener.training.encoding import EncodedExample
from codebase_gardener.training.fast.torch_batch import FastPath, on_device
from codebase_gardener.utils.progress import Progress, silent

__all__ = ["TorchScorer"]

_BATCH_TOKENS = 3_072
_GENERAL = FastPath(("head",))


class TorchScorer:
    """A `Scorer`.

    Args:
        model: PEFT model with the adapter active, in eval mode.
        tokenizer: The base's.
        path: How rows are computed.
    """

    def __init__(self, model: Any, tokenizer: Any, path: FastPath = _GENERAL) -> None:
        self.tokenizer, self._model, self._path = tokenizer, model, path

    def scores(
        self, rows: Sequence[EncodedExample], *, adapter: bool, progress: Progress = silent
    ) -> list[RowScore]:
        """The scores of rows, with the adapter on or off."""
        scores = [RowScore(0.0, ())] * len(rows)
        done = 0
        with nullcontext() if adapter else self._model.disable_adapter():
            for batch in _batches(rows):
                for n, score in zip(
                    batch, _forward(self._model, [rows[n] for n in batch], self._path), strict=True
                ):
                    scores[n] = score
                done += len(batch)
                progress(done, len(rows))
        return scores


@torch.no_grad()
def _forward(model: Any, rows: Sequence[EncodedExample], path: FastPath) -> list[RowScore]:
    device = next(model.parameters()).device
    inputs = on_device(path.batch(rows, pad_id=0), device)
    bf16 = model.get_base_model().dtype == torch.bfloat16
    # as in training: the low-rank products in bf16 too, or the adapter's arms take twice the time
    with torch.autocast(device.type, torch.bfloat16, enabled=bf16), disable_input_dtype_casting(model, bf16):
        scored = path.losses(model, inputs)
    own = [scored.rows_N == place for place in range(len(rows))]
    return [
        RowScore(float(scored.losses_N[mine].double().sum()), scored.hits_N[mine].tolist()) for mine in own
    ]


def _batches(rows: Sequence[EncodedExample]) -> list[list[int]]:
    """Row numbers, longest first, so many in a batch that padding and memory stay small."""
    order = sorted(range(len(rows)), key=lambda n: -len(rows[n].ids))
    batches: list[list[int]] = []
    for n in order:
        if batches and (len(batches[-1]) + 1) * len(rows[batches[-1][0]].ids) <= _BATCH_TOKENS:
            batches[-1].append(n)
        else:
            batches.append([n])
    return batches
