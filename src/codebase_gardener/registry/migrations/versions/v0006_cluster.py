"""Several machines: a job's spec, events and node; leases as rows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_OF_ANY_NODE = "state = 'training'"
_OF_NO_NODE = "state = 'training' AND node IS NULL"


def upgrade() -> None:
    """Add columns and tables. One training a device is asked for only where no cluster places the jobs."""
    op.add_column("jobs", sa.Column("spec", sa.Text, nullable=True))
    op.add_column("jobs", sa.Column("node", sa.Text, nullable=True))
    op.add_column("jobs", sa.Column("beat_at", sa.Double, nullable=True))
    op.add_column(
        "jobs", sa.Column("cancel_requested", sa.Boolean, nullable=False, server_default=sa.false())
    )
    _one_training_a_device(_OF_NO_NODE)
    job_id = sa.ForeignKey("jobs.id", name="fk_job_events_jobs", ondelete="CASCADE")
    op.create_table(
        "job_events",
        sa.Column("job_id", sa.Text, job_id, primary_key=True),
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("event", sa.Text, nullable=False),
    )
    version_id = sa.ForeignKey("versions.id", name="fk_leases_versions", ondelete="CASCADE")
    op.create_table(
        "leases",
        sa.Column("version_id", sa.Integer, version_id, primary_key=True, autoincrement=False),
        sa.Column("holder", sa.Text, primary_key=True),
        sa.Column("node", sa.Text, nullable=False),
        sa.Column("beat_at", sa.Double, nullable=False),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("leases")
    op.drop_table("job_events")
    _one_training_a_device(_OF_ANY_NODE)
    for column in ("cancel_requested", "beat_at", "node", "spec"):
        op.drop_column("jobs", column)


def _one_training_a_device(where: str) -> None:
    op.drop_index("one_training_a_device", "jobs")
    condition = sa.text(where)
    op.create_index(
        "one_training_a_device", "jobs", ["device"], unique=True,
        sqlite_where=condition, postgresql_where=condition,
    )  # fmt: skip
