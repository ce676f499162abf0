"""Causal attention of rows that lie one behind the other: each attends to itself only.

On a CPU the products go through bmm on blocks of queries: torch 2.13's flash attention for the CPU reaches a tenth
of the machine's rate of matrix products on short rows (docs/training-speed.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import dropout as drop
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface

from codebase_gardener.training.fast.parts import ROW_STEP
from codebase_gardener.training.fast.torch_kernels import (
    causal_softmax,
    causal_softmax_backward,
    join_heads,
    split_heads,
)

__all__ = [
    "ROWS",
    "RowGroup",
    "attend",
    "attend_backward",
    "attend_group",
    "attend_group_backward",
    "attend_rows",
    "joined",
    "row_ends",
    "row_groups",
]

ROWS = "gardener_rows"
"""The name of `attend_rows` among transformers' attention implementations."""

_BLOCK = 192  # queries at a time, at most: of a longer row, half of the unseen scores are not computed
_FILLER = 1 / 8  # of a row, at most, to go with a longer one
_SCORES = 8 * 2**20  # of all heads at once, at most, but for a single row


@dataclass(frozen=True)
class RowGroup:
    """Rows one behind the other, filled up to one length, so that bmm takes them together.

    Attributes:
        tokens: Where they lie.
        rows: How many.
        length: When filled up.
        blocks: Where the blocks of their queries start and end.
        places: The token at each of the rows * length places, counted from the group's first, or -1 [P, 1].
        back: The place of each token [tokens, 1].
    """

    tokens: slice
    rows: int
    length: int
    blocks: tuple[tuple[int, int], ...]
    places: Tensor
    back: Tensor


def row_groups(ends: Sequence[int], heads: int, device: torch.device) -> tuple[RowGroup, ...]:
    """Rows of like length that follow one another.

    Args:
        ends: Where each row ends, ascending.
        heads: Of the queries.
        device: Of the tensors.
    """
    return _row_groups(tuple(ends), heads, device)


@lru_cache(maxsize=16)  # each layer asks for the same
def _row_groups(ends: tuple[int, ...], heads: int, device: torch.device) -> tuple[RowGroup, ...]:
    groups: list[list[slice]] = []
    for start, end in pairwise((0, *ends)):
        row = slice(start, end)
        if groups and _go_together([*groups[-1], row], heads):
            groups[-1].append(row)
        else:
            groups.append([row])
    return tuple(_group(rows, device) for rows in groups)


