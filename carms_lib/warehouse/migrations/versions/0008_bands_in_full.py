"""All columns of a band frame.

Belongs here: the median, the share of draws that are zero and the effective draws of a kept band, and the scenario
that a kept difference was taken from. Does not belong here: their values for views kept before; those stay missing.

Going back: the four columns go, with what they held. Every view stays, with its estimates and bands.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Column

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

NUMBERS = ("median", "share_zero", "effective_draws")


def upgrade() -> None:
    """Add the columns."""
    for column in NUMBERS:
        op.add_column("study_band", Column(column, sa.Double(), nullable=True))
    op.add_column("study_view", Column("against", sa.Text(), nullable=True))


def downgrade() -> None:
    """Drop the columns."""
    for column in NUMBERS:
        op.execute(f"ALTER TABLE study_band DROP COLUMN {column}")
    op.execute("ALTER TABLE study_view DROP COLUMN against")
