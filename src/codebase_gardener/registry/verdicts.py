"""Verdicts: what evaluations of a version have said."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Connection, func, insert, select

from codebase_gardener.registry import schema
from codebase_gardener.registry.record import append_record
from codebase_gardener.registry.rows import VerdictRow, VersionRow, row_as
from codebase_gardener.registry.timestamps import now

__all__ = ["add", "latest", "latest_of"]

_table = schema.verdicts


def add(connection: Connection, version: VersionRow, verdict: str, data: Mapping[str, Any]) -> VerdictRow:
    """Add a verdict to a version.

    Args:
        version: The version that was evaluated.
        verdict: "helped", "unchanged" or "hurt".
        data: The figures behind it, as JSON.

    Raises:
        ConflictError: The version was deleted meanwhile.
    """
    values = {"version_id": version.id, "verdict": verdict, "data": dict(data), "created_at": now(connection)}
    row = connection.execute(insert(_table).values(values).returning(_table)).mappings().one()
    told = {"verdict": verdict, "data": dict(data), "created_at": row["created_at"]}
    append_record(version.directory, version.version, "verdict", told)
    return row_as(VerdictRow, row)


def latest(connection: Connection, version: VersionRow) -> VerdictRow | None:
    """A version's newest verdict, or None where it was not evaluated."""
    return latest_of(connection, [version]).get(version.id)


def latest_of(connection: Connection, versions: Collection[VersionRow]) -> dict[int, VerdictRow]:
    """The newest verdicts of a page of versions by the version's `id`, in one query."""
    ids = [version.id for version in versions]
    newest = select(func.max(_table.c.id)).where(_table.c.version_id.in_(ids)).group_by(_table.c.version_id)
    rows = connection.execute(select(_table).where(_table.c.id.in_(newest))).mappings()
    return {row["version_id"]: row_as(VerdictRow, row) for row in rows}
