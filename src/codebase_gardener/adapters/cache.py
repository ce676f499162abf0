"""Least recently used, by bytes and by count, and never what somebody holds."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

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

    `room_for` evicts and reserves, `put` fills, `lease` and `release` count who holds what. Loading itself
    runs outside the lock.

    Args:
        max_bytes: Sum of the sizes that may be held.
        max_count: Values that may be held.
        evict: Called with key and value of what has to go.
    """

    def __init__(self, *, max_bytes: int, max_count: int, evict: Callable[[str, V], None]) -> None:
        self.max_bytes, self.max_count = max_bytes, max_count
        self._evict = evict
        self._entries: OrderedDict[str, _Entry[V]] = OrderedDict()
        self._reserved: dict[str, int] = {}
        self._changed = threading.Condition()

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
        deadline = time.monotonic() + wait_s
        with self._changed:
            if size > self.max_bytes:
                raise ResourceError(
                    f"{key} needs {size} bytes, more than the whole cache of {self.max_bytes}",
                    hint="raise the setting cache_bytes",
                )
            while not self._make_room(size):
                left = deadline - time.monotonic()
                if left <= 0 or not self._changed.wait(left):
                    raise ResourceError(
                        f"no room for {key}: all {len(self._entries)} loaded adapters are in use",
                        hint="unload one, wait (wait_s=…), or raise the settings cache_count or cache_bytes",
                        context={"in_use": list(self._entries)},
                    )
            self._reserved[key] = size
        try:
            yield
        finally:
            with self._changed:
                self._reserved.pop(key, None)
                self._changed.notify_all()

    def _make_room(self, size: int) -> bool:
        while (
            len(self._entries) + len(self._reserved) >= self.max_count
            or self._bytes() + size > self.max_bytes
        ):
            idle = next((key for key, entry in self._entries.items() if not entry.leases), None)
            if idle is None:
                return False
            self._evict(idle, self._entries.pop(idle).value)
        return True

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
            self._changed.notify_all()
            return entry.value
