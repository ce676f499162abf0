from __future__ import annotations

import pytest

from codebase_gardener.utils.error_handling import ConflictError, InvalidInputError, NotFoundError
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
