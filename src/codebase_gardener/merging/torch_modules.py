"""Merging modules of one shape: on the weight change itself, or factor by factor as PEFT does it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from codebase_gardener.adapters.torch_factors import Factors
from codebase_gardener.merging.methods import MergeMethod
from codebase_gardener.merging.torch_sparsify import combined, dropped_at_random, pruned, sparsified

__all__ = [
    "Merged",
    "Part",
    "merge_dense",
    "merge_factors",
    "merge_sums",
    "norms",
    "relative_errors",
    "result_rank",
]

_CANCELLED = 1e-3  # a sum this much smaller than its terms is computed again in float64
_FAR = 1e-2
_ROUNDED = 1e-6  # below this, factors differ by their rounding only
_ILL = 1e-5  # a triangle whose diagonal spans more than this comes from QR, not from Cholesky
_OVERSAMPLING = 10  # columns more than the rank, for the randomized SVD (Halko et al. 2011)
_CLOSE = 0.1  # an error above this is known from the singular values; below it is measured entry by entry

Part = tuple[float, Factors]
"""Weight and factors of one input."""


@dataclass(frozen=True)
class Merged:
    """What a merged adapter adds to n modules: `B A` each, and a bias, with scale 1.

    Attributes:
        a: Shape [n, r, in], float32.
        b: Shape [n, out, r], float32.
        bias: Shape [n, out], float32, or None.
        error: Shape [n], float64: Frobenius norm of what is off, relative to what the method defines;
            0 where that is 0.
        norm: Shape [n], float64: Frobenius norm of what the method defines.
    """

    a: Tensor
    b: Tensor
    bias: Tensor | None
    error: Tensor
    norm: Tensor


def result_rank(
    method: MergeMethod, ranks: Sequence[int], size: tuple[int, int], rank: int | None, *, dense: bool
) -> int:
    """The rank that a merge writes.

    Args:
        method: How.
        ranks: Of the inputs.
        size: Rows and columns of the weight change.
        rank: At most this; None for the sum of the inputs' ranks, or the largest where the method compresses.
        dense: Whether the merge may have a higher rank than its inputs together.
    """
    limit = rank or (max if method.compress else sum)(ranks)
    return min(limit, *size) if dense else min(limit, sum(ranks), *size)


def merge_sums(parts: Sequence[Part], rank: int) -> Merged:
    """`ΔW = Σ wᵢ sᵢ BᵢAᵢ` as factors: as they stand where the rank allows, else the nearest of that rank.

    Args:
        parts: Weights and factors of the same n modules.
        rank: Of the result; at most the sum of the inputs' ranks.
    """
    if sum(factors.rank for _, factors in parts) <= rank:
        a, b = _stacked(parts)
        norm = norms(a, b)
        error = torch.zeros_like(norm)
        if not _is_exact(parts):  # the same factors, rounded: their difference is what is off
            off = norms(a, b.double().sub_(_columns(parts, torch.float64)).float())
            if any(tensor.dtype == torch.float64 for _, factors in parts for tensor in factors.a):
                off += norms(a.double().sub_(_rows(parts, torch.float64)).float(), b)
            error = _ratio(off, norm)
        return Merged(a, b, _merged_bias(parts), error, norm)
    exact = _stacked(parts, torch.float64)
    a, b = (tensor.float() for tensor in _truncated(*exact, rank))
    error, norm = relative_errors((a, b), exact)
    return Merged(a, b, _merged_bias(parts), error, norm)


def merge_factors(
    parts: Sequence[Part], method: MergeMethod, *, density: float, seeds: Sequence[int]
) -> Merged:
    """What PEFT's `add_weighted_adapter` does: the same arithmetic on the A and the B factors, one by one.

    Args:
        parts: Weights and factors of the same n modules.
        method: How.
        density: Share of the entries that are kept where the method drops some.
        seeds: One for each module; its dice are those of PEFT after `torch.manual_seed`.

    Raises:
        ValueError: The ranks differ.
    """
    if len({factors.rank for _, factors in parts}) != 1:
        raise ValueError("the factors have different ranks")
    signed = [weight * factors.scale for weight, factors in parts]
    roots = [math.sqrt(abs(value)) for value in signed]
    weights = [[math.copysign(root, value) for root, value in zip(roots, signed, strict=True)], roots]
    alone = len(parts) == 1  # PEFT merges one adapter linearly, whatever the method
    sides = [
        [torch.stack([tensor.float() for tensor in tensors]) for tensors in side]
        for side in ([f.a for _, f in parts], [f.b for _, f in parts])
    ]
    if not alone and density < 1 and method.prune == "magnitude":
        sides = [[pruned(tensor, density) for tensor in side] for side in sides]
    elif not alone and density < 1 and method.prune == "random":
        dropped_at_random(sides, density, seeds)
    a, b = (
        combined(side, weight, elect=method.elect and not alone, weighted=False)
        for side, weight in zip(sides, weights, strict=True)
    )
    error, norm = relative_errors((a, b), _stacked(parts))
    return Merged(a, b, _merged_bias(parts), error, norm)


def relative_errors(found: tuple[Tensor, Tensor], exact: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """Frobenius norm of `B A - B' A'` relative to `B' A'`, and that norm: without the product, [n] each.

    Seen down to 1e-8 or so, and for factors that were only rounded below that.

    Args:
        found: A [n, r, in] and B [n, out, r].
        exact: A' and B'; where they are float64 so is the arithmetic, else where it has to be.
    """
    (a, b), (exact_a, exact_b) = found, exact
    a, b = a.to(exact_a.dtype), b.to(exact_b.dtype)
    norm = norms(exact_a, exact_b)
    if a.dtype != torch.float64:  # far off: ‖X - Y‖² = ‖X‖² + ‖Y‖² - 2⟨X, Y⟩ loses nothing
        inner = ((b.mT @ exact_b) * (a @ exact_a.mT)).sum((1, 2), dtype=torch.float64)
        both = norms(a, b) ** 2 + norm**2
        square = both - 2 * inner
        if bool((square > _FAR * both).all()):
            return _ratio(square.sqrt(), norm), norm
    off = norms(torch.cat([a, exact_a], 1), torch.cat([b, -exact_b], 2))
    if (
        a.shape == exact_a.shape
    ):  # perhaps the same factors, rounded: then their difference bounds what is off
        rounded = norms(a, b - exact_b) + norms(a - exact_a, exact_b)
        off = torch.where(rounded <= _ROUNDED * norm, rounded, off)
    return _ratio(off, norm), norm


def norms(a: Tensor, b: Tensor) -> Tensor:
    """Frobenius norms of n products `B A`: the traces of `(BᵀB)(AAᵀ)`, small matrices. Shape [n], float64."""
    terms = (b.mT @ b) * (a @ a.mT)
    squares = terms.sum((1, 2), dtype=torch.float64)
    if a.dtype != torch.float64:
        lost = squares < _CANCELLED * terms.abs().sum((1, 2), dtype=torch.float64)
        if bool(lost.any()):
            squares[lost] = norms(a[lost].double(), b[lost].double()) ** 2
    return squares.clamp(min=0).sqrt()


def _stacked(parts: Sequence[Part], dtype: torch.dtype = torch.float32) -> tuple[Tensor, Tensor]:
    """A [n, R, in] and B [n, out, R] whose products are the weighted sums, but for rounding to `dtype`."""
    return _rows(parts, dtype), _columns(parts, dtype)


def _rows(parts: Sequence[Part], dtype: torch.dtype) -> Tensor:
    count = len(parts[0][1].a)
    rows = [factors.a[number].to(dtype) for number in range(count) for _, factors in parts]
    return torch.cat(rows).view(count, -1, rows[0].shape[1])


def _columns(parts: Sequence[Part], dtype: torch.dtype) -> Tensor:
    columns = [
        torch.stack([tensor.to(dtype) for tensor in factors.b]).mul_(weight * factors.scale)
        for weight, factors in parts
    ]
    return torch.cat(columns, 2) if len(columns) > 1 else columns[0]


def _merged_bias(parts: Sequence[Part]) -> Tensor | None:
    """The weighted sum of the biases, [n, out], float32."""
    found = [
        torch.stack([tensor.double() for tensor in factors.bias]).mul_(weight * factors.scale)
        for weight, factors in parts
        if factors.bias is not None
    ]
    return torch.stack(found).sum(0).float() if found else None


def _is_exact(parts: Sequence[Part]) -> bool:
    """Whether nothing was rounded: powers of two times floats of at most 32 bits."""
    return all(
        math.frexp(weight * factors.scale)[0] in (0.5, -0.5)
        and all(tensor.dtype != torch.float64 for tensor in (*factors.a, *factors.b))
        for weight, factors in parts
    )


def _ratio(off: Tensor, norm: Tensor) -> Tensor:
    return torch.where(norm > 0, off / norm, 0.0)


def _truncated(a: Tensor, b: Tensor, rank: int) -> tuple[Tensor, Tensor]:
    """The nearest factors of a lower rank: an SVD of the small core between two orthogonal bases. float64."""
    upper_left, upper_right = _triangle(b), _triangle(a.mT)
    if upper_left is None or upper_right is None:
        left, upper_left = torch.linalg.qr(b)
        right, upper_right = torch.linalg.qr(a.mT)
        u, s, vh = torch.linalg.svd(upper_left @ upper_right.mT)
        root = s[:, :rank].sqrt()
        return (root[..., None] * vh[:, :rank]) @ right.mT, left @ (u[..., :rank] * root[:, None])
    # the bases themselves are not needed: Q = B R⁻¹, so that what multiplies Q is solved for instead
    u, s, vh = torch.linalg.svd(upper_left @ upper_right.mT)
    root = s[:, :rank].sqrt()
    of_b = torch.linalg.solve_triangular(upper_left, u[..., :rank] * root[:, None], upper=True)
    of_a = torch.linalg.solve_triangular(upper_right, vh[:, :rank].mT * root[:, None], upper=True)
    return of_a.mT @ a, b @ of_b


def _triangle(tall: Tensor) -> Tensor | None:
    """R of `tall = QR` by Cholesky of the Gram matrix, in a tenth of QR's time; None where it would be inexact."""
    if tall.shape[1] < tall.shape[2]:
        return None
    lower, failed = torch.linalg.cholesky_ex(tall.mT @ tall)
    diagonal = lower.diagonal(dim1=1, dim2=2)
    if bool(failed.any()) or bool((diagonal.amin(1) < _ILL * diagonal.amax(1)).any()):
        return None
    upper: Tensor = lower.mT.contiguous()
    return upper


