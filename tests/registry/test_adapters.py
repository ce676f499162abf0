from __future__ import annotations

import pytest

from codebase_gardener.registry import schema
from codebase_gardener.utils.error_handling import ConflictError, NotFoundError


def test_publishing_moves_no_mark(registry, train):
    train()
    assert registry.active_version("demo", "default") is None


def test_the_mark_moves_and_goes(registry, train):
    train(), train()
    registry.set_active("demo", "default", 1)
    registry.set_active("demo", "default", 2)
    assert registry.active_version("demo", "default") == 2
    assert [row.active for row in registry.versions("demo")] == [True, False]
    registry.set_active("demo", "default", None)
    assert registry.active_version("demo", "default") is None


def test_without_a_name_it_is_the_projects_newest_active_one(registry, train):
    train(), train(adapter_name="other")
    assert registry.active_version("demo") is None
    registry.set_active("demo", "default", 1)
    assert registry.active_version("demo") == 1
    with pytest.raises(NotFoundError):
        registry.active_version("other")


def test_the_mark_stays_where_the_new_version_is_not_ready(registry, train, reserve):
    train()
    registry.set_active("demo", "default", 1)
    reserve()
    with pytest.raises(ConflictError, match="waits for its training"):
        registry.set_active("demo", "default", 2)
    with pytest.raises(NotFoundError):
        registry.set_active("demo", "default", 3)
    assert registry.active_version("demo", "default") == 1


def test_the_index_alone_keeps_an_adapter_to_one_active_version(registry, train):
    train(), train()
    with pytest.raises(ConflictError), registry.database.write() as connection:
        connection.execute(schema.versions.update().values(active=True))
