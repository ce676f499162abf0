from __future__ import annotations

from pathlib import Path

import pytest

from codebase_gardener.utils.error_handling import NotFoundError


def add(registry, snapshot_id, **fields):
    return registry.add_snapshot(
        "demo", snapshot_id=snapshot_id, tree_hash="t", path=Path("/home/demo") / snapshot_id, **fields
    )


def test_the_latest_snapshot_is_the_one_added_last(registry):
    add(registry, "a", commit="c1")
    assert add(registry, "b", commit="c2", dirty=True) == registry.latest_snapshot("demo")
    latest = registry.latest_snapshot("demo")
    assert (latest.snapshot_id, latest.commit, latest.dirty) == ("b", "c2", True)
    assert latest.path == Path("/home/demo/b")


def test_going_back_makes_the_earlier_one_the_latest_with_what_is_given_now(registry):
    first = add(registry, "a", commit="c1")
    add(registry, "b")
    again = add(registry, "a", commit="c3")
    assert again.id == first.id
    assert registry.latest_snapshot("demo").commit == "c3"


def test_a_project_without_a_snapshot_says_so(registry):
    with pytest.raises(NotFoundError, match="has no snapshot"):
        registry.latest_snapshot("demo")


def test_a_snapshot_of_no_project_is_refused(registry):
    with pytest.raises(NotFoundError):
        registry.add_snapshot("other", snapshot_id="a", tree_hash="t", path=Path("/x"))
