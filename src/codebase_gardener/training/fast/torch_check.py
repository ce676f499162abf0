"""Whether the fast path gives what the model's own forward and backward give, on a few rows of the data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from peft.tuners.lora import LoraLayer
from torch import Tensor

from codebase_gardener.training.encoding import IGNORE, EncodedExample
from codebase_gardener.training.fast.torch_batch import FastPath, collate, on_device, supervised_losses

__all__ = ["Baseline", "Limits"]

_SAMPLE_TOKENS = 48
_NOISE = 0.01  # of B, which begins at 0 and would hide the gradient of A


@dataclass(frozen=True)
class Limits:
    """How far the fast path may be from the model's own.

    Attributes:
        token: Mean of |nats| per token.
        mean: |mean nats| over all tokens.
        direction: 1 - cosine of the gradients, all together.
        weakest: 1 - cosine of any one parameter's gradient.
        leak: Nats by which a row's loss changes with another row of its batch.
    """

    token: float
    mean: float
    direction: float
    weakest: float
    leak: float


# In bf16 two orders of the same sums differ by 0.03 to 0.05 nats per token, 0.002 on average over many tokens, and a
# single parameter's gradient by 0.05 of its direction.
_LIMITS = {
    torch.float32: Limits(1e-4, 1e-4, 1e-5, 1e-2, 1e-3),
    torch.bfloat16: Limits(0.12, 0.03, 0.02, 0.5, 0.05),
}


@dataclass(frozen=True)
class Baseline:
    """What a model gives on some rows before anything is put in.

    Attributes:
        rows: The ends of a short, a middling and a long row, 48 tokens of each.
        losses: Of their supervised tokens [N].
        gradients: Of all that is trained, or None where nothing is.
        dtype: Of the products.
    """

    rows: tuple[EncodedExample, ...]
    losses: Tensor
    gradients: tuple[Tensor | None, ...] | None
    dtype: torch.dtype

    @classmethod
    def of(cls, model: Any, rows: Sequence[EncodedExample], dtype: torch.dtype) -> Baseline | None:
        """Measure a model as it is, row by row; None if no row has anything to predict.

        Args:
            model: On its device.
            rows: Of the data.
            dtype: Of the products.
        """
        sample = _sample(rows)
        if not sample:
            return None
        with _measured(model):
            parts = [_losses(model, collate([row], 0), dtype) for row in sample]
            gradients = _gradients(model)
        return cls(tuple(sample), torch.cat(parts), gradients, dtype)

    def compare(self, model: Any, path: FastPath) -> tuple[float, str]:
        """The mean difference of the losses in nats per token, and what differs too much, or ""."""
        limits = _LIMITS.get(self.dtype, _LIMITS[torch.bfloat16])
        with _measured(model):
            batches = [self.rows] if path.packed else [(row,) for row in self.rows]
            losses = torch.cat([_losses(model, path.batch(batch, 0), self.dtype, path) for batch in batches])
            gradients = _gradients(model)
            difference = losses - self.losses
            each, mean = float(difference.abs().mean()), abs(float(difference.mean()))
            if not (each <= limits.token and mean <= limits.mean):  # NaN is neither
                return each, f"its losses differ by {each:.2g} nats a token from the model's own"
            if why := self._gradients_differ(gradients, limits):
                return each, why
            leak = self._leak(model, path, losses)
        return each, f"rows see one another: {leak:.2g} nats" if leak > limits.leak else ""

    def _gradients_differ(self, got: tuple[Tensor | None, ...] | None, limits: Limits) -> str:
        if self.gradients is None or got is None:
            return "" if got is self.gradients else "it trains something else"
        product = own = other = 0.0
        weakest = 0.0
        for expected, found in zip(self.gradients, got, strict=True):
            if expected is None or found is None:
                if found is not expected:
                    return "it trains something else"
                continue
            one = [
                float((x.double() * y.double()).sum())
                for x, y in ((expected, found), (expected, expected), (found, found))
            ]
            product, own, other = product + one[0], own + one[1], other + one[2]
            if one[1]:
                weakest = max(weakest, 1 - one[0] / (one[1] * one[2]) ** 0.5 if one[2] else 1.0)
        together = 1 - product / (own * other) ** 0.5 if own and other else float(own != other)
        if together <= limits.direction and weakest <= limits.weakest:
            return ""
        return f"its gradients differ by {together:.2g} ({weakest:.2g} in one parameter) from the model's own"

    @torch.no_grad()
    def _leak(self, model: Any, path: FastPath, losses: Tensor) -> float:
        """How much the other rows' losses change when the first row is another."""
        if not path.packed or len(self.rows) < 2:
            return 0.0
        first = self.rows[0]
        changed = EncodedExample(tuple(reversed(first.ids)), first.labels, first.truncated, first.ends)
        after = _losses(model, path.batch((changed, *self.rows[1:]), 0), self.dtype, path)
        return float((after - losses)[first.supervised :].abs().max())


def _sample(rows: Sequence[EncodedExample]) -> list[EncodedExample]:
    """The ends of a short, a middling and a long row with something to predict there."""
    fit = sorted(
        (row for row in rows if any(label != IGNORE for label in row.labels[1:])),
        key=lambda row: len(row.ids),
    )
    chosen = {0, len(fit) // 2, len(fit) - 1} if fit else set()
    return [
        EncodedExample(row.ids[-_SAMPLE_TOKENS:], row.labels[-_SAMPLE_TOKENS:], row.truncated, row.ends)
        for row in (fit[number] for number in sorted(chosen))
    ]


@contextmanager
def _measured(model: Any) -> Iterator[None]:
    """Without dropout, with a B that is not 0; everything is as it was afterwards."""
    training, state = model.training, torch.get_rng_state()
    zeros = [
        module.weight
        for layer in model.modules()
        if isinstance(layer, LoraLayer)
        for module in layer.lora_B.values()
        if not module.weight.any()
    ]
    noise = torch.Generator().manual_seed(0)
    model.eval()
    try:
        with torch.no_grad():
            for weight in zeros:
                weight.copy_(torch.randn(weight.shape, generator=noise) * _NOISE)
        yield
    finally:
        with torch.no_grad():
            for weight in zeros:
                weight.zero_()
        model.zero_grad(set_to_none=True)
        model.train(training)
        torch.set_rng_state(state)


def _losses(model: Any, batch: dict[str, Any], dtype: torch.dtype, path: FastPath | None = None) -> Tensor:
    """Of a batch, whose gradients are added to the parameters' where there is a graph."""
    device = next(model.parameters()).device
    inputs = on_device(batch, device)
    with torch.autocast(device.type, torch.bfloat16, enabled=dtype == torch.bfloat16):
        found = path.losses(model, inputs) if path else supervised_losses(model, inputs, short_cut=False)
    if found.losses_N.requires_grad:
        found.losses_N.sum().backward()
    losses: Tensor = found.losses_N.detach()
    return losses


def _gradients(model: Any) -> tuple[Tensor | None, ...] | None:
    """Of all that is trained, or None in a model of which nothing is."""
    trained = [p.grad for p in model.parameters() if p.requires_grad]
    return tuple(trained) if any(grad is not None for grad in trained) else None
