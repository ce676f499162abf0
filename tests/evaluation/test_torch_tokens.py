"""Token by token, on a real tiny adapter: against what the verdict's scorer says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from codebase_gardener.bases.resolution import Base
from codebase_gardener.bases.text import plain_ids
from codebase_gardener.dataset.heldout import HeldoutFunction
from codebase_gardener.evaluation.measuring import retrieval_rows
from codebase_gardener.evaluation.torch_evaluate import measured_model
from codebase_gardener.evaluation.torch_tokens import _pieces, score_tokens

FUNCTIONS = [
    HeldoutFunction(
        "f", "f.py", "f.py:L1-2", "def f(a):\n", "# other\ndef f(a):\n", "    return 'äß€'\n", ("o.py:L1-3",)
    ),
    HeldoutFunction("g", "g.py", "g.py:L1-3", "def g():\n", "def g():\n", "    x = 1\n    return x\n"),
]


@pytest.mark.slow
def test_tokens_are_those_of_the_verdict(folder: Path, base: Base) -> None:
    how = {"device": "cpu", "dtype": "float32"}
    told: list[tuple[int, int]] = []
    scored = score_tokens(
        folder, base, FUNCTIONS, pages=False, progress=lambda *done: told.append(done), **how
    )
    assert (told[0], told[-1]) == ((0, 4), (4, 4))  # within the one batch of each arm
    assert told == sorted(told) and len(told) > 8
    with measured_model(folder, base, FUNCTIONS, **how) as (_, scorer):
        rows = retrieval_rows(FUNCTIONS, scorer.tokenizer, pages=False)
        without = scorer.scores(rows, adapter=False)
        with_it = scorer.scores(rows, adapter=True)
    assert ["".join(one.tokens).lstrip("\n") for one in scored] == [one.completion for one in FUNCTIONS]
    assert [sum(one.base) for one in scored] == pytest.approx([one.nats for one in without], abs=1e-2)
    assert [sum(one.adapter) for one in scored] == pytest.approx([one.nats for one in with_it], abs=1e-2)
    assert [one.base != one.adapter for one in scored] == [True, True]
    assert scored[0].prompt.startswith("# other\ndef f(a):")
    assert (scored[0].context, scored[1].context) == (("o.py:L1-3",), ())


def test_a_letter_of_several_tokens_stands_with_the_last(tokenizer: Any) -> None:
    ids = plain_ids(tokenizer, "a€b")
    pieces = _pieces(tokenizer, ids)
    assert len(pieces) == len(ids)
    assert "".join(pieces) == "a€b"
    assert "€" in [piece.strip("ab") for piece in pieces]
