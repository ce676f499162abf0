"""benchmarks/train.py on a tiny base: the losses agree step by step, and its table says what was measured.

Speed is not checked here: `make bench-train` measures it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(BENCHMARKS)
    import train_table

    return train_table


@pytest.mark.slow
def test_contenders_agree_step_by_step(tiny_base: Path, tmp_path: Path) -> None:
    """Trainer, TRL and the product on the same examples, each in its process, through the script itself."""
    contenders = ["Trainer", "Trainer, best", "TRL, best", "Gardener", "Gardener, fp32"]
    done = subprocess.run(
        [sys.executable, str(BENCHMARKS / "train.py"), "--quick", "--json", "--base", str(tiny_base),
         "--bases", str(tmp_path), "--steps", "4", "--heldout", "4", "--max-length", "512",
         "--only", *contenders],
        capture_output=True, text=True, check=False, timeout=500, env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert list(found["figures"]) == contenders
    exact, best = found["equality"]
    assert (exact["own"], exact["reference"], exact["steps"]) == ("Gardener, fp32", "Trainer", 4)
    assert exact["largest"] <= 1e-4
    assert (best["own"], best["reference"]) == ("Gardener", "Trainer, best")
    assert best["largest"] <= 1e-2

    runs = {title: rounds[0] for title, rounds in found["runs"].items()}
    for title in ("Trainer", "Trainer, best", "Gardener", "Gardener, fp32"):
        for what in ("tokens", "supervised", "examples"):
            assert runs[title][what] == runs["Trainer"][what]
        assert len(set(runs[title]["losses"])) == 4  # it is trained, and each step is its own
    assert sum(runs["TRL, best"]["examples"]) == 16
    for what in ("tokens", "supervised"):
        assert sum(runs["TRL, best"][what]) == sum(runs["Trainer"][what])
    for one in runs.values():
        assert one["heldout"][-1] < found["untrained"]
    assert runs["Gardener, fp32"]["heldout"] == pytest.approx(runs["Trainer"]["heldout"], abs=1e-4)
    assert {row["verdict"] for row in found["floors"]} <= {"aim reached", "reached", "short"}
    assert len(found["floors"]) == 6


def one_run(ends: Sequence[float], losses: Sequence[float], **more: Any) -> dict[str, Any]:
    steps = len(ends)
    return {
        "ends": list(ends),
        "losses": list(losses),
        "tokens": [100] * steps,
        "supervised": [60] * steps,
        "examples": [4] * steps,
        "kept": [2, 4],
        "heldout": [3.0, 2.0],
        "peak_bytes": 10**9,
        **more,
    }


def bench_of(table: ModuleType, runs: dict[str, list[dict[str, Any]]], base: Path) -> Any:
    from codebase_gardener.bases.resolution import resolve_base
    from train_variants import CONTENDERS

    return table.Bench(
        base=resolve_base(str(base), base.parent / "hashes"),
        prepared={"train": [(100, 60)], "heldout": [(100, 60)]},
        shared={"r": 4},
        load=0.0,
        contenders=CONTENDERS,
        runs=runs,
        gemm=[{"float32": 100.0, "bfloat16": 400.0, "bf16_pays": True, "threads": 1}],
        untrained=4.0,
    )


def test_figures_leave_the_first_two_steps_out(table: ModuleType, tiny_base: Path) -> None:
    slow = one_run([10, 12, 14, 16], [4, 3, 2, 1])
    fast = one_run([20, 21, 21.5, 22], [4, 3, 2, 1])
    bench = bench_of(
        table, {"Trainer": [slow], "Gardener": [fast, fast, one_run([1, 2, 3], [4, 3, 2])]}, tiny_base
    )
    rows = table.figures(bench)
    assert rows["Trainer"].tokens_per_s == 200 / 4
    assert rows["Trainer"].supervised_per_s == 120 / 4
    assert (
        rows["Gardener"].tokens_per_s == 100 / 0.5
    )  # the three steps that every round has; the median of rounds
    assert rows["Gardener"].start_s == 20
    assert rows["Trainer"].share == pytest.approx(rows["Trainer"].share_of_own / 4)


def test_time_to_the_loss_is_read_between_kept_adapters(table: ModuleType, tiny_base: Path) -> None:
    slow = one_run([10, 20, 30, 40], [4, 3, 2, 1])  # 4.0 at 10 s, 3.0 at 20 s, 2.0 at 40 s
    own = one_run([1, 2, 3, 4], [4, 3, 2, 1], heldout=[3.0, 1.0])  # 3.0 at 2 s, 1.0 at 4 s
    worse = one_run([1, 2, 3, 4], [4, 3, 2, 1], heldout=[3.0, 2.5])
    runs = {"Trainer": [slow], "Gardener": [own], "TRL, best": [worse]}
    rows = table.figures(bench_of(table, runs, tiny_base))
    assert rows["Trainer"].to_loss_s == 40
    assert rows["Gardener"].to_loss_s == 3
    assert rows["TRL, best"].to_loss_s is None
    nearly = {**runs, "Gardener": [one_run([1, 2, 3, 4], [4, 3, 2, 1], heldout=[3.0, 2.005])]}
    rows = table.figures(bench_of(table, nearly, tiny_base))
    assert rows["Gardener"].to_loss_s == 4


@pytest.mark.parametrize(
    ("own", "reference", "gap", "equal"),
    [
        ("Gardener, fp32", "Trainer", 9e-5, True),
        ("Gardener, fp32", "Trainer", 2e-4, False),
        ("Gardener", "Trainer, best", 9e-3, True),
        ("Gardener", "Trainer, best", 2e-2, False),
        ("Gardener", "Trainer, best", float("nan"), False),
    ],
)
def test_a_loss_beyond_its_limit_is_told(
    table: ModuleType, tiny_base: Path, own: str, reference: str, gap: float, equal: bool
) -> None:
    ends = [1, 2, 3, 4]
    runs = {reference: [one_run(ends, [4, 3, 2, 1])], own: [one_run(ends, [4, 3, 2 + gap, 1])]}
    bench = bench_of(table, runs, tiny_base)
    assert bench.equal is equal
    assert ("EXCEEDED" in table.as_text(bench)) is not equal


def test_products_are_those_that_torch_counts(table: ModuleType, make_base: Any) -> None:
    """Every token supervised, a gradient for the embeddings: then torch's own count of a stock step is ours."""
    import torch
    from peft import LoraConfig, get_peft_model
    from torch.utils.flop_counter import FlopCounterMode
    from transformers import AutoModelForCausalLM

    from train_examples import StepProducts

    base, tokens = make_base(seed=3), 24
    model = AutoModelForCausalLM.from_pretrained(base, attn_implementation="eager")
    model = get_peft_model(model, LoraConfig(task_type="CAUSAL_LM", r=4, target_modules="all-linear"))
    model.enable_input_require_grads()
    products = StepProducts.of(base, 4)
    ids = torch.arange(tokens)[None]
    with FlopCounterMode(display=False) as counted:
        model(input_ids=ids).logits.sum().backward()
    half_of_attention = (
        6 * products.attention * tokens**2
    )  # torch counts the square, a causal step needs half
    assert counted.get_total_flops() - half_of_attention == products.flops(tokens, tokens)
