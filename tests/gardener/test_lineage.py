"""Where a growing begins, told by a registry that only answers."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from codebase_gardener.gardener.lineage import starting_point
from codebase_gardener.utils.names import parse_ref


def test_of_files_that_the_active_version_was_grown_of_it_begins_from_nothing_and_says_so() -> None:
    row = SimpleNamespace(ref=parse_ref("demo/default@1"), snapshot_id="s", lineage=None)
    registry = SimpleNamespace(
        active_version=lambda *_: 1,
        version=lambda _: row,
        latest_snapshot=lambda _: SimpleNamespace(snapshot_id="s"),
    )
    gardener: Any = SimpleNamespace(registry=registry)
    base: Any = None
    start = starting_point(gardener, parse_ref("demo/default"), base, {})
    assert (start.parent, start.there) == (None, None)
    assert start.why == "demo/default@1 was grown of these very files; the same options keep it as it is"
