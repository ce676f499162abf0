"""How a server starts and ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest

from codebase_gardener.adapters.files import check_adapter_files
from codebase_gardener.config.settings import Settings
from codebase_gardener.gardener.facade import Gardener
from codebase_gardener.registry.rows import VersionRow
from codebase_gardener.serving import server
from codebase_gardener.serving.answering import Answering
from codebase_gardener.serving.api_keys import ApiKeys, add_key
from codebase_gardener.serving.engine import Decoding
from codebase_gardener.serving.late_engine import LateEngine
from codebase_gardener.serving.server import (
    ServeOptions,
    check_exposure,
    draining_server,
    for_serving,
    in_background,
    listen,
    opened,
)
from codebase_gardener.utils.error_handling import (
    ConflictError,
    InvalidInputError,
    ModelError,
    NotFoundError,
)
from codebase_gardener.utils.progress import Progress
from serving.conftest import Running

ASKED: dict[str, Any] = {"model": "geometry:bare", "prompt": "def area(width):\n", "max_tokens": 8}


def test_without_a_key_only_this_machine_is_served(tmp_path: Path) -> None:
    for host in ("127.0.0.1", "localhost", "::1"):
        check_exposure(host, None)
    add_key(tmp_path / "keys")
    for host in ("0.0.0.0", "", "::", "8.8.8.8"):
        with pytest.raises(InvalidInputError, match="no API key"):
            check_exposure(host, None)
        check_exposure(host, ApiKeys.read(tmp_path / "keys"))
    with pytest.raises(InvalidInputError, match="no host"):
        check_exposure("no such host", None)


def test_a_port_in_use_is_said() -> None:
    with listen("127.0.0.1", 0) as one, pytest.raises(ConflictError, match="listens"):
        listen("127.0.0.1", one.getsockname()[1])


@contextmanager
def serving(running: Running, keys: ApiKeys | None = None) -> Iterator[tuple[Any, str]]:
    """A second server over the same engine, and where it is."""
    listening = listen("127.0.0.1", 0)
    with in_background(running.answering, listening, keys) as server:
        yield server, f"http://127.0.0.1:{listening.getsockname()[1]}"
    assert not [thread for thread in threading.enumerate() if thread.name == "gardener-server"][1:]


@pytest.mark.slow
def test_what_has_begun_is_finished_and_what_comes_is_sent_away(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine: Any = running.answering.engine
    forward = engine._forward
    monkeypatch.setattr(engine, "_forward", lambda *args: (time.sleep(0.05), forward(*args))[1])
    with serving(running) as (server, url), httpx2.Client(base_url=url, timeout=30) as client:
        asked = {**ASKED, "max_tokens": 30, "stream": True}
        with client.stream("POST", "/v1/completions", json=asked) as said:
            lines = said.iter_lines()
            next(lines)
            server.should_exit = True
            time.sleep(0.3)
            refused = httpx2.post(f"{url}/v1/completions", json=ASKED)
            assert refused.status_code == 503 and refused.headers["Retry-After"]
            assert httpx2.get(f"{url}/ready").status_code == 503
            assert httpx2.get(f"{url}/health").status_code == 200
            assert [line for line in lines if line][-1] == "data: [DONE]"
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(f"{url}/health")


def test_a_server_that_ends_waits_for_no_engine_that_is_still_starting(running: Running) -> None:
    """While engines were measured a signal did nothing for as long as that took."""
    begun, may_end, statuses = threading.Event(), threading.Event(), []

    def start() -> Any:
        begun.set()
        may_end.wait(120)
        raise ModelError("it comes too late", hint="none")

    answering = Answering(LateEngine(start), running.answering.catalog)
    listening = listen("127.0.0.1", 0)
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    asking = threading.Thread(
        target=lambda: statuses.append(
            httpx2.post(f"{url}/v1/completions", json=ASKED, timeout=60).status_code
        )
    )
    with in_background(answering, listening, preload=False) as server:
        asking.start()
        assert begun.wait(30)
        server.should_exit = True
        asking.join(60)
    assert statuses == [429] and not may_end.is_set()
    may_end.set()


def test_the_address_is_told_when_it_answers(running: Running) -> None:
    listening = listen("127.0.0.1", 0)
    url, answered = f"http://127.0.0.1:{listening.getsockname()[1]}/health", threading.Event()

    def ask() -> None:
        if httpx2.get(url, timeout=30).status_code == 200:
            answered.set()

    told: list[bool] = []

    def ready() -> None:
        told.append(server.started)
        threading.Thread(target=ask, daemon=True).start()

    server = draining_server(running.answering, ready=ready)
    thread = threading.Thread(target=lambda: server.run(sockets=[listening]), daemon=True)
    thread.start()
    assert answered.wait(30)
    server.should_exit = True
    thread.join(30)
    assert told == [True]


def test_a_key_opens(running: Running, tmp_path: Path) -> None:
    import openai

    key = add_key(tmp_path / "keys")
    with serving(running, ApiKeys.read(tmp_path / "keys")) as (_, url):
        with pytest.raises(openai.AuthenticationError, match="key"):
            openai.OpenAI(base_url=f"{url}/v1", api_key="wrong", max_retries=0).models.list()
        assert openai.OpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0).models.list().data
        assert [httpx2.get(url + path).status_code for path in ("/metrics", "/openapi.json", "/health")] == [
            401,
            401,
            200,
        ]


@pytest.mark.slow
def test_the_command(
    settings: Settings, ready: Callable[..., VersionRow], small_repository: Path, tmp_path: Path
) -> None:
    with Gardener(settings) as gardener:
        gardener.add(str(small_repository), name="geometry")
        ready(gardener.manager, "geometry", "default", seed=1)
    names = {"HOME": str(settings.home), "BASE": settings.base, "LOG_LEVEL": "DEBUG"}
    environment = {**os.environ, **{f"CODEBASE_GARDENER_{name}": value for name, value in names.items()}}
    program = [sys.executable, "-c", "from codebase_gardener.cli.main import main; main()", "serve"]

    def start(*options: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*program, *options], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def url_of(process: subprocess.Popen[str]) -> str:
        assert process.stdout is not None
        return process.stdout.readline().partition("/v1")[0]

    servers = [start("--port", "0"), start("--port", "0")]  # on one home
    try:
        urls = [url_of(server) for server in servers]
        prompt = "def marked_prompt_of_somebody(width):\n"
        said = [
            httpx2.post(f"{url}/v1/completions", json={**ASKED, "prompt": prompt}, timeout=60).json()
            for url in urls
        ]
        assert said[0]["choices"] == said[1]["choices"]
        assert (
            httpx2.post(
                f"{urls[0]}/v1/completions", content=b'{"model": "marked_prompt_of_somebody'
            ).status_code
            == 400
        )
        third = start("--port", urls[0].rpartition(":")[2])
        assert "listens" in third.communicate(timeout=60)[1] and third.returncode == 4
        open_to_all = start("--host", "0.0.0.0")
        assert "no API key" in open_to_all.communicate(timeout=60)[1] and open_to_all.returncode == 2
        servers[0].send_signal(signal.SIGTERM)
        servers[1].send_signal(signal.SIGINT)
        for server in servers:
            out, err = server.communicate(timeout=30)
            assert server.returncode == 0, err
            assert "marked_prompt" not in out + err and "Traceback" not in err
    finally:
        for server in servers:
            server.kill()
    file = tmp_path / "keys"
    made = start("--new-api-key", "--api-key-file", str(file), "--json")
    key = json.loads(made.communicate(timeout=60)[0])["api_key"]
    assert ApiKeys.read(file).knows(key.encode())


@pytest.mark.slow
def test_what_is_pinned_stays_where_others_have_to_go(
    settings: Settings, ready: Callable[..., VersionRow]
) -> None:
    with Gardener(settings) as gardener:
        rows = [ready(gardener.manager, "geometry", name, seed=seed) for seed, name in enumerate("abcd", 1)]
    size = check_adapter_files(rows[0].directory).bytes
    options = ServeOptions(
        port=0, memory_bytes=2 * int(2.5 * size), pins=("geometry/a", "geometry/a@1", "tiny")
    )
    with Gardener(for_serving(settings, options)) as gardener:
        manager = gardener.manager

        def start(options: ServeOptions) -> Any:
            return opened(manager, gardener.wiki, gardener.current_adapter, options)

        with start(options) as answering:
            assert manager.get_memory_usage()["loaded"] == ["geometry/a@1"]
            for name in "bcdbcd":
                prepared = answering.completion(f"geometry/{name}:bare", "x = ", Decoding(max_tokens=1))
                answering.engine.submit(prepared.request).text()
                assert set(manager.get_memory_usage()["loaded"]) == {"geometry/a@1", f"geometry/{name}@1"}
        assert manager.loaded._held.leases("geometry/a@1") == 0
        pins = ("geometry/a", "geometry/b", "geometry/c")
        figures = rf"{3 * size / 2**20:.1f} MiB \(geometry/a@1 .* {int(2.5 * size) / 2**20:.1f} MiB"
        with pytest.raises(InvalidInputError, match=figures), start(replace(options, pins=pins)):
            pass
        with pytest.raises(NotFoundError, match="no model"), start(replace(options, pins=("nothing",))):
            pass


def test_a_base_that_is_fetched_first_is_told_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = SimpleNamespace(close=lambda: None, keeping=lambda pinned: nullcontext(), load=lambda *_: None)
    monkeypatch.setattr(server, "start_engine", lambda *_: engine)

    def fetched(base_id: str | None, progress: Progress) -> None:
        for done in range(3):
            progress(done, 3)
        raise ModelError("it cannot be had", hint="none")

    said: list[str] = []
    with Gardener(Settings(home=tmp_path / "home")) as gardener:
        monkeypatch.setattr(gardener.manager, "base", fetched)
        options = ServeOptions(engine="auto")
        with opened(gardener.manager, gardener.wiki, gardener.current_adapter, options, say=said.append):
            pass
    assert said == [
        "the base model is not here yet: it is fetched and converted, once",
        "engine torch: it cannot be had",
    ]
