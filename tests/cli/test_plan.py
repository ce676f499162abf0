"""`plan`, and what `train` says before it starts."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from codebase_gardener.training.spec import parse_spec

from .conftest import Cli


@pytest.fixture
def planted(garden: Cli, tiny_base: Path) -> Cli:
    garden.environment["CODEBASE_GARDENER_BASE"] = str(tiny_base)
    return garden


def test_a_plan_shows_options_reasons_predictions_and_the_command(planted: Cli) -> None:
    out = planted("plan", "geometry", "--no-probe", "--use-dora").ok().out
    for word in ("target_modules", "all-linear", "seed 000", "Predicted memory", "Predicted time", "given"):
        assert word in out
    assert out.splitlines()[-1].startswith("gardener train geometry ")
    assert "--use-dora" in out.splitlines()[-1]
    assert "DoRA at inference" in out


def test_the_command_trains_what_was_planned(planted: Cli) -> None:
    made = (
        planted("plan", "geometry", "--no-probe", "--r", "64", "--rank-pattern", "q_proj=8", "--json")
        .ok()
        .json
    )
    words = shlex.split(made["command"])
    assert words[:3] == ["gardener", "train", "geometry"]
    given: dict[str, object] = {"max_length": 64, "steps": 3, "dtype": "float32", "threads": 1, "r": 4}
    pairs = iter(words[3:])
    for word in pairs:
        name = word.removeprefix("--").replace("-", "_")
        given[name] = True if name == "use_rslora" else next(pairs)
    assert parse_spec(given).model_dump(mode="json") == made["training"]
    assert made["training"]["use_rslora"]


@pytest.mark.slow
def test_a_probe_measures(planted: Cli) -> None:
    made = planted("plan", "geometry", "--json").ok().json
    assert made["probe"]["steps"] == 3
    assert made["seconds"] == pytest.approx(made["probe"]["padded_tokens"] / made["probe"]["tokens_per_s"])
    assert made["memory_bytes"] <= made["limit_bytes"]
    assert not list(planted.home.glob("jobs/*")), "nothing is kept"


def test_a_budget_that_nothing_fits_names_the_least(planted: Cli) -> None:
    result = planted("plan", "geometry", "--no-probe", "--budget", "100MB", "--json")
    result.failed(9, "the least")
    assert result.json["context"]["least_bytes"] > 100_000_000


@pytest.mark.parametrize(
    ("size", "code"), [("1.5GiB", 0), ("8gb", 0), ("2 GB", 0), ("lots", 2), ("0", 2), ("-1GB", 2)]
)
def test_sizes_are_read_as_people_write_them(size: str, code: int, planted: Cli) -> None:
    assert planted("plan", "geometry", "--no-probe", "--budget", size).code == code


def test_options_that_cannot_be_right_are_refused_before_anything_is_done(planted: Cli) -> None:
    planted("plan", "geometry", "--r", "0").failed(2, "training option r")
    planted("plan", "nothing", "--no-probe").failed(3, "nothing")


@pytest.mark.slow
def test_train_says_what_it_will_take_and_warns(planted: Cli) -> None:
    said = planted("train", "geometry", "--r", "32", "--wait").ok().err
    assert "about 0." in said
    assert "GB of memory at its peak, and the time of 3 steps" in said
    assert "use_rslora True: alpha/r shrinks the update at high rank" in said, "as grow trains on this base"
    assert "Warning: few examples" in said


@pytest.mark.slow
def test_an_adapter_with_dora_is_imported_and_proven_with_a_warning(
    planted: Cli, tiny_base: Path, tmp_path: Path
) -> None:
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    config = LoraConfig(task_type="CAUSAL_LM", r=4, use_dora=True, target_modules=["q_proj"])
    peft = get_peft_model(AutoModelForCausalLM.from_pretrained(tiny_base, dtype=torch.float32), config)
    for name, parameter in peft.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.2)
    peft.save_pretrained(tmp_path / "mine")
    assert "Warning: DoRA at inference" in planted("import", tmp_path / "mine", "--as", "demo/mine").ok().err
    proven = planted("prove", "demo/mine", "--json").ok().json
    assert [advice["rule"] for advice in proven["warnings"]] == ["DoRA at inference"]


def test_doctor_for_an_environment(cli: Cli) -> None:
    made = cli("doctor", "--for", "inference", "--json").ok().json
    assert made["ok"]
    assert [check["check"] for check in made["checks"]][:2] == ["python", "peft"]
    cli("doctor", "--for", "everything").failed(2, "no environment")
    cli("doctor", "--for", "core", "--fix").failed(2, "--fix")
