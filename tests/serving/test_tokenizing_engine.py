"""What all engines ask a base's tokenizer, whichever way they have it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from codebase_gardener.bases.resolution import Base, resolve_base
from codebase_gardener.serving.engine import EngineRequest, Generation, Piece
from codebase_gardener.serving.tokenizing_engine import TokenizingEngine


class Deaf(TokenizingEngine):
    """One that has a tokenizer and notes what it is asked."""

    def __init__(self) -> None:
        self.asked: list[EngineRequest] = []

    def tokenizer(self, base: Base) -> Any:
        from codebase_gardener.bases.torch_loading import load_tokenizer

        return load_tokenizer(base.path)

    def submit(self, request: EngineRequest, listener: Callable[[Piece], None] | None = None) -> Generation:
        self.asked.append(request)
        generation = Generation(request, listener)
        generation.give(Piece("b", 1, finish="length"))
        return generation


@pytest.mark.slow
def test_questions_go_to_the_tokenizer_and_one_token_loads(tiny_base: Path, tmp_path: Path) -> None:
    from codebase_gardener.serving.engine import Served

    engine, base = Deaf(), resolve_base(str(tiny_base), tmp_path)
    tokenizer = engine.tokenizer(base)
    assert engine.encode(base, "a = b") == (tokenizer("a = b")["input_ids"], "")
    assert engine.vocabulary_size(base) == len(tokenizer)
    assert set(engine.control_ids(base).values()) <= set(range(len(tokenizer)))
    engine.load(Served(base), Served(base))
    assert [(one.served, one.decoding.max_tokens) for one in engine.asked] == [(Served(base), 1)]
