"""Names that move: when another version is made active, it is loaded before requests go to it.

An alias that is asked for is looked at every second from then on, for ten minutes. Until the version that it has come
to mean is in memory, requests go to the one before; those that have begun end there in any case.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from codebase_gardener.registry.rows import VersionRow
from codebase_gardener.utils.error_handling import CodebaseGardenerError
from codebase_gardener.utils.names import AdapterRef

__all__ = ["Aliases"]

_log = logging.getLogger(__name__)
_LOOK_S = 1.0
_SHARE = 10  # of the time at most a tenth is spent with looking, however many aliases there are
_ASKED_S = 600.0


@dataclass
class _Answering:
    row: VersionRow
    asked_s: float
    coming: VersionRow | None = None


class Aliases:
    """Which version answers under each name.

    Args:
        look: What a name means in the registry now.
        load: Brings a version into memory, instead of another one; called in a thread.
    """

    def __init__(
        self,
        look: Callable[[AdapterRef], VersionRow],
        load: Callable[[VersionRow, VersionRow], None],
    ) -> None:
        self._look, self._load = look, load
        self._names: dict[AdapterRef, _Answering] = {}
        self._lock = threading.Lock()
        self._over = threading.Event()
        threading.Thread(target=self._watch, name="gardener-aliases", daemon=True).start()

    def row(self, name: AdapterRef) -> VersionRow:
        """The version that answers a request.

        Raises:
            NotFoundError: There is none of this name.
            ConflictError: None is active, and the newest hurt.
        """
        return self._settled(name, self._look(name), asked=True)

    def close(self) -> None:
        """Look no more."""
        self._over.set()

    def _settled(self, name: AdapterRef, now: VersionRow, *, asked: bool) -> VersionRow:
        with self._lock:
            known = self._names.get(name)
            if known is None or known.row.id == now.id:
                since = time.monotonic() if known is None or asked else known.asked_s
                self._names[name] = _Answering(now, since)
                return now
            known.asked_s = time.monotonic() if asked else known.asked_s
            before, is_new = known.row, known.coming is None or known.coming.id != now.id
            known.coming = now
        if not self._is_there(before):
            self._move(name, now)
            return now
        if is_new:
            work = threading.Thread(target=self._bring, args=(name, now, before), daemon=True)
            work.start()
        return before

    def _is_there(self, row: VersionRow) -> bool:
        try:
            return self._look(row.ref).id == row.id
        except CodebaseGardenerError:
            return False

    def _bring(self, name: AdapterRef, now: VersionRow, before: VersionRow) -> None:
        try:
            self._load(now, before)
        except Exception as error:  # who asks next meets it, and is told
            _log.warning("%s could not be loaded ahead: %s", now.ref, error)
        self._move(name, now)

    def _move(self, name: AdapterRef, now: VersionRow) -> None:
        with self._lock:
            known = self._names[name]
            if known.coming is not None and known.coming.id == now.id:  # it may have moved on meanwhile
                self._names[name] = _Answering(now, known.asked_s)

    def _watch(self) -> None:
        wait_s = _LOOK_S
        while not self._over.wait(wait_s):
            began = time.monotonic()
            with self._lock:
                self._names = {
                    name: one for name, one in self._names.items()
                    if one.coming is not None or began - one.asked_s < _ASKED_S
                }  # fmt: skip
                names = list(self._names)
            for name in names:
                with suppress(CodebaseGardenerError):  # who asks is told
                    self._settled(name, self._look(name), asked=False)
            wait_s = max(_LOOK_S, _SHARE * (time.monotonic() - began))
