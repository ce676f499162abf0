from __future__ import annotations

from datetime import UTC, datetime, timedelta

from codebase_gardener.registry import timestamps

from .conftest import ON_POSTGRESQL


def test_a_time_is_utc_with_microseconds(registry):
    before = datetime.now(UTC)
    with registry.database.write() as connection:
        told = timestamps.now(connection)
    assert datetime.fromisoformat(told).isoformat(timespec="microseconds") == told
    assert told.endswith("+00:00")
    assert before - timedelta(seconds=1) < datetime.fromisoformat(told) < before + timedelta(minutes=10)


class Ahead(datetime):
    """A machine's clock that is a minute ahead."""

    @classmethod
    def now(cls, tz=None):
        return datetime.now(tz) + timedelta(minutes=1)


@ON_POSTGRESQL
def test_a_machine_whose_clock_is_ahead_changes_no_order(registry, reserve, monkeypatch, tmp_path):
    def snapshot(name: str) -> None:
        registry.add_snapshot(
            "demo", snapshot_id=name, commit=None, tree_hash=name, dirty=False, path=tmp_path / name
        )

    monkeypatch.setattr(timestamps, "datetime", Ahead)
    first = reserve(spec_hash="a")
    snapshot("first")
    monkeypatch.undo()
    second = reserve(spec_hash="b")
    snapshot("second")
    assert registry.next_queued(first.device).id == first.id
    assert [job.id for job in registry.jobs()] == [second.id, first.id]
    assert registry.latest_snapshot("demo").snapshot_id == "second"
