"""Results of simulations.

Belongs here: studies, scenarios, views, bands and draw summaries. Does not belong here: the release that a study was
made from, which stands on its own.

Going back: every study that was kept goes. Releases and their history are not touched. A study that was saved as a file
can be written again.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy import CheckConstraint as Check
from sqlalchemy import Column
from sqlalchemy import ForeignKeyConstraint as ForeignKey
from sqlalchemy import PrimaryKeyConstraint as PrimaryKey
from sqlalchemy import UniqueConstraint as Unique

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "study",
        Column("study_id", KEY, autoincrement=False, nullable=False),
        Column("fingerprint", sa.Text(), nullable=False),
        Column("release_id", sa.Text(), nullable=True),
        Column("entropy", sa.Text(), nullable=False),
        Column("n_draws", sa.Integer(), nullable=False),
        Column("provenance", sa.JSON(), nullable=False),
        Column("library_version", sa.Text(), nullable=False),
        Column("loaded_at", MOMENT, nullable=False),
        Check("\"entropy\" <> ''", name="entropy_not_empty"),
        Check("n_draws >= 1", name="n_draws_at_least_1"),
        ForeignKey(["release_id"], ["release.release_id"]),
        PrimaryKey("study_id"),
        Unique("fingerprint"),
    )
    op.create_table(
        "scenario",
        Column("study_id", KEY, nullable=False),
        Column("scenario", sa.Text(), nullable=False),
        Column("position", sa.Integer(), nullable=False),
        Check("\"scenario\" <> ''", name="scenario_not_empty"),
        Check("position >= 1", name="position_at_least_1"),
        ForeignKey(["study_id"], ["study.study_id"]),
        PrimaryKey("study_id", "scenario"),
        Unique("study_id", "position"),
    )
    op.create_table(
        "draw_summary",
        Column("study_id", KEY, nullable=False),
        Column("scenario", sa.Text(), nullable=False),
        Column("draw", sa.Integer(), nullable=False),
        Column("metric", sa.Text(), nullable=False),
        Column("value", sa.Double(), nullable=True),
        Check("\"metric\" <> ''", name="metric_not_empty"),
        Check("draw >= 0", name="draw_at_least_0"),
        ForeignKey(["study_id", "scenario"], ["scenario.study_id", "scenario.scenario"]),
        PrimaryKey("study_id", "scenario", "draw", "metric"),
    )
    op.create_table(
        "study_view",
        Column("study_id", KEY, nullable=False),
        Column("view", sa.Text(), nullable=False),
        Column("group_keys", sa.JSON(), nullable=False),
        Column("is_difference", sa.Boolean(), nullable=False),
        Column("fingerprint", sa.Text(), nullable=False),
        Check("\"view\" <> ''", name="view_not_empty"),
        Check("is_difference IN (TRUE, FALSE)", name="is_difference_is_bool"),
        ForeignKey(["study_id"], ["study.study_id"]),
        PrimaryKey("study_id", "view"),
    )
    op.create_table(
        "study_band",
        Column("study_id", KEY, nullable=False),
        Column("view", sa.Text(), nullable=False),
        Column("position", sa.Integer(), nullable=False),
        Column("scenario", sa.Text(), nullable=False),
        Column("metric", sa.Text(), nullable=False),
        Column("cell", sa.Text(), nullable=False),
        Column("estimate", sa.Double(), nullable=True),
        Column("lower", sa.Double(), nullable=True),
        Column("upper", sa.Double(), nullable=True),
        Column("level", sa.Double(), nullable=False),
        Column("kind", sa.Text(), nullable=False),
        Column("n_draws", sa.Integer(), nullable=False),
        Check("kind IN ('outcome', 'mean', 'input')", name="kind_known"),
        Check("\"metric\" <> ''", name="metric_not_empty"),
        Check("level > 0 AND level < 1", name="level_is_share"),
        Check("lower <= upper", name="band_in_order"),
        Check("n_draws >= 0", name="n_draws_at_least_0"),
        Check("position >= 1", name="position_at_least_1"),
        ForeignKey(["study_id", "scenario"], ["scenario.study_id", "scenario.scenario"]),
        ForeignKey(["study_id", "view"], ["study_view.study_id", "study_view.view"]),
        PrimaryKey("study_id", "view", "position"),
        Unique("study_id", "view", "scenario", "metric", "cell", "level", "kind"),
    )


def downgrade() -> None:
    """Drop the tables, those that refer before those referred to."""
    for table in ("study_band", "study_view", "draw_summary", "scenario", "study"):
        op.drop_table(table)
