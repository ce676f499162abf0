"""A TCP proxy before a server on the loopback: it can cut its connections, refuse new ones, or stop at a word."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

__all__ = ["TcpProxy", "proxy_to"]


class TcpProxy:
    """Passes bytes on until it is told otherwise.

    Args:
        target: Host and port of the server.
    """

    def __init__(self, target: tuple[str, int]) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._word: bytes | None = None
        self._is_answer_lost = False
        self._muted = set[socket.socket]()
        self._refuses = self._is_over = False
        self.cuts = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self._refuses:
                client.close()
                continue
            server = socket.create_connection(self._target)
            self._pairs.append((client, server))
            threading.Thread(target=self._upward, args=(client, server), daemon=True).start()
            threading.Thread(target=self._downward, args=(server, client), daemon=True).start()

    def _upward(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while data := client.recv(1 << 16):
                if self._word is not None and self._word in data:
                    self._word = None
                    self.cuts += 1
                    if not self._is_answer_lost:
                        break
                    self._muted.add(server)
                server.sendall(data)
        if server not in self._muted:
            _close(client, server)

    def _downward(self, server: socket.socket, client: socket.socket) -> None:
        with suppress(OSError):
            while (data := server.recv(1 << 16)) and server not in self._muted:
                client.sendall(data)
        self._refuses |= server in self._muted and self._is_over
        _close(client, server)

    def cut_at(self, word: bytes, *, answer_only: bool = False, for_good: bool = False) -> None:
        """Cut the connection that next sends `word`.

        Args:
            word: As it is sent.
            answer_only: The server gets what was sent, does it, and its answer is lost.
            for_good: No connection is taken afterwards; with `answer_only`.
        """
        self._is_answer_lost, self._is_over, self._word = answer_only, for_good, word

    def cut(self, *, refuse: bool = False) -> None:
        """Cut all connections, and take no new ones if so asked."""
        self._refuses = refuse
        for pair in self._pairs:
            _close(*pair)
        self._pairs.clear()

    def restore(self) -> None:
        """Take connections again."""
        self._refuses = False

    def close(self) -> None:
        """End all."""
        _close(self._listener)
        self.cut(refuse=True)


def _close(*sockets: socket.socket) -> None:
    for one in sockets:
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()


@contextmanager
def proxy_to(port: int) -> Iterator[TcpProxy]:
    """A proxy to a port of the loopback for a block."""
    proxy = TcpProxy(("127.0.0.1", port))
    try:
        yield proxy
    finally:
        proxy.close()
