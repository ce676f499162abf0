"""The locks of loaded adapters, and the one order in which they are taken.

- `MODEL`, of all live bases of a process: which slot is in effect, and what is attached. Held while a model computes,
  and by `using` and `disabled` for their block.
- `BASES`, of `LoadedAdapters`: which bases are in memory. Held while one is read.
- `CACHE`, of `LeaseCache`: entries, leases, reservations. Held for moments; nothing is called under it.

A thread takes a lock only while it holds none of a higher rank, or holds that very lock. Taking one out of order
raises at once, whether or not another thread is there to wait for: so each test that passes a place checks it.
"""

from __future__ import annotations

import threading
from enum import IntEnum
from types import TracebackType

__all__ = ["OrderedLock", "Rank"]


class Rank(IntEnum):
    """Which lock may be taken under which: only a higher one under a lower one."""

    MODEL = 0
    BASES = 1
    CACHE = 2


class _Held(threading.local):
    def __init__(self) -> None:
        self.locks: list[OrderedLock] = []


_held = _Held()


class OrderedLock:
    """A lock with a rank, re-entrant, on which threads can also wait for one another.

    Args:
        rank: Its place in the order.
    """

    def __init__(self, rank: Rank) -> None:
        self.rank = rank
        self._condition = threading.Condition(threading.RLock())

    @property
    def is_mine(self) -> bool:
        """Whether this thread holds it."""
        return self in _held.locks

    def acquire(self, *, blocking: bool = True) -> bool:
        """Take it. Returns whether that was possible.

        Raises:
            RuntimeError: This thread holds a lock that comes later in the order.
        """
        later = [held.rank.name for held in _held.locks if held.rank >= self.rank and held is not self]
        if later and not self.is_mine:
            raise RuntimeError(f"{self.rank.name} is taken under {', '.join(later)}: two threads could hang")
        if not self._condition.acquire(blocking):
            return False
        _held.locks.append(self)
        return True

    def release(self) -> None:
        """Give it back."""
        _held.locks.remove(self)
        self._condition.release()

    def __enter__(self) -> None:
        self.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def wait(self, timeout_s: float) -> bool:
        """Give it up until another thread says that something changed. Returns False when the time is over."""
        return self._condition.wait(timeout_s)

    def notify_all(self) -> None:
        """Tell those who wait."""
        self._condition.notify_all()
