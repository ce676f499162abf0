"""Rows scored by torch in this process: in batches of like length, with the adapter on or off."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from itertools import islice
from typing import Any

import torch
from peft.helpers import disable_input_dtype_casting
from torch import Tensor

from codebase_gardener.evaluation.measuring import RowScore
from codebase_gardener.memory.recall import Memory
from codebase_gardener.memory.suffixes import DEPTH
from codebase_gardener.memory.torch_mixing import mixed_losses
from codebase_gardener.training.encoding import IGNORE, EncodedExample
from codebase_gardener.training.fast.torch_batch import FastPath, on_device
from codebase_gardener.training.fast.torch_head import SeenLogits
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
        memory: Of the repository, without what is held out; the rows are scored with it, too.
    """

    def __init__(
        self, model: Any, tokenizer: Any, path: FastPath = _GENERAL, memory: Memory | None = None
    ) -> None:
        self.tokenizer, self._model, self._path, self._memory = tokenizer, model, path, memory

    def scores(
        self, rows: Sequence[EncodedExample], *, adapter: bool, progress: Progress = silent
    ) -> list[RowScore]:
        """The scores of rows, with the adapter on or off."""
        scores = [RowScore(0.0, ())] * len(rows)
        done = 0
        with nullcontext() if adapter else self._model.disable_adapter():
            for batch in _batches(rows):
                found = _forward(self._model, [rows[n] for n in batch], self._path, self._memory)
                for n, score in zip(batch, found, strict=True):
                    scores[n] = score
                done += len(batch)
                progress(done, len(rows))
        return scores


@torch.no_grad()
def _forward(
    model: Any, rows: Sequence[EncodedExample], path: FastPath, memory: Memory | None
) -> list[RowScore]:
    device = next(model.parameters()).device
    inputs = on_device(path.batch(rows, pad_id=0), device)
    bf16 = model.get_base_model().dtype == torch.bfloat16
    # as in training: the low-rank products in bf16 too, or the adapter's arms take twice the time
    with torch.autocast(device.type, torch.bfloat16, enabled=bf16), disable_input_dtype_casting(model, bf16):
        remembering = _Remembering(rows, memory) if memory is not None else None
        scored = path.losses(model, inputs, remembering)
    own = [scored.rows_N == place for place in range(len(rows))]
    alone = [_score(scored.losses_N[mine], scored.hits_N[mine]) for mine in own]
    if remembering is None:
        return alone
    losses, hits = torch.cat(remembering.losses), torch.cat(remembering.hits)
    return [
        replace(score, remembered=_score(losses[mine], hits[mine]))
        for score, mine in zip(alone, own, strict=True)
    ]


def _score(losses: Tensor, hits: Tensor) -> RowScore:
    return RowScore(float(losses.double().sum()), hits.tolist())


class _Remembering:
    """Scores supervised tokens with the memory, by the logits that it is shown, in the order of the rows."""

    def __init__(self, rows: Sequence[EncodedExample], memory: Memory) -> None:
        self.losses: list[Tensor] = []
        self.hits: list[Tensor] = []
        self._memory = memory
        self._places = (
            (row.ids, n) for row in rows for n in range(1, len(row.ids)) if row.labels[n] != IGNORE
        )

    def __call__(self, seen: SeenLogits) -> None:
        places = list(islice(self._places, len(seen.logits_NV)))
        contexts = [ids[max(0, n - DEPTH) : n] for ids, n in places]
        losses, hits = mixed_losses(
            seen.logits_NV,
            [ids[n] for ids, n in places],
            contexts,
            self._memory,
            best=(seen.best_N, seen.best_ids_N),
            above=seen.above_N,
        )
        self.losses.append(losses)
        self.hits.append(hits)


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
