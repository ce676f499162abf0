from __future__ import annotations

from pathlib import Path

import pytest

from codebase_gardener.bases.resolution import Base
from codebase_gardener.jobs.directory import JobDirectory
from codebase_gardener.jobs.spec import JobSpec
from codebase_gardener.training.spec import parse_spec
from codebase_gardener.utils.files import read_json, write_json

BASE = Base("smollm2-135m", Path("/home/bases/smollm2"), "0.1.2", "hash", 7)


@pytest.fixture
def asked() -> JobSpec:
    return JobSpec(BASE, Path("/home/rows"), "rows", parse_spec({"r": 4}), "cpu", "abc", "snap")


def test_what_is_asked_for_is_in_the_directory(asked: JobSpec, tmp_path: Path) -> None:
    directory = JobDirectory(tmp_path / "20260101-000000-abcdef")
    directory.path.mkdir()
    directory.write_spec(asked)
    assert directory.spec == asked
    assert directory.job_id == "20260101-000000-abcdef"


def test_a_job_that_an_earlier_version_wrote_is_read(asked: JobSpec, tmp_path: Path) -> None:
    """Its spec.json has the job's id and no snapshot."""
    directory = JobDirectory(tmp_path)
    directory.write_spec(asked)
    old = read_json(tmp_path / "spec.json")
    del old["snapshot_id"]
    write_json(tmp_path / "spec.json", {"job_id": "20260101-000000-abcdef", **old})
    found = directory.spec
    assert (found.base, found.training, found.device, found.commit) == (
        asked.base,
        asked.training,
        "cpu",
        "abc",
    )
    assert found.snapshot_id is None


def test_the_same_options_on_another_base_are_other_work(asked: JobSpec) -> None:
    other = JobSpec(Base("b", BASE.path, "local", "other", 7), asked.dataset, "rows", asked.training)
    assert asked.hash != other.hash
    assert asked.hash == JobSpec(BASE, Path("/elsewhere"), "other rows", asked.training, "cuda").hash
