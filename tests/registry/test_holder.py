from __future__ import annotations

import pytest
from sqlalchemy import update

from codebase_gardener.registry import schema
from codebase_gardener.registry.holder import Holder
from codebase_gardener.registry.holds import LAPSES_S
from codebase_gardener.registry.leases import exclusive, lease_path
from codebase_gardener.utils.error_handling import ConflictError

from .conftest import ON_POSTGRESQL, python

USE = """
import sys, time
from codebase_gardener.registry.holder import Holder
from codebase_gardener.registry.transactions import Registry
registry = Registry(sys.argv[1])
[version] = registry.versions()
using = Holder(registry).using(version)
using.__enter__()
print("held", flush=True)
sys.stdin.readline() if sys.argv[2] == "exit" else time.sleep(60)
"""


def test_what_is_used_is_not_deleted_here(registry, train):
    version, holder = train(), Holder(registry)
    with (
        holder.using(version),
        holder.using(version),
        pytest.raises(ConflictError),
        exclusive(lease_path(version.directory)),
    ):
        pass
    with exclusive(lease_path(version.directory)):
        registry.delete_version(version.ref)
    assert registry.versions() == []


@ON_POSTGRESQL
def test_what_is_used_is_not_deleted_elsewhere(registry, train):
    """Another machine has other folders, and so other locks of the kernel: it only sees the row."""
    version, holder = train(), Holder(registry)
    with holder.using(version), holder.using(version):
        pass
    with holder.using(version):
        with holder.using(version):
            pass
        with pytest.raises(ConflictError, match="is in use on"):
            registry.delete_version(version.ref)
    registry.delete_version(version.ref)
    with pytest.raises(ConflictError, match="has been deleted"), holder.using(version):
        pass


@ON_POSTGRESQL
def test_a_heartbeat_keeps_the_lease_young(registry, train):
    version, holder = train(), Holder(registry, beat_s=0.05)
    with holder.using(version):
        with registry.database.write() as connection:
            connection.execute(update(schema.leases).values(beat_at=schema.leases.c.beat_at - 2 * LAPSES_S))
        for _ in range(200):
            if registry.holds(version.id):
                break
            registry.cancel_requested("")  # a round trip, so that time passes
        else:
            pytest.fail("no heartbeat came")
    holder.close()


@ON_POSTGRESQL
@pytest.mark.parametrize("how", ["exit", "kill"])
def test_the_lease_of_a_process_that_ends_by_itself_is_given_back_at_once(registry, url, train, how):
    version = train()
    process = python(USE, url, how)
    assert process.stdout.readline() == "held\n", process.stderr.read()
    assert len(registry.holds(version.id)) == 1
    if how == "kill":
        process.kill()
    process.communicate("\n", timeout=60) if how == "exit" else process.wait()
    assert len(registry.holds(version.id)) == (how == "kill")  # that of one that was killed lapses
