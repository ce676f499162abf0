"""TIES, DARE and pruning on the weight change itself: one dense module at a time, written back as low rank."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from codebase_gardener.merging.methods import MergeMethod
from codebase_gardener.merging.torch_modules import Merged, Part, merged_bias, stacked
from codebase_gardener.merging.torch_sparsify import combined, pruned, thinned

__all__ = ["dense_change", "merge_dense"]

_OVERSAMPLING = 10  # columns more than the rank, for the randomized SVD (Halko et al. 2011)
_CLOSE = 0.1  # an error above this is known from the singular values; below it is measured entry by entry


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
        found.append(_low_rank(dense_change(one, method, density, seed), rank, stacked(one)[1][0], seed))
    a, b, error, norm = zip(*found, strict=True)
    errors, norms = (torch.tensor(values, dtype=torch.float64) for values in (error, norm))
    return Merged(torch.stack(a), torch.stack(b), merged_bias(parts), errors, norms)


def dense_change(parts: Sequence[Part], method: MergeMethod, density: float, seed: int) -> Tensor:
    """The merged weight change of one module itself, [out, in], float32."""
    changes = [(factors.b[0].float() @ factors.a[0].float()).mul_(factors.scale) for _, factors in parts]
    if method.prune == "magnitude" and density < 1:
        changes = [pruned(change[None], density)[0] for change in changes]
    elif method.prune == "random" and density < 1:
        dice = np.random.SFC64(seed)
        changes = [thinned(change, density, dice) for change in changes]
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
