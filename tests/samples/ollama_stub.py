"""A stub of an Ollama server: it answers as Ollama's docs/api.md says, and has no model."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class OllamaStub:
    """What the stub has and was asked.

    Attributes:
        models: Names that are pulled.
        library: Names that can be pulled.
        held: Bytes of the models in memory.
        blobs: Digests of files that were sent.
        busy: Statuses that come before the next answers.
        breaks: How often a pull breaks off before it ends.
        says: What every chat is answered with; "" for "NAME chats".
        version: From 0.34.1 on it makes no models of adapters.
    """

    models: set[str] = field(default_factory=set)
    library: set[str] = field(default_factory=set)
    held: dict[str, int] = field(default_factory=dict)
    blobs: set[str] = field(default_factory=set)
    busy: list[int] = field(default_factory=list)
    breaks: int = 0
    version: str = "0.12.11"
    url: str = ""
    says: str = ""
    asked: list[tuple[str, Any]] = field(default_factory=list)

    def bodies(self, path: str) -> list[Any]:
        """What was posted to a path."""
        return [body for at, body in self.asked if at == path]

    def answer(self, path: str, raw: bytes) -> tuple[int, list[Any]]:
        """A status, and the rows of the answer."""
        is_blob = path.startswith("/api/blobs/")
        body = {} if is_blob or not raw else json.loads(raw)
        self.asked.append((path, body))
        if self.busy:
            return self.busy.pop(0), [{"error": "server busy"}]
        if is_blob:
            return self._kept(path.removeprefix("/api/blobs/"), raw)
        if path in ("/api/generate", "/api/chat"):
            return self._said(path, body)
        held = [{"name": name, "size": size, "size_vram": 0} for name, size in self.held.items()]
        tags = [{"name": name, "model": name} for name in sorted(self.models)]
        rows: dict[str, Callable[[], list[Any]]] = {
            "/api/version": lambda: [{"version": self.version}],
            "/api/tags": lambda: [{"models": tags}],
            "/api/ps": lambda: [{"models": held}],
            "/api/pull": lambda: self._pulled(body["model"]),
            "/api/create": lambda: self._created(body),
        }
        return (200, rows[path]()) if path in rows else (404, [{"error": "not found"}])

    def _kept(self, digest: str, raw: bytes) -> tuple[int, list[Any]]:
        if digest != f"sha256:{hashlib.sha256(raw).hexdigest()}":
            return 400, [{"error": "digest does not match"}]
        self.blobs.add(digest)
        return 201, []

    def _pulled(self, name: str) -> list[Any]:
        if name not in self.library:
            return [{"status": "pulling manifest"}, {"error": "pull model manifest: file does not exist"}]
        rows = [{"status": "pulling a", "digest": "a", "total": 10, "completed": done} for done in (5, 10)]
        if self.breaks:
            self.breaks -= 1
            return [*rows, None]
        self.models.add(f"{name}:latest")
        return [{"status": "pulling manifest"}, *rows, {"status": "success"}]

    def _created(self, body: dict[str, Any]) -> list[Any]:
        if body.get("adapters") and tuple(map(int, self.version.split("."))) >= (0, 34, 1):
            return [{"error": "LoRA adapters are not supported"}]
        if missing := {*body.get("files", {}).values(), *body.get("adapters", {}).values()} - self.blobs:
            return [{"error": f"no such blob: {missing}"}]
        self.models.add(f"{body['model']}:latest")
        return [{"status": "writing manifest"}, {"status": "success"}]

    def _said(self, path: str, body: dict[str, Any]) -> tuple[int, list[Any]]:
        name = body["model"] if body["model"] in self.models else f"{body['model']}:latest"
        if name not in self.models:
            return 404, [{"error": f"model '{body['model']}' not found"}]
        if body.get("keep_alive") == 0:
            self.held.pop(name, None)
            return 200, [{"model": name, "response": "", "done": True, "done_reason": "unload"}]
        self.held.setdefault(name, 1000)
        if path == "/api/chat":
            message = {"role": "assistant", "content": self.says or f"{name} chats"}
            return 200, [{"model": name, "message": message, "done": True, "done_reason": "stop"}]
        return 200, [{"model": name, "response": f"{name} goes on", "done": True, "done_reason": "stop"}]


@contextmanager
def ollama_stub(**state: Any) -> Iterator[OllamaStub]:
    """The stub on a port of its own, for a block."""
    stub = OllamaStub(**state)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.do_POST()

        def do_POST(self) -> None:
            status, rows = stub.answer(
                self.path, self.rfile.read(int(self.headers.get("Content-Length") or 0))
            )
            self.send_response(status)
            whole = b"".join(json.dumps(row).encode() + b"\n" for row in rows if row is not None)
            breaks = None in rows  # more is announced than comes
            self.send_header("Content-Length", str(len(whole) + breaks))
            self.end_headers()
            self.wfile.write(whole)

        def log_message(self, *_: Any) -> None:
            """Nothing on the tests' stderr."""

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    httpd.daemon_threads = True
    stub.url = f"http://127.0.0.1:{httpd.server_address[1]}"
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield stub
    finally:
        httpd.shutdown()
        httpd.server_close()
        thread.join()
