from __future__ import annotations

import sqlite3
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import event, text

from codebase_gardener.registry import projects
from codebase_gardener.registry.database import Database
from codebase_gardener.registry.transactions import Registry
from codebase_gardener.utils.error_handling import (
    CodebaseGardenerError,
    InvalidInputError,
    RegistryError,
    ResourceError,
)

from .conftest import free_port


def everything_said(error: CodebaseGardenerError) -> str:
    return f"{error.as_dict()} {error!r}"


@pytest.mark.parametrize(
    "url",
    ["", "x", "mysql://u:hidden@h/d", "sqlite://", "sqlite:///:memory:", "postgresql://u:hidden@h:port/d"],
)
def test_what_is_no_url_of_ours_is_refused_without_repeating_it(url):
    with pytest.raises(InvalidInputError) as caught:
        Registry(url)
    assert "hidden" not in everything_said(caught.value)


def test_a_path_may_hold_what_a_url_may_not(tmp_path):
    path = tmp_path / "a home? #1 é%20" / "registry.db"
    with Registry(path) as registry:
        registry.add_project("demo", "/src", "git")
    assert path.is_file()


def test_a_file_that_is_no_database(tmp_path):
    path = tmp_path / "registry.db"
    path.write_bytes(b"this is a letter" * 1000)
    with pytest.raises(RegistryError, match="not a database") as caught:
        Registry(path)
    assert str(path) in caught.value.message
    assert "move the file away" in caught.value.hint
    assert path.read_bytes() == b"this is a letter" * 1000


def test_a_damaged_file(tmp_path, migrated):
    path = tmp_path / "registry.db"
    whole = migrated.read_bytes()
    path.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    with pytest.raises(RegistryError, match="malformed") as caught:
        Registry(path).projects()
    assert "move the file away" in caught.value.hint


@pytest.mark.parametrize("place", ["a directory", "a file as folder", "/proc"])
def test_a_place_that_cannot_be_written(tmp_path, place):
    (tmp_path / "file").touch()
    path = {"a directory": tmp_path, "a file as folder": tmp_path / "file" / "x", "/proc": Path("/proc/x.db")}
    with pytest.raises(ResourceError) as caught:
        Registry(path[place])
    assert "CODEBASE_GARDENER_HOME" in caught.value.hint


def test_a_full_disk(tmp_path, migrated):
    (tmp_path / "registry.db").write_bytes(migrated.read_bytes())
    with Registry(tmp_path / "registry.db") as registry:
        registry.close()  # so that the limit is set on every connection

        @event.listens_for(registry.database.engine, "connect")
        def no_more_pages(connection, _record):
            connection.execute("PRAGMA max_page_count = 1")

        with pytest.raises(ResourceError, match="full") as caught:
            registry.add_project("demo", "/src/" + "x" * 100_000, "git")
        assert "free some space" in caught.value.hint
        assert registry.projects() == []


def test_a_read_only_file(tmp_path, migrated):
    (tmp_path / "registry.db").write_bytes(migrated.read_bytes())
    with Registry(tmp_path / "registry.db") as registry:

        @event.listens_for(registry.database.engine, "begin")
        def read_only(connection):
            connection.exec_driver_sql("PRAGMA query_only = ON")

        with pytest.raises(ResourceError, match="readonly"):
            registry.add_project("demo", "/src", "git")


def test_text_that_is_no_unicode_is_refused(registry):
    with pytest.raises(InvalidInputError, match="cannot be stored"):
        registry.add_project("other", "/src/\udcff", "git")
    assert [p.name for p in registry.projects()] == ["demo"]


def test_a_failed_transaction_leaves_nothing(registry):
    with pytest.raises(KeyError), registry.database.write() as connection:
        connection.execute(text("DELETE FROM projects"))
        raise KeyError("a bug stays a bug")
    assert registry.project("demo")


def test_sqlite_holds_keys_and_waits_and_logs_ahead(tmp_path):
    with Registry(tmp_path / "registry.db") as registry, registry.database.read() as connection:
        seen = {p: connection.exec_driver_sql(f"PRAGMA {p}").scalar() for p in PRAGMAS}
    assert seen == PRAGMAS


def test_a_file_that_is_locked_at_the_first_start(tmp_path):
    path = tmp_path / "registry.db"
    with sqlite3.connect(path, isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(RegistryError, match="locked") as caught:
            Registry(path, wait_s=0.1)
    assert "another process is writing" in caught.value.hint


PRAGMAS = {"foreign_keys": 1, "journal_mode": "wal", "busy_timeout": 30_000}


def test_no_server_is_an_error_that_keeps_the_password():
    url = f"postgresql://me:hidden@127.0.0.1:{free_port()}/demo?sslpassword=hidden2"
    with pytest.raises(RegistryError) as caught:
        Registry(url)
    assert "is the server running" in caught.value.hint
    assert "127.0.0.1" in caught.value.message
    assert "hidden" not in everything_said(caught.value)


def test_a_missing_driver_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(RegistryError) as caught:
        Database("postgresql://me@127.0.0.1/demo")
    assert ".[postgresql]" in caught.value.hint


@pytest.mark.slow
@pytest.mark.parametrize(("part", "wrong"), [("s3cret-word", "not-the-word"), ("/postgres", "/nowhere")])
def test_a_wrong_password_or_database(postgres_server, part, wrong):
    url = f"{postgres_server}/postgres".replace(part, wrong)
    with pytest.raises(RegistryError) as caught:
        Registry(url)
    assert "is the server running, and are host, port, user, password" in caught.value.hint
    assert "s3cret-word" not in everything_said(caught.value)
    assert "not-the-word" not in everything_said(caught.value)


def test_a_writer_that_does_not_end_is_an_error_after_the_wait(registry, url):
    with Registry(url, wait_s=0.2) as impatient, registry.database.write() as connection:
        projects.locked(connection, "demo")
        begun = time.monotonic()
        with pytest.raises(RegistryError) as caught:
            impatient.reserve_version("demo", "default")
        assert time.monotonic() - begun < 5
        assert "another process is writing" in caught.value.hint
        assert impatient.project("demo")  # readers do not wait


@pytest.mark.slow
def test_a_server_that_was_restarted_is_connected_to_again(postgres_database):
    url = postgres_database()
    with Registry(url) as registry:
        registry.projects()
        with Registry(url) as other, other.database.write() as connection:
            connection.execute(text(END_ALL_OTHERS))
        assert registry.projects() == []


END_ALL_OTHERS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
