"""The tables. A row of `versions` exists only once its files are published; before that there is only a job.

    projects ─┬─ snapshots                 a repository at a commit, as it was read
              └─ adapters (next_version)   counts upwards only: a number is never given twice
                  ├─ jobs                  queued → training → ready | error | cancelled
                  │   └─ job_events        the lines of events.jsonl, for other machines
                  └─ versions (active)     published; at most one of an adapter is active
                      ├─ leases            who uses it, on other machines too
                      ├─ receipts          what the proof in a fresh process measured
                      └─ verdicts          what the evaluation said

The active mark is a column of the version, not of the adapter, so that it cannot outlive the version.
What must never happen twice is an index here rather than a check in the code: one job for the same work,
one training a device (but where a cluster places the jobs), one version a job, one active version an adapter.

A change here needs a migration in `migrations/versions` and a new `HEAD`; a test compares the two.
"""

from __future__ import annotations

import json
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Dialect,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    false,
    text,
)

from codebase_gardener.utils.home_paths import kept_path, real_path

__all__ = [
    "HEAD",
    "FilePath",
    "HOME",
    "Json",
    "adapters",
    "job_events",
    "jobs",
    "leases",
    "metadata",
    "projects",
    "receipts",
    "snapshots",
    "verdicts",
    "versions",
]

HEAD = "0006"
"""The newest migration: what `alembic_version` holds in a database that this code can use."""


HOME: ContextVar[Path | None] = ContextVar("home", default=None)
"""The home of the registry that is being asked: what lies in it is kept relative to it."""


class FilePath(TypeDecorator[Path]):
    """A path, kept as text (`home_paths`)."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Path | str | None, dialect: Dialect) -> str | None:
        """Path to text."""
        return None if value is None else kept_path(Path(value), HOME.get())

    def process_result_value(self, value: Any, dialect: Dialect) -> Path | None:
        """Text to path."""
        return None if value is None else real_path(value, HOME.get())


class Json(TypeDecorator[Any]):
    """JSON, kept as text: NaN, NUL and lone surrogates meet the same fate on both databases."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str:
        """Value to text; NaN, which is no JSON, is refused."""
        return json.dumps(value, allow_nan=False)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """Text to value."""
        return None if value is None else json.loads(value)


metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


def _project_id() -> Column[int]:
    return Column("project_id", ForeignKey("projects.id", ondelete="CASCADE"), nullable=False)


def _version_id() -> Column[int]:
    return Column("version_id", ForeignKey("versions.id", ondelete="CASCADE"), nullable=False)


def _adapter() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["project_id", "adapter_name"], ["adapters.project_id", "adapters.name"], ondelete="CASCADE"
    )


def _text(name: str, *, nullable: bool = False) -> Column[str]:
    return Column(name, Text, nullable=nullable)


def _json(name: str) -> Column[Any]:
    return Column(name, Json, nullable=False)


projects = Table(
    "projects",
    metadata,
    Column("id", Integer, primary_key=True),
    _text("name"),
    _text("source"),
    _text("kind"),
    _text("created_at"),
    _text("current_adapter", nullable=True),
    UniqueConstraint("name", name="project_names"),
    sqlite_autoincrement=True,
)

snapshots = Table(
    "snapshots",
    metadata,
    Column("id", Integer, primary_key=True),
    _project_id(),
    _text("snapshot_id"),
    _text("commit", nullable=True),
    _text("tree_hash"),
    Column("dirty", Boolean, nullable=False),
    Column("path", FilePath, nullable=False),
    _text("created_at"),
    UniqueConstraint("project_id", "snapshot_id", name="snapshot_ids"),
    Index("snapshots_by_time", "project_id", "created_at"),
    sqlite_autoincrement=True,
)

adapters = Table(
    "adapters",
    metadata,
    Column("id", Integer, primary_key=True),
    _project_id(),
    _text("name"),
    Column("next_version", Integer, nullable=False),
    _text("created_at"),
    UniqueConstraint("project_id", "name", name="adapter_names"),
    sqlite_autoincrement=True,
)

