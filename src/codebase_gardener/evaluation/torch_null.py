"""Null adapters: factors of random directions whose products have the norms of the adapter's.

What they do to the loss is noise. An adapter whose effect lies within it has learnt nothing.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from peft.tuners.lora import LoraLayer
from torch import Tensor

from codebase_gardener.evaluation.measuring import Scorer
from codebase_gardener.training.encoding import EncodedExample

__all__ = ["DRAWS", "NullEffect", "null_effect"]

DRAWS = 8


@dataclass(frozen=True)
class NullEffect:
    """An adapter's effect on the loss beside that of null adapters, in nats per token, negative is better.

    Attributes:
        effect: Adapter less base.
        null_mean, null_deviation: Of the null adapters' effects.
        deviations: How many standard deviations the effect lies from their mean.
        draws: Null adapters.
    """

    effect: float
    null_mean: float
    null_deviation: float
    deviations: float
    draws: int


@torch.no_grad()
def null_effect(model: Any, scorer: Scorer, rows: Sequence[EncodedExample]) -> NullEffect | None:
    """Measure on rows; None for an adapter without low-rank factors.

    Args:
        model: PEFT model with the adapter active.
        scorer: Of that model.
        rows: Of held-out functions.
    """
    pairs = _factors(model)
    if not pairs:
        return None
    base = _loss(scorer, rows, adapter=False)
    effect = _loss(scorer, rows, adapter=True) - base
    drawn = []
    for seed in range(DRAWS):
        with _random_directions(pairs, seed):
            drawn.append(_loss(scorer, rows, adapter=True) - base)
    mean, deviation = statistics.mean(drawn), statistics.stdev(drawn)
    return NullEffect(effect, mean, deviation, (effect - mean) / max(deviation, 1e-9), DRAWS)


def _factors(model: Any) -> list[tuple[Tensor, Tensor]]:
    """A [r, in] and B [out, r] of each adapted linear layer."""
    pairs = []
    for module in model.modules():
        if isinstance(module, LoraLayer):
            for name in module.active_adapters:
                if name in module.lora_A and hasattr(module.lora_A[name], "weight"):
                    a, b = module.lora_A[name].weight, module.lora_B[name].weight
                    if a.dim() == b.dim() == 2:
                        pairs.append((a, b))
    return pairs


@contextmanager
def _random_directions(pairs: Sequence[tuple[Tensor, Tensor]], seed: int) -> Iterator[None]:
    """The factors replaced for a block; afterwards they are as they were."""
    kept = [(a.clone(), b.clone()) for a, b in pairs]
    generator = torch.Generator().manual_seed(seed)
    try:
        for (a, b), (old_a, old_b) in zip(pairs, kept, strict=True):
            new_a, new_b = (torch.randn(t.shape, generator=generator).to(t) for t in (a, b))
            scale = _norm(old_a, old_b) / _norm(new_a, new_b).clamp_min(1e-12)
            a.copy_(new_a)
            b.copy_(new_b * scale.to(new_b))
        yield
    finally:
        for (a, b), (old_a, old_b) in zip(pairs, kept, strict=True):
            a.copy_(old_a)
            b.copy_(old_b)


def _norm(a: Tensor, b: Tensor) -> Tensor:
    """Frobenius norm of B A, from products of r by r."""
    a, b = a.double(), b.double()
    return ((b.T @ b) * (a @ a.T)).sum().clamp_min(0).sqrt()


def _loss(scorer: Scorer, rows: Sequence[EncodedExample], *, adapter: bool) -> float:
    scores = scorer.scores(rows, adapter=adapter)
    return sum(score.nats for score in scores) / sum(row.supervised for row in rows)
