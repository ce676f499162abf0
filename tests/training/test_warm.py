"""Which rows a training that goes on from another is made of."""

from __future__ import annotations

from pathlib import Path

import pytest

from codebase_gardener.dataset.assembly import Dataset
from codebase_gardener.dataset.examples import Example
from codebase_gardener.dataset.report import DatasetReport
from codebase_gardener.training.spec import parse_spec
from codebase_gardener.training.warm import (
    OLD_ROWS,
    News,
    WarmStart,
    described,
    misfit,
    mixed,
    news,
    old_rows,
)


def row(number: int, *, path: str = "a.py", split: str = "train", lines: int = 0) -> Example:
    anchor = f"{path}:L{number + lines}"
    return Example(
        f"{path} {number} {lines}",
        "complete",
        split,
        path,
        f"f{number}",
        anchor,
        "c0ffee",
        f"def f{number}",
        "pass",
    )


def dataset(*rows: Example) -> Dataset:
    return Dataset(rows, (), DatasetReport("here", "c0ffee"))


def test_what_is_new_is_told_by_content() -> None:
    parent = dataset(row(1), row(2), row(9, path="held.py", split="heldout"))
    moved = [row(1, lines=40), row(2, lines=40)]
    assert news(dataset(*moved), parent) == News((), 0, 0)
    now = dataset(*moved, row(3), row(1, path="b.py"), row(8, path="held.py", split="heldout"))
    assert news(now, parent) == News(("a.py 3 0", "b.py 1 0"), new_files=1, changed_files=1)


def test_old_rows_are_mixed_in_always_the_same() -> None:
    rows = [row(n) for n in range(400)]
    few = News(tuple(one.id for one in rows[:3]), 0, 1)
    many = News(tuple(one.id for one in rows[:150]), 0, 1)
    assert [old_rows(dataset(*rows), new) for new in (few, many)] == [OLD_ROWS, 150]
    assert old_rows(dataset(*rows[:5]), few) == 2
    chosen = mixed(rows, few.rows, OLD_ROWS, seed=0)
    assert set(few.rows) < {one.id for one in chosen}
    assert len(chosen) == 3 + OLD_ROWS
    assert chosen == mixed(rows, few.rows, OLD_ROWS, seed=0) != mixed(rows, few.rows, OLD_ROWS, seed=1)


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"minutes": 1, "learning_rate": 0.1}, ""),
        ({"r": 8}, "r is 8 now, and was 16"),
        ({"target_modules": "q_proj"}, "target_modules"),
        ({"lora_alpha": 64}, "lora_alpha"),
        ({"init_lora_weights": "pissa"}, "only plain LoRA"),
    ],
)
def test_weights_of_another_shape_or_meaning_are_no_beginning(options: dict[str, object], word: str) -> None:
    assert misfit(parse_spec(options), parse_spec({})).startswith(word)
    assert bool(misfit(parse_spec(options), parse_spec({}))) == bool(word)


def test_a_job_keeps_it_with_paths_in_the_home(tmp_path: Path) -> None:
    start = WarmStart("p/d@1", tmp_path / "v1", "ab", "c1", News(("x",), 1, 2), 5, ("c0",))
    kept = start.as_dict(tmp_path)
    assert kept["directory"] == "v1"
    assert WarmStart.from_dict(kept, tmp_path) == start
    assert start.lineage["commits"] == ["c1", "c0"]
    assert (
        described(start.lineage)
        == "p/d@1 (c1): 1 new rows of 1 new and 2 changed files, 5 old ones with them"
    )
