"""The memory in a model's logits: the same function where it is measured and where it is served."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
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
    recalled = [memory.recall(context, doubt) for context, doubt in zip(contexts, doubts, strict=True)]
    # one operation each for all places: thousands of small ones take longer than the model
    logs += torch.tensor([each.rest for each in recalled]).log().to(logs.device)[:, None]
    places = torch.tensor([n for n, each in enumerate(recalled) for _ in each.tokens], dtype=torch.long)
    tokens = torch.from_numpy(np.concatenate([each.tokens for each in recalled]))
    shares = torch.from_numpy(np.concatenate([each.shares for each in recalled]))
    where = places.to(logs.device), tokens.to(logs.device)
    logs[where] = torch.logaddexp(logs[where], shares.to(logs.device, torch.float32).log())
    return logs
