"""`bases`: code models by name, and what fits."""

from __future__ import annotations

from pathlib import Path

from .conftest import Cli


def test_all_are_listed_with_what_fits(garden: Cli) -> None:
    out = garden("bases").ok().out
    assert "predicted" in out and "Not run with real weights" in out
    [row] = [line for line in out.splitlines() if line.startswith("Qwen/Qwen2.5-Coder-7B") and "LoRA" in line]
    assert row.split()[1] == "needs", "7 billion parameters do not train in 8 GB"
    assert "cpu, " in out


def test_one_is_told_with_its_sources(garden: Cli) -> None:
    out = garden("bases", "starcoder2-3b").ok().out
    for said in (
        "<fim_prefix>",
        "c_fc",
        "BigCode OpenRAIL-M",
        "https://huggingface.co/",
        "hf download",
        "never",
    ):
        assert said in out


def test_as_json(garden: Cli) -> None:
    [row] = garden("bases", "Qwen/Qwen2.5-Coder-1.5B", "--json").ok().json["bases"]
    assert row["parameters"] == 1_543_714_304
    assert not row["was_run"]
    fits = {fit["memory"]: fit for fit in row["fits_predicted"]}
    assert fits["24 GB"]["training"] == "LoRA" and fits["8 GB"]["training_bytes"] <= 8e9


def test_a_name_that_is_not_known(garden: Cli) -> None:
    garden("bases", "gpt-5").failed(2, "nothing is known")


def test_grow_on_a_base_that_cannot_be_fetched_says_what_to_do(garden: Cli, small_repository: Path) -> None:
    result = garden("grow", small_repository, "--base", "Qwen/Qwen2.5-Coder-1.5B")
    result.failed(
        7, "3.1 GB on the hub", "predicted to train in", "cannot be fetched", "hf download", "gardener bases"
    )
    assert "dataset" not in result.err, "the work of minutes comes after it"
