"""Tokens that may come next, guessed without the model: it checks several in one pass, and what is wrong is dropped."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from codebase_gardener.memory.recall import Memory
from codebase_gardener.memory.suffixes import DEPTH, Suffixes

__all__ = ["Drafts"]

_MOST = 16
_LEAST_MATCH = 2  # tokens: what followed a single one says little
_LEAST_SHARE = 0.5


class Drafts:
    """Guesses of one answer: the longest match in prompt, retrieved code and memory goes on as it went on there.

    Args:
        prompt: Its tokens, retrieved code among them.
        memory: Of the repository.
    """

    def __init__(self, prompt: Sequence[int], memory: Memory | None) -> None:
        self._seen = [Suffixes.build([prompt]).seen, *([memory.seen] if memory is not None else [])]
        self._wanted = 4

    def propose(self, ids: Sequence[int], most: int) -> list[int]:
        """What may follow these tokens; more where the last guesses were right.

        Args:
            ids: Of prompt and answer.
            most: Tokens at most.
        """
        context, drafted = list(ids[-DEPTH:]), list[int]()
        while len(drafted) < min(self._wanted, most):
            found = [seen[-1] for look in self._seen if (seen := look(context[-DEPTH:]))]
            best = max(found, key=lambda one: one.length, default=None)
            if best is None or best.length < _LEAST_MATCH or best.shares.max() < _LEAST_SHARE:
                break
            drafted.append(int(best.tokens[np.argmax(best.shares)]))
            context.append(drafted[-1])
        return drafted

    def learn(self, drafted: int, right: int) -> None:
        """How many of the last guesses were right."""
        self._wanted = min(2 * self._wanted, _MOST) if right == drafted else max(right + 1, 2)
