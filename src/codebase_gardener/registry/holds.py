"""Leases across machines: a row for each version that somebody uses, kept alive by a heartbeat.

A lease counts while its heartbeat is young by the database's clock. `delete_version` refuses a version that is held;
once the row of a version is gone nobody can hold it. See `leases` for those within one machine.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from codebase_gardener.registry import schema
from codebase_gardener.registry.clock import DatabaseTime
from codebase_gardener.registry.rows import LeaseRow, row_as
from codebase_gardener.utils.error_handling import ConflictError
from codebase_gardener.utils.names import AdapterRef

__all__ = ["LAPSES_S", "check_unused", "give_back", "held", "hold"]

LAPSES_S = 60.0
"""A lease whose holder was not heard of for so long does not count any more, in seconds."""

_table = schema.leases


def hold(connection: Connection, version_ids: Collection[int], holder: str, node: str) -> set[int]:
    """Hold versions, or say anew that they are held.

    Args:
        version_ids: Of published versions (`VersionRow.id`).
        holder: Unique to a process.
        node: Its machine, for messages.

    Returns:
        Those that are held now; the others are deleted.
    """
    # the lock waits for who deletes one of them, and what is then gone is left out
    there = select(schema.versions.c.id).where(schema.versions.c.id.in_(version_ids))
    locked = there.order_by(schema.versions.c.id).with_for_update(read=True, key_share=True)
    ids = set(connection.scalars(locked))
    of_holder = (_table.c.holder == holder) & _table.c.version_id.in_(ids)
    beaten = update(_table).where(of_holder).values(beat_at=DatabaseTime()).returning(_table.c.version_id)
    missing = ids - set(connection.scalars(beaten))
    if missing:  # what those left who were killed; who was only cut off comes back with a row of its own
        connection.execute(delete(_table).where(_table.c.version_id.in_(missing), ~_young()))
    for version_id in sorted(missing):
        row = {"version_id": version_id, "holder": holder, "node": node, "beat_at": DatabaseTime()}
        connection.execute(insert(_table).values(row))
    return ids


def give_back(connection: Connection, holder: str, version_ids: Collection[int]) -> None:
    """End leases; one that is not there is no error."""
    connection.execute(delete(_table).where(_table.c.holder == holder, _table.c.version_id.in_(version_ids)))


def held(connection: Connection, version_id: int) -> list[LeaseRow]:
    """The leases of a version that count."""
    rows = connection.execute(select(_table).where(_table.c.version_id == version_id, _young())).mappings()
    return [row_as(LeaseRow, row) for row in rows]


def _young() -> ColumnElement[bool]:
    return _table.c.beat_at >= DatabaseTime() - LAPSES_S


def check_unused(connection: Connection, which: ColumnElement[bool]) -> None:
    """Refuse to delete versions of which one is held; nobody can hold one of them until the transaction ends.

    Args:
        connection: Of the transaction that deletes them.
        which: A condition on `schema.versions`.

    Raises:
        ConflictError: A machine uses one; with its node.
    """
    versions = schema.versions.c
    ids = list(connection.scalars(select(versions.id).where(which).order_by(versions.id).with_for_update()))
    named = (schema.projects.c.name, versions.adapter_name, versions.version, _table.c.node)
    used = (
        select(*named)
        .join_from(_table, schema.versions)
        .join(schema.projects, schema.projects.c.id == versions.project_id)
    )
    row = connection.execute(used.where(_table.c.version_id.in_(ids), _young()).limit(1)).one_or_none()
    if row is not None:
        *names, node = row
        ref = AdapterRef(*names)
        raise ConflictError(
            f"{ref} is in use on {node}",
            hint=f"unload it there, or wait; what a machine held that has died is free after {LAPSES_S:.0f} s",
            context={"adapter": str(ref), "node": node},
        )
