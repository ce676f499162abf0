"""Tokens a second that a training is predicted to see: from the shape of the base, and products measured here."""

from __future__ import annotations

from codebase_gardener.bases.shape import BaseShape
from codebase_gardener.training.memory import has_fast_layers
from codebase_gardener.training.spec import TrainingSpec

__all__ = ["predicted_tokens_per_s"]

_SHARE = {True: 0.45, False: 0.20}
"""Of the rate of square products that a training reaches, with layers as one function and without: measured on the
embedded base, benchmarks/named_bases.py; docs/training.md, "Bases", has it for others."""


def predicted_tokens_per_s(shape: BaseShape, spec: TrainingSpec, gflops: float) -> float | None:
    """Padded tokens a second; None where the base is quantized: that slows a training down by what is not measured.

    Args:
        shape: Of the base.
        spec: The options.
        gflops: What this machine's square products reach, in the format that is trained in.
    """
    if spec.quantization != "none":
        return None
    linear = sum(module.parameters for module in shape.linears)
    # 2 operations a weight, forwards and for the gradient of what comes in; the base's own weights get none
    operations = 4 * (linear + shape.vocabulary * shape.hidden)
    operations += 2 * linear if spec.gradient_checkpointing else 0
    return _SHARE[has_fast_layers(shape, spec)] * gflops * 1e9 / operations
