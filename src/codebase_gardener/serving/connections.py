"""Connections of clients that are slow, or too many: none may hold up the others."""

from __future__ import annotations

import asyncio
from typing import cast

from uvicorn.protocols.http.h11_impl import H11Protocol

__all__ = ["HEAD_S", "MAX_CONNECTIONS", "WRITE_S", "LimitedConnection"]

MAX_CONNECTIONS = 500
"""More are closed at once: a process may open 1,024 files where nobody raised the limit."""

HEAD_S = 20.0
"""For the head of a request, from its first byte or the connection's beginning."""

WRITE_S = 60.0
"""Until a client has read something of what fills its buffer."""


class LimitedConnection(H11Protocol):
    """uvicorn's protocol, which alone waits for a head, and for a reader, for ever."""

    _head: asyncio.TimerHandle | None = None
    _reader: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, or end at once where there are too many."""
        super().connection_made(cast("asyncio.Transport", transport))
        if len(self.connections) > MAX_CONNECTIONS:
            self.transport.abort()
        self._head = self._abort_in(HEAD_S)

    def data_received(self, data: bytes) -> None:
        """Bytes came; where they complete no head, its time runs."""
        cycle = self.cycle
        super().data_received(data)
        if self.cycle is not cycle:
            self._head = _stop(self._head)
        elif self._head is None and (cycle is None or cycle.response_complete):
            self._head = self._abort_in(HEAD_S)

    def pause_writing(self) -> None:
        """The client does not read."""
        super().pause_writing()
        self._look_at_reader(self.transport.get_write_buffer_size() + 1)

    def resume_writing(self) -> None:
        """It does again."""
        super().resume_writing()
        self._reader = _stop(self._reader)

    def connection_lost(self, exc: Exception | None) -> None:
        """It is over."""
        self._head, self._reader = _stop(self._head), _stop(self._reader)
        super().connection_lost(exc)

    def _look_at_reader(self, before: int) -> None:
        """End where nothing was read since the last look; else look again."""
        size = self.transport.get_write_buffer_size()
        if size < before:
            self._reader = self.loop.call_later(WRITE_S, self._look_at_reader, size)
        else:
            self.transport.abort()

    def _abort_in(self, seconds: float) -> asyncio.TimerHandle:
        return self.loop.call_later(seconds, self.transport.abort)


def _stop(timer: asyncio.TimerHandle | None) -> asyncio.TimerHandle | None:
    """Stop a timer; there is none then."""
    if timer is not None:
        timer.cancel()
    return None
