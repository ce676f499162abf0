"""The figures of `evaluate --full`, in words."""

from __future__ import annotations

from typing import Any

from codebase_gardener.cli.evaluate import recites
from codebase_gardener.cli.full_figures import full_lines, full_table
from codebase_gardener.utils.names import AdapterRef

LOSS = {"nats_per_token": 1.5, "next_line": 0.25, "next_line_95": [0.1, 0.4]}
ARM = {"loss": LOSS, "similarity": 0.5, "exact_lines": 0.125, "similarity_lines": 0.4}
POINTS = {"share": 0.05, "low": -0.01, "high": 0.11}
GAINED = {"nats_per_token": -0.3, "low": -0.4, "high": -0.2}
DATA: dict[str, Any] = {
    "editing": {
        "cursors": 16,
        "at_line_starts": 7,
        "arms": dict.fromkeys(["base", "base + retrieval", "adapter", "adapter + retrieval"], ARM),
        "difference": GAINED,
        "exact": POINTS,
        "exact_over_base": POINTS,
        "slices": [
            {"by": "folder", "value": "src/a", "functions": 9, "difference": GAINED, "word": "helped"}
        ],
        "losses": [{"symbol": "A.f", "anchor": "a.py:L1-2", "nats_per_token": 0.75}],
    },
    "null": {"effect": -0.3, "null_mean": 0.1, "null_deviation": 0.1, "deviations": -4.0, "draws": 8},
    "recitation": {"rows": 100, "base": 0.0, "adapter": 0.07, "heldout_rows": 20, "heldout": 0.0},
    "general_code": {"base": 2.0, "adapter": 2.1},
}


def test_everything_that_was_measured_is_told() -> None:
    text = "\n".join(full_lines(DATA))
    for said in (
        "-0.300 nats/token (95 % -0.400 to -0.200), exact next lines +5.0 points (-1.0 to +11.0)",
        "folder src/a (9): helped, -0.300",
        "Lost most: A.f +0.75.",
        "4.0 standard deviations apart",
        "of 100 training rows 7.0% are said word for word",
        "2.000 nats/token with the base, 2.100 with the adapter",
    ):
        assert said in text
    assert "held out, 7 at a line's start" in str(full_table(DATA).title)
    assert "new since 0123456789ab" in str(full_table({**DATA, "since": "0123456789abcdef"}).title)


def test_the_arms_of_the_memory_are_told_where_there_are_any() -> None:
    arms = DATA["editing"]["arms"] | {f"{name} + memory": ARM for name in DATA["editing"]["arms"]}
    editing = DATA["editing"] | {"arms": arms, "exact_all": POINTS, "exact_all_over_base": POINTS}
    with_memory = DATA | {"editing": editing}
    assert full_table(with_memory).row_count == 8
    assert "With the memory of the repository: exact next lines +5.0" in "\n".join(full_lines(with_memory))
    assert "memory" not in "\n".join(full_lines(DATA))


def test_what_could_not_be_measured_is_left_out() -> None:
    text = "\n".join(full_lines({**DATA, "null": None, "recitation": None}))
    assert "noise" not in text
    assert "Recitation" not in text


def test_more_recitation_than_is_allowed_is_an_error() -> None:
    ref = AdapterRef("p", "default", 1)
    assert recites(ref, DATA["recitation"], 0.07) is None
    assert recites(ref, DATA["recitation"], None) is None
    assert recites(ref, None, 0.0) is None
    error = recites(ref, DATA["recitation"], 0.05)
    assert error is not None
    assert "7.0%" in error.message
