"""The loss of a frozen, plain output head, chunk by chunk: no full logits, forward and gradient at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from peft import PeftModel
from torch import Tensor
from transformers import PreTrainedModel

from codebase_gardener.training.fast.parts import HEAD_CHUNK
from codebase_gardener.training.fast.torch_kernels import log_sum_exp, softmax_minus_label

__all__ = ["SeenLogits", "head_losses", "plain_head", "seen_logits"]

# Architectures whose logits are the head's product and nothing else (no soft cap, no scale); others take the
# general path through their own forward.
_PLAIN = frozenset(
    {"llama", "mistral", "qwen2", "qwen3", "smollm3", "starcoder2"}
    | {"gpt2", "gpt_neox", "phi3", "mixtral", "qwen2_moe", "qwen3_moe"}
)


@dataclass(frozen=True)
class SeenLogits:
    """Logits at n places, and what was found in them on the way to the losses.

    Attributes:
        logits_NV: In the head's number format.
        best_N: The largest logit of each place, float32.
        best_ids_N: Its token; of equal ones the first.
        above_N: Logarithms of the sums of their exponentials, less `best_N`, float32.
    """

    logits_NV: Tensor  # noqa: N815  shapes in names
    best_N: Tensor  # noqa: N815
    best_ids_N: Tensor  # noqa: N815
    above_N: Tensor  # noqa: N815


def seen_logits(logits_NV: Tensor) -> SeenLogits:  # noqa: N803  dimensions in names
    """Look through logits once for their sums, and once for the most likely tokens."""
    best, above = log_sum_exp(logits_NV)
    ids = logits_NV.max(-1).indices  # in bf16 four times as fast as argmax
    return SeenLogits(logits_NV, best[:, 0], ids, above[:, 0])


def plain_head(model: Any) -> tuple[Any, Tensor] | None:
    """The decoder and the head's weight [V, H] of a model that allows the short cut, else None.

    Args:
        model: A transformers model, or the PEFT model that wraps it.
    """
    inner = model
    if isinstance(model, PeftModel):
        if model.active_peft_config.is_prompt_learning:  # its own forward adds the virtual tokens
            return None
        inner = model.get_base_model()
    if not isinstance(
        inner, PreTrainedModel
    ):  # wrapped by a data-parallel module, whose forward must be called
        return None
    head = inner.get_output_embeddings() if inner.config.model_type in _PLAIN else None
    if type(head) is not torch.nn.Linear or head.bias is not None or head.weight.requires_grad:
        return None
    return inner.get_decoder(), head.weight


def head_losses(
    hidden_NH: Tensor,  # noqa: N803  dimensions in names
    weight_VH: Tensor,  # noqa: N803
    labels_N: Tensor,  # noqa: N803
    look: Callable[[SeenLogits], None] | None = None,
) -> tuple[Tensor, Tensor]:
    """Cross entropy of each position in nats, and whether the label is the most likely token.

    Args:
        hidden_NH: Last hidden states of the supervised positions.
        weight_VH: The head's frozen weight.
        labels_N: Token ids.
        look: Is shown the logits, chunk by chunk, where no gradient is asked for.

    Returns:
        losses_N (float32, differentiable in `hidden_NH`), hits_N (bool; all False where a gradient is asked for:
        training has no use for them).
    """
    losses, hits = _HeadLosses.apply(hidden_NH, weight_VH, labels_N, look)  # type: ignore[no-untyped-call]
    return losses, hits


class _HeadLosses(torch.autograd.Function):
    """d loss_n / d hidden_n = (softmax(logits_n) - onehot(label_n)) @ weight, computed while logits exist."""

    @staticmethod
    def forward(
        ctx: Any,
        hidden: Tensor,
        weight: Tensor,
        labels: Tensor,
        look: Callable[[SeenLogits], None] | None,
    ) -> tuple[Tensor, Tensor]:
        needs_grad = ctx.needs_input_grad[0]
        gradient = torch.empty_like(hidden) if needs_grad else None
        losses = torch.empty(len(labels), dtype=torch.float32, device=hidden.device)
        hits = torch.zeros(len(labels), dtype=torch.bool, device=hidden.device)
        for start in range(0, len(labels), HEAD_CHUNK):
            part = slice(start, start + HEAD_CHUNK)
            ids = labels[part, None]
            logits = torch.mm(hidden[part].to(weight.dtype), weight.T)
            seen = seen_logits(logits) if gradient is None else None
            if seen is None:
                best, above = log_sum_exp(logits)
                log_sum = best + above
            else:
                log_sum = (seen.best_N + seen.above_N)[:, None]
            losses[part] = (log_sum - logits.gather(1, ids).float()).squeeze(1)
            if seen is not None:
                hits[part] = seen.best_ids_N == labels[part]
                if look is not None:
                    look(seen)
            if gradient is not None:
                gradient[part] = torch.mm(softmax_minus_label(logits, log_sum, ids), weight).to(hidden.dtype)
        if gradient is not None:
            ctx.save_for_backward(gradient)
        ctx.mark_non_differentiable(hits)
        return losses, hits

    @staticmethod
    def backward(ctx: Any, *outputs: Tensor) -> tuple[Tensor, None, None, None]:
        (gradient,) = ctx.saved_tensors
        return gradient * outputs[0][:, None].to(gradient.dtype), None, None, None
