"""Elementwise parts of a training step, each one pass over memory where a compiler is there, plain torch elsewhere.

Statistics (norms, softmax) are computed in float32 whatever the number format of the tensors.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import silu

from codebase_gardener.training.fast.torch_compiled import kernel

__all__ = [
    "causal_softmax",
    "causal_softmax_backward",
    "join_heads",
    "log_sum_exp",
    "rms_norm",
    "rms_norm_backward",
    "rotate_heads",
    "rotate_heads_backward",
    "softmax_minus_label",
    "split_heads",
    "swiglu",
    "swiglu_backward",
]


@kernel({2: (0,)})
def rms_norm(x: Tensor, weight: Tensor, eps: float, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Root mean square norm.

    Args:
        x: [T, H].
        weight: [H].
        eps: Added to the mean square.
        dtype: Of the result.

    Returns:
        The normed rows [T, H], and 1 / root mean square of each row [T, 1], float32.
    """
    wide = x.float()
    inverse = torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + eps)
    return (weight * (wide * inverse).to(x.dtype)).to(dtype), inverse


@kernel({2: (0,)})
def rms_norm_backward(grad: Tensor, x: Tensor, weight: Tensor, inverse: Tensor, residual: Tensor) -> Tensor:
    """Gradient of `rms_norm` by `x`, plus `residual`: the gradient that goes around the norm."""
    wide, scaled = x.float() * inverse, grad.float() * weight.float()
    through = (scaled - wide * (scaled * wide).mean(-1, keepdim=True)) * inverse
    return residual + through.to(residual.dtype)


@kernel({2: (0,)})
def swiglu(gate: Tensor, up: Tensor) -> Tensor:
    """silu(gate) * up, of equal shapes [T, I]."""
    return silu(gate.float()).to(gate.dtype) * up


@kernel({2: (0,)})
def swiglu_backward(grad: Tensor, gate: Tensor, up: Tensor) -> tuple[Tensor, Tensor]:
    """Gradients of `swiglu` by `gate` and `up`."""
    wide, above, below = gate.float(), up.float(), grad.float()
    sigmoid = torch.sigmoid(wide)
    active = wide * sigmoid
    to_gate = below * above * (sigmoid + active * (1 - sigmoid))
    return to_gate.to(gate.dtype), (below * active).to(up.dtype)


def _half_rotated(x: Tensor) -> Tensor:
    half = x.shape[-1] // 2
    return torch.cat((-x[..., half:], x[..., :half]), -1)


def _split(x: Tensor, places: Tensor) -> Tensor:
    found = x[places[:, 0].clamp_min(0)]
    return torch.where(places[:, :, None] >= 0, found, 0.0)


@kernel({2: (0,), 3: (0,)})
def split_heads(x: Tensor, places: Tensor) -> Tensor:
    """Rows filled up, heads first.

    Args:
        x: [T, heads, D].
        places: The token at each place [P, 1]; -1: none, filled with 0.

    Returns:
        [heads, P, D].
    """
    return _split(x, places).to(x.dtype).transpose(0, 1).contiguous()


@kernel({2: (0,), 3: (1,)})
def join_heads(x: Tensor, back: Tensor) -> Tensor:
    """What `split_heads` did, undone: [heads, P, D] to [T, heads * D]; `back` is the place of each token [T, 1]."""
    return x[:, back[:, 0]].transpose(0, 1).reshape(len(back), -1)


