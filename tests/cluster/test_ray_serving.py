"""Replicas that only wait, on a real Ray: who is asked, what happens where one is killed, what stays in memory.

What they say is told by the version, the prompt and the token's number, so an answer is right whoever gives it.
`make soak` runs those that need replicas; the suite has `test_ray_home.py`, whose replicas compute.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from codebase_gardener.bases.resolution import Base
from codebase_gardener.serving.engine import Decoding, EngineRequest, Generation, Served
from codebase_gardener.utils.error_handling import ModelError, ResourceError

if TYPE_CHECKING:
    from codebase_gardener.cluster.ray_serving import RayEngine

pytestmark = pytest.mark.slow
of_soak = pytest.mark.skipif("SOAK_MINUTES" not in os.environ, reason="make soak runs it")

PINNED = "p/pinned@1"
BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def waiting(on_ray: None) -> ModuleType:
    """The engine of `benchmarks/serve_cluster.py`, which replicas get as it is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BENCHMARKS)
        from ray import cloudpickle

        import serve_cluster

        cloudpickle.register_pickle_by_value(serve_cluster)
        return serve_cluster


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Base:
    folder = tmp_path_factory.mktemp("base")
    (folder / "config.json").write_text("{}")
    return Base("waiting", folder, "local", "none", 0)


@pytest.fixture(scope="module")
def engine(waiting: ModuleType, base: Base) -> Iterator[RayEngine]:
    from codebase_gardener.cluster.ray_serving import RayEngine, Spread

    start = partial(waiting.WaitingHome, waiting.Waits(load_s=0.2, first_s=0.05, token_s=0.05))
    spread = Spread(2, max_running=4, max_waiting=10, adapters=2, cpus=1.0)
    engine = RayEngine(start, spread, "waiting", [waiting.served(base, PINNED)])
    yield engine
    engine.close()


@pytest.fixture
def ask(engine: RayEngine, waiting: ModuleType, base: Base) -> Callable[..., Generation]:
    def begin(version: str, number: int = 1, *, tokens: int = 2, is_streamed: bool = False) -> Generation:
        served = waiting.served(base, version) if version else Served(base)
        decoding = Decoding(max_tokens=tokens)
        return engine.submit(EngineRequest(served, (number,), "", decoding, is_streamed=is_streamed))

    return begin


def said(version: str, number: int = 1, tokens: int = 2) -> str:
    return "".join(f"{version}:{number}:{n} " for n in range(tokens))


def holders(engine: RayEngine, version: str) -> list[str]:
    return [state.replica for state in engine.replicas() if version in state.held]


@of_soak
def test_soak_a_request_goes_to_the_replica_that_holds_the_adapter(
    engine: RayEngine, ask: Callable[..., Generation]
) -> None:
    for number in range(8):
        assert ask("p/a@1", number).text() == said("p/a@1", number)
    [holder] = holders(engine, "p/a@1")
    assert ask("p/b@1").text() == said("p/b@1")
    assert holders(engine, "p/b@1") != [holder], "the one that holds fewer is asked for another"
    figures = engine.state().replicas
    assert sum(one["asked"] for one in figures.values()) == 9
    assert sum(one["loaded"] for one in figures.values()) == 2


@of_soak
def test_soak_as_many_adapters_are_held_as_there_is_room_for(
    engine: RayEngine, ask: Callable[..., Generation]
) -> None:
    for number in range(1, 7):
        assert ask(f"p/c@{number}").text() == said(f"p/c@{number}")
    assert sorted(len(state.held) for state in engine.replicas()) == [3, 3], "two, and what is pinned"
    held = next(key for key in engine.held() if key != PINNED)
    assert ask(held).text() == said(held)


@of_soak
def test_soak_what_nobody_wants_is_ended_there(engine: RayEngine, ask: Callable[..., Generation]) -> None:
    generation = ask("p/a@1", tokens=1_000)
    pieces = iter(generation)
    next(pieces)
    generation.cancel()
    assert [piece.finish for piece in pieces][-1] == "cancelled"
    wait_until(lambda: engine.state().running == 0)


@of_soak
def test_soak_more_than_may_wait_are_refused(engine: RayEngine, ask: Callable[..., Generation]) -> None:
    begun = [ask("p/a@1", number) for number in range(2 * 4 + 10)]
    with pytest.raises(ResourceError, match="waiting"):
        ask("p/a@1")
    assert [one.text() for one in begun] == [said("p/a@1", number) for number in range(len(begun))]


@of_soak
def test_soak_an_error_there_is_the_error_here(engine: RayEngine, base: Base, waiting: ModuleType) -> None:
    unknown = waiting.served(base, waiting.UNKNOWN)
    with pytest.raises(ModelError, match="is not here"):
        engine.submit(EngineRequest(unknown, (1,))).text()


@of_soak
def test_soak_what_is_pinned_is_in_each_replica(
    engine: RayEngine, ask: Callable[..., Generation], base: Base, waiting: ModuleType
) -> None:
    pids = {state.pid for state in engine.replicas()}
    with engine.keeping([waiting.served(base, PINNED)]):
        assert len(holders(engine, PINNED)) == 2
        assert ask(PINNED).text() == said(PINNED)
    assert {state.pid for state in engine.replicas()} == pids, "no replica is started again for it"
    held = next(key for key in engine.held() if key != PINNED)
    engine.let_go(waiting.served(base, held))
    assert holders(engine, held) == []


@of_soak
def test_soak_a_replica_that_is_killed_loses_nobody_and_its_streams_are_told(
    engine: RayEngine, ask: Callable[..., Generation]
) -> None:
    stream = iter(ask("p/stream@1", tokens=1_000, is_streamed=True))
    next(stream)
    [holder] = [state for state in engine.replicas() if "p/stream@1" in state.held]
    whole = [ask("p/stream@1", number, tokens=20) for number in range(8)]
    time.sleep(0.3)  # some have begun, some wait
    os.kill(holder.pid, signal.SIGKILL)
    with pytest.raises(ModelError, match="died in the middle"):
        list(stream)
    assert [one.text() for one in whole] == [said("p/stream@1", number, 20) for number in range(8)]
    wait_until(lambda: len(engine.replicas()) == 2)
    assert holder.replica not in {state.replica for state in engine.replicas()}
    assert len(holders(engine, PINNED)) == 2


@of_soak
def test_soak_a_long_queue_adds_a_replica_that_goes_again(waiting: ModuleType, base: Base) -> None:
    from codebase_gardener.cluster.ray_serving import RayEngine, Spread

    start = partial(waiting.WaitingHome, waiting.Waits(load_s=0.1, first_s=0.05, token_s=0.05))
    engine = RayEngine(
        start, Spread(1, 2, max_running=2, max_waiting=40, cpus=0.0, up_s=1.0, down_s=3.0), "scaled"
    )
    try:
        assert len(engine.replicas()) == 1
        begun = [
            engine.submit(
                EngineRequest(waiting.served(base, "p/a@1"), (number,), "", Decoding(max_tokens=40))
            )
            for number in range(24)
        ]
        wait_until(lambda: len(engine.replicas()) == 2)
        assert [one.text() for one in begun] == [said("p/a@1", number, 40) for number in range(24)]
        asked = [one["asked"] for one in engine.state().replicas.values()]
        assert len(asked) == 2 and all(asked), "what waited went to the new one, too"
        wait_until(lambda: len(engine.replicas()) == 1)
        again = EngineRequest(waiting.served(base, "p/a@1"), (1,), "", Decoding(max_tokens=2))
        assert engine.submit(again).text() == said("p/a@1"), "whichever went, one answers"
    finally:
        engine.close()


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)
