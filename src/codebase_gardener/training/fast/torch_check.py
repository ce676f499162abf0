"""Whether the fast path gives what the model's own forward and backward give, on a few rows of the data."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import hypot
from typing import Any

import torch
from peft.tuners.lora import LoraLayer
from torch import Tensor

from codebase_gardener.training.encoding import IGNORE, EncodedExample
from codebase_gardener.training.fast.torch_batch import FastPath, collate, on_device, supervised_losses
from codebase_gardener.training.fast.torch_reference import in_float32

__all__ = ["Baseline"]

_log = logging.getLogger(__name__)

_SAMPLE_TOKENS = 48
_NOISE = 0.01  # of B, which begins at 0 and would hide the gradient of A


# What rounding alone may do: nats a token, and shares of the length of all gradients and of one parameter's.
_TOKEN, _TOGETHER, _SINGLE = 1e-4, 5e-3, 0.1
# By how much more the fast path may differ from an fp32 reference than the model's own path does: two orders of the
# same sums in bf16 are seldom twice as far from it as each other, single parameters' gradients three times.
_FACTOR, _FACTOR_SINGLE = 2.0, 4.0
_ASSUMED = (0.06, 0.1)  # of the model's own path in 16 bits, where no reference can be computed
_SMALL = 1e-3  # of all gradients together: what a parameter's own, however small, is measured against
_LEAK = {
    torch.float32: 1e-3,
    torch.bfloat16: 0.05,
}  # nats by which a row's loss changes with another of its batch
_SAMPLES = 3

Gradients = tuple[Tensor | None, ...] | None


@dataclass(frozen=True)
class Baseline:
    """What a model gives on some rows before anything is put in, in its own number format and in fp32.

    Attributes:
        rows: The ends of a short, a middling and a long row, 48 tokens of each.
        own: Losses of their supervised tokens [N] by the model's own path.
        losses: As `own`, in fp32.
        gradients: In fp32, of all that is trained, or None where nothing is.
        noise: Nats a token, and share of the gradients' length, by which the own path differs from fp32.
        noises: The share of each parameter's.
        dtype: Of the products.
    """

    rows: tuple[EncodedExample, ...]
    own: Tensor
    losses: Tensor
    gradients: Gradients
    noise: tuple[float, float]
    noises: tuple[float, ...]
    dtype: torch.dtype

    @classmethod
    def of(cls, model: Any, rows: Sequence[EncodedExample], dtype: torch.dtype) -> Iterator[Baseline]:
        """Measure a model as it is, row by row, on one sample of its rows after the other; nothing to predict, none.

        What rounding does is seldom much more on one sample, and nearly never on three; what is wrong is so on each.
        """
        seen = []
        for number in range(_SAMPLES):
            sample = _sample(rows, number)
            if sample and sample not in seen:
                seen.append(sample)
                yield cls._of_sample(model, tuple(sample), dtype)

    @classmethod
    def _of_sample(cls, model: Any, rows: tuple[EncodedExample, ...], dtype: torch.dtype) -> Baseline:
        own, gradients = _measure(model, rows, dtype)
        if dtype == torch.float32:
            return cls(rows, own, own, gradients, (0.0, 0.0), (), dtype)
        try:
            with in_float32(model):
                exact, exact_gradients = _measure(model, rows, torch.float32)
        except Exception as error:  # whatever a model's own code makes of another format
            _log.warning("no fp32 reference of %s: %r", type(model).__name__, error)
            return cls(rows, own, own, gradients, _ASSUMED, (), dtype)
        together, each = _distances(gradients, exact_gradients)
        noise = float((own - exact).abs().mean()), together
        return cls(rows, own, exact, exact_gradients, noise, tuple(each), dtype)

    def compare(self, model: Any, path: FastPath) -> tuple[float, str]:
        """The mean difference from the model's own losses in nats a token, and what differs too much, or ""."""
        with _measured(model):
            batches = [self.rows] if path.packed else [(row,) for row in self.rows]
            losses = torch.cat([_losses(model, path.batch(batch, 0), self.dtype, path) for batch in batches])
            gradients = _gradients(model)
            difference = float((losses - self.own).abs().mean())
            off = float((losses - self.losses).abs().mean())
            if not off <= _TOKEN + _FACTOR * self.noise[0]:  # NaN is not
                return difference, f"its losses differ by {off:.2g} nats a token from {self._reference(0)}"
            if why := self._gradients_differ(gradients):
                return difference, why
            leak = self._leak(model, path, losses)
        limit = _LEAK.get(self.dtype, _LEAK[torch.bfloat16])
        return difference, f"rows see one another: {leak:.2g} nats" if leak > limit else ""

    def _reference(self, number: int) -> str:
        if self.dtype == torch.float32:
            return "the model's own"
        return f"an fp32 reference, the model's own by {self.noise[number]:.2g}"

    def _gradients_differ(self, got: Gradients) -> str:
        if self.gradients is None or got is None:
            return "" if got is self.gradients else "it trains something else"
        if [each is None for each in got] != [each is None for each in self.gradients]:
            return "it trains something else"
        together, each = _distances(got, self.gradients)
        noise = self.noise[1]
        worst = max(
            (
                off - _FACTOR_SINGLE * max(own, noise)
                for off, own in zip(each, self.noises or (noise,) * len(each), strict=True)
            ),
            default=0.0,
        )
        if together <= _TOGETHER + _FACTOR * noise and worst <= _SINGLE:
            return ""
        return f"its gradients differ by {together:.2g} ({max(each):.2g} in one parameter) from {self._reference(1)}"

    @torch.no_grad()
    def _leak(self, model: Any, path: FastPath, losses: Tensor) -> float:
        """How much the other rows' losses change when the first row is another."""
        if not path.packed or len(self.rows) < 2:
            return 0.0
        first = self.rows[0]
        changed = EncodedExample(tuple(reversed(first.ids)), first.labels, first.truncated, first.ends)
        after = _losses(model, path.batch((changed, *self.rows[1:]), 0), self.dtype, path)
        return float((after - losses)[first.supervised :].abs().max())


