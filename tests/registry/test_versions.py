from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from codebase_gardener.registry.rows import ImportedAdapter
from codebase_gardener.utils.error_handling import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
    RegistryError,
)
from codebase_gardener.utils.names import AdapterRef, parse_ref


def test_without_a_version_the_active_one_is_meant_else_the_newest(registry, train):
    first, second = train(), train()
    ref = AdapterRef("demo", "default")
    assert registry.version(ref) == second
    registry.set_active("demo", "default", 1)
    assert registry.version(ref).id == first.id
    assert registry.version(parse_ref("demo/default@2")) == second


def test_a_version_that_hurt_is_used_only_where_it_is_named(registry, train):
    version = train()
    ref = AdapterRef("demo", "default")
    registry.add_verdict(version, "hurt", {})
    for named in (ref, AdapterRef("demo")):
        with pytest.raises(ConflictError, match="demo/default@1, hurt") as caught:
            registry.version(named)
        assert "demo/default@1" in caught.value.hint
    assert registry.version(version.ref) == version
    registry.set_active("demo", "default", 1)
    assert registry.version(ref).id == version.id
    registry.set_active("demo", "default", None)
    registry.add_verdict(version, "unchanged", {})
    assert registry.version(ref) == version


def test_without_a_name_the_projects_active_one_is_meant_else_the_newest(registry, train):
    first, other = train(), train(adapter_name="other")
    assert registry.version(AdapterRef("demo")) == other
    registry.set_active("demo", "default", 1)
    assert registry.version(AdapterRef("demo")).id == first.id


def test_what_is_not_there_is_answered_with_what_there_is(registry, train):
    with pytest.raises(NotFoundError, match="no adapter in project 'demo'") as caught:
        registry.version(AdapterRef("demo"))
    assert "gardener train demo" in caught.value.hint
    train()
    with pytest.raises(NotFoundError, match="no adapter demo/other") as caught:
        registry.version(AdapterRef("demo", "other"))
    assert "demo/default@1" in caught.value.hint
    with pytest.raises(NotFoundError, match="demo/default@7"):
        registry.version(AdapterRef("demo", "default", 7))
    with pytest.raises(NotFoundError, match="no project 'dem'"):
        registry.version(AdapterRef("dem", "default"))


@pytest.mark.parametrize("ref", ["demo", "demo/default", "demo/default@1"])
def test_what_is_not_ready_says_what_it_is_instead(registry, reserve, ref):
    def said() -> str:
        with pytest.raises(ConflictError) as caught:
            registry.version(parse_ref(ref))
        assert job.id in caught.value.hint
        return caught.value.message

    job = reserve()
    assert said() == "demo/default@1 waits for its training to begin"
    registry.claim_job(job.id)
    assert said() == "demo/default@1 is still training"
    registry.fail_job(job.id, "out of memory")
    assert said() == "demo/default@1 failed: out of memory"
    registry.requeue_job(job.id)
    registry.cancel_job(job.id)
    assert "was cancelled" in said()


def test_an_older_version_stays_usable_while_the_next_one_trains(registry, reserve, train):
    version = train()
    registry.claim_job(reserve().id)
    assert registry.version(AdapterRef("demo", "default")) == version


def test_versions_are_listed_newest_first_a_page_at_a_time(registry, train):
    registry.add_project("peft", "/src/peft", "git")
    rows = [train(), train(adapter_name="other"), train(project="peft"), train()]
    assert registry.versions() == rows[::-1]
    assert registry.versions("demo") == [rows[3], rows[1], rows[0]]
    assert registry.versions("demo", "default") == [rows[3], rows[0]]
    page = registry.versions("demo", limit=2)
    assert registry.versions("demo", limit=2, before=page[-1].id) == [rows[0]]
    assert registry.versions("demo", "none") == []
    with pytest.raises(NotFoundError):
        registry.versions("other")
    with pytest.raises(InvalidInputError):
        registry.versions(adapter_name="default")


def test_deleting_a_version_deletes_its_receipts_verdicts_job_and_mark(registry, train):
    version = train()
    registry.add_verdict(version, "helped", {})
    registry.set_active("demo", "default", 1)
    assert registry.delete_version(version.ref).directory == version.directory
    assert (registry.versions(), registry.jobs(), registry.receipts(version)) == ([], [], [])
    assert registry.latest_verdict(version) is None
    assert registry.active_version("demo", "default") is None
    with pytest.raises(NotFoundError):
        registry.delete_version(version.ref)


def test_a_number_is_never_given_twice(registry, reserve, train):
    registry.delete_version(train().ref)
    registry.delete_version(train().ref)
    assert reserve().version == 3
    assert registry.reserve_version("demo", "default") == 4


def test_only_a_whole_id_is_deleted(registry, reserve, train):
    train()
    with pytest.raises(InvalidInputError, match="names no version"):
        registry.delete_version(AdapterRef("demo", "default"))
    reserve()
    with pytest.raises(ConflictError, match="waits for its training"):
        registry.delete_version(AdapterRef("demo", "default", 2))


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


def test_the_first_version_is_active_as_soon_as_its_job_is_ready(registry, reserve, published):
    """The mark was set after the state: whoever waited for the job met an adapter without one."""
    made = []
    for data, first_is_active in (("a", False), ("b", True), ("c", True)):
        job = reserve(dataset_hash=data * 64)
        registry.claim_job(job.id)
        made.append(registry.publish(job.id, published(), {}, first_is_active=first_is_active))
    assert [version.active for version in made] == [False, True, False]
    assert registry.active_version("demo", "default") == made[1].version


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
