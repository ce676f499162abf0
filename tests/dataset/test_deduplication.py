from __future__ import annotations

import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codebase_gardener.dataset.deduplication import near_duplicates, shingles

LONG = "".join(f"    value_{n} = compute(value_{n - 1}, step={n})\n" for n in range(1, 40))


def test_a_small_change_is_a_near_duplicate_and_a_large_one_is_not():
    changed = LONG.replace("value_20 ", "other ")
    rewritten = "".join(LONG.splitlines(keepends=True)[:12]) + "    return nothing(of, the, rest)\n" * 20
    assert near_duplicates([LONG, changed, rewritten, "x = 1\n"], [LONG]) == {0: 0, 1: 0}


def test_just_below_the_threshold_is_no_duplicate():
    lines = LONG.splitlines(keepends=True)
    similar = "".join([*lines[:30], *(f"    other_{n} = quite_different({n})\n" for n in range(8))])
    ours, theirs = set(shingles(similar).tolist()), set(shingles(LONG).tolist())
    jaccard = len(ours & theirs) / len(ours | theirs)
    assert 0.6 < jaccard < 0.7
    assert near_duplicates([similar], [LONG]) == {}
    assert near_duplicates([similar], [LONG], threshold=jaccard) == {0: 0}


def test_layout_does_not_hide_a_copy():
    assert near_duplicates([LONG.replace("    ", "\t").replace(" = ", "=")], ["x = 1", LONG]) == {0: 1}


def test_short_and_empty_texts():
    assert near_duplicates(["return a", "return b", "", "  \n"], ["return a", ""]) == {0: 0}


@given(st.lists(st.text(alphabet="ab (\n"), max_size=8), st.lists(st.text(alphabet="ab (\n"), max_size=8))
def test_what_is_found_is_at_least_as_similar_as_asked(texts, references):
    for number, reference in near_duplicates(texts, references, threshold=0.5).items():
        ours, theirs = set(shingles(texts[number]).tolist()), set(shingles(references[reference]).tolist())
        assert len(ours & theirs) / len(ours | theirs) >= 0.5


def test_nearly_all_true_duplicates_are_found():
    dice = random.Random(1)
    words = [f"word{n}" for n in range(500)]
    originals = [" ".join(dice.choices(words, k=60)) for _ in range(200)]
    copies = [text.rpartition(" ")[0].replace(" ", " new ", 1) for text in originals]
    assert len(near_duplicates(copies, originals)) >= 198


@pytest.mark.slow
def test_five_thousand_functions_take_at_most_five_seconds():
    dice = random.Random(2)
    words = [f"name_{n}" for n in range(3_000)]
    texts = [" ".join(dice.choices(words, k=120)) for _ in range(5_000)]
    started = time.process_time()
    near_duplicates(texts[:4_400], texts[4_400:])
    assert time.process_time() - started < 5
