"""The one order of locks: taking one out of turn raises at once, also where nobody else is there to wait for."""

from __future__ import annotations

import threading

import pytest

from codebase_gardener.adapters.locks import OrderedLock, Rank


def test_a_lock_is_taken_in_its_order_only() -> None:
    model, bases, cache = (OrderedLock(rank) for rank in Rank)
    with model, bases, cache, cache, model:  # again, what is held
        assert model.is_mine
    assert not model.is_mine
    with cache:
        with pytest.raises(RuntimeError, match="MODEL is taken under CACHE"):
            model.acquire()
        with pytest.raises(RuntimeError, match="BASES is taken under CACHE"):
            bases.acquire()
    with model, bases:
        pass


def test_two_of_one_rank_are_not_nested() -> None:
    one, other = OrderedLock(Rank.MODEL), OrderedLock(Rank.MODEL)
    with one, pytest.raises(RuntimeError, match="MODEL is taken under MODEL"):
        other.acquire()


def test_others_wait_or_are_told() -> None:
    lock, inside, leave = OrderedLock(Rank.CACHE), threading.Event(), threading.Event()

    def hold() -> None:
        with lock:
            inside.set()
            leave.wait(10)
            lock.notify_all()

    thread = threading.Thread(target=hold)
    thread.start()
    inside.wait(10)
    assert not lock.acquire(blocking=False)
    assert not lock.is_mine
    leave.set()
    with lock:
        assert lock.is_mine
    thread.join()
    with lock:
        assert not lock.wait(0.01)