@kernel({2: (0,), 3: (0,)})
def rotate_heads(
    q: Tensor, k: Tensor, v: Tensor, cos: Tensor, sin: Tensor, places: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """`split_heads` with rotary positions, keys and values repeated for the query heads that share them.

    Args:
        q: [T, heads, D].
        k: [T, key heads, D].
        v: [T, key heads, D].
        cos: [T, D].
        sin: [T, D].
        places: As in `split_heads`.

    Returns:
        Three tensors [heads, P, D].

    Source: Su et al., "RoFormer" (2021), in the half-rotated form of transformers.
    """
    cos, sin = cos[:, None], sin[:, None]
    share = q.shape[1] // k.shape[1]

    def split(x: Tensor, times: int) -> Tensor:
        return _split(x, places).to(q.dtype).transpose(0, 1).repeat_interleave(times, 0).contiguous()

    rotated_q = (q * cos + _half_rotated(q) * sin).to(q.dtype)
    rotated_k = (k * cos + _half_rotated(k) * sin).to(k.dtype)
    return split(rotated_q, 1), split(rotated_k, share), split(v, share)


@kernel({2: (0,), 3: (1,)})
def rotate_heads_backward(
    q: Tensor, k: Tensor, v: Tensor, cos: Tensor, sin: Tensor, back: Tensor, key_heads: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients of `rotate_heads` to those of its inputs.

    Args:
        q: [heads, P, D], as are `k` and `v`.
        k: Keys.
        v: Values.
        cos: [T, D].
        sin: [T, D].
        back: As in `join_heads`.
        key_heads: Of the inputs.

    Returns:
        [T, heads * D], and twice [T, key heads * D].
    """
    heads, _, width = q.shape
    tokens = back[:, 0]
    q, k, v = (x[:, tokens] for x in (q, k, v))
    shape = (key_heads, heads // key_heads, len(back), width)
    k, v = k.view(shape).float().sum(1), v.view(shape).float().sum(1)

    def rotated_back(x: Tensor) -> Tensor:
        return (x * cos - _half_rotated(x * sin)).to(q.dtype).transpose(0, 1).reshape(len(back), -1)

    return rotated_back(q), rotated_back(k), v.to(q.dtype).transpose(0, 1).reshape(len(back), -1)


def _causal(scores: Tensor) -> Tensor:
    """Which keys a query sees [Q, K]: the queries are the last of the keys' places."""
    queries, keys = (torch.arange(size, device=scores.device) for size in scores.shape[-2:])
    return keys[None] <= queries[:, None] + (scores.shape[-1] - scores.shape[-2])


@kernel({3: (0, 1, 2)})
def causal_softmax(scores: Tensor, scale: float) -> tuple[Tensor, Tensor]:
    """Softmax over the keys that a query may see.

    Args:
        scores: Products of queries and keys [heads, Q, K]; the queries are the last Q of the K places.
        scale: Of the scores.

    Returns:
        Probabilities [heads, Q, K], and the logarithm of each row's sum [heads, Q], float32.
    """
    seen = _causal(scores)
    wide = torch.where(seen, scores.float() * scale, float("-inf"))
    largest = wide.amax(-1, keepdim=True)
    powers = torch.exp(wide - largest)
    total = powers.sum(-1, keepdim=True)
    return (powers / total).to(scores.dtype), (largest + total.log())[..., 0]


@kernel({2: (0, 1), 3: (0, 1, 2)})
def causal_softmax_backward(
    scores: Tensor, log_sum: Tensor, grad: Tensor, scale: float
) -> tuple[Tensor, Tensor]:
    """Probabilities once more, and the gradient by the scores.

    Args:
        scores: As in `causal_softmax`, as is `scale`.
        log_sum: The second result of `causal_softmax`.
        grad: Gradient by the probabilities [heads, Q, K].
    """
    seen = _causal(scores)
    probability = torch.where(seen, torch.exp(scores.float() * scale - log_sum[..., None]), 0.0)
    wide = grad.float()
    spread = (probability * wide).sum(-1, keepdim=True)
    return probability.to(scores.dtype), (probability * (wide - spread) * scale).to(scores.dtype)


@kernel({2: (0,)})
def log_sum_exp(logits: Tensor) -> tuple[Tensor, Tensor]:
    """Logarithm of the sum of the exponentials of each row of [N, V], in two parts, each [N, 1] and float32.

    The largest logit, and what the sum is above it: what a sure model leaves to all other tokens is lost in their sum.
    """
    wide = logits.float()
    largest = wide.amax(-1, keepdim=True)
    return largest, torch.exp(wide - largest).sum(-1, keepdim=True).log()


@kernel({2: (0,)})
def softmax_minus_label(logits: Tensor, log_sum: Tensor, ids: Tensor) -> Tensor:
    """Gradient of cross entropy by the logits.

    Args:
        logits: [N, V].
        log_sum: Of `log_sum_exp`.
        ids: Labels [N, 1].
    """
    label = torch.arange(logits.shape[1], device=logits.device)[None] == ids
    return (torch.exp(logits.float() - log_sum) - label.float()).to(logits.dtype)
