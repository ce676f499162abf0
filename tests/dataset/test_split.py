from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codebase_gardener.dataset.split import split_files

counts = st.dictionaries(st.text(alphabet="abcdef/", min_size=1), st.integers(0, 60), max_size=40)


@given(counts, st.integers(0, 3), st.floats(0.01, 0.5))
def test_the_held_out_files_are_few_but_not_none(functions, seed, share):
    split = split_files(functions, share=share, seed=seed)
    with_functions = {path: count for path, count in functions.items() if count}
    assert split.heldout <= set(with_functions)
    if len(with_functions) < 2:
        assert not split.heldout
        assert "nothing to measure" in split.warnings[0]
        return
    total = sum(with_functions.values())
    assert split.heldout
    if len(split.heldout) > max(
        1, round(share * len(with_functions))
    ):  # only until enough functions are held out
        largest = max(with_functions[path] for path in split.heldout)
        assert sum(with_functions[path] for path in split.heldout) - largest < min(48, 0.08 * total)
    assert len(split.heldout) == 1 or sum(with_functions[p] for p in split.heldout) <= 0.2 * total
    reordered = dict(reversed(list(functions.items())))
    assert split_files(reordered, share=share, seed=seed) == split


def test_another_seed_holds_out_other_files():
    functions = {f"f{n}.py": 5 for n in range(100)}
    assert len(split_files(functions).heldout) == 12
    assert split_files(functions, seed=1) != split_files(functions)


def test_at_most_forty_files():
    assert len(split_files({f"f{n}.py": 5 for n in range(1000)}).heldout) == 40


def test_more_files_are_held_out_until_there_are_enough_functions_to_measure_on():
    assert len(split_files({f"f{n}.py": 20 for n in range(40)}, share=0.02).heldout) == 3


def test_a_new_file_moves_at_most_one_other():
    functions = {f"f{n}.py": 5 for n in range(100)}
    before, after = split_files(functions).heldout, split_files({**functions, "new.py": 5}).heldout
    assert len(before - after) <= 1


def test_where_every_file_is_large_the_smallest_is_held_out():
    assert split_files({"a.py": 50, "b.py": 30}).heldout == {"b.py"}


@pytest.mark.parametrize("functions", [{}, {"a.py": 9}, {"a.py": 9, "b.py": 0}])
def test_a_single_file_is_all_for_training(functions):
    assert split_files(functions).heldout == frozenset()


def test_no_share_holds_nothing_out():
    split = split_files({"a.py": 1, "b.py": 1}, share=0)
    assert (split.side_of("a.py"), split.side_of("b.py"), len(split.warnings)) == ("train", "train", 1)
