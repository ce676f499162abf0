from __future__ import annotations

import pytest

from codebase_gardener.registry.leases import exclusive, lease, lease_path
from codebase_gardener.utils.error_handling import ConflictError

from .conftest import python

HOLD = """
import sys, time
from pathlib import Path
from codebase_gardener.registry.leases import lease
with lease(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def path(tmp_path):
    return lease_path(tmp_path / "adapters" / "default" / "1")


def test_the_lease_lies_outside_of_the_published_directory(tmp_path):
    assert lease_path(tmp_path / "default" / "1") == tmp_path / "default" / ".leases" / "1"


def test_many_use_a_version_and_none_deletes_it_meanwhile(path):
    with (
        lease(path),
        lease(path),
        pytest.raises(ConflictError, match="demo/default@1 is in use"),
        exclusive(path, "demo/default@1"),
    ):
        pass
    with exclusive(path):
        pass


def test_a_version_that_is_being_deleted_is_not_used(path):
    with exclusive(path), pytest.raises(ConflictError, match="is being deleted"), lease(path):
        pass


def test_an_error_inside_frees_the_lease(path):
    with pytest.raises(RuntimeError), lease(path):
        raise RuntimeError
    with exclusive(path):
        pass


def test_a_lease_holds_across_processes_until_its_holder_is_killed(path):
    holder = python(HOLD, path)
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(ConflictError), exclusive(path):
        pass
    with lease(path):
        pass
    holder.kill()
    holder.wait()
    with exclusive(path):
        pass
