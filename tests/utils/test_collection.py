from __future__ import annotations

import gc

import pytest

from codebase_gardener.utils.collection import paused_collection


def test_what_was_made_in_the_block_is_not_gone_through_after_it() -> None:
    collections: list[str] = []

    def note(phase: str, _: dict[str, int]) -> None:
        collections.append(phase)

    gc.unfreeze()  # as a program is that has frozen nothing
    gc.callbacks.append(note)
    try:
        with paused_collection():
            kept = [[number] for number in range(50_000)]
        more = [[number] for number in range(10)]
        told = list(collections)
    finally:
        gc.callbacks.remove(note)
        gc.freeze()
    assert told == [], f"of {len(kept) + len(more)} lists"
    assert gc.isenabled()


def test_a_collection_that_was_off_stays_off() -> None:
    gc.disable()
    try:
        with paused_collection():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


@pytest.mark.slow
def test_what_the_program_has_frozen_stays_frozen() -> None:
    gc.freeze()
    frozen = gc.get_freeze_count()
    with paused_collection():
        pass
    assert gc.get_freeze_count() > frozen / 2
