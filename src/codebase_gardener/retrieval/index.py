"""A BM25 index over documents, with a set of documents that must not be returned."""

from __future__ import annotations

import json
import logging
from array import array
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import accumulate, chain
from math import log
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from codebase_gardener.retrieval.documents import Document
from codebase_gardener.retrieval.tokens import code_tokens, identifiers, tokens_of
from codebase_gardener.utils.error_handling import NotFoundError
from codebase_gardener.utils.files import make_folder, make_private, write_atomic, writing

__all__ = ["Hit", "SymbolIndex"]

_DOCUMENTS = "documents.jsonl"
_ENCODE = msgspec.json.Encoder().encode
_DECODE = msgspec.json.Decoder(Document).decode
_MAX_QUERY_TOKENS = 64
_NAME_WEIGHT = 3  # the symbol's own name counts as if it stood there three times


@dataclass(frozen=True)
class Hit:
    """A document and its BM25 score."""

    document: Document
    score: float


class SymbolIndex:
    """BM25 (Robertson and Zaragoza 2009, Lucene's variant, as bm25s computes it) over code tokens.

    Example:
        >>> rank = Document("a.py:L1-2", "a.py", "get_rank", "def get_rank(): ...", "function")
        >>> [hit.document.symbol for hit in SymbolIndex.build([rank]).search("the rank")]
        ['get_rank']
    """

    def __init__(self, documents: Sequence[Document], bm25: Any) -> None:
        self.documents = tuple(documents)
        self._bm25 = bm25
        self._numbers_by_path: dict[str, list[int]] = {}
        for number, document in enumerate(self.documents):
            self._numbers_by_path.setdefault(document.path, []).append(number)
        self._document_frequency = np.diff(bm25.scores["indptr"]) if bm25 else np.zeros(0, dtype=np.int64)

    def __len__(self) -> int:
        return len(self.documents)

    @property
    def vocabulary(self) -> Collection[str]:
        """The tokens that its documents have."""
        return self._bm25.vocab_dict if self._bm25 is not None else ()

    @classmethod
    def build(cls, documents: Sequence[Document]) -> SymbolIndex:
        """Index documents; the same documents in any order give the same index."""
        bm25s = _bm25s()
        ordered = sorted(documents, key=lambda document: (document.anchor, document.symbol, document.text))
        counts, vocabulary = _counted(ordered)
        if not vocabulary:
            return cls(ordered, None)
        bm25 = bm25s.BM25(method="lucene")
        bm25.scores, bm25.nonoccurrence_array = _scores(bm25, counts), None
        bm25.vocab_dict, bm25.unique_token_ids_set = vocabulary, set(vocabulary.values())
        return cls(ordered, bm25)

    def search(
        self,
        query: str,
        *,
        k: int = 5,
        exclude: Callable[[Document], bool] | None = None,
        exclude_paths: Collection[str] = (),
    ) -> list[Hit]:
        """The best documents for a query, best first; equal scores are ordered by anchor.

        Args:
            query: Code or prose.
            k: How many at most; fewer where fewer share a token with the query.
            exclude: Documents for which it is true are never returned.
            exclude_paths: No document of these files is ever returned.
        """
        scores = self._scores(query)
        for path in exclude_paths:
            scores[self._numbers_by_path.get(path, [])] = 0
        hits: list[Hit] = []
        for number in _best_first(scores, k):
            if len(hits) == k:
                break
            if exclude is None or not exclude(self.documents[number]):
                hits.append(Hit(self.documents[number], float(scores[number])))
        return hits

    def _scores(self, query: str) -> NDArray[np.float32]:
        tokens = self._query_tokens(query)
        if not tokens:
            return np.zeros(len(self.documents), dtype=np.float32)
        scores: NDArray[np.float32] = self._bm25.get_scores_from_ids(tokens)
        return scores

    def _query_tokens(self, query: str) -> list[int]:
        """The query's rarest tokens, in a fixed order so that sums of floats are the same every time."""
        if self._bm25 is None:
            return []
        vocabulary = self._bm25.vocab_dict
        known = {vocabulary[token] for token in code_tokens(query) if token in vocabulary}
        rarest = sorted(known, key=lambda token: (self._document_frequency[token], token))
        return rarest[:_MAX_QUERY_TOKENS]

    def save(self, directory: Path) -> None:
        """Write the index into `directory` (JSON and plain arrays; nothing is pickled)."""
        with writing(directory):
            make_folder(directory)
            if self._bm25 is not None:
                self._bm25.save(directory, allow_pickle=False, show_progress=False)
            make_private(directory)
        write_atomic(directory / _DOCUMENTS, b"".join(map(_row_of, self.documents)))

    @classmethod
    def load(cls, directory: Path) -> SymbolIndex:
        """Read what `save` wrote.

        Raises:
            NotFoundError: There is no index in `directory`, or a part of it is missing.
        """
        bm25s = _bm25s()
        try:
            raw = (directory / _DOCUMENTS).read_text(encoding="utf-8", errors="surrogatepass")
            documents = [_document_of(line) for line in raw.split("\n") if line]
            has_tokens = (directory / "params.index.json").exists()
            bm25 = bm25s.BM25.load(directory, allow_pickle=False, show_progress=False) if has_tokens else None
        except (OSError, ValueError, TypeError) as error:
            raise NotFoundError(
                f"no usable symbol index in {directory}: {error}", hint="build it again from the snapshot"
            ) from error
        return cls(documents, bm25)


