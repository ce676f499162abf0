"""What a quantization needs: told with the command that installs it, before anything is loaded."""

from __future__ import annotations

import sys
from importlib.machinery import PathFinder
from pathlib import Path

import pytest

from codebase_gardener.bases import quantization
from codebase_gardener.bases.quantization import QUANTIZATIONS, check_quantization
from codebase_gardener.bases.resolution import resolve_base
from codebase_gardener.config.settings import Settings
from codebase_gardener.models.peft_manager import PeftManager
from codebase_gardener.training.memory import estimate_memory
from codebase_gardener.training.spec import TrainingSpec, parse_spec
from codebase_gardener.utils.error_handling import InvalidInputError, ResourceError

WORKING = ("nf4", "int8", "torchao-int8")
LACKING = ("hqq", "gptq", "awq", "eetq")


def test_the_table_is_complete() -> None:
    assert set(QUANTIZATIONS) == {"none", *WORKING, *LACKING}
    for name in (*WORKING, *LACKING):
        row = QUANTIZATIONS[name]
        assert row.package and row.devices and row.install and row.source
        assert bool(row.lacks) == (name in LACKING)


@pytest.mark.parametrize("name", ["none", *WORKING])
def test_what_works_here(name: str) -> None:
    assert check_quantization(name, "cpu").name == name


@pytest.mark.parametrize("name", LACKING)
def test_what_does_not_says_what_would_make_it_work(name: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        check_quantization(name, "cpu")
    row = QUANTIZATIONS[name]
    assert row.lacks in caught.value.message
    assert row.install in caught.value.hint
    assert "nf4" in caught.value.hint
    with pytest.raises(InvalidInputError, match=f"quantization {name}") as parsed:
        parse_spec({"quantization": name})
    assert row.install in parsed.value.message


def test_an_unknown_name_is_answered_with_what_there_is() -> None:
    with pytest.raises(InvalidInputError, match="'int3'") as caught:
        check_quantization("int3", "cpu")
    assert "torchao-int8" in caught.value.hint


@pytest.mark.parametrize(("name", "device"), [("nf4", "mlu"), ("int8", "mps"), ("torchao-int8", "hpu:1")])
def test_a_device_that_lacks_it(name: str, device: str) -> None:
    with pytest.raises(ResourceError, match=f"{name} is not computed on {device}") as caught:
        check_quantization(name, device)
    assert "none" in caught.value.hint


def _without(monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    """As if it were not installed: it is, since the tests train with it."""
    monkeypatch.setattr(
        quantization, "find_spec", lambda name: None if name == package else PathFinder.find_spec(name)
    )


@pytest.mark.parametrize(
    ("name", "package"), [("nf4", "bitsandbytes"), ("int8", "bitsandbytes"), ("torchao-int8", "torchao")]
)
def test_a_missing_package_is_told_with_its_command(
    name: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _without(monkeypatch, package)
    with pytest.raises(ResourceError, match=package) as caught:
        check_quantization(name, "cpu")
    assert caught.value.hint == "pip install -c constraints.txt '.[quantization]'"


def test_a_missing_package_is_told_before_there_is_a_job(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    _without(monkeypatch, "bitsandbytes")
    rows = [{"prompt": "a = ", "completion": "1"}]
    with PeftManager(settings) as manager:
        with pytest.raises(ResourceError, match="bitsandbytes"):
            manager.create_adapter("demo", rows, config_override={"quantization": "nf4"})
        assert manager.trainings.list() == []


def test_options_of_another_kind_are_checked_before_there_is_a_job(settings: Settings) -> None:
    rows = [{"prompt": "a = ", "completion": "1"}]
    override = {"peft_type": "IA3", "r": 16, "peft_options": {"alpha": 3}}
    with PeftManager(settings) as manager:
        with pytest.raises(InvalidInputError, match="IA3 has no option 'alpha'"):
            manager.create_adapter("demo", rows, config_override=override)
        assert manager.trainings.list() == []


def test_memory_knows_the_size_of_a_quantized_base(tiny_base: Path, tmp_path: Path) -> None:
    base = resolve_base(str(tiny_base), tmp_path)
    linear = 2 * (2 * 32 * 32 + 2 * 16 * 32 + 3 * 64 * 32)
    rest = base_parameters(tiny_base) - linear

    def held(name: str) -> int:
        return estimate_memory(base, TrainingSpec(quantization=name)).base

    assert held("none") == 2 * (linear + rest)
    assert held("torchao-int8") == linear + 2 * rest
    assert held("int8") == linear + 4 * rest  # bitsandbytes: what is not quantized is cast to fp32
    assert held("nf4") == pytest.approx(linear * 0.5159 + 4 * rest, rel=1e-3)


def base_parameters(folder: Path) -> int:
    from safetensors.numpy import load_file

    return sum(tensor.size for tensor in load_file(folder / "model.safetensors").values())


def test_the_table_loads_no_library() -> None:
    import subprocess

    words = "import sys, codebase_gardener.training.spec; print([m for m in ('torch', 'peft') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
