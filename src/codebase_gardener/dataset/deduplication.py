"""Removing training rows that repeat a held-out function or each other."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from codebase_gardener.dataset.examples import USER_TASK, Example
from codebase_gardener.dataset.functions import body_text, is_completable
from codebase_gardener.dataset.page_rows import PAGE_TASKS
from codebase_gardener.dataset.split import Split
from codebase_gardener.knowledge.pages.markup import fenced
from codebase_gardener.languages.symbols import SymbolTable
from codebase_gardener.repository.snapshot import Snapshot
from codebase_gardener.utils.anchors import source_lines
from codebase_gardener.utils.files import sha256_text

__all__ = [
    "JACCARD_THRESHOLD",
    "near_duplicates",
    "shingles",
    "Deduplicated",
    "HeldoutBodies",
    "deduplicate",
    "heldout_bodies",
    "trained_text",
]

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
    if not texts or not references:
        return {}
    reference_sets = [shingles(text) for text in references]
    index = _Index(reference_sets, threshold)
    known = np.unique(np.concatenate(reference_sets))
    found: dict[int, int] = {}
    for number, text in enumerate(texts):
        own = shingles(text)
        if _share_in(own, known) < threshold:  # no set can be as similar: most texts need no signature
            continue
        match = next(
            (r for r in index.candidates(own) if _jaccard(own, reference_sets[r]) >= threshold), None
        )
        if match is not None:
            found[number] = match
    return found


def shingles(text: str) -> Shingles:
    """Sorted distinct 32-bit hashes of all runs of 5 tokens (of the whole text where it has fewer)."""
    tokens = np.fromiter(map(_hash, _TOKEN.findall(text)), dtype=np.uint64)
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


def _share_in(own: Shingles, known: Shingles) -> float:
    """How many of the shingles are among others, sorted: what any Jaccard similarity to a part of those is at most."""
    if not len(own) or not len(known):
        return 0.0
    places = np.minimum(known.searchsorted(own), len(known) - 1)
    return np.count_nonzero(known[places] == own) / len(own)


class _Index:
    """Locality-sensitive hashing over shingle sets."""

    def __init__(self, sets: Sequence[Shingles], threshold: float) -> None:
        from datasketch import MinHash, MinHashLSH

        self._empty = MinHash(num_perm=_PERMUTATIONS, seed=1, scheme="affine32", hashfunc=int)
        self._lsh = MinHashLSH(num_perm=_PERMUTATIONS, params=_bands(threshold))
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


@lru_cache
def _bands(threshold: float) -> tuple[int, int]:
    """How many bands of how many rows: datasketch looks for them anew for each index, a tenth of a second."""
    from datasketch import MinHashLSH

    found = MinHashLSH(threshold=max(0.1, threshold - _LSH_SLACK), num_perm=_PERMUTATIONS)
    return found.b, found.r


_QUOTING = frozenset({USER_TASK, "wiki_example"})  # code that does not stand under the row's own symbol
_ABOUT_NAMES = frozenset({"question", *PAGE_TASKS}) - _QUOTING


@dataclass(frozen=True)
class Deduplicated:
    """What is left (training rows first), and how many training rows were removed for which reason."""

    examples: tuple[Example, ...]
    near_duplicates: int
    exact_duplicates: int


@dataclass(frozen=True)
class HeldoutBodies:
    """What training rows may not repeat.

    Attributes:
        repeated: Anchors of training functions whose body is a near-duplicate of a held-out one.
        texts: Bodies and whole sources of held-out functions.
    """

    repeated: frozenset[str] = frozenset()
    texts: tuple[str, ...] = ()


def deduplicate(examples: Sequence[Example], heldout: HeldoutBodies) -> Deduplicated:
    """Remove training rows that repeat a held-out function or an earlier row; held-out rows stay as they are.

    Of a function that repeats a held-out one all rows go, except questions, which do not hold code. Rows of
    the user's own and examples of the wiki are compared by what they train, alone and with their prompt.
    """
    near = _near(examples, heldout)
    left = [example for example in examples if example.id not in near]
    unique = sorted(_unique(left), key=lambda example: example.split != "train")
    return Deduplicated(tuple(unique), len(near), len(left) - len(unique))


def heldout_bodies(snapshot: Snapshot, tables: Mapping[str, SymbolTable], split: Split) -> HeldoutBodies:
    """Compare the functions of both sides of a split."""
    train: dict[str, str] = {}
    heldout: list[str] = []
    sources: list[str] = []
    for file in snapshot.files:
        symbols = tables[file.path].symbols if file.path in tables else ()
        lines = source_lines(file.text) if symbols else []
        for symbol in (symbol for symbol in symbols if is_completable(symbol, lines)):
            if split.side_of(file.path) == "train":
                train[str(symbol.anchor)] = body_text(symbol, lines)
            else:
                heldout.append(body_text(symbol, lines))
                sources.append("".join(lines[symbol.start - 1 : symbol.end]))
    anchors = list(train)
    found = near_duplicates(list(train.values()), heldout)
    return HeldoutBodies(frozenset(anchors[number] for number in found), (*heldout, *sources))


def _near(examples: Sequence[Example], heldout: HeldoutBodies) -> set[str]:
    """Ids of the training rows that repeat what is held out."""
    train = [example for example in examples if example.split == "train"]
    found = {e.id for e in train if e.anchor in heldout.repeated and e.task not in _ABOUT_NAMES}
    own = [example for example in train if example.task in _QUOTING]
    if own:
        kept_back = [trained_text(e) for e in examples if e.split == "heldout" and e.task == USER_TASK]
        references = [*heldout.texts, *kept_back]
        for texts in ([_code(e) for e in own], [e.prompt + _code(e) for e in own]):
            found |= {own[number].id for number in near_duplicates(texts, references)}
    return found


def _code(example: Example) -> str:
    """What a row that quotes says, without the words around the quote."""
    text = trained_text(example)
    return text if example.task == USER_TASK else fenced(text)[1]


def trained_text(example: Example) -> str:
    """All that a row trains the model to say."""
    answers = [turn["content"] for turn in example.messages if turn["role"] == "assistant"]
    return "".join([example.completion, *answers, example.text, *(example.fim or ())])


def _unique(examples: Sequence[Example]) -> list[Example]:
    seen: set[tuple[str, ...]] = set()
    kept: list[Example] = []
    for example in examples:
        key = _identity(example)
        if example.split != "train" or key not in seen:
            kept.append(example)
        if example.split == "train":
            seen.add(key)
    return kept


def _identity(example: Example) -> tuple[str, ...]:
    """A copied function is the same row whatever its file; a question is the same only if asked alike."""
    asked = [turn["content"] for turn in example.messages if example.task in _ABOUT_NAMES]
    if example.task in _QUOTING:
        asked = [example.prompt, *(turn["content"] for turn in example.messages)]
    said = sha256_text(trained_text(example))  # the texts of all rows once more would be the peak of memory
    return (example.task, example.symbol.rpartition(".")[2], said, *asked)
