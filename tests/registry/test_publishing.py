from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from codebase_gardener.registry.rows import ImportedAdapter
from codebase_gardener.utils.error_handling import ConflictError, InvalidInputError, RegistryError

IMPORTED = ImportedAdapter("demo", "default", 1, "smollm2", "base")


def test_a_published_job_is_a_version_with_its_receipt(registry, reserve, published):
    job = reserve()
    registry.claim_job(job.id)
    publication = published()
    version = registry.publish(job.id, publication, {"largest_difference": 0.5})
    assert registry.job(job.id).state == "ready"
    for name in ("version", "base_id", "base_hash", "dataset_hash", "commit", "snapshot_id"):
        assert getattr(version, name) == getattr(job, name)
    for name, value in vars(publication).items():
        assert getattr(version, name) == value
    assert (version.job_id, version.active, version.state) == (job.id, False, "ready")
    [receipt] = registry.receipts(version)
    assert (receipt.kind, receipt.data) == ("proof", {"largest_difference": 0.5})


def test_a_spec_comes_back_as_it_went_in(registry, reserve, published):
    spec = {
        "targets": ["q_proj", "v_proj"],
        "rate": 5e-4,
        "seed": None,
        "nested": {"é": "NUL \0 and half a pair \ud800"},
    }
    job = reserve()
    registry.claim_job(job.id)
    version = registry.publish(job.id, replace(published(), spec=spec), {})
    assert json.dumps(version.spec, sort_keys=True) == json.dumps(spec, sort_keys=True)


@pytest.mark.parametrize("end", ["cancel_job", "queued"])
def test_a_job_that_is_not_training_is_not_published(registry, reserve, published, end):
    job = reserve()
    if end == "cancel_job":
        registry.cancel_job(job.id)
    with pytest.raises(ConflictError, match="cannot become ready"):
        registry.publish(job.id, published(), {})
    assert registry.versions() == []


def test_a_job_is_published_once(registry, train, published):
    version = train()
    with pytest.raises(ConflictError):
        registry.publish(version.job_id, published(), {})
    assert registry.versions() == [version]


@pytest.mark.parametrize("lost", ["file", "manifest", "relative"])
def test_no_row_without_its_files(registry, reserve, published, lost):
    job = reserve()
    registry.claim_job(job.id)
    publication = published()
    if lost == "relative":
        publication = replace(publication, directory=Path("adapters/1"))
    else:
        name = "manifest.json" if lost == "manifest" else "adapter_config.json"
        (publication.directory / name).unlink()
    with pytest.raises(RegistryError, match="no published files"):
        registry.publish(job.id, publication, {})
    assert registry.versions() == []
    assert registry.job(job.id).state == "training"


def test_a_figure_that_is_no_number_is_refused_and_nothing_is_written(registry, reserve, published):
    job = reserve()
    registry.claim_job(job.id)
    with pytest.raises(InvalidInputError, match="cannot be stored"):
        registry.publish(job.id, published(), {"largest_difference": float("nan")})
    assert registry.versions() == []
    assert registry.job(job.id).state == "training"


def test_an_imported_adapter_has_no_job(registry, published):
    assert registry.reserve_version("demo", "default") == 1
    version = registry.publish_imported(IMPORTED, published(), {"largest_difference": 0.5})
    assert (version.job_id, version.dataset_hash, version.spec) == (None, None, {"r": 16})
    assert registry.receipts(version)[0].data == {"largest_difference": 0.5}


def test_an_import_takes_only_a_number_that_was_reserved_for_it(registry, reserve, published):
    with pytest.raises(ConflictError, match="not reserved"):
        registry.publish_imported(IMPORTED, published(), {})
    job = reserve()  # has number 1
    with pytest.raises(ConflictError, match="not reserved"):
        registry.publish_imported(IMPORTED, published(), {})
    registry.delete_job(job.id)
    number = registry.reserve_version("demo", "default")
    registry.publish_imported(replace(IMPORTED, version=number), published(), {})
    with pytest.raises(ConflictError, match="published already"):
        registry.publish_imported(replace(IMPORTED, version=number), published(), {})
