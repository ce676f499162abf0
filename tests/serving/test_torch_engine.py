"""The engine in this process, under the tests that any engine must pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from codebase_gardener.adapters.loaded import Loadable
from codebase_gardener.models.peft_manager import PeftManager
from codebase_gardener.registry.rows import VersionRow
from codebase_gardener.serving.engine import EngineRequest, Piece, Served
from codebase_gardener.serving.torch_engine import TorchEngine
from serving.engine_suite import *  # noqa: F403
from serving.engine_suite import UnderTest, ask, request


@pytest.fixture
def engine(manager: PeftManager) -> Iterator[TorchEngine]:
    manager.loaded._held.max_count = 20
    engine = TorchEngine(manager.loaded, chunk_tokens=16)
    yield engine
    engine.close()


def test_what_has_no_slot_answers_beside_the_others(
    engine: TorchEngine, manager: PeftManager, ready: Callable[..., VersionRow]
) -> None:
    plain = ready(manager, "demo", "plain", seed=1)
    other = ready(manager, "demo", "other", seed=2, peft_type="LOHA")
    base = manager.base(plain.base_id)
    case = UnderTest(engine, [Served(base, Loadable.of(row)) for row in (plain, other)], [])
    running = [request(case, served, "def area(width):") for served in [*case.served, *case.served]]
    said = [generation.text() for generation in running]
    handles = [manager.load_adapter("demo", name) for name in ("plain", "other")]
    assert said == [handle.generate("def area(width):", max_new_tokens=12) for handle in handles] * 2


def test_kept_prefixes_have_a_budget(manager: PeftManager, ready: Callable[..., VersionRow]) -> None:
    row = ready(manager, "demo", "one", seed=1)
    served = Served(manager.base(row.base_id), Loadable.of(row))
    engine = TorchEngine(manager.loaded, prefix_bytes=300_000)
    try:
        case = UnderTest(engine, [served], [])
        for number in range(12):
            ask(case, served, f"{number} = ")
            assert engine.state().prefix_bytes <= 300_000
    finally:
        engine.close()


def test_a_listener_that_fails_stops_nobody(
    engine: TorchEngine, manager: PeftManager, ready: Callable[..., VersionRow]
) -> None:
    row = ready(manager, "demo", "one", seed=1)
    served = Served(manager.base(row.base_id), Loadable.of(row))
    case = UnderTest(engine, [served], [])

    def fails(piece: Piece) -> None:
        raise ValueError("of the listener")

    ids, _ = engine.encode(served.base, "x = ")
    for _ in range(3):
        engine.submit(EngineRequest(served, tuple(ids)), fails)
    assert ask(case, served, "x = ") == manager.load_adapter("demo", "one").generate(
        "x = ", max_new_tokens=12
    )
    assert engine.state().running == 0
