"""The first schema."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make all tables."""
    _projects()
    _jobs()
    _versions()
    _findings("receipts", "kind")
    _findings("verdicts", "verdict")


def downgrade() -> None:
    """Drop all tables."""
    for table in ("verdicts", "receipts", "versions", "jobs", "adapters", "snapshots", "projects"):
        op.drop_table(table)


def _projects() -> None:
    op.create_table(
        "projects",
        sa.Column("id", sa.Integer, primary_key=True),
        *_texts("name", "source", "kind", "created_at"),
        sa.UniqueConstraint("name", name="project_names"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "snapshots",
        sa.Column("id", sa.Integer, primary_key=True),
        _project_id("snapshots"),
        *_texts("snapshot_id", "tree_hash", "path", "created_at"),
        sa.Column("commit", sa.Text),
        sa.Column("dirty", sa.Boolean, nullable=False),
        sa.UniqueConstraint("project_id", "snapshot_id", name="snapshot_ids"),
        sqlite_autoincrement=True,
    )
    op.create_index("snapshots_by_time", "snapshots", ["project_id", "created_at"])
    op.create_table(
        "adapters",
        sa.Column("id", sa.Integer, primary_key=True),
        _project_id("adapters"),
        *_texts("name", "created_at"),
        sa.Column("next_version", sa.Integer, nullable=False),
        sa.UniqueConstraint("project_id", "name", name="adapter_names"),
        sqlite_autoincrement=True,
    )


def _jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.Text, primary_key=True),
        *_of_adapter("jobs"),
        *_texts(
            "state",
            "device",
            "directory",
            "spec",
            "spec_hash",
            "dataset_hash",
            "base_id",
            "base_hash",
            "created_at",
        ),
        *(sa.Column(name, sa.Text) for name in ("commit", "snapshot_id", "error", "started_at", "ended_at")),
        sa.UniqueConstraint("project_id", "adapter_name", "version", name="job_versions"),
        sa.UniqueConstraint(
            "project_id", "adapter_name", "dataset_hash", "spec_hash", name="one_job_for_the_same_work"
        ),
        sa.CheckConstraint(
            "state IN ('queued', 'training', 'ready', 'error', 'cancelled')", name=op.f("ck_jobs_states")
        ),
    )
    training = sa.text("state = 'training'")
    op.create_index(
        "one_training_a_device",
        "jobs",
        ["device"],
        unique=True,
        sqlite_where=training,
        postgresql_where=training,
    )
    op.create_index("jobs_by_state", "jobs", ["state", "created_at"])
    op.create_index("jobs_by_time", "jobs", ["project_id", "created_at"])


def _versions() -> None:
    op.create_table(
        "versions",
        sa.Column("id", sa.Integer, primary_key=True),
        *_of_adapter("versions"),
        *_texts("directory", "base_id", "base_hash", "created_at", "spec", "files", "metrics", "libraries"),
        *(sa.Column(name, sa.Text) for name in ("dataset_hash", "commit", "snapshot_id")),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("job_id", sa.Text, sa.ForeignKey("jobs.id", name="fk_versions_jobs")),
        sa.UniqueConstraint("project_id", "adapter_name", "version", name="version_numbers"),
        sa.UniqueConstraint("job_id", name="one_version_a_job"),
        sqlite_autoincrement=True,
    )
    active: dict[str, Any] = {"sqlite_where": sa.text("active = 1"), "postgresql_where": sa.text("active")}
    op.create_index("one_active_version", "versions", ["project_id", "adapter_name"], unique=True, **active)
    op.create_index("active_versions", "versions", ["project_id", "id"], **active)
    op.create_index("versions_of_project", "versions", ["project_id", "id"])
    op.create_index("versions_of_adapter", "versions", ["project_id", "adapter_name", "id"])


def _findings(table: str, what: str) -> None:
    version_id = sa.ForeignKey("versions.id", name=f"fk_{table}_versions", ondelete="CASCADE")
    op.create_table(
        table,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("version_id", sa.Integer, version_id, nullable=False),
        *_texts(what, "data", "created_at"),
        sqlite_autoincrement=True,
    )
    op.create_index(f"{table}_of_version", table, ["version_id"])


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _project_id(table: str) -> sa.Column[int]:
    target = sa.ForeignKey("projects.id", name=f"fk_{table}_projects", ondelete="CASCADE")
    return sa.Column("project_id", sa.Integer, target, nullable=False)


def _of_adapter(table: str) -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("project_id", sa.Integer, nullable=False),
        sa.Column("adapter_name", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id", "adapter_name"],
            ["adapters.project_id", "adapters.name"],
            name=f"fk_{table}_adapters",
            ondelete="CASCADE",
        ),
    ]
