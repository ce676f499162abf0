"""The engine in llama.cpp's process, under the tests that any engine must pass; and what is its own."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest

from codebase_gardener.exports.torch_gguf_adapter import write_gguf_adapter
from codebase_gardener.exports.torch_gguf_base import write_gguf_base
from codebase_gardener.models.peft_manager import PeftManager
from codebase_gardener.serving.llamacpp_models import LlamaModels
from codebase_gardener.serving.torch_llamacpp_engine import LlamaCppEngine
from codebase_gardener.utils.error_handling import ModelError
from serving.engine_suite import *  # noqa: F403
from serving.engine_suite import PROMPTS, UnderTest, ask, request


@pytest.fixture
def engine(manager: PeftManager) -> Iterator[LlamaCppEngine]:
    models = LlamaModels(
        manager.settings.bases_dir,
        manager.settings.home,
        partial(write_gguf_base, quantize="f32"),
        write_gguf_adapter,
        quantize="f32",
        slots=16,
        cache_tokens=8192,
        max_bytes=10**9,
    )
    engine = LlamaCppEngine(models)
    yield engine
    engine.close()


def test_a_process_that_dies_is_told_and_started_again(under_test: UnderTest, engine: LlamaCppEngine) -> None:
    case = under_test
    before = ask(case, case.served[0], PROMPTS[0])
    running = request(case, case.served[0], PROMPTS[0], max_tokens=200)
    pieces = iter(running)
    next(pieces)
    [process] = engine._models._processes.values()
    process.server._child.kill()
    with pytest.raises(ModelError, match=r"llama\.cpp"):
        list(pieces)
    assert ask(case, case.served[0], PROMPTS[0]) == before


def test_what_does_not_fit_goes_and_comes_back(under_test: UnderTest, engine: LlamaCppEngine) -> None:
    case = under_test
    engine._models._max_bytes = 1  # room for the one that is asked for
    for number in (0, 1, 0):
        assert ask(case, case.served[number], PROMPTS[0]) == case.handles[number].generate(
            PROMPTS[0], max_new_tokens=12
        )
    [process] = engine._models._processes.values()
    assert len(process.adapters) == 1 and len(engine._models._adapters) == 1


def test_the_folder_of_converted_adapters_goes_with_the_engine(
    under_test: UnderTest, engine: LlamaCppEngine, manager: PeftManager
) -> None:
    ask(under_test, under_test.served[0], "x = ")
    assert list(manager.settings.home.glob(".gguf.*/*.gguf"))
    engine.close()
    assert not list(manager.settings.home.glob(".gguf.*"))
