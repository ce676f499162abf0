"""The LoRA product with its backward written out: the frozen weight gets no gradient, only x and A·x are kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from peft.tuners.lora import LoraLayer
from torch import Tensor
from transformers.pytorch_utils import Conv1D

from codebase_gardener.training.fast.torch_kernels import Dropout

__all__ = ["LoraLinear", "lora_backward", "lora_forward", "lora_linear_of", "lora_product"]

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

    def draw(self) -> Dropout | None:
        """The dropout of one forward and its backward."""
        return Dropout(self.dropout) if self.dropout and self.lora_a is not None else None

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


def lora_forward(x: Tensor, linear: LoraLinear, dropout: Dropout | None) -> tuple[Tensor, Tensor | None]:
    """x W^T + scale · (dropout(x) A^T) B^T.

    Args:
        x: [T, K].
        linear: With weights W [N, K], A [r, K], B [N, r].
        dropout: As `linear.draw()` gave it.

    Returns:
        The product [T, N], and dropout(x) A^T [T, r], which the backward needs.
    """
    weight, bias = linear.dense(x.dtype), linear.base.bias
    y = torch.mm(x, weight.T) if bias is None else torch.addmm(bias.to(x.dtype), x, weight.T)
    if linear.lora_a is None or linear.lora_b is None:
        return y, None
    low = torch.mm(x if dropout is None else dropout(x), linear.lora_a.to(x.dtype).T)
    return y.addmm_(low, linear.lora_b.to(x.dtype).T, alpha=linear.scale), low


def lora_backward(
    grad: Tensor,
    x: Tensor,
    low: Tensor | None,
    linear: LoraLinear,
    dropout: Dropout | None,
    into: Tensor | None = None,
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """Gradients of `lora_forward`.

    Args:
        grad: By the product [T, N].
        x: As in the forward, as are `low`, `linear` and `dropout`.
        into: What the gradient by x is added to, in place; None: nothing.

    Returns:
        The gradient by x [T, K], and those by A and B in their own format, or ().
    """
    weight = linear.dense(x.dtype)
    to_x = torch.mm(grad, weight) if into is None else into.addmm_(grad, weight)
    if linear.lora_a is None or linear.lora_b is None or low is None:
        return to_x, ()
    a = linear.lora_a.to(x.dtype)
    to_low = torch.mm(grad, linear.lora_b.to(x.dtype)).mul_(linear.scale)
    to_b = torch.mm(low.T, grad).mul_(linear.scale).T
    if dropout is None:
        to_a = torch.mm(to_low.T, x)
        to_x.addmm_(to_low, a)
    else:
        to_a = torch.mm(to_low.T, dropout(x))
        to_x.add_(dropout(torch.mm(to_low, a)))
    return to_x, (to_a.to(linear.lora_a.dtype), to_b.to(linear.lora_b.dtype))


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
        dropout = linear.draw()
        with torch.autocast(x.device.type, enabled=False):
            y, low = lora_forward(x, linear, dropout)
        ctx.save_for_backward(x, low)
        ctx.linear, ctx.dropout = linear, dropout
        return y

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Any, ...]:
        x, low = ctx.saved_tensors
        to_x, to_weights = lora_backward(grads[0], x, low, ctx.linear, ctx.dropout)
        return to_x, None, *to_weights
