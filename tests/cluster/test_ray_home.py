"""Replicas on a real Ray: the same answers as one server's, and what happens where one dies."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from codebase_gardener.bases.resolution import Base
from codebase_gardener.cluster.local import LocalCluster
from codebase_gardener.config.settings import Settings
from codebase_gardener.gardener.facade import Gardener
from codebase_gardener.jobs.submission import adapter_directory
from codebase_gardener.models.peft_manager import PeftManager
from codebase_gardener.registry.rows import Publication
from codebase_gardener.serving.answering import Answering
from codebase_gardener.serving.api_keys import ApiKeys, add_key
from codebase_gardener.serving.catalog import Catalog
from codebase_gardener.serving.engine import Decoding, EngineRequest, Piece, Served
from codebase_gardener.serving.server import ServeOptions, for_serving, in_background, listen, opened
from codebase_gardener.utils.error_handling import ConflictError, ModelError
from codebase_gardener.utils.files import publish_dir, tree_bytes
from samples.queued_jobs import queue_job

if TYPE_CHECKING:
    from codebase_gardener.cluster.ray_serving import RayEngine

pytestmark = pytest.mark.slow


@dataclass
class Both:
    """One home, served by replicas and by one engine."""

    gardener: Gardener
    engine: RayEngine
    answering: Answering
    url: str
    single: str


@pytest.fixture(scope="module")
def both(
    on_ray: None,
    tmp_path_factory: pytest.TempPathFactory,
    tiny_base: Path,
    base: Base,
    stock: Callable[..., Path],
) -> Iterator[Both]:
    from codebase_gardener.cluster.ray_home import start_replicas

    settings = Settings(
        home=tmp_path_factory.mktemp("served"), base=str(tiny_base), device="cpu", inference_dtype="float32"
    )
    options = ServeOptions(port=0, memory_bytes=2 * 1024**3, engine="torch", max_running=4)
    with Gardener(for_serving(settings, options)) as gardener:
        source = tmp_path_factory.mktemp("source")
        (source / "kite.py").write_text("def area(width):\n    return width\n")
        gardener.add(str(source), name="geometry")
        for seed, name in enumerate(("default", "default", "other", "third"), 1):
            publish(gardener.manager, name, stock(tiny_base, "lora, rank 8", seed), base)
        held: list[RayEngine] = []

        def start() -> RayEngine:
            held.append(start_replicas(Catalog(*home), options, 2, 2, 0))
            return held[0]

        home = gardener.manager, gardener.wiki, gardener.current_adapter
        with (
            opened(*home, options, start=start) as spread,
            opened(*home, options) as alone,
            listen("127.0.0.1", 0) as one,
            listen("127.0.0.1", 0) as two,
            in_background(spread, one),
            in_background(alone, two),
        ):
            urls = [f"http://127.0.0.1:{listening.getsockname()[1]}" for listening in (one, two)]
            yield Both(gardener, held[0], spread, *urls)


def publish(manager: PeftManager, name: str, artifact: Path, base: Base) -> None:
    """Make an adapter of stock PEFT an active version of the project `geometry`."""
    registry = manager.registry
    with suppress(ConflictError):
        registry.add_project("geometry", "rows:geometry", "rows")
    number = len(registry.jobs("geometry", limit=100))
    work = {"project": "geometry", "adapter_name": name, "spec_hash": f"spec {number}"}
    job = queue_job(
        registry,
        lambda job_id: manager.settings.jobs_dir / job_id,
        **work,
        base_id=base.id,
        base_hash=base.sha256,
    )
    job.directory.mkdir(parents=True)
    assert registry.claim_job(job.id)
    target = adapter_directory(manager.settings.projects_dir, job.ref)
    manifest = publish_dir(shutil.copytree(artifact, manager.settings.home / "staged"), target)
    made = Publication(target, manifest["files"], tree_bytes(target), {}, {"last_loss": 1.0})
    version = registry.publish(job.id, made, {"tensors_matched": 1})
    registry.set_active("geometry", name, version.version)


def asked(url: str, **options: Any) -> str:
    body = {"model": "geometry/default:bare", "prompt": "def area(width):\n", "max_tokens": 24, **options}
    answer = httpx2.post(f"{url}/v1/completions", json=body, timeout=60)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["choices"][0]["text"])


def test_the_command(  # before the replicas of the others take all cores
    on_ray: None,
    cluster: tuple[Settings, LocalCluster],
    tmp_path: Path,
    base: Base,
    stock: Callable[..., Path],
) -> None:
    with PeftManager(cluster[0]) as manager:
        publish(manager, "served", stock(Path(base.path), "lora, rank 8", 1), base)
    command = [
        sys.executable,
        "-m",
        "codebase_gardener.cli.main",
        "serve",
        "geometry",
        "--on",
        "ray",
        "--no-page",
        "--port",
        "0",
    ]
    environment = {**os.environ, **cluster[0].for_workers}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        url = server.stdout.readline().partition("/v1")[0]
        assert asked(url, model="geometry/served:bare")
        server.send_signal(signal.SIGTERM)
        assert server.wait(60) == 0
    from ray import serve

    assert not serve.status().applications


def test_an_answer_is_the_one_of_a_single_server(both: Both) -> None:
    texts = []
    for model in (
        "geometry/default:bare",
        "geometry/other:bare",
        "geometry/default@1:bare",
        "geometry:base:bare",
    ):
        for more in ({}, {"temperature": 1.0, "seed": 3}):
            texts.append(asked(both.url, model=model, **more))
            assert texts[-1] == asked(both.single, model=model, **more)
    assert len(set(texts)) > 4, "adapters and draws differ"


def test_a_stream_is_the_whole_answer(both: Both) -> None:
    body = {"model": "geometry/other:bare", "prompt": "x = ", "max_tokens": 24, "stream": True}
    with httpx2.stream("POST", f"{both.url}/v1/completions", json=body, timeout=60) as said:
        events = [line.removeprefix("data: ") for line in said.iter_lines() if line]
    assert events[-1] == "[DONE]"
    text = "".join(json.loads(event)["choices"][0]["text"] for event in events[:-1])
    assert text == asked(both.single, model="geometry/other:bare", prompt="x = ")


def test_a_key_is_asked_for(both: Both, tmp_path: Path) -> None:
    key = add_key(tmp_path / "keys")
    with (
        listen("127.0.0.1", 0) as listening,
        in_background(both.answering, listening, ApiKeys.read(tmp_path / "keys")),
    ):
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/v1/completions"
        body = {"model": "geometry:bare", "prompt": "a", "max_tokens": 2}
        assert httpx2.post(url, json=body).status_code == 401
        assert httpx2.post(url, json=body, headers={"x-api-key": key}).status_code == 200


def test_a_request_goes_to_the_replica_that_holds_the_adapter(both: Both) -> None:
    name = "geometry/default@1"
    for _ in range(9):
        asked(both.url, model=f"{name}:bare", max_tokens=2)
    holders = [state for state in both.engine.replicas() if name in state.held]
    assert len(both.engine.replicas()) == 2 and len(holders) == 1
    figures = httpx2.get(f"{both.url}/metrics").text
    for state in both.engine.replicas():
        assert f'gardener_replica_adapters{{replica="{state.replica}"}} {len(state.held)}.0' in figures
    assert f'gardener_requests_total{{finish="length",model="{name}"}}' in figures


@pytest.mark.skipif("SOAK_MINUTES" not in os.environ, reason="make soak runs it")
def test_soak_who_has_begun_ends_on_the_version_that_he_began_with(both: Both) -> None:
    registry = both.gardener.registry
    old, new = (asked(both.single, model=f"geometry/default@{n}:bare", max_tokens=300) for n in (2, 1))
    body = {
        "model": "geometry/default:bare",
        "prompt": "def area(width):\n",
        "max_tokens": 300,
        "stream": True,
    }
    try:
        with httpx2.stream("POST", f"{both.url}/v1/completions", json=body, timeout=60) as said:
            lines = said.iter_lines()
            first = next(lines)
            holders = {one.replica for one in both.engine.replicas() if "geometry/default@2" in one.held}
            assert holders
            registry.set_active("geometry", "default", 1)
            # the replica that answered loads it first; until then the old one answers
            wait_until(lambda: asked(both.url, max_tokens=300) == new)
            assert holders <= {
                one.replica for one in both.engine.replicas() if "geometry/default@1" in one.held
            }
            rest = [line for line in lines if line]
        events = [line.removeprefix("data: ") for line in (first, *rest[:-1])]
        assert "".join(json.loads(event)["choices"][0]["text"] for event in events) == old
    finally:
        registry.set_active("geometry", "default", 2)


def test_a_replica_that_is_killed_loses_nobody_and_its_streams_are_told(both: Both) -> None:
    long = {
        "model": "geometry/third:bare",
        "prompt": "x",
        "max_tokens": 1500,
        "n_predict": 1500,
        "stream": True,
    }
    wires = {
        "/v1/completions": long,
        "/api/generate": {**long, "raw": True, "options": {"num_predict": 1500}},
        "/infill": {**long, "input_prefix": "", "input_suffix": "y"},
    }
    expected = {n: asked(both.single, prompt=f"{n} = ", max_tokens=40) for n in range(6)}
    asked(both.url, model="geometry/third:bare", max_tokens=2)
    time.sleep(0.5)  # until the router knows who holds it: three at once might be spread
    with ExitStack() as stack:
        client = stack.enter_context(httpx2.Client(base_url=both.url, timeout=120))
        streams = [
            stack.enter_context(client.stream("POST", path, json=body)) for path, body in wires.items()
        ]
        assert [stream.status_code for stream in streams] == [200] * 3
        lines = [stream.iter_lines() for stream in streams]
        for each in lines:
            next(each)
        [holder] = [state for state in both.engine.replicas() if "geometry/third@1" in state.held]
        os.kill(holder.pid, signal.SIGSTOP)  # or the streams might have ended before it dies
        with ThreadPoolExecutor(6) as pool:
            answers = pool.map(lambda n: (n, asked(both.url, prompt=f"{n} = ", max_tokens=40)), expected)
            time.sleep(1)  # until some of these wait for it
            os.kill(holder.pid, signal.SIGKILL)
            assert dict(answers) == expected
        for each in lines:
            last = [line for line in each if line][-1].removeprefix("data: ")
            assert "died in the middle" in str(json.loads(last)["error"])
    assert holder.replica not in {state.replica for state in both.engine.replicas()}


@pytest.mark.skipif("SOAK_MINUTES" not in os.environ, reason="make soak runs it")
def test_soak_no_half_answer_is_put_together_of_two(both: Both, base: Base) -> None:
    from codebase_gardener.cluster.ray_serving import _Answer

    heard: list[Any] = []
    answer = _Answer(EngineRequest(Served(base), (1,), "", Decoding(temperature=1.0)), heard.append)
    assert answer.request.decoding.seed is not None
    assert all(answer.is_new(Piece(text, 1)) for text in "abc")
    answer.begin()
    assert [answer.is_new(Piece(text, 1)) for text in "abcd"] == [False, False, False, True]
    answer.begin()
    for text in "abxd":
        answer.is_new(Piece(text, 1))
    with pytest.raises(ModelError, match="answers otherwise"):
        answer.is_new(Piece("e", 1))


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)
