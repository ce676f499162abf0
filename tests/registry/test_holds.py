from __future__ import annotations

from threading import Thread

import pytest
from sqlalchemy import select, update

from codebase_gardener.registry import holds, schema, versions
from codebase_gardener.utils.error_handling import ConflictError


def age(registry, seconds):
    """As if every holder had been heard of `seconds` earlier."""
    with registry.database.write() as connection:
        connection.execute(update(schema.leases).values(beat_at=schema.leases.c.beat_at - seconds))


def test_a_version_that_a_machine_holds_is_not_deleted(registry, train):
    version = train()
    assert registry.hold_versions([version.id], "a", "node-a") == {version.id}
    assert registry.hold_versions([version.id], "b", "node-b") == {version.id}
    registry.give_back_holds("a", [version.id])
    registry.give_back_holds("a", [version.id])
    assert [(lease.holder, lease.node) for lease in registry.holds(version.id)] == [("b", "node-b")]
    with pytest.raises(ConflictError, match="demo/default@1 is in use on node-b"):
        registry.delete_version(version.ref)
    with pytest.raises(ConflictError, match="demo/default@1 is in use on node-b"):
        registry.delete_project("demo")
    registry.give_back_holds("b", [version.id])
    registry.delete_version(version.ref)


def test_a_lease_lapses_without_its_heartbeat(registry, train):
    version = train()
    registry.hold_versions([version.id], "a", "node-a")
    age(registry, holds.LAPSES_S - 5)
    with pytest.raises(ConflictError):
        registry.delete_version(version.ref)
    registry.hold_versions([version.id], "a", "node-a")
    age(registry, holds.LAPSES_S - 5)
    assert registry.holds(version.id)
    age(registry, 6)
    assert registry.holds(version.id) == []
    registry.hold_versions([version.id], "b", "node-b")  # takes away the row of who was killed
    with registry.database.read() as connection:
        assert connection.scalars(select(schema.leases.c.holder)).all() == ["b"]
    registry.give_back_holds("b", [version.id])
    registry.delete_version(version.ref)


def test_a_heartbeat_tells_which_versions_are_gone(registry, train):
    kept, gone = train(), train()
    registry.hold_versions([kept.id, gone.id], "a", "node-a")
    age(registry, holds.LAPSES_S + 1)
    registry.delete_version(gone.ref)
    assert registry.hold_versions([kept.id, gone.id], "a", "node-a") == {kept.id}
    assert registry.holds(kept.id)


def test_who_wants_to_hold_a_version_waits_for_who_deletes_it(registry, train):
    version, found = train(), []
    with registry.database.write() as connection:
        versions.delete_version(connection, version.ref)
        other = Thread(target=lambda: found.append(registry.hold_versions([version.id], "a", "node")))
        other.start()
        other.join(0.2)
        assert not found
    other.join()
    assert found == [set()]
