from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codebase_gardener.retrieval.documents import Document
from codebase_gardener.retrieval.index import SymbolIndex
from codebase_gardener.retrieval.tokens import code_tokens
from codebase_gardener.utils.error_handling import NotFoundError

WORDS = ["lora", "rank", "merge", "adapter", "weight", "layer", "config", "save"]


def document(path, start, end, text, symbol="f"):
    return Document(f"{path}:L{start}-{end}", path, symbol, text, "function")


documents = st.lists(
    st.builds(
        document,
        st.sampled_from(["a.py", "b.py", "c.py"]),
        st.integers(1, 50),
        st.integers(50, 99),
        st.lists(st.sampled_from(WORDS), min_size=1, max_size=8).map(" ".join),
    ),
    max_size=30,
)


def test_the_named_symbol_comes_first():
    index = SymbolIndex.build(
        [
            document("a.py", 1, 2, "def get_rank(config): return config.rank", "get_rank"),
            document("a.py", 4, 9, "def merge(adapter): adapter.merge(get_rank(adapter))", "merge"),
            document("b.py", 1, 9, "def save(path): path.write()", "save"),
        ]
    )
    hits = index.search("where is getRank?")
    assert [hit.document.symbol for hit in hits] == ["get_rank", "merge"]
    assert hits[0].score > hits[1].score > 0


@given(documents, st.sampled_from(WORDS), st.integers(1, 5))
def test_what_is_excluded_never_comes_back_and_nothing_else_is_lost(found, word, k):
    index = SymbolIndex.build(found)
    everything = [hit.document for hit in index.search(word, k=100)]
    allowed = [d for d in everything if d.path != "a.py" and not d.overlaps("b.py", 60, 70)]
    hits = index.search(
        word, k=k, exclude=lambda d: d.overlaps("b.py", 60, 70), exclude_paths=("a.py", "no.py")
    )
    assert [hit.document for hit in hits] == allowed[:k]


@given(documents)
def test_the_scores_are_those_of_the_library_bit_for_bit(found):
    import bm25s
    import numpy as np

    index = SymbolIndex.build(found)
    vocabulary: dict[str, int] = {}
    corpus = [
        [
            vocabulary.setdefault(token, len(vocabulary))
            for text in (*[one.symbol] * 3, one.path, one.text)
            for token in code_tokens(text)
        ]
        for one in index.documents
    ]
    library = bm25s.BM25(method="lucene")
    if vocabulary:
        library.index((corpus, vocabulary), create_empty_token=False, show_progress=False)
        assert list(index.vocabulary) == list(vocabulary)
        for name, array in library.scores.items():
            own = np.asarray(index._bm25.scores[name])
            assert own.dtype == np.asarray(array).dtype
            assert np.array_equal(own, array)


@given(documents, st.randoms(use_true_random=False), st.sampled_from(WORDS))
def test_the_order_of_the_documents_does_not_matter_and_ties_go_by_anchor(found, random, word):
    shuffled = found[:]
    random.shuffle(shuffled)
    hits = SymbolIndex.build(found).search(word, k=50)
    assert hits == SymbolIndex.build(shuffled).search(word, k=50)
    keys = [(-hit.score, hit.document.anchor) for hit in hits]
    assert keys == sorted(keys)


def test_excluding_many_still_finds_the_rest():
    many = [document("a.py", n, n, "lora rank", f"f{n}") for n in range(1, 200)]
    index = SymbolIndex.build([*many, document("z.py", 1, 1, "lora " + "other words " * 50, "g")])
    hits = index.search("lora", k=2, exclude=lambda d: d.path == "a.py")
    assert [hit.document.path for hit in hits] == ["z.py"]


@pytest.mark.parametrize("query", ["", "?!", "unknownword", "def return self"])
def test_a_query_without_known_words_finds_nothing(query):
    assert SymbolIndex.build([document("a.py", 1, 1, "lora")]).search(query) == []


@pytest.mark.parametrize("found", [[], [document("a.py", 1, 1, "1 + 1", "")]])
def test_an_index_without_words_answers_and_can_be_saved(found, tmp_path):
    index = SymbolIndex.build([Document(d.anchor, "1", "", "1 + 1", "module") for d in found])
    index.save(tmp_path / "index")
    assert SymbolIndex.load(tmp_path / "index").search("lora") == []
    assert len(index) == len(found)


def test_a_saved_index_gives_the_same_answers(tmp_path):
    index = SymbolIndex.build(
        [document("a.py", n, n, f"lora rank {w} \u2028 ü", w) for n, w in enumerate(WORDS, 1)]
    )
    index.save(tmp_path / "index")
    loaded = SymbolIndex.load(tmp_path / "index")
    assert loaded.documents == index.documents
    assert loaded.search("merge the lora", k=9) == index.search("merge the lora", k=9)
    assert not [path for path in (tmp_path / "index").iterdir() if path.suffix in (".pkl", ".pickle")]


def test_half_a_pair_of_surrogates_comes_back(tmp_path):
    found = [document("a.py", 1, 1, "lora \ud800"), document("b.py", 1, 1, "lora")]
    SymbolIndex.build(found).save(tmp_path)
    assert list(SymbolIndex.load(tmp_path).documents) == found


@pytest.mark.parametrize("damage", ["documents.jsonl", "data.csc.index.npy", "vocab.index.json"])
def test_an_incomplete_index_is_an_error_with_a_hint(tmp_path, damage):
    SymbolIndex.build([document("a.py", 1, 1, "lora")]).save(tmp_path)
    (tmp_path / damage).unlink()
    with pytest.raises(NotFoundError, match="symbol index") as error:
        SymbolIndex.load(tmp_path)
    assert "again" in error.value.hint


def test_a_pickled_array_is_refused(tmp_path):
    import numpy as np

    SymbolIndex.build([document("a.py", 1, 1, "lora")]).save(tmp_path)
    np.save(tmp_path / "data.csc.index.npy", np.array([object()]), allow_pickle=True)
    with pytest.raises(NotFoundError):
        SymbolIndex.load(tmp_path)
