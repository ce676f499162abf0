"""A BM25 index over documents, with a set of documents that must not be returned."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from codebase_gardener.retrieval.documents import Document
from codebase_gardener.retrieval.tokens import code_tokens
from codebase_gardener.utils.error_handling import NotFoundError
from codebase_gardener.utils.files import make_folder, make_private, write_atomic, writing

__all__ = ["Hit", "SymbolIndex"]

_DOCUMENTS = "documents.jsonl"
_VOCABULARY = "vocab.index.json"
_ARRAYS = ("data.csc.index.npy", "indices.csc.index.npy", "indptr.csc.index.npy")
_DECODE = msgspec.json.Decoder(Document).decode
_MAX_QUERY_TOKENS = 64
_NAME_WEIGHT = 3  # the symbol's own name counts as if it stood there three times


@dataclass(frozen=True)
class _Scores:
    """What each token scores in each document that has it: a token's numbers stand between two of `starts`."""

    vocabulary: dict[str, int]
    data: NDArray[np.float32]
    documents: NDArray[np.int32]
    starts: NDArray[np.int32]

    @classmethod
    def none(cls) -> _Scores:
        return cls({}, np.zeros(0, np.float32), np.zeros(0, np.int32), np.zeros(1, np.int32))

    def of(self, tokens: Iterable[int], documents: int) -> NDArray[np.float32]:
        """The sum of some tokens' scores, for each document."""
        scores = np.zeros(documents, dtype=np.float32)
        for token in tokens:
            part = slice(self.starts[token], self.starts[token + 1])
            scores[self.documents[part]] += self.data[part]
        return scores


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

    def __init__(self, documents: Sequence[Document], scores: _Scores) -> None:
        self.documents = tuple(documents)
        self._of_tokens = scores
        self._numbers_by_path: dict[str, list[int]] = {}
        for number, document in enumerate(self.documents):
            self._numbers_by_path.setdefault(document.path, []).append(number)
        self._document_frequency = np.diff(scores.starts)

    def __len__(self) -> int:
        return len(self.documents)

    @property
    def vocabulary(self) -> Collection[str]:
        """The tokens that its documents have."""
        return self._of_tokens.vocabulary.keys()

    @classmethod
    def build(cls, documents: Sequence[Document]) -> SymbolIndex:
        """Index documents; the same documents in any order give the same index."""
        ordered = sorted(documents, key=lambda document: (document.anchor, document.symbol, document.text))
        vocabulary: dict[str, int] = {}
        corpus = [
            [vocabulary.setdefault(token, len(vocabulary)) for token in _tokens(document)]
            for document in ordered
        ]
        if not vocabulary:
            return cls(ordered, _Scores.none())
        return cls(ordered, _scored(corpus, vocabulary))

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
        return self._of_tokens.of(self._query_tokens(query), len(self.documents))

    def _query_tokens(self, query: str) -> list[int]:
        """The query's rarest tokens, in a fixed order so that sums of floats are the same every time."""
        vocabulary = self._of_tokens.vocabulary
        known = {vocabulary[token] for token in code_tokens(query) if token in vocabulary}
        rarest = sorted(known, key=lambda token: (self._document_frequency[token], token))
        return rarest[:_MAX_QUERY_TOKENS]

    def save(self, directory: Path) -> None:
        """Write the index into `directory` (JSON and plain arrays; nothing is pickled)."""
        with writing(directory):
            make_folder(directory)
            for name, array in zip(_ARRAYS, self._arrays, strict=True):
                np.save(directory / name, array, allow_pickle=False)
            make_private(directory)
        write_atomic(directory / _VOCABULARY, json.dumps(self._of_tokens.vocabulary, ensure_ascii=False))
        rows = (json.dumps(asdict(document), ensure_ascii=False) for document in self.documents)
        write_atomic(directory / _DOCUMENTS, "".join(f"{row}\n" for row in rows))

    @classmethod
    def load(cls, directory: Path) -> SymbolIndex:
        """Read what `save` wrote.

        Raises:
            NotFoundError: There is no index in `directory`, or a part of it is missing.
        """
        try:
            raw = (directory / _DOCUMENTS).read_text(encoding="utf-8", errors="surrogatepass")
            documents = [_document_of(line) for line in raw.split("\n") if line]
            vocabulary = json.loads((directory / _VOCABULARY).read_text("utf-8", "surrogatepass"))
            arrays = [np.load(directory / name, allow_pickle=False) for name in _ARRAYS]
        except (OSError, ValueError, TypeError) as error:
            raise NotFoundError(
                f"no usable symbol index in {directory}: {error}", hint="build it again from the snapshot"
            ) from error
        return cls(documents, _Scores(vocabulary, *arrays))

    @property
    def _arrays(self) -> tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.int32]]:
        scores = self._of_tokens
        return scores.data, scores.documents, scores.starts


def _document_of(row: str) -> Document:
    try:
        return _DECODE(row)
    except UnicodeEncodeError:  # a half of a pair of surrogates, which JSON in UTF-8 cannot have
        values = json.loads(row)
        lists = {name: tuple(values.get(name, ())) for name in ("evidence", "domains")}
        return Document(**{**values, **lists})


def _scored(corpus: Sequence[Sequence[int]], vocabulary: dict[str, int]) -> _Scores:
    """By bm25s, which is slow to import and not needed to search; it sets its logger to DEBUG."""
    import bm25s

    logging.getLogger("bm25s").setLevel(logging.WARNING)
    bm25 = bm25s.BM25(method="lucene")
    bm25.index((corpus, vocabulary), create_empty_token=False, show_progress=False)
    return _Scores(vocabulary, *(bm25.scores[name] for name in ("data", "indices", "indptr")))


def _tokens(document: Document) -> list[str]:
    return code_tokens(document.symbol) * _NAME_WEIGHT + code_tokens(f"{document.path}\n{document.text}")


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
