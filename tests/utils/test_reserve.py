"""The room that is kept for those who free some."""

from __future__ import annotations

from pathlib import Path

import pytest

from codebase_gardener.utils.reserve import RESERVE, give_up_reserve, keep_reserve, spending_reserve
from samples.full_disks import fill


def test_it_is_free_for_a_block_and_taken_again(tmp_path: Path) -> None:
    keep_reserve(tmp_path)
    reserve = tmp_path / RESERVE
    assert reserve.stat().st_size == 1 << 20
    assert reserve.stat().st_blocks * 512 >= 1 << 20, "it takes the room, and does not only say so"
    with pytest.raises(ValueError, match="boom"), spending_reserve(tmp_path):
        assert not reserve.exists()
        raise ValueError("boom")
    assert reserve.exists()
    give_up_reserve(tmp_path)
    give_up_reserve(tmp_path)
    assert not reserve.exists()
    with spending_reserve(None):
        pass


@pytest.mark.parametrize(("left", "taken"), [(700_000, 1 << 19), (140_000, 1 << 17), (0, None)])
def test_where_there_is_little_it_takes_what_there_is(left: int, taken: int | None, small_disk: Path) -> None:
    fill(small_disk, left)
    keep_reserve(small_disk)
    reserve = small_disk / RESERVE
    assert (reserve.stat().st_size if reserve.exists() else None) == taken


def test_a_home_that_is_not_there_keeps_none(tmp_path: Path) -> None:
    keep_reserve(tmp_path / "nowhere")
    assert list(tmp_path.iterdir()) == []
