"""`doctor --for`: what each kind of work needs, against what is installed and what the libraries themselves say."""

from __future__ import annotations

from importlib.metadata import requires, version

import pytest
from packaging.requirements import Requirement as Parsed
from packaging.specifiers import SpecifierSet

from codebase_gardener.doctor import requirements
from codebase_gardener.doctor.requirements import ENVIRONMENTS, Environment, Requirement, examine_environment
from codebase_gardener.utils.error_handling import InvalidInputError

NAMED = ["core", "config", "training", "quantization", "gptq", "loftq", "inference", "merge", "multi-adapter"]
ROWS = [row for environment in ENVIRONMENTS.values() for row in environment.needs]


def test_the_environments_of_the_seeds_are_there() -> None:
    assert list(ENVIRONMENTS) == NAMED
    assert all(environment.on in ("", *ENVIRONMENTS) for environment in ENVIRONMENTS.values())


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_row_says_why_whence_and_how(row: Requirement) -> None:
    assert row.why
    assert row.source
    assert row.install
    SpecifierSet(row.bound)


@pytest.mark.parametrize("name", ["core", "config", "training", "inference", "merge", "multi-adapter"])
def test_what_this_project_installs_serves(name: str) -> None:
    findings = examine_environment(name)
    assert {finding.state for finding in findings} == {"ok"}
    found = {finding.check: finding.found for finding in findings}
    assert found["peft"].startswith(version("peft"))


def test_core_has_the_bounds_of_peft() -> None:
    """A newer PEFT that asks for more must change the table."""
    said = {
        parsed.name: parsed.specifier
        for line in requires("peft") or []
        if (parsed := Parsed(line)).marker is None
    }
    for row in ENVIRONMENTS["core"].needs:
        if row.source.startswith("PEFT"):
            assert SpecifierSet(row.bound) == said[row.name], row.name


def test_quantization_has_the_bounds_of_transformers_and_peft() -> None:
    import inspect

    from peft.import_utils import is_gptqmodel_available, is_torchao_available
    from transformers.utils import import_utils

    bounds = {row.name: row.bound.removeprefix(">=") for row in ROWS}
    assert bounds["bitsandbytes"] == import_utils.BITSANDBYTES_MIN_VERSION
    assert bounds["hqq"] == import_utils.HQQ_MIN_VERSION
    assert f'"{bounds["torchao"]}"' in inspect.getsource(is_torchao_available)
    assert f'"{bounds["gptqmodel"]}"' in inspect.getsource(is_gptqmodel_available)
    assert f'"{bounds["optimum"]}"' in inspect.getsource(is_gptqmodel_available)


def test_what_is_missing_or_too_old_is_a_problem_with_its_install_command(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = (
        Requirement("no-such-package", ">=1", "a test", "here", "pip install it"),
        Requirement("peft", ">=99", "a test", "here", "pip install -U peft"),
        Requirement("no-such-extra", "", "a test", "here", "pip install it", optional=True),
        Requirement("click", ">=8", "a test", "here", "pip install click"),
    )
    monkeypatch.setitem(requirements.ENVIRONMENTS, "test", Environment("a test", rows))
    missing, old, extra, there = examine_environment("test")
    assert (missing.state, missing.fix) == ("problem", "pip install it")
    assert "not installed" in missing.found
    assert (old.state, old.fix) == ("problem", "pip install -U peft")
    assert version("peft") in old.found
    assert extra.state == "warning"
    assert (there.state, there.fix) == ("ok", "")


def test_a_stricter_row_takes_the_place_of_the_one_below() -> None:
    found = [finding.found for finding in examine_environment("training") if finding.check == "accelerate"]
    assert len(found) == 1
    assert ">=1.1.0" in found[0]


def test_the_accelerator_is_said() -> None:
    found = {finding.check: finding.found for finding in examine_environment("quantization")}
    assert "accelerator" in found["accelerator"] or "is here" in found["accelerator"]


def test_an_environment_that_is_none() -> None:
    with pytest.raises(InvalidInputError, match="no environment") as caught:
        examine_environment("tpu")
    assert "quantization" in caught.value.hint
