"""The cache: never over its limits, never without what somebody holds, least recently used goes first."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from codebase_gardener.adapters.cache import LeaseCache
from codebase_gardener.utils.error_handling import ConflictError, ResourceError

KEYS = st.sampled_from("abcdef")


class Machine(RuleBasedStateMachine):
    """A cache of 3 values and 10 bytes against lists that do the same."""

    def __init__(self) -> None:
        super().__init__()
        self.cache = LeaseCache[str](max_bytes=10, max_count=3, evict=self.evicted)
        self.order: list[str] = []  # least recently used first
        self.size: dict[str, int] = {}
        self.held: dict[str, int] = {}

    def evicted(self, key: str, value: str) -> None:
        assert value == key.upper()
        assert not self.held.get(key), "evicted what somebody holds"
        assert key == next(k for k in self.order if not self.held.get(k)), "not the least recently used"
        self.order.remove(key)

    @rule(key=KEYS, size=st.integers(1, 12))
    def load(self, key: str, size: int) -> None:
        if key in self.cache:
            return
        try:
            with self.cache.room_for(key, size):
                assert len(self.order) <= 2
                assert sum(self.size[k] for k in self.order) + size <= 10
                self.cache.put(key, key.upper(), size, leases=1)
        except ResourceError:
            held = [k for k in self.order if self.held.get(k)]
            assert size > 10 or len(held) >= 3 or sum(self.size[k] for k in held) + size > 10
            return
        self.order.append(key)
        self.size[key], self.held[key] = size, 1

    @rule(key=KEYS)
    def lease(self, key: str) -> None:
        value = self.cache.lease(key)
        assert (value is not None) == (key in self.order)
        if value is not None:
            self.held[key] += 1
            self.used(key)

    @rule(key=KEYS)
    def get(self, key: str) -> None:
        if self.cache.get(key) is not None:
            self.used(key)

    def used(self, key: str) -> None:
        self.order.remove(key)
        self.order.append(key)

    @precondition(lambda self: any(self.held.values()))
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(k for k, n in self.held.items() if n)))
        self.cache.release(key)
        self.held[key] -= 1

    @rule(key=KEYS)
    def pop(self, key: str) -> None:
        if self.held.get(key):
            with pytest.raises(ConflictError):
                self.cache.pop(key)
            return
        assert (self.cache.pop(key) is not None) == (key in self.order)
        if key in self.order:
            self.order.remove(key)

    @invariant()
    def keeps_its_limits(self) -> None:
        assert self.cache.keys() == self.order
        assert len(self.order) <= 3
        assert self.cache.bytes == sum(self.size[k] for k in self.order) <= 10
        assert all(self.cache.leases(k) == self.held.get(k, 0) for k in self.order)


TestMachine = Machine.TestCase
TestMachine.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


def cache_of(count: int, evicted: Callable[[str, str], None] = lambda key, value: None) -> LeaseCache[str]:
    return LeaseCache[str](max_bytes=100, max_count=count, evict=evicted)


def put(cache: LeaseCache[str], key: str, *, leases: int = 0, wait_s: float = 0.0, size: int = 1) -> None:
    with cache.room_for(key, size, wait_s=wait_s):
        cache.put(key, key, size, leases=leases)


def test_full_of_what_is_held_raises_at_once_and_names_it() -> None:
    cache = cache_of(1)
    put(cache, "a", leases=1)
    started = time.monotonic()
    with pytest.raises(ResourceError) as caught:
        put(cache, "b")
    assert time.monotonic() - started < 0.5
    assert caught.value.context == {"in_use": ["a"]}
    assert "wait_s" in caught.value.hint


def test_waiting_ends_when_a_lease_does() -> None:
    cache = cache_of(1)
    put(cache, "a", leases=1)
    threading.Timer(0.2, cache.release, ["a"]).start()
    put(cache, "b", wait_s=10)
    assert cache.keys() == ["b"]


def test_waiting_ends_when_its_time_is_over() -> None:
    cache = cache_of(1)
    put(cache, "a", leases=1)
    started = time.monotonic()
    with pytest.raises(ResourceError):
        put(cache, "b", wait_s=0.2)
    assert 0.15 < time.monotonic() - started < 2


def test_what_is_larger_than_the_cache_evicts_nothing() -> None:
    cache = cache_of(2)
    put(cache, "a")
    with pytest.raises(ResourceError, match="more than the whole cache"):
        put(cache, "huge", size=101)
    assert cache.keys() == ["a"]


def test_a_load_that_fails_gives_its_room_back() -> None:
    cache = cache_of(1)
    with pytest.raises(ValueError, match="broken"), cache.room_for("a", 100):
        assert cache.bytes == 100
        raise ValueError("broken")
    assert cache.bytes == 0
    put(cache, "b", size=100)


def test_room_that_is_reserved_is_taken() -> None:
    cache = cache_of(1)
    with cache.room_for("a", 1), pytest.raises(ResourceError):
        put(cache, "b")


def test_what_takes_a_value_off_may_wait_for_one_who_asks_the_cache() -> None:
    """Evicting under the cache's lock let two threads wait for each other."""
    seen: list[list[str]] = []

    def evict(key: str, value: str) -> None:
        other = threading.Thread(target=lambda: seen.append(cache.keys()), daemon=True)
        other.start()
        other.join(5)
        assert not other.is_alive(), "the cache's lock is held"

    cache = cache_of(1, evict)
    put(cache, "a")
    put(cache, "b")
    assert seen == [[]]


def test_what_cannot_be_taken_off_is_held_as_before() -> None:
    def evict(key: str, value: str) -> None:
        raise ConflictError(f"{key} is in use")

    cache = cache_of(1, evict)
    put(cache, "a")
    with pytest.raises(ConflictError):
        put(cache, "b")
    assert cache.keys() == ["a"]
    assert cache.bytes == 1


def test_several_that_load_one_value_share_its_room() -> None:
    cache = cache_of(1)
    with cache.room_for("a", 60), cache.room_for("a", 60):
        assert cache.bytes == 60
        cache.put("a", "a", 60)
        with cache.room_for("a", 60):  # it is here: it stays until whoever asked has it
            assert cache.leases("a") == 1
            with pytest.raises(ResourceError):
                put(cache, "b")
    assert cache.bytes == 60
    assert cache.leases("a") == 0
    put(cache, "b")
    assert cache.keys() == ["b"]


@pytest.mark.parametrize("goes", ["for another", "by unload"])
def test_room_of_what_another_thread_loads_too_is_not_given_away(goes: str) -> None:
    """The first had loaded, and another value took its place, before the second put it back: one too many."""
    cache = cache_of(1)
    with cache.room_for("a", 60):
        with cache.room_for("a", 60):
            cache.put("a", "a", 60)
        if goes == "by unload":
            assert cache.pop("a") == "a"
        with pytest.raises(ResourceError):
            put(cache, "b")
        cache.put("a", "a", 60)
    assert cache.keys() == ["a"]
    put(cache, "b")
    assert cache.keys() == ["b"]


def test_nothing_goes_where_that_would_not_make_room() -> None:
    cache = cache_of(3)
    put(cache, "held", leases=1, size=90)
    put(cache, "idle", size=5)
    with pytest.raises(ResourceError):
        put(cache, "large", size=20)
    assert cache.keys() == ["held", "idle"]
