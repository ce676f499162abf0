"""The engine in this process, under the tests that any engine must pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from codebase_gardener.adapters.loaded import Loadable
from codebase_gardener.memory.recall import Gate, Memory
from codebase_gardener.memory.suffixes import Suffixes
from codebase_gardener.models.peft_manager import PeftManager
from codebase_gardener.registry.rows import VersionRow
from codebase_gardener.serving.engine import Decoding, EngineRequest, Piece, Served, TokenScore
from codebase_gardener.serving.torch_engine import TorchEngine
from serving.engine_suite import *  # noqa: F403
from serving.engine_suite import UnderTest, ask, request

SURE = Gate(constant=20, length=0, count=0, variety=0, doubt=0)
"""The memory is believed whatever the model says: a random model says nothing."""


@pytest.fixture
def engine(manager: PeftManager) -> Iterator[TorchEngine]:
    manager.loaded._held.max_count = 20
    engine = TorchEngine(manager.loaded, chunk_tokens=16)
    yield engine
    engine.close()


@pytest.mark.slow
def test_what_has_no_slot_answers_beside_the_others(
    engine: TorchEngine, manager: PeftManager, ready: Callable[..., VersionRow]
) -> None:
    plain = ready(manager, "demo", "plain", seed=1)
    other = ready(manager, "demo", "other", seed=2, peft_type="LOHA")
    base = manager.base(plain.base_id)
    case = UnderTest(engine, [Served(base, Loadable.of(row, manager.holder)) for row in (plain, other)], [])
    running = [request(case, served, "def area(width):") for served in [*case.served, *case.served]]
    said = [generation.text() for generation in running]
    handles = [manager.load_adapter("demo", name) for name in ("plain", "other")]
    assert said == [handle.generate("def area(width):", max_new_tokens=12) for handle in handles] * 2


def test_kept_prefixes_have_a_budget(manager: PeftManager, ready: Callable[..., VersionRow]) -> None:
    row = ready(manager, "demo", "one", seed=1)
    served = Served(manager.base(row.base_id), Loadable.of(row, manager.holder))
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
    served = Served(manager.base(row.base_id), Loadable.of(row, manager.holder))
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


class Counting(TorchEngine):
    """It counts its passes."""

    passes = 0

    def _forward(self, *args: Any) -> Any:
        self.passes += 1
        return super()._forward(*args)


@pytest.fixture
def counted(manager: PeftManager) -> Iterator[tuple[Counting, Counting]]:
    """An engine with drafts, and one without."""
    engines = Counting(manager.loaded), Counting(manager.loaded, drafts=False)
    yield engines
    for engine in engines:
        engine.close()


@pytest.mark.slow
@pytest.mark.parametrize("options", [{}, {"temperature": 0.8, "seed": 3}, {"repetition_penalty": 1.2}])
@pytest.mark.parametrize("has_memory", [False, True])
def test_drafts_change_no_token_and_save_passes(
    counted: tuple[Counting, Counting],
    manager: PeftManager,
    ready: Callable[..., VersionRow],
    options: dict[str, Any],
    has_memory: bool,
) -> None:
    row = ready(manager, "demo", "one", seed=1)
    served = Served(manager.base(row.base_id), Loadable.of(row, manager.holder))
    memory = Memory(Suffixes.build([counted[0].encode(served.base, "x = xy = xy = x")[0] * 3]), SURE)

    def answer(engine: Counting, prompt: str) -> list[TokenScore]:
        ids, taken = engine.encode(served.base, prompt)
        decoding = Decoding(max_tokens=40, top_scores=0, **options)
        asked = EngineRequest(served, tuple(ids), taken, decoding, memory=memory if has_memory else None)
        return [score for piece in engine.submit(asked) for score in piece.scores]

    for prompt in ("x = xy", "def area(width):", "aaaa"):
        said, plain = (answer(engine, prompt) for engine in counted)
        assert [score.id for score in said] == [score.id for score in plain]
        assert [score.logprob for score in said] == pytest.approx(
            [score.logprob for score in plain], abs=1e-3
        )
    if has_memory:  # a random model repeats nothing by itself
        assert counted[0].passes < counted[1].passes


def test_the_memory_is_in_the_answer_and_in_no_score_of_the_prompt(
    engine: TorchEngine, manager: PeftManager, ready: Callable[..., VersionRow]
) -> None:
    row = ready(manager, "demo", "one", seed=1)
    served = Served(manager.base(row.base_id), Loadable.of(row, manager.holder))
    text = engine.encode(served.base, "def area(width):\n    return width")[0]
    memory = Memory(Suffixes.build([text]), SURE)
    ids, _ = engine.encode(served.base, "def area(")
    asked = EngineRequest(served, tuple(ids), decoding=Decoding(max_tokens=8), memory=memory)
    assert engine.submit(asked).text() == "width):\n"
    elsewhere = EngineRequest(
        served, (5, 6), decoding=Decoding(max_tokens=8), memory=memory, before=tuple(ids)
    )
    assert engine.submit(elsewhere).text() == "width):\n"
    scores = [
        [score.logprob for piece in engine.submit(one) for score in piece.prompt_scores]
        for one in (
            EngineRequest(served, tuple(ids), "", Decoding(max_tokens=0), True, memory),
            EngineRequest(served, tuple(ids), "", Decoding(max_tokens=0), True),
        )
    ]
    assert scores[0] == scores[1] != []
