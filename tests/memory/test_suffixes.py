"""Matches against a search by hand; files do not follow on each other; what is written is read again."""

from __future__ import annotations

import random
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from codebase_gardener.memory.recall import Gate, Memory
from codebase_gardener.memory.suffixes import DEPTH, Suffixes
from codebase_gardener.utils.error_handling import NotFoundError

ALWAYS = Gate(constant=100, length=0, count=0, variety=0, doubt=0)


def followers(files: list[list[int]], end: list[int]) -> Counter[int]:
    """What stands behind an end of a context, found the slow way."""
    return Counter(ids[n] for ids in files for n in range(len(end), len(ids)) if ids[n - len(end) : n] == end)


def test_every_match_is_found_and_counted() -> None:
    dice = random.Random(0)
    files = [[dice.randrange(4) for _ in range(60)] for _ in range(5)]
    suffixes = Suffixes.build(files)
    for _ in range(50):
        context = [dice.randrange(4) for _ in range(12)]
        for seen in suffixes.seen(context):
            counted = followers(files, context[-seen.length :])
            assert seen.count == counted.total()
            assert dict(zip(seen.tokens.tolist(), seen.shares * seen.count, strict=True)) == pytest.approx(
                dict(counted)
            )
        longest = max((seen.length for seen in suffixes.seen(context)), default=0)
        assert not followers(files, context[-longest - 1 :])


def test_no_match_goes_from_one_file_into_the_next() -> None:
    suffixes = Suffixes.build([[1, 2], [3, 4], []])
    assert suffixes.seen([2]) == []
    assert [seen.length for seen in suffixes.seen([2, 3])] == [1]


def test_long_repeats_match_up_to_the_depth() -> None:
    text = list(range(100)) * 2
    (seen,) = Suffixes.build([text]).seen(text[:80])
    assert (seen.length, seen.count, seen.tokens.tolist()) == (DEPTH, 2, [80])


def test_many_places_are_counted_by_a_part_of_them() -> None:
    text = [1, 2, 1, 3] * 4_000
    seen = Suffixes.build([text]).seen([1])[0]
    assert seen.count == 8_000
    assert seen.shares == pytest.approx([0.5, 0.5], abs=0.01)


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    suffixes = Suffixes.build([[1, 2, 3], [1, 2, 4]])
    suffixes.save(tmp_path / "memory")
    again = Suffixes.load(tmp_path / "memory")
    assert again.tokens.tolist() == suffixes.tokens.tolist()
    assert again.order.tolist() == suffixes.order.tolist()


def test_what_is_damaged_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        Suffixes.load(tmp_path / "none")
    folder = tmp_path / "memory"
    Suffixes.build([[1, 2, 3]]).save(folder)
    np.save(folder / "order.npy", np.array([1, 99], np.int32))
    with pytest.raises(NotFoundError, match="beyond"):
        Suffixes.load(folder)


def test_an_empty_memory_changes_nothing() -> None:
    recalled = Memory(Suffixes.build([])).recall([1, 2], 0.5)
    assert (recalled.rest, len(recalled.tokens)) == (1.0, 0)


def test_shares_and_rest_are_one() -> None:
    memory = Memory(Suffixes.build([[1, 2, 3, 1, 2, 4, 5, 2, 6]]))
    recalled = memory.recall([1, 2], 0.5)
    assert recalled.tokens.tolist() == [3, 4, 6]
    assert recalled.rest + recalled.shares.sum() == pytest.approx(1)


def test_the_longest_match_has_its_share_first() -> None:
    memory = Memory(Suffixes.build([[1, 2, 3], [5, 2, 4], [5, 2, 4]]), ALWAYS)
    recalled = memory.recall([1, 2], 0.5)
    assert dict(zip(recalled.tokens.tolist(), recalled.shares.tolist(), strict=True)) == pytest.approx(
        {3: 1, 4: 0}
    )


def test_a_sure_model_is_left_alone() -> None:
    memory = Memory(Suffixes.build([[1, 2, 3]]))
    assert memory.recall([1, 2], 0.9).rest < 0.8
    assert memory.recall([1, 2], 1e-6).rest > 0.999


def test_a_lookup_takes_well_under_a_millisecond() -> None:
    dice = np.random.default_rng(0)
    text = (dice.zipf(1.3, 200_000) % 5_000).tolist()
    memory = Memory(Suffixes.build([text]))
    contexts = [text[n : n + DEPTH] for n in range(0, 100_000, 500)]
    started = time.thread_time()
    for context in contexts:
        memory.recall(context, 0.5)
    assert (time.thread_time() - started) / len(contexts) < 0.002  # 0.3 ms where it was written
