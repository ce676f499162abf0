"""The order of training: fixed by its seed, whole passes, batches of like length."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from codebase_gardener.training.sampling import batches_of, shares_of, weighted_order

LENGTHS = st.lists(st.integers(1, 500), min_size=1, max_size=80)


def flat(batches: list[list[int]]) -> list[int]:
    return [index for batch in batches for index in batch]


@given(LENGTHS, st.integers(1, 9), st.integers(1, 3), st.integers(0, 99))
def test_every_item_comes_once_a_pass(lengths: list[int], size: int, passes: int, seed: int) -> None:
    batches = batches_of(lengths, [1.0] * len(lengths), batch_size=size, passes=passes, seed=seed)
    assert sorted(flat(batches)) == sorted([*range(len(lengths))] * passes)
    assert all(1 <= len(batch) <= size for batch in batches)


@given(LENGTHS, st.integers(1, 9), st.integers(0, 99))
def test_the_same_seed_gives_the_same_batches(lengths: list[int], size: int, seed: int) -> None:
    weights = [1.0] * len(lengths)
    first = batches_of(lengths, weights, batch_size=size, passes=2, seed=seed)
    assert first == batches_of(lengths, weights, batch_size=size, passes=2, seed=seed)


def test_another_seed_and_another_pass_give_another_order() -> None:
    lengths, weights = [10] * 50, [1.0] * 50
    one, other = (batches_of(lengths, weights, batch_size=5, passes=2, seed=seed) for seed in (1, 2))
    assert one != other
    assert flat(one)[:50] != flat(one)[50:]


def test_a_resumed_run_meets_the_batches_that_are_left() -> None:
    """The plan may end early: what was trained before the end is the same as in a longer plan."""
    lengths = [n % 37 + 1 for n in range(300)]
    short = batches_of(lengths, [1.0] * 300, batch_size=4, passes=1, seed=3)
    long = batches_of(lengths, [1.0] * 300, batch_size=4, passes=3, seed=3)
    window = 16
    assert long[:window] == short[:window]


def test_batches_hold_rows_of_like_length() -> None:
    lengths = [(n * 7919) % 500 + 1 for n in range(640)]
    batches = batches_of(lengths, [1.0] * 640, batch_size=4, passes=1, seed=0)
    padded = sum(len(batch) * max(lengths[index] for index in batch) for batch in batches)
    assert padded / sum(lengths) < 1.1  # in random order it is above 1.5


@given(st.floats(0.001, 0.4))
def test_a_share_of_a_pass_is_never_nothing(passes: float) -> None:
    assert flat(batches_of([5, 6], [1.0, 1.0], batch_size=1, passes=passes, seed=0))


def test_weight_zero_leaves_an_item_out_and_heavy_ones_come_early() -> None:
    weights = [0.0] + [1.0] * 100 + [100.0] * 100
    places = [weighted_order(weights, seed).index(150) for seed in range(50)]
    assert 0 not in weighted_order(weights, 0)
    assert sorted(weighted_order(weights, 0)) == list(range(1, 201))
    assert sum(places) / 50 < 70


@given(st.lists(st.integers(1, 90), min_size=1, max_size=200), st.integers(1, 5), st.integers(1, 200))
def test_no_batch_has_more_padded_tokens_than_allowed_unless_one_row_has(lengths, size, tokens):
    batches = batches_of(
        lengths, [1.0] * len(lengths), batch_size=size, passes=1, seed=0, batch_tokens=tokens
    )
    assert sorted(index for batch in batches for index in batch) == list(range(len(lengths)))
    for batch in batches:
        assert len(batch) <= size
        assert len(batch) == 1 or len(batch) * max(lengths[index] for index in batch) <= tokens


@given(LENGTHS, st.integers(1, 9), st.integers(1, 2000), st.integers(0, 99))
def test_a_batch_has_so_many_padded_tokens_at_most(
    lengths: list[int], size: int, tokens: int, seed: int
) -> None:
    batches = batches_of(
        lengths, [1.0] * len(lengths), batch_size=size, passes=1, seed=seed, batch_tokens=tokens
    )
    assert sorted(flat(batches)) == list(range(len(lengths)))
    for batch in batches:
        assert len(batch) == 1 or len(batch) * max(lengths[index] for index in batch) <= tokens
        assert len(batch) <= size


@given(st.lists(LENGTHS, min_size=1, max_size=4), st.integers(1, 5))
def test_shares_are_all_rows_once_and_as_even_as_one_row_allows(parts: list[list[int]], size: int) -> None:
    lengths = [length for part in parts for length in part]
    places = iter(range(len(lengths)))
    batches = [[next(places) for _ in part] for part in parts]
    shares = shares_of(batches, lengths, size)
    for batch, share in zip(batches, shares, strict=True):
        assert sorted(flat(list(share))) == sorted(batch)
        assert all(list(own) == [index for index in batch if index in own] for own in share)
    loads = [sum(lengths[index] for share in shares for index in share[rank]) for rank in range(size)]
    assert max(loads) - min(loads) <= max(lengths)


def test_what_one_batch_splits_unevenly_the_next_levels_out() -> None:
    assert shares_of([[0, 1, 2], [3, 4, 5]], [100] * 6, 2) == [([0, 2], [1]), ([4], [3, 5])]
