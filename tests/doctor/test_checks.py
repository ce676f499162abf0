"""`doctor` on homes in which something is under way, or broken."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from codebase_gardener.config.settings import Settings
from codebase_gardener.doctor.checks import CHECKS, REGISTRY_CHECKS, Examined, examine
from codebase_gardener.gardener.facade import Gardener
from codebase_gardener.jobs.submission import adapter_directory
from codebase_gardener.registry.rows import JobRow
from samples.queued_jobs import queue_job


@pytest.fixture
def gardener(settings: Settings) -> Iterator[Gardener]:
    with Gardener(settings) as gardener:
        yield gardener


def reserved(gardener: Gardener) -> JobRow:
    gardener.registry.add_project("demo", "rows:demo", "rows")
    return queue_job(
        gardener.registry, lambda job_id: gardener.settings.jobs_dir / job_id, device="elsewhere:cpu"
    )


def made(folder: Path, *, old: bool) -> Path:
    folder.mkdir(parents=True)
    (folder / "file").write_text("x")
    for path in (folder / "file", folder) if old else ():
        os.utime(path, (0, 0))
    return folder


@pytest.mark.parametrize("state", ["training", "error"])
def test_an_adapter_that_is_not_proven_yet_belongs_to_its_job(state: str, gardener: Gardener) -> None:
    job = reserved(gardener)
    assert gardener.registry.claim_job(job.id)
    if state == "error":
        gardener.registry.fail_job(job.id, "killed before the proof")
    published = made(adapter_directory(gardener.settings.projects_dir, job.ref), old=True)
    nobodys = made(published.with_name("77"), old=True)
    examine(gardener.settings, fix=True)
    assert published.exists(), "resuming the job goes on from here"
    assert not nobodys.exists()


def test_what_somebody_may_be_at_work_in_is_no_litter(gardener: Gardener) -> None:
    reserved(gardener)
    home = gardener.settings.home
    places = (
        "jobs/{}",
        "projects/demo/datasets/.{}.a1b2c3d4",
        "projects/demo/adapters/default/.{}.a1b2c3d4",
        "projects/{}",
        "bases/.staging-{}",
        "trash/{}",
    )
    young, old = (
        [made(home / place.format(age), old=age == "old") for place in places] for age in ("young", "old")
    )
    finding = next(found for found in examine(gardener.settings, fix=True) if found.check == "litter")
    assert finding.found.startswith("cleared 6 leftovers")
    assert all(folder.exists() for folder in young)
    assert not any(folder.exists() for folder in old)


def findings(settings: Settings) -> dict[str, Examined]:
    return {found.check: found for found in examine(settings)}


def test_a_damaged_registry_is_a_finding_and_the_rest_is_checked(settings: Settings) -> None:
    settings.home.mkdir()
    (settings.home / "registry.sqlite").write_bytes(b"no database" * 1000)
    found = findings(settings)
    assert set(found) == {*CHECKS, "registry"}
    assert found["registry"].state == "problem"
    assert "registry.sqlite" in found["registry"].found
    assert found["registry"].fix
    assert found["base model"].state == "ok"


def test_every_check_runs_where_there_is_no_home_yet(settings: Settings) -> None:
    found = findings(settings)
    assert list(found) == [*CHECKS, *REGISTRY_CHECKS]
    assert {name for name, finding in found.items() if finding.state == "problem"} == set()


def test_a_home_that_is_a_file(settings: Settings) -> None:
    settings.home.write_text("")
    found = findings(settings)
    assert found["home"].state == "problem"
    assert found["registry"].state == "problem"


def test_a_base_of_a_hub_is_not_fetched(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.socket.connect", lambda *_: pytest.fail("something is fetched"))
    of_hub = settings.model_copy(update={"base": "nobody/no-model"})
    found = findings(of_hub)["base model"]
    assert (found.state, found.found) == ("warning", "nobody/no-model is not fetched yet")
    offline = findings(of_hub.model_copy(update={"offline": True}))["base model"]
    assert offline.state == "problem"
    assert findings(settings.model_copy(update={"base": "./nothing"}))["base model"].state == "problem"


def found(settings: Settings, check: str) -> Examined:
    return next(row for row in examine(settings) if row.check == check)


def test_a_snapshot_that_is_gone_is_missed(gardener: Gardener, small_repository: Path) -> None:
    import shutil

    gardener.add(str(small_repository), name="demo")
    assert found(gardener.settings, "registry against files").state == "ok"
    (row,) = gardener.registry.list_snapshots()
    shutil.rmtree(row.path)
    finding = found(gardener.settings, "registry against files")
    assert (finding.state, finding.found) == ("problem", "files missing or changed: a snapshot of demo")
    assert "gardener add SOURCE --name demo" in finding.fix


@pytest.mark.slow
def test_a_damaged_database_is_not_called_readable(gardener: Gardener) -> None:
    for number in range(200):
        gardener.registry.add_project(f"project{number}", "/src/" + "x" * 200, "git")
    gardener.manager.close()
    file = gardener.settings.home / "registry.sqlite"
    content = bytearray(file.read_bytes())
    content[-4096:] = b"\xff" * 4096  # the first page, which says what there is, stays whole
    file.write_bytes(content)
    finding = found(gardener.settings, "registry")
    assert finding.state == "problem", finding
    assert "--adopt" in finding.fix or "restore a copy" in finding.fix
