"""Dropout before low-rank products: masks are a function of a random key for each row, computed anew in the backward.

No mask is stored and nothing is multiplied: the bits of what is dropped are cleared, the low-rank product has the
scale. A word of the hash is two numbers of 16 bits: enough for two elements of 16 bits, or for one of 32.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import torch
from torch import Tensor

from codebase_gardener.training.fast.torch_compiled import kernel

__all__ = ["Dropout", "kept", "kept_backward"]

_NUMBERS = 2**16  # of which a share is dropped


def _masks(rows: Tensor, columns: Tensor, threshold: int, halves: bool, modules: int) -> list[Tensor]:
    """For each module ones where something is kept [T, W], int32.

    Source: the hash "lowbias32" of Chris Wellons' hash-prospector, its last round repeated for each further module; its
    last shift is left to the lower half, which alone needs it.
    """
    zero = torch.zeros((), dtype=torch.int32, device=rows.device)
    mixed = rows + columns.view(torch.int32)
    mixed = (mixed ^ ((mixed >> 16) & 0xFFFF)) * 0x7FEB352D
    masks = []
    for _ in range(modules):
        mixed = (mixed ^ ((mixed >> 15) & 0x1FFFF)) * -0x7B935975
        if halves:
            upper = torch.where(mixed > threshold, zero - 0x10000, zero)
            masks.append(upper | torch.where((mixed ^ (mixed << 16)) > threshold, zero + 0xFFFF, zero))
        else:
            masks.append(torch.where(mixed > threshold, zero - 1, zero))
    return masks


def _cleared(words: Tensor, mask: Tensor) -> Tensor:
    return (words.view(torch.int32) & mask).view(torch.float32)


def _sum(words: Sequence[Tensor], halves: bool) -> Tensor:
    """The sum of the elements, float32 or bfloat16, rounded once to the nearest even."""
    if len(words) == 1 or not halves:
        return sum(words[1:], words[0])

    def total(parts: Sequence[Tensor]) -> Tensor:
        exact = sum((part.view(torch.float32) for part in parts[1:]), parts[0].view(torch.float32)).view(
            torch.int32
        )
        return exact + 0x7FFF + ((exact >> 16) & 1)

    bits = [word.view(torch.int32) for word in words]
    upper, lower = total([each & -0x10000 for each in bits]), total([each << 16 for each in bits])
    return ((upper & -0x10000) | ((lower >> 16) & 0xFFFF)).view(torch.float32)


@kernel({2: (0,)})
def kept(
    words: Tensor, rows: Tensor, columns: Tensor, threshold: int, halves: bool, modules: int
) -> tuple[Tensor, ...]:
    """What dropout leaves for each module, not scaled.

    Args:
        words: Bits of the elements [T, W], as float32: torch 2.13 loads that in one instruction, int32 in twenty.
        rows: A random key for each [T, 1], int32.
        columns: A key for each [W], int32 as float32.
        threshold: Numbers that are not greater are dropped; of the 32 bits the upper 16 count.
        halves: Whether a word is two elements.
        modules: That have a mask of their own each.
    """
    return tuple(_cleared(words, mask) for mask in _masks(rows, columns, threshold, halves, modules))


@kernel({2: (0,)})
def kept_backward(
    words: Tensor, rows: Tensor, columns: Tensor, threshold: int, halves: bool, *grads: Tensor
) -> tuple[Tensor, ...]:
    """`kept` once more, and last the gradient by `words`.

    Args:
        words: As in `kept`, as are the others; of two elements, these are bfloat16.
        grads: Gradients by the results of `kept`, as words.
    """
    masks = _masks(rows, columns, threshold, halves, len(grads))
    back = [_cleared(grad, mask) for grad, mask in zip(grads, masks, strict=True)]
    return *(_cleared(words, mask) for mask in masks), _sum(back, halves)


class Dropout:
    """Dropout of the input that some modules share, each with a mask of its own, drawn from torch's generator.

    Args:
        probability: Above 0; rounded to a multiple of 2^-16.
        rows: Of the input.
        modules: How many.

    Attributes:
        scale: What is kept is to be multiplied by it, or what is computed from it.

    Source: Srivastava et al., "Dropout" (2014).
    """

    def __init__(self, probability: float, rows: int, modules: int = 1) -> None:
        dropped = min(max(round(probability * _NUMBERS), 1), _NUMBERS - 1)
        self.scale = _NUMBERS / (_NUMBERS - dropped)
        self.threshold = ((dropped - _NUMBERS // 2) << 16) - 1
        self.modules = modules
        self._rows = torch.randint(-(2**31), 2**31 - 1, (rows, 1), dtype=torch.int32)

    def __call__(self, x: Tensor) -> tuple[Tensor, ...]:
        """What each module keeps of x [T, K], not scaled; the same at every call."""
        words = _words(x)
        found = kept(words, *self._keys(words), self.threshold, x.element_size() == 2, self.modules)
        return tuple(each.view(x.dtype) for each in found)

    def backward(self, x: Tensor, grads: Sequence[Tensor]) -> tuple[tuple[Tensor, ...], Tensor]:
        """The same, and the gradient by x, of gradients by what was kept, each [T, K] in the format of x."""
        words = _words(x)
        given = [_words(grad) for grad in grads]
        found = kept_backward(words, *self._keys(words), self.threshold, x.element_size() == 2, *given)
        *again, to_x = (each.view(x.dtype) for each in found)
        return tuple(again), to_x

    def _keys(self, words: Tensor) -> tuple[Tensor, Tensor]:
        return self._rows.to(words.device), _columns(words.shape[1], words.device)


def _words(x: Tensor) -> Tensor:
    """The elements in words of 32 bits.

    Raises:
        NotImplementedError: An odd number of elements of 16 bits in a row, or another format than float32 and bfloat16.
    """
    if x.dtype not in (torch.float32, torch.bfloat16) or x.element_size() * x.shape[1] % 4:
        raise NotImplementedError(f"dropout of rows of {x.shape[1]} {x.dtype}")
    return x.contiguous().view(torch.float32)


@lru_cache(maxsize=64)
def _columns(width: int, device: torch.device) -> Tensor:
    """Keys that differ [W], as the kernels take them."""
    return (torch.arange(width, dtype=torch.int32) * -0x61C88647).view(torch.float32).to(device)
