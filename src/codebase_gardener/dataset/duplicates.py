"""Near-duplicates across the split, and exact duplicates within it.

MinHash with locality-sensitive hashing (Broder 1997; Leskovec, Rajaraman, Ullman, "Mining of Massive
Datasets", chapter 3) finds candidates; each is then confirmed by the exact Jaccard similarity of the shingle
sets, so what is removed does not hang on the luck of the permutations.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["JACCARD_THRESHOLD", "near_duplicates", "shingles"]

JACCARD_THRESHOLD = 0.7
_SHINGLE_TOKENS = 5
_PERMUTATIONS = 128
_LSH_SLACK = 0.15  # look for candidates below the threshold, so that few true ones are missed
_TOKEN = re.compile(r"\w+|[^\w\s]")

Shingles = NDArray[np.uint32]


def near_duplicates(
    texts: Sequence[str], references: Sequence[str], *, threshold: float = JACCARD_THRESHOLD
) -> dict[int, int]:
    """Which texts are near-duplicates of which reference.

    Args:
        texts: Candidates for removal, e.g. function bodies of the training side.
        references: E.g. bodies of held-out functions.
        threshold: Jaccard similarity of the sets of 5-token shingles from which two texts count as the same.

    Returns:
        Index of a text → index of the first reference it duplicates.
    """
    reference_sets = [shingles(text) for text in references]
    index = _Index(reference_sets, threshold)
    found: dict[int, int] = {}
    for number, text in enumerate(texts):
        own = shingles(text)
        match = next(
            (r for r in index.candidates(own) if _jaccard(own, reference_sets[r]) >= threshold), None
        )
        if match is not None:
            found[number] = match
    return found


def shingles(text: str) -> Shingles:
    """Sorted distinct 32-bit hashes of all runs of 5 tokens (of the whole text where it has fewer)."""
    tokens = np.fromiter((_hash(token) for token in _TOKEN.findall(text)), dtype=np.uint64)
    width = min(_SHINGLE_TOKENS, len(tokens))
    if width == 0:
        return np.zeros(0, dtype=np.uint32)
    count = len(tokens) - width + 1
    mixed = np.zeros(count, dtype=np.uint64)
    for offset in range(width):  # polynomial hash modulo 2**64; its upper half is well mixed
        mixed = (mixed + tokens[offset : offset + count]) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
    return np.unique((mixed >> np.uint64(32)).astype(np.uint32))


@lru_cache(maxsize=200_000)
def _hash(token: str) -> int:
    return zlib.crc32(token.encode("utf-8", "surrogatepass"))


def _jaccard(a: Shingles, b: Shingles) -> float:
    common = len(np.intersect1d(a, b, assume_unique=True))
    union = len(a) + len(b) - common
    return common / union if union else 0.0


class _Index:
    """Locality-sensitive hashing over shingle sets."""

    def __init__(self, sets: Sequence[Shingles], threshold: float) -> None:
        from datasketch import MinHash, MinHashLSH

        self._empty = MinHash(num_perm=_PERMUTATIONS, seed=1, scheme="affine32", hashfunc=int)
        self._lsh = MinHashLSH(threshold=max(0.1, threshold - _LSH_SLACK), num_perm=_PERMUTATIONS)
        for number, one in enumerate(sets):
            if len(one):
                self._lsh.insert(number, self._signature(one))

    def candidates(self, one: Shingles) -> Iterator[int]:
        if len(one):
            yield from sorted(self._lsh.query(self._signature(one)))

    def _signature(self, one: Shingles) -> object:
        signature = self._empty.copy()
        signature.update_batch(one.tolist())
        return signature
