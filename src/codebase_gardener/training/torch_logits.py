"""Logits on fixed prompts: what an adapter's effect, and the equality of two models, are measured on."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from codebase_gardener.training.encoding import text_ids

__all__ = ["PROMPTS", "last_logits", "mean_kl"]

PROMPTS = (
    "def load(path):\n    ",
    "class Settings:\n    def __init__(self",
    "# Returns the number of",
    "import os\n\n\ndef main() -> None:\n",
    "func (s *Server) Close() error {",
    "The function that opens the file is",
)


@torch.no_grad()
def last_logits(model: Any, tokenizer: Any) -> Tensor:
    """Logits after the last token of each fixed prompt, all in one pass, which reads the weights once.

    Shorter prompts are filled up behind their end, where no token of theirs looks: what fills them has no part in it.

    Returns:
        Float32 on the CPU, shape [P, V].
    """
    prompts = [text_ids(tokenizer, prompt) for prompt in PROMPTS]
    ends = [len(ids) - 1 for ids in prompts]
    filled = [ids + ids[-1:] * (max(ends) - end) for ids, end in zip(prompts, ends, strict=True)]
    logits = model(
        input_ids=torch.tensor(filled, device=next(model.parameters()).device), use_cache=False
    ).logits
    return torch.stack([row[end].float().cpu() for row, end in zip(logits, ends, strict=True)])


def mean_kl(on_PV: Tensor, off_PV: Tensor) -> float:  # noqa: N803  shapes in names
    """Mean KL divergence, in nats, of the distributions of `on` from those of `off`."""
    log_on, log_off = on_PV.log_softmax(-1), off_PV.log_softmax(-1)
    return float((log_on.exp() * (log_on - log_off)).sum(-1).mean())
