"""The next token of each answer from its logits."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from codebase_gardener.bases.torch_seam import Seam
from codebase_gardener.serving.engine import Decoding, TokenScore
from codebase_gardener.utils.error_handling import ModelError

__all__ = ["Choice", "scored"]

_COLDEST = 1e-4
"""Below it logits divided by the temperature overflow: the most likely token is taken."""


class Choice:
    """Chooses the tokens of one answer.

    Args:
        tokenizer: Of the base.
        decoding: How.
        prompt: Its ids.
        taken: White space that the answer has to say first.
        device: Where the logits are.
    """

    def __init__(
        self, tokenizer: Any, decoding: Decoding, prompt: Sequence[int], taken: str, device: str
    ) -> None:
        self._decoding, self._prompt = decoding, prompt
        self._seam = Seam(tokenizer, [taken], 0) if taken else None
        self._dice = torch.Generator(device)
        self._dice.manual_seed(decoding.seed if decoding.seed is not None else torch.seed() % 2**63)

    def next(self, logits: Tensor, said: Sequence[int], owes: str) -> int:
        """A token.

        Args:
            logits: [V], float32.
            said: The answer's ids so far.
            owes: White space that it has still to say.

        Raises:
            ModelError: The logits are no numbers.
        """
        chosen = self._decoding
        if not math.isfinite(float(logits.max())):
            raise ModelError(
                "the model's output is not a number", hint="its weights are broken: gardener prove says whose"
            )
        if self._seam is not None and owes:
            logits = self._seam(torch.tensor([list(said)]), logits[None].clone())[0]
        logits = self._penalized(logits, said)
        if chosen.temperature < _COLDEST:
            return int(logits.argmax())
        probabilities = torch.softmax(_narrowed(logits / chosen.temperature, chosen), -1)
        return int(torch.multinomial(probabilities, 1, generator=self._dice))

    def _penalized(self, logits: Tensor, said: Sequence[int]) -> Tensor:
        chosen = self._decoding
        if chosen.repetition_penalty != 1:
            logits = logits.clone()
            seen = torch.tensor(sorted({*self._prompt, *said}), device=logits.device)
            old = logits[seen]
            penalty = chosen.repetition_penalty
            logits[seen] = torch.where(old > 0, old / penalty, old * penalty)
        if said and (chosen.presence_penalty or chosen.frequency_penalty):
            logits = logits.clone()
            for token, count in Counter(said).items():
                logits[token] -= chosen.presence_penalty + count * chosen.frequency_penalty
        return logits


def _narrowed(logits: Tensor, chosen: Decoding) -> Tensor:
    """With what top_k and top_p leave out at minus infinity."""
    if 0 < chosen.top_k < len(logits):
        least = logits.topk(chosen.top_k).values[-1]
        logits = logits.masked_fill(logits < least, float("-inf"))
    if chosen.top_p < 1:
        ordered, order = logits.sort(descending=True)
        before = torch.softmax(ordered, -1).cumsum(-1) - torch.softmax(ordered, -1)
        left_out = before >= chosen.top_p
        left_out[0] = False  # the most likely one stays, however small the share
        out = torch.zeros_like(logits, dtype=torch.bool).scatter(0, order, left_out)
        logits = logits.masked_fill(out, float("-inf"))
    return logits


def scored(tokenizer: Any, logits: Tensor, tokens: Sequence[int], top: int) -> tuple[TokenScore, ...]:
    """The scores of tokens, each by the logits [n, V] at its own place."""
    if not len(tokens):
        return ()
    logs = torch.log_softmax(logits.float(), -1)
    own = logs.gather(1, torch.tensor(tokens, device=logs.device)[:, None])[:, 0].tolist()
    best = logs.topk(top, -1) if top else None
    scores = []
    for n, token in enumerate(tokens):
        others = [] if best is None else zip(best.indices[n].tolist(), best.values[n].tolist(), strict=True)
        named = tuple((tokenizer.decode([number]), number, value) for number, value in others)
        scores.append(TokenScore(tokenizer.decode([token]), int(token), own[n], named))
    return tuple(scores)