def _row_of(document: Document) -> bytes:
    try:
        return _ENCODE(document) + b"\n"
    except UnicodeEncodeError:  # as below
        return f"{json.dumps(asdict(document), ensure_ascii=False)}\n".encode("utf-8", "surrogatepass")


def _document_of(row: str) -> Document:
    try:
        return _DECODE(row)
    except UnicodeEncodeError:  # a half of a pair of surrogates, which JSON in UTF-8 cannot have
        values = json.loads(row)
        lists = {name: tuple(values.get(name, ())) for name in ("evidence", "domains")}
        return Document(**{**values, **lists})


def _bm25s() -> Any:
    """The library, which sets its logger to DEBUG when it is imported."""
    import bm25s

    logging.getLogger("bm25s").setLevel(logging.WARNING)
    return bm25s


def _counted(documents: Sequence[Document]) -> tuple[Any, dict[str, int]]:
    """How often each document has each token (documents x tokens, sparse), and the tokens' numbers.

    Identifiers are counted, which are few, and their tokens follow from them by one product.
    """
    from scipy.sparse import csr_array

    words: dict[str, int] = defaultdict(lambda: len(words))
    numbers, counts, ends = array("i"), array("i"), array("i", [0])
    for document in documents:
        found = Counter(identifiers(document.symbol) * _NAME_WEIGHT)
        found.update(identifiers(f"{document.path}\n{document.text}"))
        numbers.extend(map(words.__getitem__, found))
        counts.extend(found.values())
        ends.append(len(numbers))
    vocabulary: dict[str, int] = defaultdict(lambda: len(vocabulary))
    tokens = [[vocabulary[token] for token in tokens_of(word)] for word in words]
    of_words = list(chain.from_iterable(tokens))
    starts = list(accumulate(map(len, tokens), initial=0))
    by_word = csr_array((counts, numbers, ends), shape=(len(documents), len(words)))
    ones = np.ones(len(of_words), dtype=np.int32)
    return by_word @ csr_array((ones, of_words, starts), shape=(len(words), len(vocabulary))), dict(
        vocabulary
    )


def _scores(bm25: Any, counts: Any) -> dict[str, Any]:
    """What `bm25s` computes from the tokens of each document, token by token: the same scores, all at once.

    Args:
        bm25: Its parameters.
        counts: Documents x tokens, sparse.
    """
    documents = counts.shape[0]
    lengths = counts.sum(axis=1, dtype=np.int64)
    having, of_token = np.unique(np.bincount(counts.indices), return_inverse=True)
    rarity = np.array([log(1 + (documents - n + 0.5) / (n + 0.5)) for n in having.tolist()], dtype=np.float32)
    frequency = counts.data.astype(np.float32)
    room = bm25.k1 * ((1 - bm25.b) + bm25.b * lengths / lengths.mean())
    share = frequency / (np.repeat(room, np.diff(counts.indptr)) + frequency)
    counts.data = (rarity[of_token][counts.indices] * share).astype(np.float32)
    by_token = counts.tocsc()
    return {
        "data": by_token.data,
        "indices": by_token.indices.astype(np.int32),
        "indptr": by_token.indptr.astype(np.int64),
        "num_docs": documents,
    }


def _best_first(scores: NDArray[np.float32], k: int) -> Iterator[int]:
    """Numbers of positive scores, highest first; ties in the documents' order, which is by anchor."""
    numbers = np.flatnonzero(scores)
    sure = min(4 * k + 16, len(numbers))  # sorted first: the rest is needed only if many are excluded
    threshold = np.partition(scores[numbers], -sure)[-sure] if sure else 0
    yield from _ordered(scores, numbers[scores[numbers] >= threshold])
    yield from _ordered(scores, numbers[scores[numbers] < threshold])


def _ordered(scores: NDArray[np.float32], numbers: NDArray[np.int64]) -> list[int]:
    ordered: list[int] = numbers[np.argsort(-scores[numbers], kind="stable")].tolist()
    return ordered
