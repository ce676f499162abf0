"""Causal attention of rows that lie one behind the other: each attends to itself only.

On a CPU the products go through bmm on blocks of queries: torch 2.13's flash attention for the CPU reaches a tenth
of the machine's rate of matrix products on short rows (docs/training-speed.md).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import dropout as drop
from torch.nn.functional import pad, scaled_dot_product_attention
from transformers import AttentionInterface

from codebase_gardener.training.fast_parts import ROW_STEP
from codebase_gardener.training.torch_kernels import causal_softmax, causal_softmax_backward

__all__ = ["ROWS", "attend", "attend_backward", "attend_rows", "row_ends"]

ROWS = "gardener_rows"
"""The name of `attend_rows` among transformers' attention implementations."""

_BLOCK = 320  # queries at a time, at most: of a longer row, half of the unseen scores are not computed


def _rows(ends: Sequence[int]) -> Iterator[tuple[slice, int, list[tuple[int, int]]]]:
    """Of each row its place, its length when filled up, and where the blocks of its queries start and end in that."""
    start = 0
    for end in ends:
        steps = -(-(end - start) // ROW_STEP)
        count = -(-steps * ROW_STEP // _BLOCK)
        edges = [steps * number // count * ROW_STEP for number in range(count + 1)]
        yield slice(start, end), steps * ROW_STEP, list(pairwise(edges))
        start = end


def _filled(x: Tensor, row: slice, length: int) -> Tensor:
    """A row of [heads, T, D], contiguous and filled up with zeros: bmm would copy a slice at every use."""
    return pad(x[:, row], (0, 0, 0, length - (row.stop - row.start))).contiguous()


def attend(q: Tensor, k: Tensor, v: Tensor, ends: Sequence[int], scale: float) -> tuple[Tensor, list[Tensor]]:
    """Attention.

    Args:
        q: [heads, T, D], as are `k` and `v`.
        k: Keys.
        v: Values.
        ends: Where each row ends, ascending to T.
        scale: Of the scores.

    Returns:
        [T, heads, D], and for the backward of each block the logarithms of its rows' sums.
    """
    out = torch.empty((q.shape[1], q.shape[0], v.shape[2]), dtype=q.dtype, device=q.device)
    totals = []
    for row, length, blocks in _rows(ends):
        queries, keys, values = (_filled(x, row, length) for x in (q, k, v))
        for first, last in blocks:
            scores = torch.bmm(queries[:, first:last], keys[:, :last].transpose(1, 2))
            chances, total = causal_softmax(scores, scale)
            place = out[row][first:last]
            place.copy_(torch.bmm(chances, values[:, :last]).transpose(0, 1)[: len(place)])
            totals.append(total)
    return out, totals


def attend_backward(
    grad: Tensor,
    q: Tensor,
    k: Tensor,
    v: Tensor,
    totals: Sequence[Tensor],
    ends: Sequence[int],
    scale: float,
) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients of `attend` by q, k and v, each [heads, T, D]; the scores are computed once more.

    Args:
        grad: By the result [T, heads, D].
        q: As in the forward, as are the others.
    """
    to_q, to_k, to_v = torch.empty_like(q), torch.empty_like(k), torch.empty_like(v)
    left = iter(totals)
    for row, length, blocks in _rows(ends):
        queries, keys, values = (_filled(x, row, length) for x in (q, k, v))
        above = _filled(grad.transpose(0, 1), row, length)
        to_keys, to_values = torch.zeros_like(keys), torch.zeros_like(values)
        for (first, last), total in zip(blocks, (next(left) for _ in blocks), strict=True):
            asked, seen = queries[:, first:last], keys[:, :last]
            scores = torch.bmm(asked, seen.transpose(1, 2))
            to_chances = torch.bmm(above[:, first:last], values[:, :last].transpose(1, 2))
            chances, to_scores = causal_softmax_backward(scores, total, to_chances, scale)
            place = to_q[:, row][:, first:last]
            place.copy_(torch.bmm(to_scores, seen)[:, : place.shape[1]])
            to_keys[:, :last] += torch.bmm(to_scores.transpose(1, 2), asked)
            to_values[:, :last] += torch.bmm(chances.transpose(1, 2), above[:, first:last])
        to_k[:, row] = to_keys[:, : row.stop - row.start]
        to_v[:, row] = to_values[:, : row.stop - row.start]
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
    q, k, v = query[0], key[0].repeat_interleave(share, 0), value[0].repeat_interleave(share, 0)
    rows = row_ends(ends)
    longest = max(end - start for start, end in zip((0, *rows), rows, strict=False))
    window, cap = options.get("sliding_window") or longest, options.get("softcap")
    dropout = dropout if module.training else 0.0
    if window < longest or cap or dropout or q.dtype != v.dtype:
        return _plain(q, k, v, rows, scale, window, cap, dropout)[None], None
    if query.device.type == "cpu":
        return _Attention.apply(q, k, v, rows, scale)[None], None  # type: ignore[no-untyped-call]
    return _by_torch(q, k, v, rows, scale)[None], None


def _by_torch(q: Tensor, k: Tensor, v: Tensor, ends: Sequence[int], scale: float) -> Tensor:
    """Row by row through torch's own attention, for other devices. Returns [T, heads, D]."""
    parts = [
        scaled_dot_product_attention(
            q[None, :, row], k[None, :, row], v[None, :, row], is_causal=True, scale=scale
        )
        for row, _, _ in _rows(ends)
    ]
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
    for row, _, _ in _rows(ends):
        scores = (q[:, row] @ k[:, row].transpose(1, 2)).float() * scale
        if cap:
            scores = torch.tanh(scores / cap) * cap
        places = torch.arange(scores.shape[-1], device=scores.device)
        behind = places[:, None] - places[None]
        scores = scores.masked_fill((behind < 0) | (behind >= window), float("-inf"))
        chances = drop(scores.softmax(-1).to(v.dtype), dropout)
        parts.append((chances @ v[:, row]).transpose(0, 1))
    return torch.cat(parts)


class _Attention(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, q: Tensor, k: Tensor, v: Tensor, ends: Sequence[int], scale: float) -> Tensor:
        with torch.autocast(q.device.type, enabled=False):
            out, totals = attend(q, k, v, ends, scale)
        ctx.save_for_backward(q, k, v, *totals)
        ctx.ends, ctx.scale = ends, scale
        return out

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Any, ...]:
        q, k, v, *totals = ctx.saved_tensors
        return (*attend_backward(grads[0], q, k, v, totals, ctx.ends, ctx.scale), None, None)


AttentionInterface.register(ROWS, attend_rows)
