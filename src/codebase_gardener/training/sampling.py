"""The order in which examples are trained on: fixed by a seed, so that a resumed run meets the same batches."""

from __future__ import annotations

import random
from collections.abc import Sequence

__all__ = ["batches_of", "shares_of", "weighted_order"]

_WINDOW_BATCHES = 16


def weighted_order(weights: Sequence[float], seed: int) -> list[int]:
    """One pass over all items, heavier ones earlier on average; weight 0 leaves an item out.

    Source: Efraimidis and Spirakis, "Weighted random sampling with a reservoir" (2006), algorithm A.

    Example:
        >>> sorted(weighted_order([1.0, 2.0, 0.0], seed=1))
        [0, 1]
    """
    rng = random.Random(seed)
    keys = [(rng.random() ** (1 / weight) if weight > 0 else -1.0, n) for n, weight in enumerate(weights)]
    return [n for key, n in sorted(keys, reverse=True) if key >= 0]


def batches_of(
    lengths: Sequence[int],
    weights: Sequence[float],
    *,
    batch_size: int,
    passes: float,
    seed: int,
    batch_tokens: int = 0,
    in_order: bool = False,
) -> list[list[int]]:
    """Batches of examples of like length, in shuffled order.

    Within windows of 16 batches the examples are sorted by length: that saves padding and keeps the order random.

    Args:
        lengths: Tokens of each example, shape [N].
        weights: Share of each example in the order, shape [N].
        batch_size: Examples in a batch, at most.
        passes: Passes over the data, at most; every pass is ordered anew.
        seed: Of the order.
        batch_tokens: Padded tokens of a batch at most, unless one example has more; 0: any number.
        in_order: The examples are ordered already: one pass as they are, instead of by weight.

    Returns:
        Lists of indices into `lengths`.
    """
    order = list(range(len(lengths))) if in_order else _passes(weights, passes, seed)
    rng = random.Random(seed)
    batches: list[list[int]] = []
    window = batch_size * _WINDOW_BATCHES
    for start in range(0, len(order), window):
        by_length = sorted(order[start : start + window], key=lambda index: lengths[index])
        chunk = _cut(by_length, lengths, batch_size, batch_tokens or batch_size * max(lengths))
        rng.shuffle(chunk)
        batches += chunk
    return batches


def _passes(weights: Sequence[float], passes: float, seed: int) -> list[int]:
    order: list[int] = []
    number = 0
    items = sum(weight > 0 for weight in weights)
    total = max(min(items, 1), int(passes * items + 0.5))
    while len(order) < total:
        order += weighted_order(weights, seed + number)
        number += 1
    return order[:total]


def _cut(by_length: Sequence[int], lengths: Sequence[int], size: int, tokens: int) -> list[list[int]]:
    """Neighbours by length, as many to a batch as both limits allow."""
    batches: list[list[int]] = []
    for index in by_length:
        last = batches[-1] if batches else None
        if last is not None and len(last) < size and (len(last) + 1) * lengths[index] <= tokens:
            last.append(index)
        else:
            batches.append([index])
    return batches


def shares_of(
    batches: Sequence[Sequence[int]], lengths: Sequence[int], size: int
) -> list[tuple[list[int], ...]]:
    """The rows of the batches of one optimizer step, split among processes by tokens.

    Of all rows of the step the longest goes first, each to the process that has the fewest tokens so far (Graham's LPT
    rule), so what one batch splits unevenly another levels out. A process may have no row of a batch, or all of them.

    Source: Graham, "Bounds on multiprocessing timing anomalies" (1969).

    Args:
        batches: Rows of each batch, as indices into `lengths`.
        lengths: Tokens of each row.
        size: Processes.

    Returns:
        For each batch the rows of each process, in the batch's order.

    Example:
        >>> shares_of([[0, 1, 2], [3]], [5, 4, 3, 2], 2)
        [([0], [1, 2]), ([3], [])]
    """
    loads = [0] * size
    places = [(number, place) for number, batch in enumerate(batches) for place in range(len(batch))]
    taker = {}
    for number, place in sorted(places, key=lambda each: -lengths[batches[each[0]][each[1]]]):
        least = taker[number, place] = loads.index(min(loads))
        loads[least] += lengths[batches[number][place]]
    return [
        tuple(
            [row for place, row in enumerate(batch) if taker[number, place] == rank] for rank in range(size)
        )
        for number, batch in enumerate(batches)
    ]
