"""The memory in a model's logits: the same function where it is measured and where it is served."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from codebase_gardener.memory.recall import Memory

__all__ = ["mixed", "mixed_losses"]


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


def mixed_losses(
    logits: Tensor,
    labels: Sequence[int],
    contexts: Sequence[Sequence[int]],
    memory: Memory,
    *,
    best: tuple[Tensor, Tensor],
    above: Tensor,
) -> tuple[Tensor, Tensor]:
    """What `mixed` says of one token at each place, without a pass over the vocabulary.

    The mixture changes the order of no tokens but those that the memory adds to: the most likely one is one of them,
    or the model's own.

    Args:
        logits: Of the model at N places, [N, V].
        labels: A token for each place.
        contexts: The tokens before each place.
        memory: Of the repository.
        best: The largest logit of each place, and its token, [N] each.
        above: Logarithms of the sums of the logits' exponentials, less the largest logit, [N].

    Returns:
        Each token's negative log-probability [N], float64, and whether it is the most likely one [N].
    """
    device, top = logits.device, -above.double()
    sums, asked = best[0].double() - top, torch.tensor(labels, device=device)
    own = logits.gather(1, asked[:, None])[:, 0].double() - sums
    doubts = (1 - (-above).exp()).tolist()  # in the number format of `mixed`
    recalled = [memory.recall(context, doubt) for context, doubt in zip(contexts, doubts, strict=True)]
    rest = torch.tensor([each.rest for each in recalled], dtype=torch.float64, device=device).log()
    counts = torch.tensor([len(each.tokens) for each in recalled])
    places = torch.arange(len(recalled)).repeat_interleave(counts).to(device)
    tokens = torch.from_numpy(np.concatenate([each.tokens for each in recalled])).to(device)
    shares = torch.from_numpy(np.concatenate([each.shares for each in recalled])).to(device)
    added = logits[places, tokens].double() - sums[places] + rest[places]
    added = torch.logaddexp(added, shares.log())
    most = torch.full_like(top, float("-inf")).scatter_reduce_(0, places, added, "amax")
    logs, is_asked = own + rest, tokens == asked[places]
    is_added = torch.zeros(len(labels), dtype=torch.bool, device=device)
    is_added[places[is_asked]] = True
    logs[places[is_asked]] = added[is_asked]
    is_best = torch.where(is_added, logs >= torch.maximum(most, top + rest), asked == best[1])
    return -logs, is_best & (logs >= most)
