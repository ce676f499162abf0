"""The versions that a process uses: kept from being deleted, by it and by other machines.

Within one machine a lock of the kernel does (`leases`). Where the registry is on PostgreSQL, other machines may use
it: then a row says so, too (`holds`), and a thread beats for all rows of the process.
"""

from __future__ import annotations

import logging
import os
import secrets
import socket
import weakref
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Lock, Thread

from codebase_gardener.registry.holds import LAPSES_S
from codebase_gardener.registry.leases import lease, lease_path
from codebase_gardener.registry.rows import VersionRow
from codebase_gardener.registry.transactions import Registry
from codebase_gardener.utils.error_handling import CodebaseGardenerError, ConflictError

__all__ = ["Holder"]

_log = logging.getLogger(__name__)


class Holder:
    """Leases of one process, for all its threads. Those that are left at the process's end are given back then.

    Args:
        registry: That has the versions.
        beat_s: Seconds between two heartbeats.
    """

    def __init__(self, registry: Registry, *, beat_s: float = LAPSES_S / 4) -> None:
        self._rows = None if registry.database.file else _Rows(registry, beat_s)

    @contextmanager
    def using(self, version: VersionRow) -> Iterator[None]:
        """For a block nobody deletes a version.

        Raises:
            ConflictError: It is being deleted, or was.
        """
        with lease(lease_path(version.directory), str(version.ref)):
            if self._rows is None:
                yield
            else:
                with self._rows.using(version):
                    yield

    def close(self) -> None:
        """Give back what is still held."""
        if self._rows is not None:
            self._rows.close()


class _Rows:
    def __init__(self, registry: Registry, beat_s: float) -> None:
        self._node = socket.gethostname()
        self._held = _Held(registry, f"{self._node}:{os.getpid()}:{secrets.token_hex(4)}", self._node)
        self._beat_s = beat_s
        # also at the interpreter's end, where caches are not emptied: a deletion would wait for the leases to lapse
        self.close = weakref.finalize(self, self._held.end)
        self._thread: Thread | None = None

    @contextmanager
    def using(self, version: VersionRow) -> Iterator[None]:
        self._held.add(version)
        self._begin()
        try:
            yield
        finally:
            self._held.drop(version)

    def _begin(self) -> None:
        with self._held.lock:
            if self._thread is None:
                self._thread = Thread(
                    target=self._held.beat, args=(self._beat_s,), name="leases", daemon=True
                )
                self._thread.start()


class _Held:
    """What the thread that beats shares with the others; it knows of no `_Rows`, so that one can go."""

    def __init__(self, registry: Registry, holder: str, node: str) -> None:
        self.lock = Lock()
        self._registry, self._holder, self._node = registry, holder, node
        self._users, self._over = Counter[int](), Event()

    def add(self, version: VersionRow) -> None:
        with self.lock:
            if version.id not in self._registry.hold_versions([version.id], self._holder, self._node):
                raise ConflictError(
                    f"{version.ref} has been deleted", hint="see `gardener adapters list`, and choose another"
                )
            self._users[version.id] += 1

    def drop(self, version: VersionRow) -> None:
        with self.lock:
            self._users[version.id] -= 1
            if self._users[version.id] == 0:
                del self._users[version.id]
                self._give_back([version.id])

    def _give_back(self, version_ids: list[int]) -> None:
        try:
            self._registry.give_back_holds(self._holder, version_ids)
        except CodebaseGardenerError as error:
            _log.warning("%s; what was used here can be deleted in %.0f s", error, LAPSES_S)

    def beat(self, beat_s: float) -> None:
        while not self._over.wait(beat_s):
            with self.lock:
                if not self._users or self._over.is_set():
                    continue
                try:
                    there = self._registry.hold_versions(list(self._users), self._holder, self._node)
                except CodebaseGardenerError as error:
                    _log.warning("%s; what is used here can be deleted elsewhere if that lasts", error)
                    continue
                if gone := set(self._users) - there:
                    _log.warning("versions in use here were deleted while the registry was away: %s", gone)

    def end(self) -> None:
        self._over.set()
        with self.lock:
            if self._users:
                self._give_back(list(self._users))
                self._users.clear()
