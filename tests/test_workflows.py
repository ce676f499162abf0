"""The five workflows on the embedded base, step by step, as methods and as commands. docs/workflows.md names each."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from codebase_gardener import Project
from codebase_gardener.adapters.files import check_adapter_files
from codebase_gardener.jobs.directory import JobDirectory
from codebase_gardener.utils.error_handling import NotFoundError

pytestmark = pytest.mark.slow
PROMPT = "def circle_area(width, height):\n"
SHORT = {"steps": 2, "max_length": 128, "batch_tokens": 256}
QUESTIONS = 4


@pytest.fixture(scope="module")
def project(grown: Any) -> Project:
    """The project that `grow` made, with its adapter `default`."""
    return Project(grown.gardener, grown.version.project)


@pytest.fixture(scope="module")
def quantized(project: Project) -> Any:
    """Another adapter of it, trained on the base in 4 bits."""
    return project.wait(project.train("quantized", quantization="nf4", r=8, **SHORT))


@pytest.fixture(scope="module")
def command(grown: Any) -> Any:
    """`gardener` in a process of its own, in that home; gives what it printed as JSON."""

    def run(*arguments: object) -> Any:
        done = subprocess.run(
            [sys.executable, "-m", "codebase_gardener.cli.main", *map(str, arguments), "--json"],
            env={**os.environ, "CODEBASE_GARDENER_HOME": str(grown.home)},
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


def test_lora_fine_tuning(grown: Any, project: Project, command: Any) -> None:
    base = grown.gardener.base()  # Base_Model_Loading
    assert base.sha256 == grown.version.base_hash
    spec = project.spec(r=8, **SHORT)  # LoRA_Configuration
    assert spec.lora_options()["r"] == 8
    plan = command("plan", project.name, "--no-probe", "--r", "8")
    assert plan["memory_bytes"] > 0
    job = JobDirectory(grown.gardener.settings.jobs_dir / str(grown.version.job_id))
    events, _ = job.events.read()  # PEFT_Model_Creation, Training_Preparation, Training_Execution
    stages = [event["stage"] for event in events if event["kind"] == "stage"]
    assert stages[:2] == ["loading", "encoding"]
    steps = [event for event in events if event["kind"] == "step"]
    assert len(steps) == grown.version.metrics["steps"] == 6
    assert command("jobs", "show", grown.version.job_id)["status"] == "ready"
    files = check_adapter_files(grown.version.directory)  # Adapter_Serialization
    assert len(files.shapes) == 420
    shown = command("adapters", "show", f"{project.name}/default")
    proven = shown["receipts"][-1][
        "data"
    ]  # the first, which training kept: others' tests may have added theirs
    assert proven["tensors_matched"] == 420
    assert proven["parity_switch"] == pytest.approx(0, abs=1e-3)


def test_qlora_training(project: Project, quantized: Any, command: Any) -> None:
    spec = project.spec(quantization="nf4", r=8, **SHORT)  # Quantization_Configuration
    assert spec.target_modules == "all-linear"  # QLoRA_Configuration
    assert command("doctor", "--for", "quantization")["ok"]
    # Quantized_Model_Loading, Kbit_Training_Preparation, PEFT_Model_Creation, QLoRA_Training_Execution
    assert quantized.spec["quantization"] == "nf4"
    assert quantized.metrics["steps"] == 2
    job = command("train", f"{project.name}/quantized", "--quantization", "nf4", "--r", "8", *options(SHORT))
    assert job["state"] == "ready"  # the same training is not run twice
    receipt = proof(project, quantized)  # Adapter_Serialization
    assert receipt["quantization"] == "nf4"
    assert receipt["measured_on"] == "none"
    assert receipt["parity_reload"] < 0.25


def proof(project: Project, version: Any) -> Any:
    """The first receipt of a version, as it was kept."""
    return project.receipts(f"{version.adapter_name}@{version.version}")[-1].as_dict()


def options(spec: dict[str, Any]) -> list[str]:
    return [part for name, value in spec.items() for part in (f"--{name.replace('_', '-')}", str(value))]


def test_adapter_loading_and_inference(project: Project, grown: Any, command: Any) -> None:
    base = project.gardener.manager.base_handle()  # Base_Model_Loading
    adapter = project.load()  # Adapter_Loading, by name
    assert adapter.base_id == grown.version.base_id
    by_folder = project.gardener.manager.load_folder(grown.version.directory)
    greedy = adapter.generate(PROMPT, max_new_tokens=12)  # Inference_Configuration, Inference_Execution
    assert by_folder.generate(PROMPT, max_new_tokens=12) == greedy
    assert "".join(adapter.stream(PROMPT, max_new_tokens=12)) == greedy
    assert adapter.generate_batch([PROMPT, PROMPT], max_new_tokens=12) == [greedy, greedy]
    first_line = adapter.generate(PROMPT, max_new_tokens=12, stop=("\n",))
    assert first_line == greedy.partition("\n")[0]
    drawn = adapter.generate(PROMPT, max_new_tokens=12, temperature=2.0, top_p=0.95, seed=1)
    assert drawn == adapter.generate(PROMPT, max_new_tokens=12, temperature=2.0, top_p=0.95, seed=1)
    said = command("generate", f"{project.name}/default", "--and-base", "--prompt", PROMPT, "--tokens", 6)
    assert [row["text"] for row in said] == [
        one.generate(PROMPT, max_new_tokens=6) for one in (adapter, base)
    ]
    merged = project.prove(against="merged")  # Adapter_Merging_Into_Base
    assert merged.parity_merged is not None
    assert merged.max_logit_difference is not None
    assert merged.parity_merged < merged.max_logit_difference
    with adapter.merged() as model:
        assert model is not None
    assert adapter.generate(PROMPT, max_new_tokens=12) == greedy


def test_adapter_merging(project: Project, quantized: Any, grown: Any, command: Any, tmp_path: Path) -> None:
    one, other = (
        project.load("default"),
        project.load("quantized"),
    )  # Base_Model_, Adapter_, Multi_Adapter_Loading
    before = (one.generate(PROMPT, max_new_tokens=8), other.generate(PROMPT, max_new_tokens=8))
    weights = {"default": 0.7, "quantized": 0.3}
    exact, report = project.merge(
        weights, "exact", method="cat"
    )  # Merge_Strategy_Configuration, Adapter_Merge_Execution
    assert report.error <= 1e-6
    assert proof(project, exact)["tensors_matched"] == 420
    for method in ("svd", "dare_ties"):  # the others: tests/merging
        result = command(
            "merge", f"{project.name}/default", f"{project.name}/quantized", "--weights", "0.7,0.3", "--method", method,
            "--rank", 8, "--out", tmp_path / method,
        )  # fmt: skip
        assert 0 < result["report"]["error"] < 1
        assert (
            command("prove", tmp_path / method)["receipt"]["tensors_matched"] == 420
        )  # Adapter_Serialization
    verdict = command("evaluate", f"{project.name}/exact", "--functions", QUESTIONS)  # Merge_Evaluation
    assert 0 < verdict["verdict"]["arms"]["adapter"]["functions"] <= QUESTIONS
    whole = project.merge_into_base({"default": 1.0}, tmp_path / "whole")
    assert whole.changed == 210
    said = project.gardener.manager.base_handle(str(tmp_path / "whole")).generate(PROMPT, max_new_tokens=8)
    assert isinstance(said, str)
    assert before == (one.generate(PROMPT, max_new_tokens=8), other.generate(PROMPT, max_new_tokens=8))


def test_multi_adapter_management(project: Project, quantized: Any, grown: Any, command: Any) -> None:
    manager = project.gardener.manager
    one = project.load("default")  # Adapter_Loading
    other = project.load("quantized")  # Multi_Adapter_Loading: over one base
    alone = [handle.generate(PROMPT, max_new_tokens=6) for handle in (one, other, manager.base_handle())]
    rows = [(one, PROMPT), (other, PROMPT), (manager.base_handle(), PROMPT)]
    assert manager.generate_batch(rows, max_new_tokens=6) == alone  # each row its own adapter
    with one.held() as live:
        live.switch(one.adapter_id)  # Adapter_Switching
        assert live.active == one.adapter_id
        with live.disabled():  # Adapter_Enable_Disable
            assert live.generate(PROMPT, None, max_new_tokens=6) == alone[2]
        live.switch(None)
        held = manager.get_memory_usage()["held"]  # Adapter_State_Query
        assert {held[name]["held"] for name in (one.adapter_id, other.adapter_id)} == {"slot"}
    second = project.import_adapter(str(grown.version.directory), "default")
    assert project.gardener.version(second.ref).version == 2
    assert command("switch", f"{project.name}/default@2")["active"] == str(second.ref)
    assert command("disable", project.name)["cleared"]
    assert all(not row.active for row in project.adapters())
    assert project.switch("default@1").active
    manager.unload_adapter(project.name, "quantized")
    assert command("delete", str(second.ref), "--yes")["deleted"] == [str(second.ref)]  # Adapter_Deletion
    with pytest.raises(NotFoundError):
        project.gardener.version(second.ref)
    listed = {row["adapter_id"] for row in command("adapters", "list", project.name)}
    assert str(grown.version.ref) in listed
    assert str(second.ref) not in listed
