"""Little servers on loopback that answer as they are told, for clients of models."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Reply:
    """An answer: a value is sent as JSON, bytes as they are."""

    body: Any
    status: int = 200
    wait_s: float = 0.0
    dribble_s: float = 0.0
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Server:
    """What a test sees: where it listens, what it was asked, and what it says next.

    `replies` maps a path to its answers, in order; the last one is repeated.
    """

    url: str
    replies: dict[str, list[Reply]]
    asked: list[tuple[str, str, dict[str, str], Any]] = field(default_factory=list)

    def bodies(self, path: str) -> list[Any]:
        """What was posted to a path."""
        return [body for _, at, _, body in self.asked if at == path]


@contextmanager
def serving(**replies: list[Reply]) -> Iterator[Server]:
    """A server for a block; keywords are paths with `__` for `/`."""
    server = Server("", {"/" + path.replace("__", "/"): list(answers) for path, answers in replies.items()})

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.answer()

        def do_POST(self) -> None:
            self.answer()

        def answer(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            server.asked.append(
                (self.command, self.path, dict(self.headers), json.loads(raw) if raw else None)
            )
            queue = server.replies.get(self.path) or [Reply({"error": "not found"}, 404)]
            reply = queue.pop(0) if len(queue) > 1 else queue[0]
            body = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
            time.sleep(reply.wait_s)
            try:
                self.send_response(reply.status)
                for name, value in {"Content-Length": str(len(body)), **reply.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                for at in range(0, len(body), 1 if reply.dribble_s else max(1, len(body))):
                    self.wfile.write(body[at : at + 1] if reply.dribble_s else body)
                    self.wfile.flush()
                    time.sleep(reply.dribble_s)
            except OSError:
                pass  # the client has left

        def log_message(self, *_: Any) -> None:
            """Nothing on the tests' stderr."""

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    httpd.daemon_threads = True
    server.url = f"http://127.0.0.1:{httpd.server_address[1]}"
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        httpd.shutdown()
        httpd.server_close()
        thread.join()
