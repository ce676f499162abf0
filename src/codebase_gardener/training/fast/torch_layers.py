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
from codebase_gardener.training.fast.torch_lora import LoraLinear, draw_dropout, lora_backward, lora_forward

__all__ = ["DecoderLayer", "decoder_layer"]

_QKV, _O, _GATE_UP, _DOWN = range(4)
_SHARING = (slice(0, 3), slice(3, 4), slice(4, 6), slice(6, 7))  # linear layers with one input


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
        drops = [draw_dropout(layer.linears[each], len(x)) for each in _SHARING]
        lows: list[Tensor | None] = []

        def products(rows: Tensor, number: int) -> list[Tensor]:
            found, more = lora_forward(rows, layer.linears[_SHARING[number]], drops[number])
            lows.extend(more)
            return found

        normed, inverse_1 = rms_norm(x, layer.norms[0], layer.eps, layer.dtype)
        q, k, v = products(normed, _QKV)
        parts, log_sums = [], []
        for group in row_groups(ends, layer.heads, x.device):
            out, found = attend_group(*_rotated(layer, group, q, k, v, cos, sin), group, layer.scale)
            parts.append(join_heads(out, group.back))
            log_sums += found
        attended = joined(parts)
        del parts, out
        middle = x + products(attended, _O)[0]
        normed, inverse_2 = rms_norm(middle, layer.norms[1], layer.eps, layer.dtype)
        gate, up = products(normed, _GATE_UP)
        out = middle + products(swiglu(gate, up), _DOWN)[0]
        ctx.save_for_backward(
            x, cos, sin, q, k, v, attended, middle, gate, up, inverse_1, inverse_2, *lows, *log_sums
        )
        ctx.layer, ctx.ends, ctx.drops = layer, ends, drops
        return out

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Any, ...]:
        layer, ends, drops = ctx.layer, ctx.ends, ctx.drops
        x, cos, sin, q, k, v, attended, middle, gate, up, inverse_1, inverse_2, *rest = ctx.saved_tensors
        lows, log_sums = rest[: len(layer.linears)], rest[len(layer.linears) :]
        found: dict[int, list[tuple[Tensor, ...]]] = {}

        def back(above: Sequence[Tensor], rows: Tensor, number: int) -> Tensor:
            own = _SHARING[number]
            to_rows, found[number] = lora_backward(above, rows, lows[own], layer.linears[own], drops[number])
            return to_rows

        (grad,) = grads
        normed, _ = rms_norm(middle, layer.norms[1], layer.eps, layer.dtype)
        to_gated = back([grad.to(layer.dtype)], swiglu(gate, up), _DOWN)
        to_normed = back(swiglu_backward(to_gated, gate, up), normed, _GATE_UP)
        grad = rms_norm_backward(to_normed, middle, layer.norms[1], inverse_2, grad)
        to_attended = back([grad.to(layer.dtype)], attended, _O).view(len(x), layer.heads, -1)
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
        to_qkv = [joined(each) for each in zip(*parts, strict=True)]
        normed, _ = rms_norm(x, layer.norms[0], layer.eps, layer.dtype)
        to_normed = back(to_qkv, normed, _QKV)
        grad = rms_norm_backward(to_normed, x, layer.norms[0], inverse_1, grad)
        to_weights = (each for number in range(len(_SHARING)) for own in found[number] for each in own)
        return grad, None, None, None, None, *to_weights


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