_TRAINING = text("state = 'training' AND node IS NULL")
jobs = Table(
    "jobs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("project_id", Integer, nullable=False),
    _text("adapter_name"),
    Column("version", Integer, nullable=False),
    _text("state"),
    _text("device"),
    Column("directory", FilePath, nullable=False),
    _text("spec_hash"),
    _text("dataset_hash"),
    _text("base_id"),
    _text("base_hash"),
    _text("commit", nullable=True),
    _text("snapshot_id", nullable=True),
    _text("error", nullable=True),
    _text("created_at"),
    _text("started_at", nullable=True),
    _text("ended_at", nullable=True),
    Column("spec", Json, nullable=True),
    _text("node", nullable=True),
    Column("beat_at", Double, nullable=True),
    Column("cancel_requested", Boolean, nullable=False, server_default=false()),
    _adapter(),
    UniqueConstraint("project_id", "adapter_name", "version", name="job_versions"),
    UniqueConstraint(
        "project_id", "adapter_name", "dataset_hash", "spec_hash", name="one_job_for_the_same_work"
    ),
    CheckConstraint("state IN ('queued', 'training', 'ready', 'error', 'cancelled')", name="states"),
    Index("one_training_a_device", "device", unique=True, sqlite_where=_TRAINING, postgresql_where=_TRAINING),
    Index("jobs_by_state", "state", "created_at"),
    Index("jobs_by_time", "project_id", "created_at"),
)

job_events = Table(
    "job_events",
    metadata,
    Column("job_id", ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", Double, nullable=False),
    _json("event"),
)

# SQLite uses a partial index only where the query says the same words; SQLAlchemy writes `active = 1` there
_ACTIVE: dict[str, Any] = {"sqlite_where": text("active = 1"), "postgresql_where": text("active")}
versions = Table(
    "versions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("project_id", Integer, nullable=False),
    _text("adapter_name"),
    Column("version", Integer, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("job_id", ForeignKey("jobs.id"), nullable=True),
    Column("directory", FilePath, nullable=False),
    _text("base_id"),
    _text("base_hash"),
    _text("dataset_hash", nullable=True),
    _json("spec"),
    _json("files"),
    Column("bytes", BigInteger, nullable=False),
    _text("commit", nullable=True),
    _text("snapshot_id", nullable=True),
    _json("metrics"),
    _json("libraries"),
    Column("lineage", Json, nullable=True),
    _text("created_at"),
    _adapter(),
    UniqueConstraint("project_id", "adapter_name", "version", name="version_numbers"),
    UniqueConstraint("job_id", name="one_version_a_job"),
    Index(
        "one_active_version",
        "project_id",
        "adapter_name",
        unique=True,
        **_ACTIVE,
    ),
    Index("active_versions", "project_id", "id", **_ACTIVE),
    # newest first is by id: a clock can jump back, a sequence cannot
    Index("versions_of_project", "project_id", "id"),
    Index("versions_of_adapter", "project_id", "adapter_name", "id"),
    sqlite_autoincrement=True,
)

receipts = Table(
    "receipts",
    metadata,
    Column("id", Integer, primary_key=True),
    _version_id(),
    _text("kind"),
    _json("data"),
    _text("created_at"),
    Index("receipts_of_version", "version_id"),
    sqlite_autoincrement=True,
)

verdicts = Table(
    "verdicts",
    metadata,
    Column("id", Integer, primary_key=True),
    _version_id(),
    _text("verdict"),
    _json("data"),
    _text("created_at"),
    Index("verdicts_of_version", "version_id"),
    sqlite_autoincrement=True,
)

leases = Table(
    "leases",
    metadata,
    Column(
        "version_id", ForeignKey("versions.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    ),
    Column("holder", Text, primary_key=True),
    _text("node"),
    Column("beat_at", Double, nullable=False),
)
