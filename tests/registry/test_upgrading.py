from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, Thread

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from codebase_gardener.registry import upgrading
from codebase_gardener.registry.database import Database
from codebase_gardener.registry.schema import HEAD, metadata
from codebase_gardener.registry.transactions import Registry
from codebase_gardener.utils.error_handling import RegistryError
from codebase_gardener.utils.files import FileLock

from .conftest import python

FIRST_START = """
import sys
from codebase_gardener.registry.transactions import Registry
sys.stdin.readline()
print(Registry(sys.argv[1]).add_project("demo", "/src", "git").id)
"""


_JOB = (
    "INSERT INTO jobs (id, project_id, adapter_name, version, state, device, directory, spec, spec_hash, "
    "dataset_hash, base_id, base_hash, created_at) VALUES ('j{n}', 1, 'default', {n}, '{state}', 'host:cpu', "
    "'/home/jobs/j{n}', '{{\"r\": 16}}', 's{n}', 'rows', 'smollm2', 'base', '2026-01-0{n}')"
)
OLD_ROWS = (
    "INSERT INTO projects (id, name, source, kind, created_at) VALUES (1, 'demo', '/src', 'git', '2026')",
    "INSERT INTO adapters (project_id, name, next_version, created_at) VALUES (1, 'default', 3, '2026')",
    _JOB.format(n=1, state="ready"),
    _JOB.format(n=2, state="queued"),
    "INSERT INTO versions (project_id, adapter_name, version, active, job_id, directory, base_id, base_hash, "
    "spec, files, bytes, metrics, libraries, created_at) VALUES (1, 'default', 1, true, 'j1', '/home/a/1', "
    "'smollm2', 'base', '{\"r\": 16}', '{}', 2, '{}', '{}', '2026')",
)


def test_the_migrations_make_exactly_the_schema(empty_url):
    with Registry(empty_url) as registry, registry.database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_checks_and_partial_indexes_are_those_of_the_schema(empty_url):
    """What `compare_metadata` does not look at."""
    with Registry(empty_url) as registry, registry.database.read() as connection:
        seen = inspect(connection)
        assert [check["name"] for check in seen.get_check_constraints("jobs")] == ["ck_jobs_states"]
        dialect = connection.dialect.name
        for table, name in (("jobs", "one_training_a_device"), ("versions", "one_active_version")):
            [index] = [index for index in seen.get_indexes(table) if index["name"] == name]
            assert index["unique"]
            assert index["dialect_options"].get(f"{dialect}_where") is not None
        for key in seen.get_foreign_keys("versions") + seen.get_foreign_keys("receipts"):
            wanted = None if key["referred_table"] == "jobs" else "CASCADE"
            assert key["options"].get("ondelete") == wanted


def test_head_is_the_newest_migration():
    config = Config()
    config.set_main_option("script_location", "codebase_gardener.registry:migrations")
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


def test_jobs_of_an_earlier_schema_keep_all_but_the_copy_of_their_spec(empty_url, monkeypatch):
    monkeypatch.setattr(upgrading, "HEAD", "0002")
    old = Database(empty_url)
    upgrading.upgrade(old)
    with old.write() as connection:
        for row in OLD_ROWS:
            connection.execute(text(row))
    old.close()
    monkeypatch.undo()
    with Registry(empty_url) as registry:
        queued, ready = sorted(registry.jobs(), key=lambda job: job.version, reverse=True)
        assert (queued.state, queued.spec_hash, queued.directory) == ("queued", "s2", Path("/home/jobs/j2"))
        assert registry.next_queued("host:cpu") == queued
        assert registry.find_job("demo", "default", "rows", "s1") == ready
        [version] = registry.versions("demo")
        assert (version.job_id, version.spec, version.active) == (ready.id, {"r": 16}, True)
        assert not hasattr(ready, "spec")


def test_machines_that_upgrade_at_once_do_it_once_and_earlier_workers_go_on(empty_url, monkeypatch):
    monkeypatch.setattr(upgrading, "HEAD", "0005")
    old = Database(empty_url)
    upgrading.upgrade(old)
    monkeypatch.undo()
    together = Barrier(3)

    def start(_: int) -> list[str]:
        together.wait()
        with Registry(empty_url) as registry:
            return [job.id for job in registry.jobs()]

    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(start, range(3))) == [[], [], []]
    with old.write() as connection:  # one that began before the upgrade writes as it did
        for row in OLD_ROWS[:2]:
            connection.execute(text(row))
        of_0005 = OLD_ROWS[2].replace(" spec,", "").replace(" '{\"r\": 16}',", "")
        connection.execute(text(of_0005))
    old.close()
    with Registry(empty_url) as registry:
        [job] = registry.jobs()
        assert (job.node, job.beat_at, job.cancel_requested) == (None, None, False)


def test_a_schema_newer_than_the_code_is_left_alone(empty_url):
    Registry(empty_url).close()
    database = Database(empty_url)
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(RegistryError, match="9999") as caught:
        Registry(empty_url)
    assert "pip install --upgrade" in caught.value.hint
    with database.read() as connection:
        assert connection.scalar(text("SELECT version_num FROM alembic_version")) == "9999"
    database.close()


def test_tables_of_another_program_are_left_alone(empty_url):
    database = Database(empty_url)
    with database.write() as connection:
        connection.execute(text("CREATE TABLE projects (mine INTEGER)"))
    with pytest.raises(RegistryError, match="already exists"):
        Registry(empty_url)
    with database.read() as connection:
        assert inspect(connection).get_table_names() == ["projects"]
    database.close()


@pytest.mark.slow
def test_processes_that_start_first_at_once_both_work(empty_url):
    starting = [
        subprocess.Popen(
            [sys.executable, "-c", FIRST_START, empty_url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for process in starting:
        process.stdin.write("\n")
        process.stdin.flush()
    assert [process.communicate(timeout=60) for process in starting] == [("1\n", "")] * 3


def test_on_sqlite_the_first_start_waits_for_another(tmp_path):
    path = tmp_path / "registry.db"
    with FileLock(tmp_path / "registry.db.lock"):
        starting = Thread(target=lambda: Registry(path).close())
        starting.start()
        starting.join(0.2)
        assert starting.is_alive()
    starting.join()
    assert path.stat().st_size > 0


def test_alembic_is_not_imported_where_the_schema_fits(url):
    code = """
import sys
from codebase_gardener.registry.transactions import Registry
Registry(sys.argv[1]).projects()
print("alembic" in sys.modules, "torch" in sys.modules)
"""
    assert python(code, url).communicate(timeout=60) == ("False False\n", "")
