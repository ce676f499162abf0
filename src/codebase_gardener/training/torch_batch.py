"""Batches, and the loss over what is supervised: shared by training and evaluation."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from codebase_gardener.training.encoding import IGNORE, EncodedExample

__all__ = ["collate", "supervised_logits", "token_losses"]


def collate(rows: Sequence[EncodedExample], pad_id: int) -> dict[str, Tensor]:
    """Pad on the left, so that the completions, which end the rows, stand side by side.

    Args:
        rows: B encoded examples.
        pad_id: Any token id: padding is masked by position, never by value.

    Returns:
        `input_ids`, `labels`, `attention_mask`, `position_ids`, each int64 of shape [B, T].
    """
    length = max(len(row.ids) for row in rows)
    ids = torch.full((len(rows), length), pad_id, dtype=torch.long)
    labels = torch.full((len(rows), length), IGNORE, dtype=torch.long)
    mask = torch.zeros((len(rows), length), dtype=torch.long)
    for number, row in enumerate(rows):
        ids[number, length - len(row.ids) :] = torch.tensor(row.ids)
        labels[number, length - len(row.ids) :] = torch.tensor(row.labels)
        mask[number, length - len(row.ids) :] = 1
        labels[number, length - len(row.ids)] = IGNORE  # a row's first token has nothing before it
    positions = (mask.cumsum(-1) - 1).clamp_min(0)
    return {"input_ids": ids, "labels": labels, "attention_mask": mask, "position_ids": positions}


def supervised_logits(model: Any, batch: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
    """Logits where there is a label, and the labels they predict.

    The head runs from the first supervised position on only, where the architecture allows it
    (`logits_to_keep`): the prompt's logits would be computed and thrown away.

    Returns:
        logits_BKV, labels_BK: already shifted against each other.
    """
    labels = batch["labels"]
    inputs = {name: value for name, value in batch.items() if name != "labels"}
    supervised = (labels != IGNORE).any(dim=0).nonzero()
    first = int(supervised[0]) if len(supervised) else 1
    keep = labels.shape[1] - first + 1
    if _takes_logits_to_keep(model):
        logits = model(**inputs, logits_to_keep=keep, use_cache=False).logits
    else:
        logits = model(**inputs, use_cache=False).logits[:, -keep:]
    return logits[:, :-1], labels[:, first:]


def _takes_logits_to_keep(model: Any) -> bool:
    inner = model.get_base_model() if hasattr(model, "get_base_model") else model
    return "logits_to_keep" in inspect.signature(inner.forward).parameters


def token_losses(logits_BKV: Tensor, labels_BK: Tensor) -> Tensor:  # noqa: N803  shapes in names
    """Cross entropy of each position in nats, 0 where there is no label; float32, shape [B, K]."""
    losses = cross_entropy(
        logits_BKV.float().flatten(0, 1), labels_BK.flatten(), ignore_index=IGNORE, reduction="none"
    )
    return losses.view(labels_BK.shape)
