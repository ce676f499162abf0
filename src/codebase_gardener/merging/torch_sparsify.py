"""Dropping entries, electing signs: what TIES, DARE and pruning do to tensors, whatever those hold."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from codebase_gardener.merging.methods import MergeMethod

__all__ = ["combined", "dropped_at_random", "pruned", "smallest_kept", "sparsified", "thinned"]

_SMALL = 1 << 15  # entries below which a sample saves nothing
_STRIDE = 61  # one entry of so many is looked at first
_SIGMAS = 5
_LEVELS = 1 << 16  # steps of a die of 16 bits


def pruned(tensor_N: Tensor, density: float) -> Tensor:  # noqa: N803  shapes in names
    """The largest entries of each of n tensors; the others are zero.

    Args:
        tensor_N: Shape [n, …], float32.
        density: Share that is kept, above 0.
    """
    flat = tensor_N.flatten(1)
    count = int(density * flat.shape[1])
    if not count:
        return torch.zeros_like(tensor_N)
    sizes = flat.abs()
    kept = torch.empty_like(flat)
    for source, size, target in zip(flat, sizes, kept, strict=True):
        below = torch.nextafter(smallest_kept(size, count), torch.tensor(-1.0))
        if below < 0:  # zeros are kept too
            target.copy_(source)
        else:
            torch.nn.functional.hardshrink(source, float(below), out=target)
    return kept.view(tensor_N.shape)


def smallest_kept(sizes: Tensor, count: int) -> Tensor:
    """The `count`-th largest value, exactly. Shape [].

    A sample brackets it; then only what lies between the brackets is sorted. Where the sample was wrong, all is.
    """
    values = sizes.numpy()
    if len(values) >= _SMALL:
        sample = np.sort(values[::_STRIDE])[::-1]
        share = count / len(values)
        margin = int(_SIGMAS * (len(sample) * share * (1 - share)) ** 0.5) + 2
        place = int(share * len(sample))
        if margin <= place < len(sample) - margin:
            low, high = sample[place + margin], sample[place - margin]
            between = values[(values >= low) & (values <= high)]
            rest = count - int(torch.count_nonzero(sizes > float(high)))
            if 0 < rest <= len(between):
                return torch.tensor(np.partition(between, len(between) - rest)[len(between) - rest])
    dropped = len(values) - count
    return torch.tensor(np.partition(values, dropped)[dropped])


def sparsified(changes: list[Tensor], method: MergeMethod, density: float, seed: int) -> list[Tensor]:
    """The weight changes of one module or tensor, without the entries that a method drops."""
    if method.prune == "magnitude" and density < 1:
        return [pruned(change[None], density)[0] for change in changes]
    if method.prune == "random" and density < 1:
        dice = np.random.SFC64(seed)
        return [thinned(change.contiguous(), density, dice) for change in changes]
    return changes


def thinned(tensor: Tensor, density: float, dice: np.random.SFC64) -> Tensor:
    """DARE: each entry is kept with a probability, in place, and what is kept is scaled up.

    Dice have 16 bits: the probability is `density` to the next 1/65536, and the scale is that of the dice.
    """
    level = max(1, round(density * _LEVELS))
    if level >= _LEVELS:
        return tensor
    words = dice.random_raw(-(-tensor.numel() // 4)).view(np.uint16)[: tensor.numel()]
    kept = torch.from_numpy(words < level).view(tensor.shape)
    return tensor.mul_(kept).mul_(_LEVELS / level)


def dropped_at_random(sides: Sequence[Sequence[Tensor]], density: float, seeds: Sequence[int]) -> None:
    """DARE as PEFT does it, in place: module by module, A of every input before B, by torch's dice.

    Args:
        sides: A [n, r, in] of every input, then B [n, out, r] of every input.
        density: Share that is kept.
        seeds: n seeds.
    """
    for number, seed in enumerate(seeds):
        generator = torch.Generator().manual_seed(seed)
        for side in sides:
            for tensor in side:
                one = tensor[number]
                one.mul_(torch.bernoulli(torch.full_like(one, density), generator=generator)).div_(density)


def combined(tensors: Sequence[Tensor], weights: Sequence[float], *, elect: bool, weighted: bool) -> Tensor:
    """The weighted sum, or the mean of what has the elected sign.

    Args:
        tensors: Of one shape.
        weights: One each.
        elect: TIES: the sign of the sum is elected, and entries of the other sign are left out.
        weighted: The sign is elected from the weighted entries and the mean is weighted, as mergekit does it;
            PEFT elects without weights and divides by the count.
    """
    if not elect:
        return _weighted_sum(tensors, weights)
    elected = _weighted_sum(tensors, weights if weighted else [1.0] * len(tensors)).ge_(0).mul_(2).sub_(1)
    total, count = torch.zeros_like(elected), torch.zeros_like(elected)
    for weight, tensor in zip(weights, tensors, strict=True):
        # as long as it has the elected sign, else 0; few passes, all vectorized: this is where TIES spends its time
        agreeing = torch.mul(elected, tensor)
        if weighted and weight < 0:
            agreeing.neg_()
        agreeing.relu_()
        total.add_(agreeing, alpha=abs(weight) if weighted else weight)
        count.add_(agreeing.sign_(), alpha=abs(weight) if weighted else 1.0)
    least = min(abs(weight) for weight in weights) if weighted else 1.0
    return total.mul_(elected).div_(count.clamp_(min=least))  # 0 / least where none agrees


def _weighted_sum(tensors: Sequence[Tensor], weights: Sequence[float]) -> Tensor:
    total = weights[0] * tensors[0]
    for weight, tensor in zip(weights[1:], tensors[1:], strict=True):
        total.add_(tensor, alpha=weight)
    return total
