"""Batches, and the losses of what is supervised: shared by training and evaluation."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import accumulate
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from codebase_gardener.training.encoding import IGNORE, EncodedExample
from codebase_gardener.training.fast.parts import ROW_STEP
from codebase_gardener.training.fast.torch_head import SeenLogits, head_losses, plain_head, seen_logits

__all__ = ["FastPath", "SupervisedLosses", "collate", "on_device", "pack", "supervised_losses"]


@dataclass(frozen=True)
class SupervisedLosses:
    """Losses of the N supervised tokens of a batch, row by row.

    Attributes:
        losses_N: Cross entropy in nats, float32.
        hits_N: Whether the token is the most likely one; all False where a gradient is asked for.
        rows_N: The batch's row of each.
    """

    losses_N: Tensor  # noqa: N815  shapes in names
    hits_N: Tensor  # noqa: N815
    rows_N: Tensor  # noqa: N815


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


def pack(rows: Sequence[EncodedExample], pad_id: int) -> dict[str, Any]:
    """Rows one behind the other; positions begin anew with each. At most 31 tokens of padding follow, as a row.

    Args:
        rows: Encoded examples with T tokens in all, T then being filled up to a multiple of 32: compilers and oneDNN
            make code for each size that they meet.
        pad_id: Any token id.

    Returns:
        `input_ids`, `labels`, `position_ids`, each int64 of shape [1, T], and, by transformers' names, where rows begin
        and end: `cu_seq_lens_q` and `cu_seq_lens_k` (int32), `max_length_q` and `max_length_k`.
    """
    lengths = [len(row.ids) for row in rows]
    filler = -sum(lengths) % ROW_STEP
    longest = max(*lengths, filler)
    places = torch.tensor(
        list(accumulate([*lengths, *([filler] if filler else [])], initial=0)), dtype=torch.int32
    )
    ids = [token for row in rows for token in row.ids]
    labels = [label for row in rows for label in (IGNORE, *row.labels[1:])]
    positions = [torch.arange(length) for length in (*lengths, filler)]
    return {
        "input_ids": torch.tensor([ids + [pad_id] * filler]),
        "labels": torch.tensor([labels + [IGNORE] * filler]),
        "position_ids": torch.cat(positions)[None],
        "cu_seq_lens_q": places,
        "cu_seq_lens_k": places,
        "max_length_q": longest,
        "max_length_k": longest,
    }


def on_device(batch: dict[str, Any], device: Any) -> dict[str, Any]:
    """A batch with its tensors there."""
    return {name: value.to(device) if isinstance(value, Tensor) else value for name, value in batch.items()}


def supervised_losses(
    model: Any,
    batch: dict[str, Any],
    *,
    short_cut: bool = True,
    look: Callable[[SeenLogits], None] | None = None,
) -> SupervisedLosses:
    """Run a batch and score the tokens that have a label; the prompt's logits are never computed.

    Args:
        model: A transformers model, or the PEFT model that wraps it.
        batch: As `collate` or `pack` gives it; packed rows need the fast path's attention (`torch_path`).
        short_cut: Whether a plain head is computed on the supervised positions alone, chunk by chunk.
        look: Is shown the logits of all supervised tokens, some at a time, where no gradient is asked for.
    """
    labels = batch["labels"][:, 1:]
    inputs = {name: value for name, value in batch.items() if name != "labels"}
    mask = labels != IGNORE
    rows = mask.nonzero()[:, 0]
    if "cu_seq_lens_q" in batch:  # the label of a packed row's token n stands at n - 1
        rows = torch.bucketize(mask.nonzero()[:, 1] + 1, batch["cu_seq_lens_q"][1:], right=True)
    if short_cut and (plain := plain_head(model)) is not None:
        decoder, weight = plain
        hidden = decoder(**inputs, use_cache=False).last_hidden_state[:, :-1][mask]
        losses, hits = head_losses(hidden, weight, labels[mask], look)
        return SupervisedLosses(losses, hits, rows)
    logits = _logits(model, inputs, mask)
    if look is not None:
        look(seen_logits(logits))
    losses = cross_entropy(logits, labels[mask], reduction="none")
    return SupervisedLosses(losses, logits.argmax(-1) == labels[mask], rows)


def _logits(model: Any, inputs: dict[str, Any], mask: Tensor) -> Tensor:
    """Logits of the masked positions through the model's own forward, float32, shape [N, V]."""
    inner = getattr(model, "module", model)  # behind a data-parallel wrapper
    inner = inner.get_base_model() if hasattr(inner, "get_base_model") else inner
    selects = "logits_to_keep" in inspect.signature(inner.forward).parameters
    if selects and len(mask) == 1:
        places = mask[0].nonzero()[:, 0]
        only: Tensor = model(**inputs, logits_to_keep=places, use_cache=False).logits[0]
        return only.float()
    supervised = mask.any(dim=0).nonzero()
    first = int(supervised[0]) if len(supervised) else 0
    if selects:
        logits = model(**inputs, logits_to_keep=mask.shape[1] - first + 1, use_cache=False).logits
    else:
        logits = model(**inputs, use_cache=False).logits[:, first:]
    chosen: Tensor = logits[:, :-1][mask[:, first:]]
    return chosen.float()


@dataclass(frozen=True)
class FastPath:
    """What of the fast path is in effect: how batches are made and computed.

    Attributes:
        parts: Of `FAST_PARTS`.
        layers: Decoder layers that run as one function.
        products: LoRA products that run as one function, outside such layers.
        notes: What takes the general path, and why.
        difference: Nats per token by which the losses differ from the model's own.
    """

    parts: tuple[str, ...] = ()
    layers: int = 0
    products: int = 0
    notes: tuple[str, ...] = ()
    difference: float = 0.0

    @property
    def packed(self) -> bool:
        """Whether rows lie one behind the other, without padding."""
        return "packing" in self.parts

    @property
    def left_out(self) -> tuple[str, ...]:
        """What was tried and differed from the model's own path: the notes that a user has to see."""
        return tuple(note for note in self.notes if ": left out, " in note)

    def batch(self, rows: Sequence[EncodedExample], pad_id: int) -> dict[str, Any]:
        """Rows as this path takes them."""
        return pack(rows, pad_id) if self.packed else collate(rows, pad_id)

    def tokens(self, lengths: Sequence[int]) -> int:
        """Tokens that a batch of rows takes, padding included where there is some."""
        return sum(lengths) if self.packed else len(lengths) * max(lengths)

    def losses(
        self, model: Any, batch: dict[str, Any], look: Callable[[SeenLogits], None] | None = None
    ) -> Any:
        """`supervised_losses`, with or without the short cut of the head."""
        return supervised_losses(model, batch, short_cut="head" in self.parts, look=look)

    def as_dict(self) -> dict[str, Any]:
        """For the event log."""
        return {**asdict(self), "left_out": self.left_out}