def _measure(model: Any, rows: Sequence[EncodedExample], dtype: torch.dtype) -> tuple[Tensor, Gradients]:
    """Losses and gradients by the model's own path."""
    with _measured(model):
        losses = torch.cat([_losses(model, collate([row], 0), dtype) for row in rows])
        return losses, _gradients(model)


def _distances(got: Gradients, expected: Gradients) -> tuple[float, list[float]]:
    """|got - expected| / |expected| of all gradients together, and of each that there is."""
    pairs = [
        (x.double(), y.double())
        for x, y in zip(got or (), expected or (), strict=True)
        if x is not None and y is not None
    ]
    off = [float((x - y).norm()) for x, y in pairs]
    size = [float(y.norm()) for _, y in pairs]
    whole = hypot(*size) or 1.0
    return hypot(*off) / whole, [a / (b + _SMALL * whole) for a, b in zip(off, size, strict=True)]


def _sample(rows: Sequence[EncodedExample], number: int) -> list[EncodedExample]:
    """The ends of a short, a middling and a long row with something to predict there; others for each number."""
    fit = sorted(
        (row for row in rows if any(label != IGNORE for label in row.labels[1:])),
        key=lambda row: len(row.ids),
    )
    last = len(fit) - 1
    chosen = {min(number, last), min(len(fit) // 2 + number, last), max(last - number, 0)} if fit else set()
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


def _gradients(model: Any) -> Gradients:
    """Of all that is trained, or None in a model of which nothing is."""
    trained = [p.grad for p in model.parameters() if p.requires_grad]
    return tuple(trained) if any(grad is not None for grad in trained) else None
