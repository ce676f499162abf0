from __future__ import annotations

from threading import Thread

import pytest

from codebase_gardener.registry import projects
from codebase_gardener.utils.error_handling import ConflictError, InvalidInputError, NotFoundError


def test_a_project_is_found_by_its_name(registry):
    added = registry.add_project("peft", "/src/peft", "git")
    assert registry.project("peft") == added
    assert (added.name, added.source, added.kind) == ("peft", "/src/peft", "git")
    assert [p.name for p in registry.projects()] == ["demo", "peft"]


def test_adding_the_same_source_again_changes_nothing(registry):
    assert registry.add_project("demo", "/src/demo", "git") == registry.project("demo")
    assert len(registry.projects()) == 1


def test_a_name_taken_by_another_source_suggests_name(registry):
    with pytest.raises(ConflictError, match="taken by the project of /src/demo") as caught:
        registry.add_project("demo", "/elsewhere/demo", "git")
    assert "--name" in caught.value.hint
    assert registry.project("demo").source == "/src/demo"


@pytest.mark.parametrize("name", ["", "..", "a/b", "-x", "a\0b", "a\nb", "x" * 300])
def test_a_name_that_no_folder_can_have_is_refused(registry, name):
    with pytest.raises(InvalidInputError):
        registry.add_project(name, "/src", "git")


def test_a_missing_project_lists_the_nearest_names(registry):
    registry.add_project("accelerate", "/src/a", "git")
    with pytest.raises(NotFoundError, match="no project 'demmo'") as caught:
        registry.project("demmo")
    assert "demo" in caught.value.hint
    assert "accelerate" not in caught.value.hint


def test_a_missing_project_in_an_empty_registry_says_how_to_add_one(registry):
    registry.delete_project("demo")
    with pytest.raises(NotFoundError) as caught:
        registry.project("demo")
    assert "gardener add" in caught.value.hint


def test_two_that_add_one_name_at_once_get_one_project(registry):
    found = []
    with registry.database.write() as connection:
        projects.add(connection, "peft", "/src/peft", "git")
        other = Thread(target=lambda: found.append(registry.add_project("peft", "/src/peft", "git")))
        other.start()
        other.join(0.2)
        assert not found  # it waits for the first to end
    other.join()
    assert found == [registry.project("peft")]


def test_deleting_a_project_deletes_all_that_is_its_own(registry, reserve, train, tmp_path):
    version = train()
    reserve()
    registry.add_verdict(version, "helped", {})
    registry.add_snapshot("demo", snapshot_id="s", tree_hash="t", path=tmp_path)
    registry.delete_project("demo")
    assert (registry.projects(), registry.jobs(), registry.versions()) == ([], [], [])
    assert registry.receipts(version) == []
    assert registry.known_directories() == set()


def test_a_project_that_trains_is_not_deleted(registry, reserve):
    job = reserve()
    registry.claim_job(job.id)
    with pytest.raises(ConflictError, match="still training") as caught:
        registry.delete_project("demo")
    assert job.id in caught.value.hint
    assert registry.project("demo")


def test_a_project_without_a_repository_becomes_that_of_one(registry):
    first = registry.add_project("late", "rows:late", "rows")
    registry.check_project_source("late", "/src/late")
    second = registry.add_project("late", "/src/late", "git")
    assert (second.id, second.source, second.kind) == (first.id, "/src/late", "git")
    assert registry.add_project("late", "rows:late", "rows") == second  # an import that began before
    with pytest.raises(ConflictError):
        registry.add_project("late", "/elsewhere", "git")
