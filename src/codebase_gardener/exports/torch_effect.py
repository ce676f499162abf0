"""How much of an adapter's effect is left somewhere else: distributions of the next token, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from codebase_gardener.adapters.files import AdapterFiles
from codebase_gardener.adapters.torch_attaching import attach
from codebase_gardener.bases.resolution import Base
from codebase_gardener.bases.torch_loading import load_model, load_tokenizer
from codebase_gardener.training.encoding import text_ids
from codebase_gardener.training.torch_logits import PROMPTS, mean_kl
from codebase_gardener.utils.error_handling import AdapterError

__all__ = ["LEAST_EFFECT", "InMemory", "compared", "in_memory"]

SAID = 8
"""Tokens that each prompt is gone on with."""
LEAST_EFFECT = 0.5
"""Share of the effect below which an export is refused: less than half of what was trained would be in use."""


@dataclass(frozen=True)
class InMemory:
    """What base and adapter say in memory, float32.

    Attributes:
        sequences: Ids of each fixed prompt and of the tokens that the adapter says then, greedily.
        starts: Where in each what was said begins.
        on: Log-probabilities before each token that was said, [tokens, V], with the adapter.
        off: The same of the base.
    """

    sequences: tuple[tuple[int, ...], ...]
    starts: tuple[int, ...]
    on: Tensor
    off: Tensor

    @property
    def said(self) -> Tensor:
        """The tokens that were said."""
        return torch.tensor(
            [token for ids, start in zip(self.sequences, self.starts, strict=True) for token in ids[start:]]
        )


@torch.no_grad()
def in_memory(files: AdapterFiles, base: Base) -> InMemory:
    """Measure an adapter in memory.

    Raises:
        AdapterError: It does not fit, or changes nothing.
    """
    model, tokenizer = load_model(base.path, dtype="float32"), load_tokenizer(base.path)
    prompts = [text_ids(tokenizer, prompt) for prompt in PROMPTS]
    adapted = attach(model, files).model
    sequences = [_continued(adapted, ids) for ids in prompts]
    starts = [len(ids) for ids in prompts]
    on = _distributions(adapted, sequences, starts)
    del adapted  # the base is as it was
    off = _distributions(model, sequences, starts)
    return InMemory(tuple(map(tuple, sequences)), tuple(starts), on, off)


def _continued(model: Any, ids: Sequence[int]) -> list[int]:
    said = list(ids)
    for _ in range(SAID):
        said.append(int(model(input_ids=torch.tensor([said]), use_cache=False).logits[0, -1].argmax()))
    return said


def _distributions(model: Any, sequences: Sequence[Sequence[int]], starts: Sequence[int]) -> Tensor:
    rows = []
    for ids, start in zip(sequences, starts, strict=True):
        logits = model(input_ids=torch.tensor([ids]), use_cache=False).logits[0]
        rows.append(logits[start - 1 : -1].float().log_softmax(-1))
    return torch.cat(rows)


def compared(label: str, where: str, known: InMemory, there: Tensor) -> dict[str, Any]:
    """A receipt's data: how near an export is to the adapter in memory, and what is left of its effect.

    Args:
        label: The adapter, for messages.
        where: What it was exported as.
        known: The adapter in memory.
        there: Log-probabilities of the export at the same places, [tokens, V].

    Raises:
        AdapterError: Less than `LEAST_EFFECT` of it is left.
    """
    places = torch.arange(len(known.said))
    loss = {
        name: float(-rows[places, known.said].mean())
        for name, rows in (("base", known.off), ("adapter", known.on), ("export", there))
    }
    effect, lost = mean_kl(known.on, known.off), mean_kl(known.on, there)
    left = max(0.0, 1 - lost / effect) if effect > 0 else 0.0
    if not left >= LEAST_EFFECT:  # NaN too
        raise AdapterError(
            f"as {where}, {label} keeps {left:.0%} of its effect: it is {lost:.3g} nats from the adapter, "
            f"which is {effect:.3g} nats from its base",
            hint="store it with more bits (--quantize f16 or f32), or keep it as an adapter: --to peft",
            context={"effect_left": left, "kl_nats": lost, "effect_nats": effect},
        )
    return {
        "effect_left": left,
        "kl_nats": lost,
        "effect_nats": effect,
        "max_logprob_difference": float((there - known.on)[places, known.said].abs().max()),
        "greedy_equal": int((there.argmax(-1) == known.said).sum()),
        "tokens": len(known.said),
        "loss_nats": loss,
    }
