"""Asking for trainings: what is the same job, where it runs, and when memory counts. No worker starts here."""

from __future__ import annotations

import json
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from codebase_gardener.bases.resolution import resolve_base
from codebase_gardener.jobs.directory import JobDirectory
from codebase_gardener.jobs.queue import resume
from codebase_gardener.jobs.spec import JobSpec
from codebase_gardener.jobs.submission import submit
from codebase_gardener.jobs.trainings import Trainings
from codebase_gardener.registry.rows import JobRow
from codebase_gardener.registry.transactions import Registry
from codebase_gardener.training.devices import resolve_device
from codebase_gardener.training.spec import parse_spec
from codebase_gardener.utils.error_handling import ConflictError, InvalidInputError, ResourceError
from codebase_gardener.utils.files import read_json, write_json

Ask = Callable[..., JobRow]


@pytest.fixture(autouse=True)
def _no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("codebase_gardener.jobs.queue._spawn", lambda *_: None)


@pytest.fixture
def any_device(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that has every device."""
    monkeypatch.setattr("codebase_gardener.jobs.submission.resolve_device", lambda setting: setting)


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    registry = Registry(tmp_path / "registry.db")
    registry.add_project("demo", "rows:demo", "rows")
    return registry


@pytest.fixture
def ask(registry: Registry, tiny_base: Path, tmp_path: Path) -> Ask:
    def ask(
        name: str = "default",
        *,
        device: str = "cpu",
        base: Path = tiny_base,
        min_free_bytes: int = 0,
        report_to: str = "",
        **options: Any,
    ) -> JobRow:
        asked = JobSpec(
            base=resolve_base(str(base), tmp_path / "bases"),
            dataset=tmp_path / "rows",
            dataset_hash="rows",
            training=parse_spec({"max_length": 64, "report_to": report_to, **options}),
            device=device,
        )
        return submit(
            registry,
            "demo",
            name,
            asked,
            jobs_dir=tmp_path / "jobs",
            min_free_bytes=min_free_bytes,
            storage_bytes=1,
            environment={},
        )

    return ask


def test_auto_and_the_name_of_what_it_means_are_one_device(ask: Ask) -> None:
    assert ask("one", device="auto").state == "training"
    assert ask("two", device=resolve_device("auto")).state == "queued"


def test_a_device_that_is_not_here_is_refused_at_once(ask: Ask, registry: Registry) -> None:
    with pytest.raises(ResourceError, match="hpu"):
        ask(device="hpu")
    assert registry.jobs() == []


def test_a_reporter_that_is_not_installed_is_refused_at_once(ask: Ask, registry: Registry) -> None:
    with pytest.raises(ResourceError, match="swanlab, to be reported to, is not installed") as caught:
        ask(report_to="swanlab")
    assert (caught.value.hint, registry.jobs()) == ("pip install swanlab", [])


def test_a_reporter_that_the_trainer_does_not_know(ask: Ask) -> None:
    with pytest.raises(InvalidInputError, match="cannot report to 'mars'"):
        ask(report_to="mars")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"target_modules": ["q_porj"]}, "no module 'q_porj'"),
        ({"target_modules": ".*zzz_proj"}, "no module"),
        ({"modules_to_save": ["nope"]}, "no module 'nope'"),
        ({"rank_pattern": {"nope": 4}}, "called 'nope'"),
        ({"alpha_pattern": {"layers.9.*": 4}}, "called 'layers.9"),
        ({"layers_to_transform": [0, 7]}, "no layer 7"),
        ({"trainable_token_indices": [5_000]}, "no token 5000"),
    ],
)
def test_names_that_the_base_does_not_have_take_no_number(
    ask: Ask, registry: Registry, options: dict[str, Any], said: str
) -> None:
    with pytest.raises(InvalidInputError, match=said):
        ask(**options)
    assert registry.jobs() == [] and registry.reserve_version("demo", "default") == 1


def test_names_that_the_base_has_are_taken(ask: Ask) -> None:
    asked = {
        "target_modules": ["q_proj"],
        "rank_pattern": {"layers.1.self_attn.q_proj": 4},
        "layers_to_transform": [1],
    }
    assert ask(**asked).version == 1


@pytest.mark.usefixtures("any_device")
def test_asking_again_moves_a_failed_job_to_the_device_and_the_base_asked_for_now(
    ask: Ask, registry: Registry, tiny_base: Path, tmp_path: Path
) -> None:
    first = ask(device="cuda")
    directory = JobDirectory(first.directory)
    spec = (first.directory / "spec.json").read_bytes()
    assert registry.job_spec(first.id) == json.loads(spec)
    write_json(directory.plan, {"device": "cuda", "steps": 7})
    registry.fail_job(first.id, "there is no cuda here")
    moved = Path(shutil.copytree(tiny_base, tmp_path / "moved"))
    again = ask(device="cpu", base=moved)
    assert (again.id, again.state) == (first.id, "training")
    assert again.device == f"{socket.gethostname()}:cpu"
    assert again.base_id == directory.spec.base.id != first.base_id
    assert (directory.spec.device, directory.spec.base.path) == ("cpu", moved)
    assert read_json(directory.plan) == {"device": "cpu", "steps": 7}
    assert (first.directory / "spec.json").read_bytes() == spec
    home = first.directory.parent.parent  # any machine reads there what this one reads in the job's folder
    assert JobSpec.from_dict(registry.job_spec(first.id), home) == directory.spec


@pytest.mark.usefixtures("any_device")
def test_resuming_moves_a_job_to_the_device_of_the_settings(
    ask: Ask, registry: Registry, tmp_path: Path
) -> None:
    job = ask(device="cuda")
    trainings = Trainings(
        registry, jobs_dir=tmp_path, min_free_bytes=0, storage_bytes=1, device="cpu", environment={}
    )
    registry.cancel_job(job.id)
    assert trainings.resume(job.id).device == f"{socket.gethostname()}:cpu"
    spec = JobDirectory(job.directory).spec
    assert (spec.device, spec.base.id) == ("cpu", job.base_id)


def test_what_is_not_over_stays_where_it_is(ask: Ask, registry: Registry) -> None:
    job = ask()
    with pytest.raises(ConflictError):
        resume(registry, job.id, device="cuda")
    assert not JobDirectory(job.directory).resumed.exists()


def test_what_has_to_wait_is_not_refused_for_the_memory_that_the_running_one_takes(ask: Ask) -> None:
    with pytest.raises(ResourceError, match="memory"):
        ask(min_free_bytes=1 << 60)
    assert ask("running").state == "training"
    assert ask(min_free_bytes=1 << 60).state == "queued"