def _filled_length(row: slice) -> int:
    length: int = row.stop - row.start
    return -(-length // ROW_STEP) * ROW_STEP


def _go_together(rows: Sequence[slice], heads: int) -> bool:
    lengths = [_filled_length(row) for row in rows]
    longest = max(lengths)
    entries = len(rows) * heads * min(longest, _BLOCK) * longest
    return min(lengths) >= (1 - _FILLER) * longest and entries <= _SCORES


def _group(rows: Sequence[slice], device: torch.device) -> RowGroup:
    length = max(map(_filled_length, rows))
    steps = length // ROW_STEP
    count = -(-length // _BLOCK)
    edges = [steps * number // count * ROW_STEP for number in range(count + 1)]
    first = rows[0].start
    places = torch.full((len(rows), length), -1, dtype=torch.long)
    for number, row in enumerate(rows):
        places[number, : row.stop - row.start] = torch.arange(row.start - first, row.stop - first)
    return RowGroup(
        tokens=slice(first, rows[-1].stop),
        rows=len(rows),
        length=length,
        blocks=tuple(pairwise(edges)),
        places=places.view(-1, 1).to(device),
        back=(places.flatten() >= 0).nonzero().to(device),
    )


def attend_group(
    q: Tensor, k: Tensor, v: Tensor, group: RowGroup, scale: float
) -> tuple[Tensor, list[Tensor]]:
    """Attention of rows filled up to one length.

    Args:
        q: [heads, P, D], as is `k`.
        k: Keys.
        v: Values; their D may be another.
        group: Of the P places.
        scale: Of the scores.

    Returns:
        [heads, P, D], and for the backward of each block the logarithms of its rows' sums.
    """
    queries, keys, values = (_each_row(x, group) for x in (q, k, v))
    parts, log_sums = [], []
    for first, last in group.blocks:
        scores = torch.bmm(queries[:, first:last], keys[:, :last].transpose(1, 2))
        probabilities, log_sum = causal_softmax(scores, scale)
        parts.append(torch.bmm(probabilities, values[:, :last]))
        log_sums.append(log_sum)
    return joined(parts, 1).view(*q.shape[:2], -1), log_sums


def attend_group_backward(
    grad: Tensor, q: Tensor, k: Tensor, v: Tensor, log_sums: Sequence[Tensor], group: RowGroup, scale: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients of `attend_group` by q, k and v; the scores are computed once more.

    Args:
        grad: By the result [heads, P, D], 0 where there is no token.
        q: As in the forward, as are the others.
    """
    queries, keys, values, above = (_each_row(x, group) for x in (q, k, v, grad))
    to_queries: list[Tensor] = []
    to_keys, to_values = keys, values  # replaced by the last queries, which see all keys and come first
    for (first, last), log_sum in zip(reversed(group.blocks), reversed(log_sums), strict=True):
        asked, seen, given = queries[:, first:last], keys[:, :last], above[:, first:last]
        scores = torch.bmm(asked, seen.transpose(1, 2))
        to_probabilities = torch.bmm(given, values[:, :last].transpose(1, 2))
        probabilities, to_scores = causal_softmax_backward(scores, log_sum, to_probabilities, scale)
        to_seen = torch.bmm(to_scores.transpose(1, 2), asked)
        to_given = torch.bmm(probabilities.transpose(1, 2), given)
        if to_queries:
            to_keys[:, :last] += to_seen
            to_values[:, :last] += to_given
        else:
            to_keys, to_values = to_seen, to_given
        to_queries.insert(0, torch.bmm(to_scores, seen))
    return joined(to_queries, 1).view_as(q), to_keys.view_as(k), to_values.view_as(v)


def _each_row(x: Tensor, group: RowGroup) -> Tensor:
    """[heads, P, D] as [heads * rows, length, D]."""
    return x.view(-1, group.length, x.shape[-1])


def joined(parts: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Tensors behind one another; one alone is not copied."""
    return parts[0] if len(parts) == 1 else torch.cat(list(parts), dim)


def attend(q: Tensor, k: Tensor, v: Tensor, ends: Sequence[int], scale: float) -> tuple[Tensor, list[Tensor]]:
    """Attention of rows that lie one behind the other.

    Args:
        q: [T, heads, D], contiguous, as is `k`.
        k: Keys.
        v: Values; their D may be another.
        ends: Where each row ends, ascending to T.
        scale: Of the scores.

    Returns:
        [T, heads, D], and what `attend_backward` needs.
    """
    parts, log_sums = [], []
    for group in row_groups(ends, q.shape[1], q.device):
        queries, keys, values = (split_heads(x[group.tokens], group.places) for x in (q, k, v))
        out, found = attend_group(queries, keys, values, group, scale)
        parts.append(join_heads(out, group.back))
        log_sums += found
    return joined(parts).view(*q.shape[:2], -1), log_sums


def attend_backward(
    grad: Tensor,
    q: Tensor,
    k: Tensor,
    v: Tensor,
    log_sums: Sequence[Tensor],
    ends: Sequence[int],
    scale: float,
) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients of `attend` by q, k and v, each [T, heads, D].

    Args:
        grad: By the result [T, heads, D].
        q: As in the forward, as are the others.
    """
    left = iter(log_sums)
    parts = []
    for group in row_groups(ends, q.shape[1], q.device):
        above, queries, keys, values = (split_heads(x[group.tokens], group.places) for x in (grad, q, k, v))
        own = [next(left) for _ in group.blocks]
        found = attend_group_backward(above, queries, keys, values, own, group, scale)
        parts.append([join_heads(x, group.back) for x in found])
    to_q, to_k, to_v = (joined(each).view(*q.shape[:2], -1) for each in zip(*parts, strict=True))
    return to_q, to_k, to_v


def row_ends(cu_seq_lens: Tensor) -> tuple[int, ...]:
    """Where each row ends, from transformers' `cu_seq_lens_q`: 0, then the ends."""
    return tuple(cu_seq_lens.tolist()[1:])


def attend_rows(
    module: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    **options: Any,
) -> tuple[Tensor, None]:
    """Attention as transformers' models call it, for packed rows: `cu_seq_lens_q` says where each begins.

    Args:
        module: The model's attention, which says whether it trains.
        query: [1, heads, T, D].
        key: [1, key heads, T, D].
        value: [1, key heads, T, D].
        attention_mask: None: rows are told apart by `cu_seq_lens_q`.
        scaling: Of the scores.
        dropout: Of the probabilities.
        options: Of them `cu_seq_lens_q`, `sliding_window` and `softcap` count; sinks and position biases are refused.

    Returns:
        [1, T, heads, D], and no weights.

    Raises:
        NotImplementedError: A mask, no `cu_seq_lens_q`, sinks (`s_aux`) or a position bias.
    """
    ends = options.get("cu_seq_lens_q")
    unknown = [name for name in ("s_aux", "position_bias") if options.get(name) is not None]
    if ends is None or attention_mask is not None or len(query) != 1 or unknown:
        raise NotImplementedError(f"attention of packed rows got {unknown or 'a mask, or no cu_seq_lens_q'}")
    scale = scaling if scaling is not None else query.shape[-1] ** -0.5
    share = query.shape[1] // key.shape[1]
    q, k, v = (x[0].transpose(0, 1) for x in (query, key, value))
    k, v = k.repeat_interleave(share, 1), v.repeat_interleave(share, 1)
    rows = row_ends(ends)
    longest = max(end - start for start, end in pairwise((0, *rows)))
    window, cap = options.get("sliding_window") or longest, options.get("softcap")
    dropout = dropout if module.training else 0.0
    if window < longest or cap or dropout or q.dtype != v.dtype:
        return _plain(q, k, v, rows, scale, window, cap, dropout)[None], None
    if query.device.type == "cpu":
        whole = (x.contiguous() for x in (q, k, v))
        return _Attention.apply(*whole, rows, scale)[None], None  # type: ignore[no-untyped-call]
    return _by_torch(q, k, v, rows, scale)[None], None


def _by_torch(q: Tensor, k: Tensor, v: Tensor, ends: Sequence[int], scale: float) -> Tensor:
    """Row by row through torch's own attention, for other devices; all are [T, heads, D]."""
    parts = []
    for start, end in pairwise((0, *ends)):
        queries, keys, values = (x[None, start:end].transpose(1, 2) for x in (q, k, v))
        parts.append(scaled_dot_product_attention(queries, keys, values, is_causal=True, scale=scale))
    return torch.cat([part[0].transpose(0, 1) for part in parts])


def _plain(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    ends: Sequence[int],
    scale: float,
    window: int,
    cap: float | None,
    dropout: float,
) -> Tensor:
    """With all options, row by row, differentiated by torch."""
    parts = []
    for start, end in pairwise((0, *ends)):
        queries, keys, values = (x[start:end].transpose(0, 1) for x in (q, k, v))
        scores = (queries @ keys.transpose(1, 2)).float() * scale
        if cap:
            scores = torch.tanh(scores / cap) * cap
        places = torch.arange(scores.shape[-1], device=scores.device)
        behind = places[:, None] - places[None]
        scores = scores.masked_fill((behind < 0) | (behind >= window), float("-inf"))
        probabilities = drop(scores.softmax(-1).to(v.dtype), dropout)
        parts.append((probabilities @ values).transpose(0, 1))
    return torch.cat(parts)


class _Attention(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, q: Tensor, k: Tensor, v: Tensor, ends: Sequence[int], scale: float) -> Tensor:
        with torch.autocast(q.device.type, enabled=False):
            out, log_sums = attend(q, k, v, ends, scale)
        ctx.save_for_backward(q, k, v, *log_sums)
        ctx.ends, ctx.scale = ends, scale
        return out

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Any, ...]:
        q, k, v, *log_sums = ctx.saved_tensors
        grad = grads[0].contiguous()
        return (*attend_backward(grad, q, k, v, log_sums, ctx.ends, ctx.scale), None, None)


AttentionInterface.register(ROWS, attend_rows)
