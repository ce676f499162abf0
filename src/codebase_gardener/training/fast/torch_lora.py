"""The LoRA product with its backward written out: the frozen weight gets no gradient, only x and A·x are kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any

import torch
from peft.tuners.lora import LoraLayer
from torch import Tensor
from transformers.pytorch_utils import Conv1D

from codebase_gardener.training.fast.torch_masks import Dropout

__all__ = ["LoraLinear", "draw_dropout", "lora_backward", "lora_forward", "lora_linear_of", "lora_product"]

# PEFT's layers whose forward is: the base layer's product + scale * B(A(dropout(x)))
_ADAPTED = ("Linear", "Linear4bit", "TorchaoLoraLinear")


@dataclass(frozen=True)
class LoraLinear:
    """A frozen linear layer with, or without, a low-rank adapter.

    Attributes:
        base: The frozen layer.
        lora_a: A's weight [r, K], or None.
        lora_b: B's weight [N, r], or None.
        scale: Of the low-rank product.
        dropout: Probability, before A.
    """

    base: Any
    lora_a: Tensor | None = None
    lora_b: Tensor | None = None
    scale: float = 1.0
    dropout: float = 0.0

    @property
    def weights(self) -> tuple[Tensor, ...]:
        """What is trained: A and B, or nothing."""
        return (self.lora_a, self.lora_b) if self.lora_a is not None and self.lora_b is not None else ()

    def dense(self, dtype: torch.dtype) -> Tensor:
        """The frozen weight [N, K]; a quantized one is dequantized at each use, as its own layer does."""
        weight: Tensor = self.base.weight
        if type(self.base) is Conv1D:
            return weight.T.to(dtype)
        if _is_nf4(self.base):
            from bitsandbytes.functional import dequantize_4bit

            return dequantize_4bit(weight, weight.quant_state).to(dtype)  # type: ignore[attr-defined]
        return weight.dequantize().to(dtype) if _is_int8(weight) else weight.to(dtype)


def lora_linear_of(module: Any) -> LoraLinear | None:
    """What `lora_forward` computes for a module as it is now, or None where it computes something else."""
    if not isinstance(module, LoraLayer):
        return LoraLinear(module) if _is_plain(module) else None
    if type(module).__name__ not in _ADAPTED or module.merged or len(module.active_adapters) > 1:
        return None
    base = module.base_layer
    if not _is_plain(base):
        return None
    name = module.active_adapters[0] if module.active_adapters else ""
    if module.disable_adapters or name not in module.lora_A:
        return LoraLinear(base)
    a, b = module.lora_A[name], module.lora_B[name]
    if name in module.lora_variant or a.bias is not None or b.bias is not None:
        return None
    probability = getattr(module.lora_dropout[name], "p", 0.0) if module.training else 0.0
    return LoraLinear(base, a.weight, b.weight, module.scaling[name], probability)


def _is_plain(base: Any) -> bool:
    """Whether a module is a frozen product with a weight that `LoraLinear.dense` can give."""
    if "forward" in vars(base) or base._forward_hooks or base._forward_pre_hooks:
        return False  # altered, or moved between devices by accelerate's hooks
    if any(parameter.requires_grad for parameter in base.parameters()):
        return False
    if type(base) in (torch.nn.Linear, Conv1D):
        return type(base.weight) is torch.nn.Parameter or _is_int8(base.weight)
    return _is_nf4(base)


def _is_nf4(base: Any) -> bool:
    """bitsandbytes' Linear4bit. Its LLM.int8 quantizes activations, too: no product with a dequantized weight."""
    return type(base).__name__ == "Linear4bit" and getattr(base.weight, "quant_state", None) is not None


def _is_int8(weight: Any) -> bool:
    """torchao's int8 weights, where activations are not quantized."""
    return type(weight).__name__ == "Int8Tensor" and getattr(weight, "act_quant_kwargs", None) is None


def draw_dropout(linears: Sequence[LoraLinear], rows: int) -> Dropout | None:
    """The dropout of one forward, and of its backward, for layers that share an input of so many rows."""
    drawn = [linear.dropout for linear in linears if linear.weights]
    return Dropout(drawn[0], rows, len(drawn)) if drawn and drawn[0] else None