def merge_dense(
    parts: Sequence[Part], method: MergeMethod, *, rank: int, density: float, seeds: Sequence[int]
) -> Merged:
    """Merge n modules, one after the other.

    Args:
        parts: Weights and factors of the same n modules.
        method: How.
        rank: Of the result.
        density: Share of the entries that are kept.
        seeds: One for each module.
    """
    found = []
    for number, seed in enumerate(seeds):
        one = [(weight, factors[number]) for weight, factors in parts]
        found.append(_low_rank(_dense_change(one, method, density, seed), rank, _stacked(one)[1][0], seed))
    a, b, error, norm = zip(*found, strict=True)
    errors, norms = (torch.tensor(values, dtype=torch.float64) for values in (error, norm))
    return Merged(torch.stack(a), torch.stack(b), _merged_bias(parts), errors, norms)


def _dense_change(parts: Sequence[Part], method: MergeMethod, density: float, seed: int) -> Tensor:
    """The merged weight change of one module itself, [out, in], float32."""
    changes = [(factors.b[0].float() @ factors.a[0].float()).mul_(factors.scale) for _, factors in parts]
    changes = sparsified(changes, method, density, seed)
    weights = [weight for weight, _ in parts]
    if len(parts) == 1:  # there is nothing to elect
        return changes[0].mul_(weights[0])
    return combined(changes, weights, elect=method.elect, weighted=True)


