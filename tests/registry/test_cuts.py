"""A server across a network: its connections are cut, wherever that hurts; real PostgreSQL behind a proxy."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Timer

import pytest
from sqlalchemy import make_url, text

from codebase_gardener.registry import database
from codebase_gardener.registry.transactions import Registry
from codebase_gardener.utils.error_handling import RegistryError
from samples.tcp_proxy import TcpProxy, proxy_to

from .conftest import ON_POSTGRESQL, PASSWORD

pytestmark = ON_POSTGRESQL
COMMIT = b"COMMIT\0"  # each transaction begins with ISOLATION LEVEL READ COMMITTED


@pytest.fixture
def proxy(url: str) -> Iterator[TcpProxy]:
    with proxy_to(int(make_url(url).port or 0)) as proxy:
        yield proxy


@pytest.fixture
def registry(proxy: TcpProxy, url: str) -> Iterator[Registry]:
    behind = make_url(url).set(port=proxy.port).render_as_string(hide_password=False)
    with Registry(behind) as registry:
        registry.add_project("demo", "/src/demo", "git")
        yield registry


@pytest.mark.parametrize(
    ("word", "answer_only"),
    [
        (b"INSERT INTO versions", False),
        (b"INSERT INTO receipts", True),
        (COMMIT, False),
        (COMMIT, True),
    ],
)
def test_a_cut_in_the_middle_of_a_publish_publishes_once(
    registry, proxy, reserve, published, word, answer_only
):
    job = reserve()
    registry.claim_job(job.id)
    proxy.cut_at(word, answer_only=answer_only)
    version = registry.publish(job.id, published(), {"largest": 0.5}, first_is_active=True)
    assert proxy.cuts == 1
    assert registry.versions() == [version]
    assert (version.ref, version.active, registry.job(job.id).state) == (job.ref, True, "ready")
    assert len(registry.receipts(version)) == 1


def test_a_claim_whose_answer_is_lost_is_a_claim(registry, proxy, reserve):
    """Run again, it would find the job in training and leave it to nobody."""
    job = reserve()
    proxy.cut_at(COMMIT, answer_only=True)
    assert registry.claim_job(job.id, node="node")
    assert proxy.cuts == 1


def test_a_short_outage_is_waited_for(registry, proxy):
    proxy.cut(refuse=True)
    Timer(0.3, proxy.restore).start()
    assert [project.name for project in registry.projects()] == ["demo"]
    proxy.cut()
    registry.add_project("other", "/src/other", "git")
    assert len(registry.projects()) == 2


def test_a_long_outage_is_told_and_passes(registry, proxy, monkeypatch):
    monkeypatch.setattr(database, "_ATTEMPTS", 2)
    proxy.cut(refuse=True)
    with pytest.raises(RegistryError) as caught:
        registry.add_project("other", "/src/other", "git")
    assert "is the server running" in caught.value.hint
    assert PASSWORD not in f"{caught.value.as_dict()} {caught.value!r}"
    proxy.restore()
    assert len(registry.projects()) == 1


def test_what_nobody_can_say_is_told(registry, proxy, monkeypatch):
    monkeypatch.setattr(database, "_RETRIED_S", 0.3)
    proxy.cut_at(COMMIT, answer_only=True, for_good=True)
    with pytest.raises(RegistryError, match="does not say what became of it") as caught:
        registry.add_project("other", "/src/other", "git")
    assert "look whether it was made" in caught.value.hint
    assert PASSWORD not in f"{caught.value.as_dict()} {caught.value!r}"
    proxy.restore()
    assert len(registry.projects()) == 2


def test_of_a_deadlock_both_get_through(registry):
    registry.add_project("other", "/src/other", "git")
    together = Barrier(2)

    def lock(names: tuple[str, str]) -> int:
        runs = []

        def work(connection) -> int:
            for number, name in enumerate(names):
                connection.execute(
                    text("SELECT 1 FROM projects WHERE name = :name FOR UPDATE"), {"name": name}
                )
                if number == 0 and not runs:
                    together.wait()
                runs.append(name)
            return len(runs)

        return registry.database.run(work, writes=True)

    with ThreadPoolExecutor(2) as pool:
        ran = list(pool.map(lock, [("demo", "other"), ("other", "demo")]))
    assert sorted(ran) == [2, 3]  # one of them began again after its first lock


def test_of_two_that_are_not_serial_both_get_through(registry):
    runs = []

    def add(connection) -> None:
        connection.execute(text("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE"))
        source = connection.scalar(text("SELECT source FROM projects"))
        runs.append(source)
        if len(runs) == 1:  # another changes it meanwhile
            with registry.database.write() as other:
                other.execute(text("UPDATE projects SET source = source || 'b'"))
        connection.execute(text("UPDATE projects SET source = :source"), {"source": f"{source}c"})

    registry.database.run(add, writes=True)
    assert registry.project("demo").source == "/src/demobc"
    assert len(runs) == 2


def test_a_change_that_is_refused_is_not_tried_again(registry, reserve):
    job, runs = reserve(), []

    def work(connection) -> None:
        runs.append(1)
        connection.execute(text("INSERT INTO jobs SELECT * FROM jobs WHERE id = :id"), {"id": job.id})

    with pytest.raises(Exception, match="changed meanwhile"):
        registry.database.run(work, writes=True)
    assert len(runs) == 1


def test_a_number_that_a_killed_server_gave_out_again_is_another_transaction(url):
    with Registry(url) as registry, registry.database.engine.connect() as connection:
        connection.execute(text("CHECKPOINT"))  # as at the end of a recovery: numbers from here on are new
        connection.commit()
        connection.execute(text("CREATE TABLE mark (x INTEGER)"))
        sent = database._Sent.on(connection)
        assert sent.status(connection) == "in progress"
        connection.commit()
        assert sent.status(connection) == "committed"
        assert sent._replace(server_began="before").status(connection) == "aborted"
        assert sent._replace(server_began="before", timeline="00000009").status(connection) is None
        assert (
            sent._replace(server_began="before", number=sent.number + 2**20).status(connection) == "aborted"
        )
        old = sent._replace(server_began="before", number=sent.number - 1)
        assert old.status(connection) == "committed"
        connection.rollback()
        assert database._Sent.on(connection) is None
