"""The places of a repository's tokens, sorted by what stands before each: what followed the same words before."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from codebase_gardener.utils.error_handling import NotFoundError
from codebase_gardener.utils.files import make_folder, make_private, writing

__all__ = ["DEPTH", "Seen", "Suffixes"]

DEPTH = 32
"""Tokens of a context that are compared; it is a power of two, as the sorting doubles what it has compared."""

_BORDER = -1  # before each file: no context has it, so that no match goes beyond
_COUNTED = 1_024  # places of a match that are counted; of more, these, evenly drawn
_FEW = 4_096  # places that are compared at once rather than by halves


@dataclass(frozen=True)
class Seen:
    """What followed the last tokens of a context.

    Attributes:
        length: How many tokens match.
        count: Places where they stand.
        tokens: What followed, each once, ascending.
        shares: Of each of these.
    """

    length: int
    count: int
    tokens: NDArray[np.int32]
    shares: NDArray[np.float64]


class Suffixes:
    """A suffix array of contexts, read from right to left: those that end alike stand side by side.

    Args:
        tokens: Of all files, each behind a border.
        order: Places of `tokens`, by what stands before them.

    Example:
        >>> found = Suffixes.build([[1, 2, 3], [5, 2, 4]]).seen([1, 2])
        >>> [(each.length, each.tokens.tolist()) for each in found]
        [(1, [3, 4]), (2, [3])]
    """

    def __init__(self, tokens: NDArray[np.int32], order: NDArray[np.int32]) -> None:
        self.tokens, self.order = tokens, order
        self._last = tokens[order - 1]  # what stands right before each: sorted

    def __len__(self) -> int:
        return len(self.order)

    @classmethod
    def build(cls, files: Iterable[Sequence[int]]) -> Suffixes:
        """Sort the tokens of files; none is taken to follow on another."""
        parts: list[NDArray[np.int32]] = []
        for ids in files:
            parts += [np.array([_BORDER], np.int32), np.asarray(ids, np.int32)]
        tokens = np.concatenate([*parts, np.array([_BORDER], np.int32)])
        before = np.concatenate([tokens[-1:], tokens[:-1]]).astype(np.int64)
        rank = np.unique(before, return_inverse=True)[1].astype(np.int64)
        compared = 1
        while compared < DEPTH:
            farther = np.concatenate([np.zeros(min(compared, len(rank)), np.int64), rank[:-compared]])
            rank = np.unique(rank * (len(rank) + 1) + farther, return_inverse=True)[1].astype(np.int64)
            compared *= 2
        order = np.argsort(rank, kind="stable").astype(np.int32)
        return cls(tokens, order[tokens[order] != _BORDER])

    def seen(self, context: Sequence[int]) -> list[Seen]:
        """What followed the context's end, from the shortest match to the longest; of matches at the same places
        only the longest.
        """
        found: list[tuple[int, int, int]] = []
        low, high = 0, len(self.order)
        for length in range(1, min(DEPTH, len(context)) + 1):
            low, high = self._narrowed(low, high, length, context[-length])
            if low == high:
                break
            if found and found[-1][1:] == (low, high):
                found.pop()
            found.append((length, low, high))
        return [self._counted(*each) for each in found]

    def _narrowed(self, low: int, high: int, length: int, token: int) -> tuple[int, int]:
        """The places among these before which a token stands at a distance."""
        asked = np.array([token, token + 1], np.int32)  # as the tokens are: else each look-up copies them all
        if length == 1:
            ends = np.searchsorted(self._last, asked)
            return int(ends[0]), int(ends[1])
        if high - low <= _FEW:
            ends = np.searchsorted(self.tokens[self.order[low:high] - length], asked)
            return low + int(ends[0]), low + int(ends[1])

        def at(place: int) -> int:
            return int(self.tokens[self.order[place] - length])

        places = range(low, high)
        return low + bisect_left(places, token, key=at), low + bisect_right(places, token, key=at)

    def _counted(self, length: int, low: int, high: int) -> Seen:
        step = -(-(high - low) // _COUNTED)
        tokens, counts = np.unique(self.tokens[self.order[low:high:step]], return_counts=True)
        return Seen(length, high - low, tokens, counts / counts.sum())

    def save(self, folder: Path) -> None:
        """Write it as two plain arrays."""
        with writing(folder):
            make_folder(folder)
            np.save(folder / "tokens.npy", self.tokens, allow_pickle=False)
            np.save(folder / "order.npy", self.order, allow_pickle=False)
            make_private(folder)

    @classmethod
    def load(cls, folder: Path) -> Suffixes:
        """Read what `save` wrote.

        Raises:
            NotFoundError: There is none, or it is damaged.
        """
        try:
            tokens, order = (
                np.load(folder / name, allow_pickle=False) for name in ("tokens.npy", "order.npy")
            )
            if order.size and not 0 < order.min() <= order.max() < len(tokens):
                raise ValueError("places beyond its tokens")  # noqa: TRY301  told as one error
        except (OSError, ValueError) as error:
            raise NotFoundError(f"no usable memory in {folder}: {error}", hint="build it again") from error
        return cls(tokens, order)