def _low_rank(dense: Tensor, rank: int, start: Tensor, seed: int) -> tuple[Tensor, Tensor, float, float]:
    """The nearest low rank to a dense change, by a randomized SVD; its error is measured, not assumed.

    The sketch begins with the columns of the inputs' own factors, near which the result lies: one power
    iteration then gives what two give from random columns.

    Args:
        dense: Shape [out, in].
        rank: Of the result.
        start: Columns to begin with, [out, R].
        seed: For the random columns.

    Returns:
        A, B, relative error, norm.
    """
    width = min(rank + _OVERSAMPLING, *dense.shape)
    extra = max(width - start.shape[1], 0)
    generator = torch.Generator().manual_seed(seed)
    columns = torch.cat([start, torch.randn(dense.shape[0], extra, generator=generator) * start.std()], 1)
    basis = dense @ torch.linalg.qr(dense.T @ columns).Q
    basis = torch.linalg.qr(basis).Q
    u, s, vh = torch.linalg.svd(basis.T @ dense, full_matrices=False)
    root = s[:rank].sqrt()
    a, b = root[:, None] * vh[:rank], basis @ (u[:, :rank] * root)
    norm = float(torch.linalg.vector_norm(dense, dtype=torch.float64))
    if not norm:
        return a, b, 0.0, 0.0
    # of an orthogonal projection: ‖D - QQᵀD‖² = ‖D‖² - ‖QᵀD‖²
    rest = 1 - float((s[:rank].double() ** 2).sum()) / norm**2
    if rest > _CLOSE**2:
        return a, b, rest**0.5, norm
    off = float(torch.linalg.vector_norm(dense - b @ a, dtype=torch.float64))
    return a, b, off / norm, norm
