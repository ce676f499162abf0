"""A decoder layer of the Llama family as one function with its own backward.

What is kept of a token: the layer's input, queries, keys and values, attention's result, the input of the second
norm, gate and up, and A·x of every adapter. Norms, rotations, scores and the gated product are computed once more:
they are cheap. Products with the frozen weights are never repeated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from codebase_gardener.training.fast.torch_attention import (
    RowGroup,
    attend_group,
    attend_group_backward,
    joined,
    row_groups,
)
from codebase_gardener.training.fast.torch_kernels import (
    join_heads,
    rms_norm,
    rms_norm_backward,
    rotate_heads,
    rotate_heads_backward,
    split_heads,
    swiglu,
    swiglu_backward,
)
from codebase_gardener.training.fast.torch_lora import LoraLinear, lora_backward, lora_forward

__all__ = ["DecoderLayer", "decoder_layer"]


@dataclass(frozen=True)
class DecoderLayer:
    """The parts of a layer: x += o(attention(q, k, v)), then x += down(silu(gate) * up), norms before each.

    Attributes:
        linears: q, k, v, o, gate, up, down.
        norms: Weights [H] before attention and before the MLP.
        eps: Of both norms.
        heads: Of the queries.
        key_heads: Of keys and values.
        scale: Of the scores.
        dtype: Of the products.
    """

    linears: tuple[LoraLinear, ...]
    norms: tuple[Tensor, Tensor]
    eps: float
    heads: int
    key_heads: int
    scale: float
    dtype: torch.dtype


def decoder_layer(x: Tensor, layer: DecoderLayer, cos: Tensor, sin: Tensor, ends: Sequence[int]) -> Tensor:
    """The layer's output.

    Args:
        x: Rows one behind the other [T, H].
        layer: Its parts.
        cos: Of the rotary positions [T, D].
        sin: As `cos`.
        ends: Where each row ends, ascending to T.
    """
    weights = [weight for linear in layer.linears for weight in linear.weights]
    result: Tensor = _Layer.apply(x, layer, cos, sin, ends, *weights)  # type: ignore[no-untyped-call]
    return result


class _Layer(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, x: Tensor, layer: DecoderLayer, cos: Tensor, sin: Tensor, ends: Sequence[int], *_: Tensor
    ) -> Tensor:
        with torch.autocast(x.device.type, enabled=False):
            return _Layer._forward(ctx, x, layer, cos, sin, ends)

    @staticmethod
    def _forward(
        ctx: Any, x: Tensor, layer: DecoderLayer, cos: Tensor, sin: Tensor, ends: Sequence[int]
    ) -> Tensor:
        drops = [linear.draw() for linear in layer.linears]
        lows: list[Tensor | None] = []

        def product(rows: Tensor, number: int) -> Tensor:
            y, low = lora_forward(rows, layer.linears[number], drops[number])
            lows.append(low)
            return y

        normed, inverse_1 = rms_norm(x, layer.norms[0], layer.eps, layer.dtype)
        q, k, v = (product(normed, number) for number in range(3))
        parts, log_sums = [], []
        for group in row_groups(ends, layer.heads, x.device):
            out, found = attend_group(*_rotated(layer, group, q, k, v, cos, sin), group, layer.scale)
            parts.append(join_heads(out, group.back))
            log_sums += found
        attended = joined(parts)
        del parts, out
        middle = x + product(attended, 3)
        normed, inverse_2 = rms_norm(middle, layer.norms[1], layer.eps, layer.dtype)
        gate, up = product(normed, 4), product(normed, 5)
        out = middle + product(swiglu(gate, up), 6)
        ctx.save_for_backward(
            x, cos, sin, q, k, v, attended, middle, gate, up, inverse_1, inverse_2, *lows, *log_sums
        )
        ctx.layer, ctx.ends, ctx.drops = layer, ends, drops
        return out

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Any, ...]:
        layer, ends, drops = ctx.layer, ctx.ends, ctx.drops
        x, cos, sin, q, k, v, attended, middle, gate, up, inverse_1, inverse_2, *rest = ctx.saved_tensors
        lows, log_sums = rest[: len(drops)], rest[len(drops) :]
        found: dict[int, tuple[Tensor, ...]] = {}

        def back(grad: Tensor, rows: Tensor, number: int, into: Tensor | None = None) -> Tensor:
            to_rows, found[number] = lora_backward(
                grad, rows, lows[number], layer.linears[number], drops[number], into
            )
            return to_rows

        (grad,) = grads
        normed, _ = rms_norm(middle, layer.norms[1], layer.eps, layer.dtype)
        to_gated = back(grad.to(layer.dtype), swiglu(gate, up), 6)
        to_gate, to_up = swiglu_backward(to_gated, gate, up)
        to_normed = back(to_up, normed, 5, back(to_gate, normed, 4))
        grad = rms_norm_backward(to_normed, middle, layer.norms[1], inverse_2, grad)
        to_attended = back(grad.to(layer.dtype), attended, 3).view(len(x), layer.heads, -1)
        parts, left = [], iter(log_sums)
        for group in row_groups(ends, layer.heads, x.device):
            to_rotated = attend_group_backward(
                split_heads(to_attended[group.tokens], group.places),
                *_rotated(layer, group, q, k, v, cos, sin),
                [next(left) for _ in group.blocks],
                group,
                layer.scale,
            )
            rotary = cos[group.tokens], sin[group.tokens]
            parts.append(rotate_heads_backward(*to_rotated, *rotary, group.back, layer.key_heads))
        to_q, to_k, to_v = (joined(each) for each in zip(*parts, strict=True))
        normed, _ = rms_norm(x, layer.norms[0], layer.eps, layer.dtype)
        to_normed = back(to_v, normed, 2, back(to_k, normed, 1, back(to_q, normed, 0)))
        grad = rms_norm_backward(to_normed, x, layer.norms[0], inverse_1, grad)
        return grad, None, None, None, None, *(each for n in range(len(drops)) for each in found[n])


def _rotated(
    layer: DecoderLayer, group: RowGroup, q: Tensor, k: Tensor, v: Tensor, cos: Tensor, sin: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Queries, keys and values of some rows, with their positions, each [heads, P, D]."""
    q, k, v, cos, sin = (x[group.tokens] for x in (q, k, v, cos, sin))
    return rotate_heads(
        q.view(len(q), layer.heads, -1),
        k.view(len(k), layer.key_heads, -1),
        v.view(len(v), layer.key_heads, -1),
        cos,
        sin,
        group.places,
    )
