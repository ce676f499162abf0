from __future__ import annotations

import shutil


def test_every_directory_that_has_an_owner_is_known(registry, reserve, train, tmp_path):
    version, job = train(), reserve()
    registry.add_snapshot("demo", snapshot_id="s", tree_hash="t", path=tmp_path / "snapshot")
    known = registry.known_directories()
    assert {version.directory, job.directory, tmp_path / "snapshot"} <= known
    assert registry.job(version.job_id).directory in known


def test_rows_without_files_are_found(registry, train):
    kept, lost = train(), train()
    assert registry.rows_without_files() == []
    shutil.rmtree(lost.directory)
    assert registry.rows_without_files() == [lost]
    assert registry.rows_without_files(lambda directory: directory == lost.directory) == [kept]


def test_the_bytes_of_a_projects_versions_are_summed(registry, train):
    assert registry.stored_bytes("demo") == 0
    train(), train(adapter_name="other")
    assert registry.stored_bytes("demo") == 4
