"""Merging one module: on the weight change itself, or factor by factor as PEFT does it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from codebase_gardener.models.merge_methods import MergeMethod
from codebase_gardener.models.torch_factors import Factors

__all__ = ["MergedModule", "Part", "merge_module", "merge_module_factors", "relative_error"]

_OVERSAMPLING = 10  # columns more than the rank, for the randomized SVD (Halko et al. 2011)
_POWER_ITERATIONS = 2
_ROUNDED = 1e-6  # below this, factors differ by their rounding only

Part = tuple[float, Factors]
"""Weight and factors of one input."""


@dataclass(frozen=True)
class MergedModule:
    """What a merged adapter adds to a module: `B A`, and a bias, with scale 1.

    Attributes:
        a: Shape [r, in], float32.
        b: Shape [out, r], float32.
        bias: Shape [out], float32, or None.
        error: Frobenius norm of what is off, relative to what the method defines; 0 where that is 0.
        norm: Frobenius norm of what the method defines.
    """

    a: Tensor
    b: Tensor
    bias: Tensor | None
    error: float
    norm: float


def merge_module(
    parts: Sequence[Part],
    method: MergeMethod,
    *,
    rank: int | None,
    density: float,
    generator: torch.Generator,
) -> MergedModule:
    """Merge `ΔW = Σ wᵢ sᵢ BᵢAᵢ` and write it back as low rank: exactly where the rank allows, else the nearest.

    Args:
        parts: Weights and factors; all of the same module.
        method: How.
        rank: At most this; None for the sum of the inputs' ranks, or the largest of them where the method compresses.
        density: Share of the entries that are kept where the method drops some.
        generator: For random dropping, and for the randomized SVD.
    """
    bias = _bias(parts)
    limit = rank or (max if method.compress else sum)(factors.rank for _, factors in parts)
    if method.dense and (len(parts) > 1 or density < 1):
        return _low_rank(_dense(parts, method, density, generator), limit, bias, generator)
    a, b = _stacked(parts)
    most = min(a.shape[1], b.shape[0])
    limit = min(limit, most)
    kept_a, kept_b = (a, b) if a.shape[0] <= limit else _truncated(a, b, limit)
    error, norm = relative_error((kept_a.float(), kept_b.float()), (a, b))
    return MergedModule(kept_a.float(), kept_b.float(), bias, error, norm)


def merge_module_factors(
    parts: Sequence[Part], method: MergeMethod, *, density: float, generator: torch.Generator | None = None
) -> MergedModule:
    """What PEFT's `add_weighted_adapter` does: the same arithmetic on the A and the B factors, one by one.

    Raises:
        ValueError: The ranks differ.
    """
    if len({factors.rank for _, factors in parts}) != 1:
        raise ValueError("the factors have different ranks")
    signed = [weight * factors.scale for weight, factors in parts]
    weights = [math.sqrt(abs(value)) for value in signed]
    signs = [math.copysign(1.0, value) for value in signed]
    alone = len(parts) == 1  # PEFT merges one adapter linearly, whatever the method
    prunes = not alone and method.prune != "none" and density < 1
    merged = []
    for tensors, factor_weights in (
        ([factors.a.float() for _, factors in parts], [w * s for w, s in zip(weights, signs, strict=True)]),
        ([factors.b.float() for _, factors in parts], weights),
    ):
        left = [_pruned(tensor, method, density, generator) for tensor in tensors] if prunes else tensors
        merged.append(_combined(left, factor_weights, elect=method.elect and not alone, weighted=False))
    a, b = merged
    error, norm = relative_error((a, b), _stacked(parts))
    return MergedModule(a, b, _bias(parts), error, norm)


def relative_error(found: tuple[Tensor, Tensor], exact: tuple[Tensor, Tensor]) -> tuple[float, float]:
    """Frobenius norm of `B A - B' A'` relative to `B' A'`, and that norm, in float64 and without the product.

    Seen down to 1e-8 or so, and for factors that were only rounded below that.

    Args:
        found: A [r, in] and B [out, r].
        exact: A' and B'.
    """
    exact_a, exact_b = (tensor.double() for tensor in exact)
    a, b = (tensor.double() for tensor in found)
    norm = _norm(exact_a, exact_b)
    off = math.inf
    if (
        a.shape == exact_a.shape
    ):  # perhaps the same factors, rounded: then their difference bounds what is off
        off = _norm(a, b - exact_b) + _norm(a - exact_a, exact_b)
    if off > _ROUNDED * norm:
        off = _norm(torch.cat([a, exact_a]), torch.cat([b, -exact_b], dim=1))
    return (off / norm if norm else 0.0), norm


def _norm(a: Tensor, b: Tensor) -> float:
    """Frobenius norm of `B A`: the trace of `(BᵀB)(AAᵀ)`, two small matrices."""
    return math.sqrt(max(0.0, float(((b.T @ b) * (a @ a.T)).sum())))


def _stacked(parts: Sequence[Part]) -> tuple[Tensor, Tensor]:
    """A and B whose product is the weighted sum, exactly."""
    a = torch.cat([factors.a for _, factors in parts])
    b = torch.cat([weight * factors.scale * factors.b for weight, factors in parts], dim=1)
    return a, b


def _truncated(a: Tensor, b: Tensor, rank: int) -> tuple[Tensor, Tensor]:
    """The nearest factors of a lower rank: an SVD of the small core between two orthogonal bases."""
    left, upper_left = torch.linalg.qr(b)
    right, upper_right = torch.linalg.qr(a.T)
    u, s, vh = torch.linalg.svd(upper_left @ upper_right.T)
    root = s[:rank].sqrt()
    return (root[:, None] * vh[:rank]) @ right.T, left @ (u[:, :rank] * root)


def _dense(parts: Sequence[Part], method: MergeMethod, density: float, generator: torch.Generator) -> Tensor:
    """The merged weight change itself, [out, in], float32."""
    deltas = [factors.scale * (factors.b.float() @ factors.a.float()) for _, factors in parts]
    if method.prune != "none" and density < 1:
        deltas = [_pruned(delta, method, density, generator) for delta in deltas]
    return _combined(deltas, [weight for weight, _ in parts], elect=method.elect, weighted=True)


def _pruned(tensor: Tensor, method: MergeMethod, density: float, generator: torch.Generator | None) -> Tensor:
    if method.prune == "random":
        kept = torch.rand(tensor.shape, generator=generator) < density
        return tensor * kept / density
    count = int(density * tensor.numel())
    if not count:
        return torch.zeros_like(tensor)
    sizes = tensor.abs()
    dropped = tensor.numel() - count
    smallest_kept = float(
        np.partition(sizes.flatten().numpy(), dropped)[dropped]
    )  # selection: torch would sort
    return tensor * (sizes >= smallest_kept)


def _combined(tensors: Sequence[Tensor], weights: Sequence[float], *, elect: bool, weighted: bool) -> Tensor:
    """The weighted sum, or the mean of what has the elected sign.

    Args:
        tensors: Of one shape.
        weights: One each.
        elect: TIES: the sign of the sum is elected, and entries of the other sign are left out.
        weighted: The sign is elected from the weighted entries and the mean is weighted, as mergekit does;
            PEFT elects without weights and divides by the count.
    """
    weighted_tensors = [weight * tensor for weight, tensor in zip(weights, tensors, strict=True)]
    if not elect:
        return _sum(weighted_tensors)
    voters = weighted_tensors if weighted else tensors
    sign = torch.where(_sum(voters) >= 0, 1.0, -1.0)
    agree = [(voter.sign() == sign).to(sign.dtype) for voter in voters]
    total = _sum([tensor * mask for tensor, mask in zip(weighted_tensors, agree, strict=True)])
    if weighted:
        count = _sum([abs(weight) * mask for weight, mask in zip(weights, agree, strict=True)])
        return total / torch.where(count > 0, count, 1.0)
    return total / _sum(agree).clamp(min=1.0)


def _sum(tensors: Sequence[Tensor]) -> Tensor:
    total = tensors[0].clone()
    for tensor in tensors[1:]:
        total += tensor
    return total


def _low_rank(dense: Tensor, rank: int, bias: Tensor | None, generator: torch.Generator) -> MergedModule:
    """The nearest low rank to a dense change, by a randomized SVD; its error is measured, not assumed."""
    rank = min(rank, *dense.shape)
    width = min(rank + _OVERSAMPLING, *dense.shape)
    basis = dense @ torch.randn(dense.shape[1], width, generator=generator)
    for _ in range(_POWER_ITERATIONS):
        basis = dense @ (dense.T @ torch.linalg.qr(basis).Q)
    basis = torch.linalg.qr(basis).Q
    u, s, vh = torch.linalg.svd(basis.T @ dense, full_matrices=False)
    root = s[:rank].sqrt()
    a, b = root[:, None] * vh[:rank], (basis @ u)[:, :rank] * root
    norm = float(torch.linalg.vector_norm(dense, dtype=torch.float64))
    off = float(torch.linalg.vector_norm(dense - b @ a, dtype=torch.float64))
    return MergedModule(a, b, bias, off / norm if norm else 0.0, norm)


def _bias(parts: Sequence[Part]) -> Tensor | None:
    biases = [weight * factors.scale * factors.bias for weight, factors in parts if factors.bias is not None]
    return _sum(biases).float() if biases else None
