"""Records of builds.

Belongs here: builds with their timings, counts and checks, also those that failed. Does not belong here: the loads that
a build led to, which were there before.

Going back: every record of a build goes. Releases, their history and their audit are not touched. A record that was
kept as a file can be written again.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy import CheckConstraint as Check
from sqlalchemy import Column
from sqlalchemy import ForeignKeyConstraint as ForeignKey
from sqlalchemy import PrimaryKeyConstraint as PrimaryKey
from sqlalchemy import UniqueConstraint as Unique

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
STEPS = "('raw', 'bronze', 'silver', 'gold')"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "build_run",
        Column("build_id", sa.Text(), nullable=False),
        Column("release_id", sa.Text(), nullable=False),
        Column("started_at", MOMENT, nullable=False),
        Column("seconds", sa.Double(), nullable=False),
        Column("failure_class", sa.Text(), nullable=True),
        Column("load_run_id", KEY, nullable=True),
        Column("record", sa.JSON(), nullable=False),
        Check("\"build_id\" <> ''", name="build_id_not_empty"),
        Check("failure_class IN ('source', 'contract', 'data', 'infrastructure', 'code')", name="failure_class_known"),
        Check("failure_class IS NULL OR load_run_id IS NULL", name="failed_build_loads_nothing"),
        Check("seconds >= 0", name="seconds_at_least_0"),
        ForeignKey(["load_run_id"], ["load_run.run_id"]),
        PrimaryKey("build_id"),
    )
    op.create_table(
        "build_timing",
        Column("build_id", sa.Text(), nullable=False),
        Column("position", KEY, nullable=False),
        Column("step", sa.Text(), nullable=False),
        Column("seconds", sa.Double(), nullable=False),
        Check("\"step\" <> ''", name="step_not_empty"),
        Check("position >= 1", name="position_at_least_1"),
        Check("seconds >= 0", name="seconds_at_least_0"),
        ForeignKey(["build_id"], ["build_run.build_id"]),
        PrimaryKey("build_id", "position"),
        Unique("build_id", "step"),
    )
    op.create_table(
        "build_count",
        Column("build_id", sa.Text(), nullable=False),
        Column("step", sa.Text(), nullable=False),
        Column("table", sa.Text(), nullable=False),
        Column("rows_read", sa.Integer(), nullable=False),
        Column("rows_kept", sa.Integer(), nullable=False),
        Column("rows_quarantined", sa.Integer(), nullable=False),
        Column("seats_read", sa.Integer(), nullable=True),
        Column("seats_kept", sa.Integer(), nullable=True),
        Column("seats_quarantined", sa.Integer(), nullable=True),
        Check(f"step IN {STEPS}", name="step_known"),
        Check("rows_kept >= 0", name="rows_kept_at_least_0"),
        Check("rows_quarantined >= 0", name="rows_quarantined_at_least_0"),
        Check("rows_read >= 0", name="rows_read_at_least_0"),
        ForeignKey(["build_id"], ["build_run.build_id"]),
        PrimaryKey("build_id", "step", "table"),
    )
    op.create_table(
        "build_check",
        Column("build_id", sa.Text(), nullable=False),
        Column("step", sa.Text(), nullable=False),
        Column("check", sa.Text(), nullable=False),
        Column("table", sa.Text(), nullable=False),
        Column("severity", sa.Text(), nullable=False),
        Column("passed", sa.Boolean(), nullable=False),
        Column("observed", sa.Text(), nullable=False),
        Column("expected", sa.Text(), nullable=False),
        Column("failing_keys", sa.Text(), nullable=False),
        Check("severity IN ('critical', 'warning')", name="severity_known"),
        Check(f"step IN {STEPS}", name="step_known"),
        Check("\"check\" <> ''", name="check_not_empty"),
        Check("passed IN (TRUE, FALSE)", name="passed_is_bool"),
        ForeignKey(["build_id"], ["build_run.build_id"]),
        PrimaryKey("build_id", "step", "check", "table"),
    )


def downgrade() -> None:
    """Drop the tables, those that refer before those referred to."""
    for table in ("build_check", "build_count", "build_timing", "build_run"):
        op.drop_table(table)
