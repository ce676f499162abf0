"""The one form of a point in time: ISO 8601, UTC, microseconds; as text it sorts by time."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Connection, text

__all__ = ["now"]

_FORM = 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'


def now(connection: Connection) -> str:
    """The current time, such as `2026-11-21T08:36:59.123456+00:00`; on PostgreSQL by the server's clock.

    What is newest, and who waits longest, is then the same for machines whose clocks differ.
    """
    if connection.dialect.name == "sqlite":
        return datetime.now(UTC).isoformat(timespec="microseconds")
    # a colon would begin a parameter
    form = _FORM.replace(":", "\\:")
    told: str = connection.execute(
        text(f"SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', '{form}')")
    ).scalar_one()
    return told
