"""Every registry test runs on SQLite and on a real PostgreSQL."""

from __future__ import annotations

import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from codebase_gardener.registry import schema
from codebase_gardener.registry.rows import JobRow, Publication, VersionRow
from codebase_gardener.registry.transactions import Registry
from codebase_gardener.utils.files import publish_dir
from samples.queued_jobs import WORK, queue_job

SCRIPT = Path(__file__).parents[2] / "scripts" / "postgres.sh"
PASSWORD = "s3cret-word"
NEW_JOB = {**WORK, "commit": "abc", "snapshot_id": "snap"}


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a server on a free port of the loopback, without a database's name."""
    if subprocess.run([SCRIPT, "bin"], check=False, capture_output=True).returncode:
        reason = f"POSTGRESQL IS NOT INSTALLED, so its half of the registry is untested: {SCRIPT} install"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    directory, port = tempfile.mkdtemp(prefix="gardener-postgres-"), free_port()
    environment = {**os.environ, "PGPASSWORD": PASSWORD}
    subprocess.run([SCRIPT, "start", directory, str(port)], check=True, env=environment, timeout=60)
    yield f"postgresql://postgres:{PASSWORD}@127.0.0.1:{port}"
    subprocess.run([SCRIPT, "stop", directory], check=True, timeout=60)
    shutil.rmtree(directory)


def free_port() -> int:
    """A port that no outgoing connection is given: one that knocks at a service that was killed could meet itself."""
    while True:
        port = random.randrange(12_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@pytest.fixture(scope="session")
def postgres_database(postgres_server: str) -> Callable[[], str]:
    """Makes a new database and returns its URL."""
    numbers = count()
    engine = create_engine(f"{postgres_server}/postgres", isolation_level="AUTOCOMMIT")

    def make() -> str:
        name = f"test_{next(numbers)}"
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        return f"{postgres_server}/{name}"

    return make


BOTH = ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)]
ON_POSTGRESQL = pytest.mark.parametrize("url", BOTH[1:], indirect=True)
"""For what several machines do: SQLite is one machine's."""


@pytest.fixture(params=BOTH)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database without tables; on SQLite there is no file yet."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'home' / 'registry.db'}"
    return str(request.getfixturevalue("postgres_database")())


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with all tables, to be copied."""
    path = tmp_path_factory.mktemp("migrated") / "registry.db"
    Registry(path).close()
    return path


@pytest.fixture(scope="session")
def migrated_postgres(postgres_database: Callable[[], str]) -> Iterator[Registry]:
    """A registry on PostgreSQL: one for all tests, since to make a database takes 0.3 s."""
    with Registry(postgres_database()) as registry:
        yield registry


def emptied(registry: Registry) -> str:
    """The URL of the same database, without rows."""
    with registry.database.write() as connection:
        connection.execute(schema.versions.delete())
        connection.execute(schema.projects.delete())
    return registry.database.url.render_as_string(hide_password=False)


@pytest.fixture(params=BOTH)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database with all tables and no rows."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("migrated"), tmp_path / "registry.db")
        return f"sqlite:///{tmp_path / 'registry.db'}"
    return emptied(request.getfixturevalue("migrated_postgres"))


@pytest.fixture
def registry(url: str) -> Iterator[Registry]:
    """A registry with one project, `demo`."""
    with Registry(url) as registry:
        registry.add_project("demo", "/src/demo", "git")
        yield registry


@pytest.fixture
def reserve(registry: Registry, tmp_path: Path) -> Callable[..., JobRow]:
    """Queues a job; fields of `NEW_JOB` can be given."""
    return lambda **fields: queue_job(registry, lambda job_id: tmp_path / job_id, **{**NEW_JOB, **fields})


@pytest.fixture
def published(tmp_path: Path) -> Callable[[], Publication]:
    """Publishes a small directory."""
    numbers = count()

    def publish() -> Publication:
        staged, target = tmp_path / "staged", tmp_path / "adapters" / str(next(numbers))
        staged.mkdir()
        (staged / "adapter_config.json").write_text("{}")
        manifest = publish_dir(staged, target)
        return Publication(target, manifest["files"], 2, {"r": 16}, {"loss": 1.5}, {"torch": "2.13.0"})

    return publish


@pytest.fixture
def train(
    registry: Registry, reserve: Callable[..., JobRow], published: Callable[[], Publication]
) -> Callable[..., VersionRow]:
    """Takes a job through to a version."""
    numbers = count()

    def make(**fields: object) -> VersionRow:
        job = reserve(**{"spec_hash": f"spec {next(numbers)}", **fields})
        assert registry.claim_job(job.id)
        return registry.publish(job.id, published(), {"largest_difference": 0.5})

    return make


def python(code: str, *arguments: object) -> subprocess.Popen[str]:
    """A process of its own that runs `code`; its standard output can be read."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
