"""Receipts: what checks of a version have measured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, insert, select

from codebase_gardener.registry import schema
from codebase_gardener.registry.record import append_record
from codebase_gardener.registry.rows import ReceiptRow, VersionRow, row_as
from codebase_gardener.registry.timestamps import now

__all__ = ["add", "list_receipts"]

_table = schema.receipts


def add(connection: Connection, version: VersionRow, kind: str, data: Mapping[str, Any]) -> ReceiptRow:
    """Add a receipt to a version.

    Args:
        version: The version that was checked.
        kind: Which check, such as "proof".
        data: What it measured, as JSON.

    Raises:
        ConflictError: The version was deleted meanwhile.
    """
    values = {"version_id": version.id, "kind": kind, "data": dict(data), "created_at": now(connection)}
    row = connection.execute(insert(_table).values(values).returning(_table)).mappings().one()
    told = {"check": kind, "data": dict(data), "created_at": row["created_at"]}
    append_record(version.directory, version.version, "receipt", told)
    return row_as(ReceiptRow, row)


def list_receipts(connection: Connection, version: VersionRow) -> list[ReceiptRow]:
    """A version's receipts, newest first."""
    query = select(_table).where(_table.c.version_id == version.id).order_by(_table.c.id.desc())
    return [row_as(ReceiptRow, row) for row in connection.execute(query).mappings()]
