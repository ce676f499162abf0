"""Attention of several texts in one forward pass: their tokens stand one behind the other, each sees its own text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface

from codebase_gardener.serving.torch_kv import KeyValues
from codebase_gardener.utils.error_handling import ModelError

__all__ = ["Span", "check_attention", "spans_in_effect"]

_NAME = "gardener_spans"


@dataclass(frozen=True)
class Span:
    """A text's new tokens within a pass.

    Attributes:
        values: What was read of it.
        count: Tokens that are new.
    """

    values: KeyValues
    count: int


_spans: ContextVar[Sequence[Span]] = ContextVar("spans")


@contextmanager
def spans_in_effect(model: Any, spans: Sequence[Span]) -> Iterator[None]:
    """For a block, the model's attention reads [1, Σ counts] tokens as these spans; then their lengths have grown."""
    before = model.config._attn_implementation
    token = _spans.set(spans)
    model.config._attn_implementation = _NAME
    try:
        yield
    finally:
        model.config._attn_implementation = before
        _spans.reset(token)
    for span in spans:
        span.values.length += span.count


def check_attention(model: Any) -> None:
    """Make sure that a model's attention can be computed by spans.

    Raises:
        ModelError: It has layers of another kind, or an attention of its own.
    """
    kinds = set(getattr(model.config, "layer_types", None) or ())
    if not getattr(model, "_supports_attention_backend", False) or kinds - {
        "full_attention",
        "sliding_attention",
    }:
        raise ModelError(
            f"{model.config.model_type} has layers that this engine cannot batch",
            hint="serve another base; `gardener generate` answers with this one",
        )


def _attend(
    module: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    sliding_window: int | None = None,
    softcap: float | None = None,
    **_: Any,
) -> tuple[Tensor, None]:
    """Of query [1, H, N, D], keys and values [1, K, N, D]: [1, N, H, D]."""
    layer, begin, parts = module.layer_idx, 0, []
    heads, groups = key.shape[1], query.shape[1] // key.shape[1]
    for span in _spans.get():
        end = begin + span.count
        keys, values = span.values.write(
            layer, key[0, :, begin:end], value[0, :, begin:end], span.values.length
        )
        first = 0 if sliding_window is None else max(0, span.values.length - sliding_window + 1)
        # the heads that share keys stand behind one another, as if they were further tokens
        asked = query[0, :, begin:end].reshape(heads, groups * span.count, -1)
        mask = _mask(span, first, groups, sliding_window, query)
        said = _product(asked, keys[:, first:], values[:, first:], mask, scaling, softcap)
        parts.append(said.reshape(heads * groups, span.count, -1))
        begin = end
    return torch.cat(parts, dim=1).transpose(0, 1)[None], None


def _mask(span: Span, first: int, groups: int, window: int | None, like: Tensor) -> Tensor | None:
    """What each new token may not see, as summands [groups * count, T]; None: it sees everything."""
    if span.count == 1:
        return None
    at = torch.arange(span.values.length, span.values.length + span.count, device=like.device)[:, None]
    seen = torch.arange(first, span.values.length + span.count, device=like.device)[None]
    hidden = seen > at
    if window is not None:
        hidden |= seen <= at - window
    mask = torch.zeros(hidden.shape, dtype=like.dtype, device=like.device).masked_fill_(hidden, float("-inf"))
    return mask.repeat(groups, 1)


def _product(
    query: Tensor,
    keys: Tensor,
    values: Tensor,
    mask: Tensor | None,
    scaling: float | None,
    softcap: float | None,
) -> Tensor:
    if softcap is None:
        mask = None if mask is None else mask[None, None]
        out = scaled_dot_product_attention(
            query[None], keys[None], values[None], attn_mask=mask, scale=scaling
        )
        return out[0]
    scores = query @ keys.transpose(1, 2) * (scaling or query.shape[-1] ** -0.5)
    scores = torch.tanh(scores / softcap) * softcap
    return torch.softmax((scores if mask is None else scores + mask).float(), -1).to(values.dtype) @ values


AttentionInterface.register(_NAME, _attend)
