"""Connections that are slow, or too many."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from codebase_gardener.serving import connections

GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


async def _much(request: Request) -> Response:
    return Response(b"x" * 50_000_000 if request.query_params else b"fine")


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, int]]:
    for name, value in (("HEAD_S", 0.6), ("WRITE_S", 0.6), ("MAX_CONNECTIONS", 3)):
        monkeypatch.setattr(connections, name, value)
    app = Starlette(routes=[Route("/", _much)])
    config = uvicorn.Config(
        app, http=connections.LimitedConnection, ws="none", log_config=None, timeout_keep_alive=5
    )
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=lambda: server.run(sockets=[listening]), daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield listening.getsockname()
        server.force_exit = server.should_exit = True
        thread.join(10)


def answered(one: socket.socket) -> bool:
    """Whether an answer comes, which may be in two parts."""
    said = b""
    while not said.endswith(b"fine") and (part := one.recv(1000)):
        said += part
    return said.endswith(b"fine")


def ends(one: socket.socket) -> bool:
    """Whether the server ends a connection within seconds."""
    one.settimeout(5)
    try:
        while one.recv(1 << 20):
            pass
    except ConnectionError:
        return True
    except TimeoutError:
        return False
    return True


@pytest.mark.slow
def test_a_head_has_to_come_in_time(address: tuple[str, int]) -> None:
    with socket.create_connection(address) as one:  # nothing comes
        begun = time.monotonic()
        assert ends(one) and time.monotonic() - begun > 0.4
    with socket.create_connection(address) as one:  # letter by letter
        sent = 0
        try:
            for letter in GET * 2:
                one.send(bytes([letter]))
                sent += 1
                time.sleep(0.1)
        except ConnectionError:
            pass
        assert sent < len(GET)


@pytest.mark.slow
def test_the_second_head_too(address: tuple[str, int]) -> None:
    with socket.create_connection(address) as one:
        one.sendall(GET)
        assert answered(one)
        time.sleep(0.8)  # between two requests there is more time
        one.sendall(GET[:9])
        begun = time.monotonic()
        assert ends(one) and time.monotonic() - begun < 4


@pytest.mark.slow
def test_an_answer_has_to_be_read(address: tuple[str, int]) -> None:
    with socket.create_connection(address) as one, socket.create_connection(address) as other:
        one.sendall(GET.replace(b"/ ", b"/?much=1 "))
        time.sleep(1.5)
        size = 0
        one.settimeout(5)
        try:
            while part := one.recv(1 << 20):
                size += len(part)
        except ConnectionError:
            pass
        assert size < 50_000_000  # it was ended, with what had been sent
        other.close()
    with socket.create_connection(address) as slow:  # read in pieces, it is not
        slow.sendall(GET.replace(b"/ ", b"/?much=1 "))
        size = 0
        while size < 50_000_000:
            part = slow.recv(1 << 21)
            assert part
            size += len(part)
            time.sleep(0.05)
        time.sleep(1.5)
        slow.sendall(GET)
        assert answered(slow)


def test_too_many_are_not_let_in(address: tuple[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEAD_S", 60)
    first = [socket.create_connection(address) for _ in range(3)]
    for one in first:
        one.sendall(GET)
        assert answered(one)
    with socket.create_connection(address) as fourth:
        assert ends(fourth)
    first.pop().close()
    time.sleep(0.2)
    with socket.create_connection(address) as fifth:
        fifth.sendall(GET)
        assert answered(fifth)
    for one in first:
        one.close()
