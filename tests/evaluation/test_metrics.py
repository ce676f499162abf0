"""Figures over functions: paired draws of files, intervals, and the verdict's one word."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codebase_gardener.cli.figures import verdict_lines
from codebase_gardener.evaluation.arms import ARMS, WITH_WIKI
from codebase_gardener.evaluation.metrics import Measurement, difference, summarize
from codebase_gardener.evaluation.verdict import judge


def measurements(functions: int = 60, files: int = 12, seed: int = 0) -> list[Measurement]:
    rng = random.Random(seed)
    return [
        Measurement(f"{n % files}.py", rng.uniform(1, 3) * t, t, 4 * t, rng.random() < 0.3)
        for n in range(functions)
        for t in [rng.randint(5, 100)]
    ]


def better(rows: list[Measurement], by: float) -> list[Measurement]:
    return [replace(row, nats=row.nats - by * row.tokens) for row in rows]


def test_figures_are_over_tokens_and_bytes_not_over_functions() -> None:
    summary = summarize([Measurement("a", 10.0, 10, 20, True), Measurement("b", 90.0, 30, 180, False)])
    assert summary.nats_per_token == pytest.approx(100 / 40)
    assert summary.nats_per_byte == pytest.approx(100 / 200)
    assert summary.next_line == 0.5
    assert (summary.functions, summary.files, summary.tokens) == (2, 2, 40)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_the_interval_holds_the_mean(seed: int) -> None:
    rows = measurements(seed=seed)
    other = [
        replace(row, nats=row.nats * random.Random(seed + n).uniform(0.8, 1.3)) for n, row in enumerate(rows)
    ]
    found = difference(rows, other)
    assert found.low <= found.nats_per_token <= found.high
    summary = summarize(rows)
    assert summary.nats_per_token_95[0] <= summary.nats_per_token <= summary.nats_per_token_95[1]
    assert summary.next_line_95[0] <= summary.next_line <= summary.next_line_95[1]


def test_draws_are_paired() -> None:
    """A constant gain has no spread, however far apart the functions lie."""
    rows = measurements()
    found = difference(better(rows, 0.25), rows)
    assert found.nats_per_token == pytest.approx(-0.25)
    assert (found.low, found.high) == (pytest.approx(-0.25), pytest.approx(-0.25))


def test_the_seed_decides() -> None:
    rows, other = measurements(seed=1), measurements(seed=1)
    other = [replace(row, nats=row.nats + n % 7) for n, row in enumerate(other)]
    assert difference(rows, other, seed=3) == difference(rows, other, seed=3)
    assert difference(rows, other, seed=3) != difference(rows, other, seed=4)


def test_files_are_drawn_where_there_are_enough() -> None:
    """Functions of a file are alike: drawing them one by one would claim too much certainty."""
    rows = measurements(120, files=10)
    other = [replace(row, nats=row.nats + (int(row.path[0]) - 5) * 0.1 * row.tokens) for row in rows]
    by_file = difference(rows, other)
    one_file = difference([replace(r, path="a") for r in rows], [replace(r, path="a") for r in other])
    assert (by_file.drawn, one_file.drawn) == ("file", "function")
    assert by_file.high - by_file.low > one_file.high - one_file.low


@pytest.mark.parametrize(("files", "unit"), [(1, "function"), (7, "function"), (8, "file")])
def test_the_unit_is_said(files: int, unit: str) -> None:
    rows = measurements(files=files)
    assert difference(rows, rows).drawn == unit


def test_one_function_has_an_interval_of_no_width() -> None:
    found = difference([Measurement("a", 10, 5, 9, True)], [Measurement("a", 15, 5, 9, True)])
    assert (found.nats_per_token, found.low, found.high) == (-1, -1, -1)


def judged(gain: float, spread: float = 0.0) -> str:
    base = measurements()
    other = [
        replace(row, nats=row.nats - (gain + (spread if n % 2 else -spread)) * row.tokens)
        for n, row in enumerate(base)
    ]
    arms = dict(zip((arm.name for arm in ARMS), (base, base, base, other), strict=True))
    return judge(arms, {"base": 1.0, "adapter": 1.0}).word


def test_the_word_is_about_the_interval_of_the_last_arm() -> None:
    assert judged(0.3) == "helped"
    assert judged(-0.3) == "hurt"
    assert judged(0.0) == "unchanged"
    assert judged(0.01, spread=2.0) == "unchanged"


@pytest.mark.parametrize(("functions", "word"), [(1, "unchanged"), (7, "unchanged"), (8, "helped")])
def test_few_functions_decide_nothing(functions: int, word: str) -> None:
    rows = measurements(functions)
    arms = {arm.name: rows for arm in ARMS} | {"adapter + retrieval": better(rows, 0.5)}
    verdict = judge(arms, {"base": 1.0, "adapter": 1.0})
    assert verdict.word == word
    (line, _) = verdict_lines(verdict.as_dict())
    assert (f"unchanged (too few functions to say: {functions}," in line) == (word == "unchanged")


def test_a_verdict_compares_the_arms_it_says() -> None:
    rows = measurements()
    arms = {"base": rows, "base + retrieval": better(rows, 0.1), "adapter": better(rows, 0.3)}
    arms["adapter + retrieval"] = better(rows, 0.6)
    verdict = judge(arms, {"base": 2.0, "adapter": 2.1})
    assert verdict.difference.nats_per_token == pytest.approx(-0.5)
    assert verdict.without_retrieval.nats_per_token == pytest.approx(-0.3)
    assert verdict.general == {"base": 2.0, "adapter": 2.1}
    assert list(verdict.arms) == [arm.name for arm in ARMS]
    assert verdict.as_dict()["arms"]["base"]["tokens"] == sum(row.tokens for row in rows)


def with_wiki(gain: float, functions: int = 60) -> dict[str, list[Measurement]]:
    rows = measurements(functions)
    arms = {arm.name: rows for arm in ARMS} | {"adapter + retrieval": better(rows, 0.3)}
    return {**arms, WITH_WIKI.name: better(rows, gain)}


@pytest.mark.parametrize(
    ("gain", "functions", "kept"),
    [(0.1, 60, True), (0.1, 8, True), (0.1, 7, False), (0.0, 60, False), (-0.1, 60, False)],
)
def test_pages_stay_only_where_the_base_gets_better_with_them(
    gain: float, functions: int, kept: bool
) -> None:
    verdict = judge(with_wiki(gain, functions), {"base": 1.0, "adapter": 1.0})
    assert verdict.wiki is not None
    assert verdict.wiki.kept is kept
    assert verdict.wiki.difference.nats_per_token == pytest.approx(-gain)
    plain, pages = verdict.wiki.code, verdict.wiki.with_pages
    assert plain - pages == pytest.approx(gain)
    assert list(verdict.arms) == [arm.name for arm in ARMS]
    assert verdict.arms["base + retrieval"].nats_per_token == pytest.approx(pages if kept else plain)
    assert verdict.difference.nats_per_token == pytest.approx(gain - 0.3 if kept else -0.3)
    line = verdict_lines(verdict.as_dict())[-1]
    assert line.startswith(
        f"Wiki: base + retrieval {plain:.3f} → {pages:.3f} nats/token with pages ({0 - gain:+.3f}, 95 %"
    )
    assert line.endswith("kept." if kept else "left out.")


def test_without_a_wiki_a_verdict_says_nothing_of_one() -> None:
    rows = measurements()
    verdict = judge({arm.name: rows for arm in ARMS}, {"base": 1.0, "adapter": 1.0}).as_dict()
    assert "wiki" not in verdict
    assert len(verdict_lines(verdict)) == 2
