"""`dataset`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .conftest import Cli

ROW = {"prompt": "def area(w, h):\n", "completion": "    return w * h\n"}


def test_report(garden: Cli) -> None:
    result = garden("dataset", "geometry").ok()
    assert "rows to train on" in result.out
    assert "complete" in result.out
    assert "near-duplicates of held-out code" in result.out


@pytest.mark.slow
def test_report_as_json(garden: Cli) -> None:
    data = garden("dataset", "geometry", "--json").ok().json
    assert Path(data["directory"], "train.jsonl").exists()
    assert data["report"]["rows"]["complete"]["train"] > 0
    assert garden("dataset", "geometry", "--json").json == data, "the same snapshot, the same dataset"


@pytest.mark.slow
def test_show_colours_what_is_trained_on(garden: Cli, tiny_base: Path) -> None:
    plain = garden("dataset", "geometry", "--show", "3", "--base", tiny_base).ok()
    assert plain.out.count("trained on") == 3
    assert "\x1b[" not in plain.out
    coloured = garden("dataset", "geometry", "--show", "12", "--base", tiny_base, FORCE_COLOR="1").ok()
    assert coloured.out.count("\x1b[1;32m") >= 3, "bold green"
    assert "\x1b[2m" in coloured.out, "dim"


def test_show_as_json_is_one_document(garden: Cli, tiny_base: Path) -> None:
    data = garden(
        "dataset", "geometry", "--show", "2", "--task", "complete", "--base", tiny_base, "--json",
        CODEBASE_GARDENER_TRAINING__MAX_LENGTH="2048",
        CODEBASE_GARDENER_TRAINING__COMPLETION_ONLY_LOSS="true",
    ).ok().json  # fmt: skip
    assert len(data["rows"]) == 2
    for row in data["rows"]:
        prompt, trained = row["runs"]
        assert (prompt["trained"], trained["trained"]) == (False, True)
        assert row["anchor"].partition(":")[0] in prompt["text"]
        assert "\n    " in trained["text"]
        assert trained["text"].endswith("<|end|>"), "the end token is trained on"


def test_rows_for_other_tools(garden: Cli, tmp_path: Path) -> None:
    out = tmp_path / "rows.jsonl"
    result = garden("dataset", "geometry", "--out", out, "--form", "messages").ok()
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert f"{len(rows):,} rows written to {out}" in result.out
    assert [turn["role"] for turn in rows[0]["messages"]] == ["user", "assistant"]


def test_show_of_a_task_without_rows(garden: Cli, tiny_base: Path) -> None:
    garden("dataset", "geometry", "--show", "1", "--task", "poetry", "--base", tiny_base).failed(
        3, "poetry", "complete"
    )


def test_own_rows_are_added(garden: Cli, tmp_path: Path) -> None:
    file = tmp_path / "mine.jsonl"
    file.write_text(f"{json.dumps(ROW)}\n")
    data = garden("dataset", "geometry", "--file", file, "--json").ok().json
    assert data["report"]["user_rows"] == 1
    assert data["report"]["rows"]["user"]["train"] == 1


def test_malformed_rows_are_named_by_line(garden: Cli, tmp_path: Path) -> None:
    file = tmp_path / "mine.jsonl"
    file.write_text(f'{json.dumps(ROW)}\n{{"prompt": 3}}\nno json\n{json.dumps(ROW)}\n')
    before = sorted((garden.home / "projects" / "geometry").rglob("*"))
    result = garden("dataset", "geometry", "--file", file, "--json").failed(
        6, "mine.jsonl:2", "mine.jsonl:3", "nothing was trained"
    )
    assert result.json["exit_code"] == 6
    assert result.json["context"]["count"] == 2
    assert sorted((garden.home / "projects" / "geometry").rglob("*")) == before


def test_missing_file(garden: Cli, tmp_path: Path) -> None:
    garden("dataset", "geometry", "--file", tmp_path / "none.jsonl").failed(2, "none.jsonl")
