"""How much the memory is believed: by length, number and variety of its matches, and by the model's own doubt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import exp, log

import numpy as np
from numpy.typing import NDArray

from codebase_gardener.memory.suffixes import DEPTH, Seen, Suffixes

__all__ = ["GATE", "Gate", "Memory", "Recalled"]

_LEAST_DOUBT = 1e-6
_CONTEXTS = 65_536  # whose matches are kept: arms ask for the same ones


@dataclass(frozen=True)
class Gate:
    """Weights of what the share of a match in the mixture is made from: a logistic function of these.

    Attributes:
        constant: Added to them.
        length: Of the logarithm of how many tokens match.
        count: Of that of the places where they stand.
        variety: Of that of the tokens that followed.
        doubt: Of the logarithm of what the model leaves to all but its most likely token.
    """

    constant: float
    length: float
    count: float
    variety: float
    doubt: float

    def belief(self, seen: Seen, doubt: float) -> float:
        """The share of a match in the mixture, 0 to 1."""
        total = (
            self.constant
            + self.length * log(seen.length)
            + self.count * log(seen.count)
            + self.variety * log(len(seen.tokens))
            + self.doubt * log(max(doubt, _LEAST_DOUBT))
        )
        return 1 / (1 + exp(-total))


GATE = Gate(constant=-1.29, length=0.35, count=0.49, variety=-1.38, doubt=0.83)
"""As `benchmarks/memory.py --fit --functions 16` prints it of flask and cobra, of which no gain is claimed."""


@dataclass(frozen=True)
class Recalled:
    """What the memory makes of a model's probabilities p: rest · p, with shares added to some tokens.

    Attributes:
        rest: The model's share.
        tokens: Each once.
        shares: What each gets; with `rest` they sum up to 1.
    """

    rest: float
    tokens: NDArray[np.int64]
    shares: NDArray[np.float64]


class Memory:
    """A repository's tokens, asked what comes next.

    Args:
        suffixes: Of them.
        gate: How much a match is believed.
        project: Whose repository; another process finds the same memory by it.
    """

    def __init__(self, suffixes: Suffixes, gate: Gate = GATE, project: str = "") -> None:
        self.suffixes, self.gate, self.project = suffixes, gate, project
        self._seen = lru_cache(_CONTEXTS)(suffixes.seen)

    def seen(self, context: Sequence[int]) -> list[Seen]:
        """`Suffixes.seen` of a context's end."""
        return self._seen(tuple(context[-DEPTH:]))

    def recall(self, context: Sequence[int], doubt: float) -> Recalled:
        """What a model's probabilities become: mixed with those after each match, the longest last.

        Args:
            context: The tokens before, the last 32 of which count.
            doubt: What the model leaves to all but its most likely token.
        """
        rest, parts = 1.0, list[tuple[float, Seen]]()
        for seen in reversed(
            self.seen(context)
        ):  # the longest has its share first, shorter ones of what is left
            belief = self.gate.belief(seen, doubt)
            parts.append((rest * belief, seen))
            rest *= 1 - belief
        if not parts:
            return Recalled(1.0, np.empty(0, np.int64), np.empty(0))
        tokens, places = np.unique(np.concatenate([seen.tokens for _, seen in parts]), return_inverse=True)
        shares = np.zeros(len(tokens))
        np.add.at(shares, places, np.concatenate([share * seen.shares for share, seen in parts]))
        return Recalled(rest, tokens.astype(np.int64), shares)
