"""The one form of a point in time: ISO 8601, UTC, microseconds; as text it sorts by time."""

from __future__ import annotations

from datetime import UTC, datetime

__all__ = ["now"]


def now() -> str:
    """The current time, such as `2026-11-21T08:36:59.123456+00:00`."""
    return datetime.now(UTC).isoformat(timespec="microseconds")
