"""Least recently used, by bytes and by count, and never what somebody holds."""

from __future__ import annotations

import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

from codebase_gardener.adapters.locks import OrderedLock, Rank
from codebase_gardener.utils.error_handling import ConflictError, ResourceError

__all__ = ["LeaseCache"]

V = TypeVar("V")


@dataclass
class _Entry(Generic[V]):
    value: V
    bytes: int
    leases: int = 0
    last_used: float = 0.0


class LeaseCache(Generic[V]):
    """Values with sizes; room is made before a load, and only of what nobody holds.

    `room_for` evicts and reserves, `put` fills, `lease` and `release` count who holds what. Loading and evicting
    themselves run outside the lock. Several that load one key share its reservation.

    Args:
        max_bytes: Sum of the sizes that may be held.
        max_count: Values that may be held.
        evict: Called with key and value of what has to go, under no lock of the cache.
    """

    def __init__(self, *, max_bytes: int, max_count: int, evict: Callable[[str, V], None]) -> None:
        self.max_bytes, self.max_count = max_bytes, max_count
        self._evict = evict
        self._entries: OrderedDict[str, _Entry[V]] = OrderedDict()
        self._reserved: dict[str, int] = {}
        self._loading = Counter[str]()
        self._changed = OrderedLock(Rank.CACHE)

    def __contains__(self, key: str) -> bool:
        return key in self._entries

    def keys(self) -> list[str]:
        """Keys, least recently used first."""
        with self._changed:
            return list(self._entries)

    @property
    def bytes(self) -> int:
        """Sum of the sizes held or about to be loaded."""
        with self._changed:
            return self._bytes()

    def _bytes(self) -> int:
        return sum(entry.bytes for entry in self._entries.values()) + sum(self._reserved.values())

    def leases(self, key: str) -> int:
        """How many hold a value."""
        with self._changed:
            return self._entries[key].leases if key in self._entries else 0

    def get(self, key: str) -> V | None:
        """A value that is held, which counts as use."""
        with self._changed:
            entry = self._entries.get(key)
            if entry is None:
                return None
            self._entries.move_to_end(key)
            entry.last_used = time.monotonic()
            return entry.value

    def peek(self, key: str) -> V | None:
        """A value that is held; not counted as use."""
        with self._changed:
            return self._entries[key].value if key in self._entries else None

    def lease(self, key: str) -> V | None:
        """Hold a value, if it is there: it is not evicted until released."""
        with self._changed:
            value = self.get(key)
            if value is not None:
                self._entries[key].leases += 1
            return value

    def release(self, key: str) -> None:
        """Give a lease back."""
        with self._changed:
            if key in self._entries and self._entries[key].leases:
                self._entries[key].leases -= 1
            self._changed.notify_all()

    @contextmanager
    def room_for(self, key: str, size: int, *, wait_s: float = 0.0) -> Iterator[None]:
        """Make room for a value, evicting what is least recently used and not held.

        Args:
            key: What is about to be loaded.
            size: Its bytes.
            wait_s: How long to wait for leases to end; 0 raises at once.

        Raises:
            ResourceError: It is larger than the cache, or everything is held.
        """
        with self._changed:
            evicted = self._reserve(key, size, time.monotonic() + wait_s)
        try:
            self._evict_all(evicted or {})
            yield
        finally:
            with self._changed:
                if evicted is None:
                    self.release(key)
                else:
                    self._give_up(key)

    def _reserve(self, key: str, size: int, deadline: float) -> dict[str, _Entry[V]] | None:
        """Reserve room and take out what has to go for it; None where the value has come meanwhile: it is leased."""
        if size > self.max_bytes:
            raise ResourceError(
                f"{key} needs {size} bytes, more than the whole cache of {self.max_bytes}",
                hint="raise the setting cache_bytes",
            )
        while True:
            if self.lease(key) is not None:
                return None
            idle = [] if key in self._reserved else self._idle(size)
            if idle is not None:
                break
            left = deadline - time.monotonic()
            if left <= 0 or not self._changed.wait(left):
                raise ResourceError(
                    f"no room for {key}: all {len(self._entries)} loaded adapters are in use",
                    hint="unload one, wait (wait_s=…), or raise the settings cache_count or cache_bytes",
                    context={"in_use": list(self._entries)},
                )
        self._reserved[key] = size
        self._loading[key] += 1
        return {other: self._entries.pop(other) for other in idle}

    def _idle(self, size: int) -> list[str] | None:
        """What has to go for so many bytes, least recently used first; None where too much is held."""
        going: list[str] = []
        count, held = len(self._entries) + len(self._reserved), self._bytes()
        for key, entry in self._entries.items():
            if count < self.max_count and held + size <= self.max_bytes:
                break
            if not entry.leases and key not in self._loading:  # who loads it too is about to lease it
                going.append(key)
                count, held = count - 1, held - entry.bytes
        return going if count < self.max_count and held + size <= self.max_bytes else None

    def _give_up(self, key: str) -> None:
        self._loading[key] -= 1
        if not self._loading[key]:
            self._reserved.pop(key, None)
            del self._loading[key]
        self._changed.notify_all()

    def _evict_all(self, evicted: dict[str, _Entry[V]]) -> None:
        """Outside of the lock: what takes an adapter off may wait for a model that computes."""
        try:
            for key in list(evicted):
                self._evict(key, evicted[key].value)
                del evicted[key]
        except BaseException:  # a block still uses it: it is held as before
            with self._changed:
                for key, entry in evicted.items():
                    self._entries.setdefault(key, entry)
            raise

    def put(self, key: str, value: V, size: int, *, leases: int = 0) -> None:
        """Hold a value whose room was made."""
        with self._changed:
            self._reserved.pop(key, None)
            self._entries[key] = _Entry(value, size, leases, time.monotonic())

    def pop(self, key: str, *, even_if_held: bool = False) -> V | None:
        """Take a value out without evicting it.

        Raises:
            ConflictError: Somebody holds it.
        """
        with self._changed:
            entry = self._entries.get(key)
            if entry is None:
                return None
            if entry.leases and not even_if_held:
                raise ConflictError(f"{key} is in use", hint="leave the block that uses it first")
            del self._entries[key]
            if key in self._loading:  # another thread loads it too, and puts it back
                self._reserved[key] = entry.bytes
            self._changed.notify_all()
            return entry.value