def lora_forward(
    x: Tensor, linears: Sequence[LoraLinear], dropout: Dropout | None
) -> tuple[list[Tensor], list[Tensor | None]]:
    """x W^T + scale · (dropout(x) A^T) B^T of layers that share their input.

    Args:
        x: [T, K].
        linears: With weights W [N, K], A [r, K], B [N, r].
        dropout: As `draw_dropout` gave it.

    Returns:
        Of each the product [T, N], and what dropout kept of x, times A^T [T, r], which the backward needs.
    """
    products: list[Tensor] = []
    lows: list[Tensor | None] = []
    inputs = repeat(x) if dropout is None else iter(dropout(x))
    for linear in linears:
        weight, bias = linear.dense(x.dtype), linear.base.bias
        y = torch.mm(x, weight.T) if bias is None else torch.addmm(bias.to(x.dtype), x, weight.T)
        low = None
        if linear.lora_a is not None and linear.lora_b is not None:
            low = torch.mm(next(inputs), linear.lora_a.to(x.dtype).T)
            y.addmm_(low, linear.lora_b.to(x.dtype).T, alpha=_scale(linear, dropout))
        products.append(y)
        lows.append(low)
    return products, lows


def lora_backward(
    grads: Sequence[Tensor],
    x: Tensor,
    lows: Sequence[Tensor | None],
    linears: Sequence[LoraLinear],
    dropout: Dropout | None,
) -> tuple[Tensor, list[tuple[Tensor, ...]]]:
    """Gradients of `lora_forward`.

    Args:
        grads: By each product [T, N].
        x: As in the forward, as are `lows`, `linears` and `dropout`.

    Returns:
        The gradient by x [T, K], and of each layer those by A and B in their own format, or ().
    """
    adapted = [
        (n, linear.lora_a, linear.lora_b, _scale(linear, dropout), low)
        for n, (linear, low) in enumerate(zip(linears, lows, strict=True))
        if linear.lora_a is not None and linear.lora_b is not None and low is not None
    ]
    weights = [a.to(x.dtype) for _, a, *_ in adapted]
    to_lows = [torch.mm(grads[n], b.to(x.dtype)).mul_(scale) for n, _, b, scale, _ in adapted]
    first = linears[0].dense(x.dtype)
    inputs: Sequence[Tensor] = [x] * len(adapted)
    if dropout is None:
        to_x = torch.mm(grads[0], first)
    else:
        pairs = zip(to_lows, weights, strict=True)
        inputs, to_x = dropout.backward(x, [torch.mm(to_low, a) for to_low, a in pairs])
        to_x.addmm_(grads[0], first)
    for grad, linear in zip(grads[1:], linears[1:], strict=True):
        to_x.addmm_(grad, linear.dense(x.dtype))
    found: list[tuple[Tensor, ...]] = [()] * len(linears)
    for (n, a, b, scale, low), to_low, weight, kept in zip(adapted, to_lows, weights, inputs, strict=True):
        if dropout is None:
            to_x.addmm_(to_low, weight)
        to_b = torch.mm(low.T, grads[n]).mul_(scale).T
        found[n] = (torch.mm(to_low.T, kept).to(a.dtype), to_b.to(b.dtype))
    return to_x, found


def _scale(linear: LoraLinear, dropout: Dropout | None) -> float:
    """Of the low-rank product, with that of what dropout kept."""
    return linear.scale if dropout is None else linear.scale * dropout.scale


def lora_product(x: Tensor, linear: LoraLinear, dtype: torch.dtype) -> Tensor:
    """`lora_forward` for autograd.

    Args:
        x: [..., K].
        linear: With its weights.
        dtype: Of the products.
    """
    flat = x.reshape(-1, x.shape[-1]).to(dtype)
    y: Tensor = _Product.apply(flat, linear, *linear.weights)  # type: ignore[no-untyped-call]
    return y.view(*x.shape[:-1], -1)


class _Product(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, linear: LoraLinear, *weights: Tensor) -> Tensor:
        dropout = draw_dropout([linear], len(x))
        with torch.autocast(x.device.type, enabled=False):
            (y,), (low,) = lora_forward(x, [linear], dropout)
        ctx.save_for_backward(x, low)
        ctx.linear, ctx.dropout = linear, dropout
        return y

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Any, ...]:
        x, low = ctx.saved_tensors
        to_x, (to_weights,) = lora_backward(grads, x, [low], [ctx.linear], ctx.dropout)
        return to_x, None, *to_weights
