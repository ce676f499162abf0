"""The memory in a model's logits: the same function where it is measured and where it is served."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from codebase_gardener.memory.recall import Memory

__all__ = ["mixed"]


def mixed(logits: Tensor, contexts: Sequence[Sequence[int]], memory: Memory) -> Tensor:
    """Log-probabilities of model and memory together.

    Args:
        logits: Of the model at N places, [N, V].
        contexts: The tokens before each place.
        memory: Of the repository.

    Returns:
        [N, V], float32.
    """
    logs = torch.log_softmax(logits.float(), -1)
    doubts = (1 - logs.max(-1).values.exp()).tolist()
    for n, (context, doubt) in enumerate(zip(contexts, doubts, strict=True)):
        recalled = memory.recall(context, doubt)
        if not len(recalled.tokens):
            continue
        logs[n] += torch.tensor(recalled.rest).log()
        tokens = torch.from_numpy(recalled.tokens).to(logs.device)
        shares = torch.from_numpy(recalled.shares).to(logs.device, torch.float32)
        logs[n, tokens] = torch.logaddexp(logs[n, tokens], shares.log())
    return logs
