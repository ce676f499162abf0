"""Attention of packed rows against torch's own on each row alone."""

from __future__ import annotations

from itertools import accumulate, pairwise
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

from codebase_gardener.training.fast.torch_attention import _by_torch, attend, attend_backward, attend_rows

HEADS, WIDTH, SCALE = 3, 8, 0.3
LENGTHS = pytest.mark.parametrize(
    "lengths", [(33,), (1,), (5, 1, 32, 31), (320, 321), (321, 352, 330), (700, 64)], ids=str
)


def inputs(lengths: tuple[int, ...], key_heads: int = HEADS) -> list[Tensor]:
    torch.manual_seed(sum(lengths))
    return [torch.randn(sum(lengths), heads, WIDTH) for heads in (HEADS, key_heads, key_heads)]


def ends_of(lengths: tuple[int, ...]) -> list[int]:
    return list(accumulate(lengths))


def alone(q: Tensor, k: Tensor, v: Tensor, lengths: tuple[int, ...]) -> Tensor:
    parts = [
        scaled_dot_product_attention(
            *(x[a:b].transpose(0, 1)[None] for x in (q, k, v)), None, 0.0, True, scale=SCALE
        )
        for a, b in pairwise(accumulate(lengths, initial=0))
    ]
    return torch.cat([part[0].transpose(0, 1) for part in parts])


@LENGTHS
def test_rows_attend_to_themselves(lengths: tuple[int, ...]) -> None:
    q, k, v = inputs(lengths)
    out, _ = attend(q, k, v, ends_of(lengths), SCALE)
    torch.testing.assert_close(out, alone(q, k, v, lengths), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(_by_torch(q, k, v, ends_of(lengths), SCALE), out, atol=1e-5, rtol=1e-5)


@LENGTHS
def test_gradients(lengths: tuple[int, ...]) -> None:
    given = [x.requires_grad_() for x in inputs(lengths)]
    grad = torch.randn(sum(lengths), HEADS, WIDTH)
    expected = torch.autograd.grad(alone(*given, lengths), given, grad)
    with torch.no_grad():
        _, log_sums = attend(*given, ends_of(lengths), SCALE)
        got = attend_backward(grad, *given, log_sums, ends_of(lengths), SCALE)
    for mine, own in zip(got, expected, strict=True):
        torch.testing.assert_close(mine, own, atol=1e-5, rtol=1e-5)


def call(lengths: tuple[int, ...], **options: Any) -> Tensor:
    """As a model calls it, with two key heads for four query heads."""
    torch.manual_seed(0)
    q, k, v = (torch.randn(1, heads, sum(lengths), WIDTH) for heads in (4, 2, 2))
    places = torch.tensor([0, *ends_of(lengths)], dtype=torch.int32)
    given = {"cu_seq_lens_q": places, "attention_mask": None, "scaling": SCALE, **options}
    out, weights = attend_rows(SimpleNamespace(training=False), q, k, v, **given)
    assert weights is None
    return out


def test_a_window_as_wide_as_the_rows_changes_nothing_and_a_narrower_one_does() -> None:
    free = call((9, 20))
    torch.testing.assert_close(call((9, 20), sliding_window=20), free)
    narrow = call((9, 20), sliding_window=4)
    torch.testing.assert_close(narrow[:, :4], free[:, :4])
    assert not torch.allclose(narrow[:, 8], free[:, 8])
    torch.testing.assert_close(call((9, 20), softcap=1e4), free, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(
    "options",
    [{"attention_mask": torch.ones(1)}, {"cu_seq_lens_q": None}, {"s_aux": torch.ones(4)}],
    ids=["a mask", "no row ends", "sinks"],
)
def test_what_it_does_not_know_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(NotImplementedError):
        call((3, 4), **options)


def test_values_of_another_width() -> None:
    lengths = (33, 40, 7)
    q, k, _ = inputs(lengths)
    v = torch.randn(sum(lengths), HEADS, WIDTH + 3)
    given = [x.requires_grad_() for x in (q, k, v)]
    expected = alone(*given, lengths)
    grad = torch.randn_like(expected)
    to_given = torch.autograd.grad(expected, given, grad)
    with torch.no_grad():
        out, log_sums = attend(*given, ends_of(lengths), SCALE)
        got = attend_backward(grad, *given, log_sums, ends_of(lengths), SCALE)
    torch.testing.assert_close(out, expected, atol=1e-5, rtol=1e-5)
    for mine, own in zip(got, to_given, strict=True):
        torch.testing.assert_close(mine, own, atol=1e-5, rtol=1e-5)
