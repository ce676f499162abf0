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

__all__ = ["Span", "attend_spans", "check_attention", "spans_in_effect"]

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
    """As transformers asks for it: of query [1, H, N, D], keys and values [1, K, N, D]: [1, N, H, D]."""
    spans = _spans.get()
    out = attend_spans(
        spans, module.layer_idx, query[0], key[0], value[0], scaling, window=sliding_window, softcap=softcap
    )
    return out.transpose(0, 1)[None], None


def attend_spans(
    spans: Sequence[Span],
    layer: int,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    scale: float | None,
    *,
    window: int | None = None,
    softcap: float | None = None,
) -> Tensor:
    """What each token reads of its own text.

    Args:
        spans: Of the texts, in the order of their tokens; each text's keys and values are kept in its span.
        layer: Number of the layer.
        query: [H, N, D].
        key: [K, N, D]; H is a multiple of K.
        value: As `key`.
        scale: Of the scores; None: 1 / sqrt(D).
        window: How many tokens are seen, the own one counted; None: all.
        softcap: Scores are bent to stay below it.

    Returns:
        [H, N, D].
    """
    begin, parts = 0, []
    heads, groups = key.shape[0], query.shape[0] // key.shape[0]
    for span in spans:
        end = begin + span.count
        start = span.values.length
        keys, values = span.values.write(layer, key[:, begin:end], value[:, begin:end], start)
        first = 0 if window is None else max(0, start - window + 1)
        # the heads that share keys stand behind one another, as if they were further tokens
        asked = query[:, begin:end].reshape(heads, groups * span.count, -1)
        mask = _mask(span, first, groups, window, query)
        said = _product(asked, keys[:, first:], values[:, first:], mask, scale, softcap)
        parts.append(said.view(heads * groups, span.count, -1))
        begin = end
    return parts[0] if len(parts) == 1 else torch.cat(parts, dim=1)


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
