"""A pass of the Llama family's decoder without what transformers' generality costs.

For one token of a small base, transformers' modules take twice as long as the products in them. The operations are
its own, in its order and number formats; before the first use both are compared on a few tokens.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding, linear, rms_norm, silu

from codebase_gardener.adapters.torch_slots import with_slots
from codebase_gardener.serving.torch_attention import Span, attend_spans, spans_in_effect
from codebase_gardener.serving.torch_kv import KeyValues

__all__ = ["Decoder", "PlainDecoder", "decoder_for"]

_log = logging.getLogger(__name__)
_TYPES = ("llama", "mistral", "qwen2")
_CHECKED_TOKENS = 12
_TOLERANCE = {torch.float32: 1e-4, torch.bfloat16: 0.1, torch.float16: 0.02}
"""Of the largest logit: what rounding alone makes of the same operations in another grouping."""


class Decoder:
    """Logits by transformers' own modules, for any base."""

    def logits(
        self, model: Any, ids: Tensor, places: Tensor, spans: Sequence[Span], wanted: Tensor
    ) -> Tensor:
        """Logits of some tokens of several texts.

        Args:
            model: The base, with what is in effect on it, or an adapter's own model.
            ids: New tokens of all texts, one text behind the other, [N].
            places: Of each in its text, [N].
            spans: Of the texts.
            wanted: Numbers of the tokens whose logits are wanted, [W].

        Returns:
            [W, V], float32.
        """
        with spans_in_effect(model, spans):
            out = model(
                input_ids=ids[None], position_ids=places[None], use_cache=False, logits_to_keep=wanted
            )
        logits: Tensor = out.logits[0].float()
        return logits


class PlainDecoder(Decoder):
    """The same by plain operations on the base's own weights.

    Args:
        base: A base of the Llama family.
    """

    def __init__(self, base: Any) -> None:
        self._base, self._inner = base, base.model
        attention = base.model.layers[0].self_attn
        self._width, self._scale = attention.head_dim, attention.scaling
        self._windows = [_window(base.config, layer.self_attn) for layer in base.model.layers]

    def logits(
        self, model: Any, ids: Tensor, places: Tensor, spans: Sequence[Span], wanted: Tensor
    ) -> Tensor:
        """As `Decoder.logits`; an adapter with modules of its own is computed by them."""
        if model is not self._base:
            return super().logits(model, ids, places, spans, wanted)
        inner = self._inner
        x = embedding(ids[None], inner.embed_tokens.weight)
        cos, sin = (part[0, :, None] for part in inner.rotary_emb(x, position_ids=places[None]))
        for number, layer in enumerate(inner.layers):
            x = x + self._attention(layer.self_attn, _norm(x, layer.input_layernorm), number, spans, cos, sin)
            x = x + _gated(layer.mlp, _norm(x, layer.post_attention_layernorm))
        logits = _product(_norm(x[:, wanted], inner.norm), self._base.lm_head)
        for span in spans:
            span.values.length += span.count
        return logits[0].float()

    def _attention(
        self, attention: Any, x: Tensor, number: int, spans: Sequence[Span], cos: Tensor, sin: Tensor
    ) -> Tensor:
        q, k, v = (
            _product(x, part)[0].view(x.shape[1], -1, self._width)
            for part in (attention.q_proj, attention.k_proj, attention.v_proj)
        )
        heads = q.shape[1]
        both = torch.cat([q, k], dim=1)
        half = self._width // 2
        both = both * cos + torch.cat([-both[..., half:], both[..., :half]], dim=-1) * sin
        both = both.transpose(0, 1)
        out = attend_spans(
            spans,
            number,
            both[:heads],
            both[heads:],
            v.transpose(0, 1),
            self._scale,
            window=self._windows[number],
        )
        return _product(out.transpose(0, 1).reshape(1, x.shape[1], -1), attention.o_proj)


def _window(config: Any, attention: Any) -> int | None:
    own = getattr(attention, "sliding_window", None)
    of_all = config.sliding_window if config.model_type == "mistral" else None
    return own if own is not None else of_all


def _norm(x: Tensor, norm: Any) -> Tensor:
    weight: Tensor = norm.weight
    return weight * rms_norm(x, (x.shape[-1],), None, norm.variance_epsilon)


def _gated(mlp: Any, x: Tensor) -> Tensor:
    return _product(silu(_product(x, mlp.gate_proj)) * _product(x, mlp.up_proj), mlp.down_proj)


def _product(x: Tensor, layer: Any) -> Tensor:
    return with_slots(layer, x, linear(x, layer.weight, layer.bias))


@torch.no_grad()
def decoder_for(base: Any) -> Decoder:
    """The plain decoder where it computes what the base's own modules do; else these.

    Args:
        base: A base with nothing in effect on it.
    """
    own = Decoder()
    if not _is_plain(base):
        return own
    plain = PlainDecoder(base)
    device = base.device
    ids = torch.arange(3, 3 + _CHECKED_TOKENS, device=device) % base.config.vocab_size
    cut = _CHECKED_TOKENS // 2
    found = []
    for decoder in (own, plain):
        values, parts = KeyValues(), []
        for begin, end in ((0, cut), (cut, cut + 1), (cut + 1, _CHECKED_TOKENS)):
            places = torch.arange(begin, end, device=device)
            spans = [Span(values, end - begin)]
            parts.append(decoder.logits(base, ids[begin:end], places, spans, places - begin))
        found.append(torch.cat(parts))
    off = float((found[0] - found[1]).abs().max() / found[0].abs().max().clamp(min=1e-6))
    if off <= _TOLERANCE.get(base.dtype, 0.0):
        return plain
    _log.warning("%s: its own modules are used, plain operations differ by %.2g", base.config.model_type, off)
    return own


def _is_plain(base: Any) -> bool:
    """Whether the base is of the family, of plain linear layers with float weights, on one device."""
    if base.config.model_type not in _TYPES or base.config.hidden_act != "silu":
        return False
    linears = [module for module in base.modules() if isinstance(module, nn.Linear)]
    names = {name.rpartition(".")[2] for name, _ in base.named_modules()}
    return (
        {"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"} <= names
        and len(linears) == 7 * len(base.model.layers) + 1
        and all(layer.weight.is_floating_point() and "forward" not in vars(layer) for layer in linears)
        and not getattr(base, "hf_device_map", None)
    )
