"""Four replicas of Ray Serve, what they compute replaced by waits of measured length: routing, and a replica killed.

    python benchmarks/serve_cluster.py [--requests 1500] [--rate 25] [--held 32] [--json]

200 adapters asked for as Zipf(1.1) has it, arrivals as Poisson has them, seeds fixed; the same requests by adapter
(Serve's model multiplexing), without (the shorter queue of two that are drawn), and drawn at random.
Then the first again, and a replica is killed (-9) in the middle. What is waited for: 34 ms to a first token, 40 ms for
each of 15 more, 24 ms to load an adapter from disk (docs/benchmarks.md). Replicas, routing and network are real.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import statistics
import tempfile
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codebase_gardener.adapters.loaded import Loadable
from codebase_gardener.bases.resolution import Base
from codebase_gardener.cluster.local import down, up
from codebase_gardener.cluster.placing import on_cluster
from codebase_gardener.config.settings import Settings
from codebase_gardener.serving.engine import (
    Decoding,
    EngineRequest,
    EngineState,
    Generation,
    Held,
    Piece,
    Served,
)  # fmt: skip
from codebase_gardener.utils.error_handling import ModelError

if TYPE_CHECKING:  # Ray reads its environment when it is imported
    from codebase_gardener.cluster.ray_replica import ServedName

UNKNOWN = "p/unknown@1"
REPLICAS, ADAPTERS, SKEW, TOKENS, SEED = 4, 200, 1.1, 16, 0


@dataclass(frozen=True)
class Waits:
    """What a replica waits in place of computing, in seconds, and how many adapters it holds."""

    load_s: float = 0.024
    first_s: float = 0.034
    token_s: float = 0.040
    held: int = 32


class WaitingEngine:
    """An engine that computes nothing: it waits, and says what it would answer."""

    name = "waiting"

    def __init__(self, waits: Waits) -> None:
        self._waits, self._held = waits, OrderedDict[str, Held]()
        self._lock, self._running, self.loads = threading.Lock(), 0, 0

    def submit(self, request: EngineRequest, listener: Callable[[Piece], None] | None = None) -> Generation:
        generation = Generation(request, listener)
        threading.Thread(target=self._answer, args=(generation,), daemon=True).start()
        return generation

    def _answer(self, generation: Generation) -> None:
        request, finish = generation.request, "length"
        with self._lock:
            self._running += 1
        for number in range(request.decoding.max_tokens):
            time.sleep(self._waits.token_s if number else self._waits.first_s)
            if generation.is_cancelled:
                finish = "cancelled"
                break
            generation.give(Piece(f"{request.served.key}:{sum(request.ids)}:{number} ", 1))
        with self._lock:
            self._running -= 1
        generation.give(Piece(finish=finish))

    @contextmanager
    def keeping(self, served: Sequence[Served]) -> Iterator[None]:
        for one in served:
            if one.adapter and one.key not in self._held:
                time.sleep(self._waits.load_s)
                self._held[one.key] = Held(1, "float32")
        yield

    def held(self) -> Mapping[str, Held]:
        return dict(self._held)

    def let_go(self, served: Served) -> None:
        self._held.pop(served.key, None)

    def state(self) -> EngineState:
        return EngineState(self._running, 0, 0, 0, 0)

    def close(self) -> None:
        """Nothing to end."""


class WaitingHome:
    """A home of adapters that are only names."""

    def __init__(self, waits: Waits) -> None:
        self.engine = WaitingEngine(waits)

    def served(self, name: ServedName) -> Served:
        if name.version == UNKNOWN:
            raise ModelError(f"{name.version} is not here", hint="it never was")
        base = Base(name.base_id, Path(name.base_id), "local", name.base_hash, 0)
        return served(base, name.version) if name.version else Served(base)

    def close(self) -> None:
        """Nothing to end."""


def served(base: Base, version: str) -> Served:
    return Served(base, Loadable(version, base.path, base.id))


@dataclass
class Asked:
    """One request as it went."""

    at_s: float
    first_s: float = 0.0
    finish: str = ""
    tokens: int = 0
    done: threading.Event = field(default_factory=threading.Event)

    def hear(self, piece: Piece) -> None:
        self.tokens += piece.tokens
        if piece.tokens and not self.first_s:
            self.first_s = time.perf_counter() - self.at_s
        if piece.finish:
            self.finish = piece.finish
            self.done.set()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--requests", type=int, default=1_500)
    parser.add_argument("--rate", type=float, default=25.0, help="requests a second")
    parser.add_argument("--held", type=int, default=32, help="adapters that a replica holds at most")
    parser.add_argument("--load-ms", type=float, default=24.0)
    parser.add_argument("--json", action="store_true", dest="as_json")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, local_ray(folder):
        rows = [row(way, options) for way in ("by adapter", "the shorter of two queues", "at random")]
        rows.append(row("by adapter", options, kills=True))
    if options.as_json:
        print(json.dumps(rows, indent=1))
        return
    print("| routing | hit rate | first token p50 | p99 | answered | lost |\n|---|---|---|---|---|---|")
    for one in rows:
        print(
            f"| {one['routing']} | {one['hit_rate']:.1%} | {one['p50_ms']:.0f} ms | {one['p99_ms']:.0f} ms "
            f"| {one['answered']} of {one['requests']} | {one['lost']} |"
        )


@contextmanager
def local_ray(folder: str) -> Iterator[None]:
    """A node of this machine with a core for each replica, and this process on it."""
    settings = Settings(home=Path(folder))
    up(settings.home, 1, cpus=REPLICAS, environment=settings.for_workers)
    try:
        with on_cluster(settings, "auto"):
            yield
    finally:
        down(settings.home)


def row(routing: str, options: argparse.Namespace, *, kills: bool = False) -> dict[str, Any]:
    """One run: the same requests at the same times."""
    from codebase_gardener.cluster.ray_serving import RayEngine, Spread

    class Routed(Spread):
        def options(self) -> dict[str, Any]:
            return {**super().options(), "request_router_config": {"request_router_class": router(routing)}}

    kind = Spread if routing == "by adapter" else Routed
    spread = kind(REPLICAS, max_waiting=10_000, adapters=options.held, cpus=1.0)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "config.json").write_text("{}")
        base = Base("waiting", Path(folder), "local", "none", 0)
        waits = Waits(load_s=options.load_ms / 1000, held=options.held)
        engine = RayEngine(partial(WaitingHome, waits), spread, f"waiting-{time.time_ns()}")
        try:
            return {"routing": routing + (", a replica killed" if kills else "")} | run(
                engine, base, options, kills
            )
        finally:
            engine.close()


def router(name: str) -> type:
    """How Serve chooses a replica where it is not told of adapters; its other processes get the class itself."""
    from ray import cloudpickle

    import ray_routers

    cloudpickle.register_pickle_by_value(ray_routers)
    return {"the shorter of two queues": ray_routers.Shorter, "at random": ray_routers.AtRandom}[name]


def run(engine: Any, base: Base, options: argparse.Namespace, kills: bool) -> dict[str, Any]:
    draws = random.Random(SEED)
    weights = [1 / rank**SKEW for rank in range(1, ADAPTERS + 1)]
    versions = draws.choices(range(ADAPTERS), weights, k=options.requests)
    waits = [draws.expovariate(options.rate) for _ in versions]
    asked: list[Asked] = []
    before, due = engine.replicas(), time.perf_counter()
    for number, (version, wait_s) in enumerate(zip(versions, waits, strict=True)):
        due += wait_s
        time.sleep(max(0.0, due - time.perf_counter()))
        if kills and number == options.requests // 2:
            before = engine.replicas()
            os.kill(before[0].pid, signal.SIGKILL)
        one = Asked(time.perf_counter())
        asked.append(one)
        request = EngineRequest(
            served(base, f"p/a@{version + 1}"), (number + 1,), "", Decoding(max_tokens=TOKENS)
        )
        engine.submit(request, one.hear)
    for one in asked:
        one.done.wait(120)
    firsts = sorted(one.first_s * 1000 for one in asked if one.first_s)
    states = {state.replica: state for state in (*before, *engine.replicas())}.values()
    whole = [one for one in asked if one.finish == "length" and one.tokens == TOKENS]
    return {
        "requests": len(asked),
        "answered": len(whole),
        "lost": len(asked) - len(whole),
        "hit_rate": 1 - sum(s.loaded for s in states) / max(1, sum(s.asked for s in states)),
        "p50_ms": statistics.median(firsts),
        "p99_ms": firsts[int(len(firsts) * 0.99)],
        "by_replica": [state.asked for state in states],
    }


if __name__ == "__main__":
    main()
