"""What any engine must do. A test file of an engine imports all of this, and gives `engine`."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from codebase_gardener.adapters.handle import AdapterHandle
from codebase_gardener.adapters.loaded import Loadable
from codebase_gardener.models.peft_manager import PeftManager
from codebase_gardener.registry.rows import VersionRow
from codebase_gardener.serving.engine import Decoding, Engine, EngineRequest, Generation, Served
from codebase_gardener.utils.error_handling import InvalidInputError, ResourceError

PROMPTS = ("def area(width, height):", "x = ", "class Kite:", "import os; os.path.", "a")


@dataclass(frozen=True)
class UnderTest:
    """An engine, what it serves (two adapters and their base), and the same adapters through `generate`."""

    engine: Engine
    served: Sequence[Served]
    handles: Sequence[AdapterHandle]


@pytest.fixture
def under_test(engine: Engine, manager: PeftManager, ready: Callable[..., VersionRow]) -> UnderTest:
    rows = [ready(manager, "demo", name, seed=seed) for seed, name in enumerate(("one", "two"), 1)]
    base = manager.base(rows[0].base_id)
    handles = [manager.load_adapter("demo", row.adapter_name) for row in rows]
    served = [Served(base, Loadable.of(row, manager.holder)) for row in rows]
    return UnderTest(engine, [*served, Served(base)], [*handles, manager.base_handle()])


@pytest.fixture
def broken(manager: PeftManager, folder: Path) -> Callable[[], Served]:
    """An adapter whose numbers are none."""

    def make() -> Served:
        file = folder / "adapter_model.safetensors"
        save_file({name: tensor * float("nan") for name, tensor in load_file(file).items()}, file)
        shutil.rmtree(folder / "manifest.json", ignore_errors=True)
        base = manager.base(None)
        return Served(base, Loadable(str(folder), folder, base.id))

    return make


def ask(case: UnderTest, served: Served, prompt: str, **options: object) -> str:
    return request(case, served, prompt, **options).text()


def whole(text: str) -> str:
    """Without the bytes at its end that are no letter yet: an engine may leave them out."""
    return text.rstrip("\N{REPLACEMENT CHARACTER}")


def expected(case: UnderTest, number: int, prompt: str) -> str:
    """What `generate` says."""
    return whole(case.handles[number].generate(prompt, max_new_tokens=12))


def request(
    case: UnderTest, served: Served, prompt: str, score_prompt: bool = False, **options: object
) -> Generation:
    ids, taken = case.engine.encode(served.base, prompt)
    decoding = Decoding(**{"max_tokens": 12, **options})  # type: ignore[arg-type]
    return case.engine.submit(EngineRequest(served, tuple(ids), taken, decoding, score_prompt))


def talkative(case: UnderTest) -> str:
    """A prompt to which the first adapter says much."""
    return max(PROMPTS, key=lambda prompt: len(ask(case, case.served[0], prompt, max_tokens=20)))


def test_answers_side_by_side_are_those_of_each_alone(under_test: UnderTest) -> None:
    case = under_test
    jobs = [(number, prompt) for prompt in PROMPTS for number in range(len(case.served))]
    running = [request(case, case.served[number], prompt) for number, prompt in jobs]
    said = [whole(generation.text()) for generation in running]
    assert said == [expected(case, number, prompt) for number, prompt in jobs]
    assert len(set(said)) > len(PROMPTS)  # the adapters differ


def test_white_space_at_the_end_is_the_models_to_say(under_test: UnderTest) -> None:
    case = under_test
    for prompt in ("def area(width):\n", "def area(width):\n    ", "a = \n"):
        assert whole(ask(case, case.served[0], prompt)) == expected(case, 0, prompt)


def test_a_long_prompt_is_read_in_chunks(under_test: UnderTest) -> None:
    case = under_test
    prompt = "".join(f"v{n} = {n * n}\n" for n in range(12)) + "v = "
    assert whole(ask(case, case.served[1], prompt)) == expected(case, 1, prompt)


def test_what_was_read_is_not_read_again_and_changes_nothing(under_test: UnderTest) -> None:
    case = under_test
    prompt = "def area(width, height, depth):  # of a box with three sides and no lid"
    first = request(case, case.served[0], prompt)
    text = first.text()
    again = request(case, case.served[0], prompt)
    assert again.text() == text and again.cached_tokens > 10
    longer = request(case, case.served[0], prompt + ", x")
    assert whole(longer.text()) == expected(case, 0, prompt + ", x")
    assert longer.cached_tokens > 10
    other = request(case, case.served[1], prompt)
    assert whole(other.text()) == expected(case, 1, prompt)
    assert other.cached_tokens == 0  # it is another adapter's


def test_stop_texts_end_an_answer_wherever_tokens_end(under_test: UnderTest) -> None:
    case = under_test
    prompt = talkative(case)
    whole = ask(case, case.served[0], prompt, max_tokens=20)
    for length in (1, 2, 3):
        stop = whole[5 : 5 + length]
        pieces = list(request(case, case.served[0], prompt, max_tokens=20, stop=(stop, "never")))
        assert "".join(piece.text for piece in pieces) == whole[: whole.index(stop)]
        assert pieces[-1].finish == "stop"


def test_the_same_seed_draws_the_same(under_test: UnderTest) -> None:
    case = under_test
    draws = [ask(case, case.served[0], "x = ", temperature=1.0, seed=seed) for seed in (1, 1, 2)]
    assert draws[0] == draws[1] != draws[2]
    assert ask(case, case.served[0], "x = ", temperature=1.0, top_k=1) == ask(case, case.served[0], "x = ")


def test_scores_are_log_probabilities(under_test: UnderTest) -> None:
    case = under_test
    asked = talkative(case)
    pieces = list(request(case, case.served[0], asked, score_prompt=True, max_tokens=2, top_scores=3))
    prompt = [score for piece in pieces for score in piece.prompt_scores]
    said = [score for piece in pieces for score in piece.scores]
    assert prompt[0].logprob is None and all((score.logprob or 0) < 0 for score in prompt[1:] + said)
    assert [score.id for score in prompt] == case.engine.encode(case.served[0].base, asked)[0]
    assert len(said) == 2 and all(score.logprob == score.top[0][2] for score in said)  # greedy takes the best


def test_one_that_nobody_reads_ends(under_test: UnderTest) -> None:
    case = under_test
    generation = request(case, case.served[0], talkative(case), max_tokens=100)
    generation.cancel()
    assert list(generation)[-1].finish == "cancelled"
    assert case.engine.state().running == 0


def test_what_cannot_be_asked_is_refused(under_test: UnderTest) -> None:
    case = under_test
    room = case.engine.context_tokens(case.served[0].base)
    with pytest.raises(InvalidInputError, match="tokens"):
        case.engine.submit(EngineRequest(case.served[0], (1,) * room))
    with pytest.raises(InvalidInputError, match="empty"):
        case.engine.submit(EngineRequest(case.served[0], ()))


def test_an_answer_ends_where_the_context_does(under_test: UnderTest) -> None:
    case = under_test
    room = case.engine.context_tokens(case.served[0].base)
    generation = case.engine.submit(
        EngineRequest(case.served[0], (5,) * (room - 3), decoding=Decoding(max_tokens=50))
    )
    pieces = list(generation)
    assert pieces[-1].finish in ("length", "stop") and sum(piece.tokens for piece in pieces) <= 4


def test_a_broken_adapter_fails_alone(under_test: UnderTest, broken: Callable[[], Served]) -> None:
    case = under_test
    good = [request(case, case.served[0], prompt) for prompt in PROMPTS]
    bad = request(case, broken(), "x = ")
    with pytest.raises(Exception, match=r"number|finite|broken"):
        bad.text()
    assert [whole(one.text()) for one in good] == [expected(case, 0, prompt) for prompt in PROMPTS]


def test_too_many_are_told_to_come_again(under_test: UnderTest) -> None:
    case = under_test
    running: list[Generation] = []
    with pytest.raises(ResourceError, match="waiting"):
        running.extend(request(case, case.served[0], "x = ", max_tokens=100) for _ in range(500))
    for generation in running:
        generation.cancel()
    assert all(list(generation)[-1].finish in ("cancelled", "length", "stop") for generation in running)


def test_what_is_held_is_told_and_can_be_let_go(under_test: UnderTest) -> None:
    case = under_test
    keys = [served.adapter.key for served in case.served if served.adapter]
    said = [ask(case, served, "x = ") for served in case.served]
    held = case.engine.held()
    assert set(keys) <= set(held) and all(one.bytes > 0 and one.dtype == "float32" for one in held.values())
    with case.engine.keeping([case.served[0]]):
        for served in case.served:
            case.engine.let_go(served)
        assert keys[0] in case.engine.held() and keys[1] not in case.engine.held()
    assert [ask(case, served, "x = ") for served in case.served] == said


def test_an_adapter_is_loaded_before_it_is_asked_for(under_test: UnderTest) -> None:
    one, two, _ = under_test.served
    ask(under_test, two, "x = ", max_tokens=1)
    under_test.engine.load(one, two)
    assert one.key in under_test.engine.held()
    assert whole(ask(under_test, one, PROMPTS[0])) == expected(under_test, 0, PROMPTS[0])
