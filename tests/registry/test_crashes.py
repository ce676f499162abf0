"""A process is killed between the first statement of a transaction and its commit."""

from __future__ import annotations

from sqlalchemy import inspect

from codebase_gardener.registry.database import Database
from codebase_gardener.registry.transactions import Registry

from .conftest import python

PUBLISH = """
import sys, time
from pathlib import Path
from codebase_gardener.registry import versions
from codebase_gardener.registry.transactions import Registry
from codebase_gardener.registry.rows import Publication
registry = Registry(sys.argv[1])
with registry.database.write() as connection:
    versions.publish(connection, sys.argv[2], Publication(Path(sys.argv[3]), {}, 2), {"largest": 0.5})
    print("inserted", flush=True)
    time.sleep(60)
"""

MIGRATE = """
import sys, time
from sqlalchemy import event
from sqlalchemy.engine import Engine
from codebase_gardener.registry.transactions import Registry

@event.listens_for(Engine, "after_cursor_execute")
def stop(connection, cursor, statement, *rest):
    if "CREATE TABLE jobs" in statement:
        print("half", flush=True)
        time.sleep(60)

Registry(sys.argv[1])
"""


def kill_when_it_says(process, word):
    try:
        assert process.stdout.readline() == f"{word}\n", process.stderr.read()
    finally:
        process.kill()
        process.communicate()


def test_a_kill_before_the_commit_leaves_nothing_half_written(registry, url, reserve, published):
    job = reserve()
    registry.claim_job(job.id)
    publication = published()
    kill_when_it_says(python(PUBLISH, url, job.id, publication.directory), "inserted")
    assert registry.versions() == []
    assert registry.job(job.id).state == "training"
    version = registry.publish(job.id, publication, {"largest": 0.5})  # the lock went with the process
    assert [receipt.version_id for receipt in registry.receipts(version)] == [version.id]


def test_a_kill_within_the_first_migration_leaves_an_empty_database(empty_url):
    kill_when_it_says(python(MIGRATE, empty_url), "half")
    database = Database(empty_url)
    with database.read() as connection:
        assert inspect(connection).get_table_names() == []
    database.close()
    with Registry(empty_url) as registry:
        assert registry.projects() == []
