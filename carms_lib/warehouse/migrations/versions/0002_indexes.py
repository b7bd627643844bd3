"""Indexes for the questions that are asked.

Belongs here: one index per kind of question, and which question it serves. Does not belong here: an index that no
question uses; the benchmark shows each of these in a query plan.

Going back: questions answer the same, only slower. Nothing is lost.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

CURRENT = sa.text("valid_to IS NULL")

# A page of one release by discipline, by school or province, by stream or eligibility: equality first, then the order
# in which pages are read.
FILTERS = ("discipline_key", "school_key", "stream_key")


def upgrade() -> None:
    """Make the indexes."""
    for key in FILTERS:
        op.create_index(
            f"ix_program_current_{key}",
            "program",
            ["release_id", key, "program_stream_id"],
            sqlite_where=CURRENT,
            postgresql_where=CURRENT,
        )
    # every version of one program: `history`
    op.create_index("ix_program_history", "program", ["program_stream_id", "release_id", "valid_from"])


def downgrade() -> None:
    """Drop the indexes."""
    op.drop_index("ix_program_history", table_name="program")
    for key in reversed(FILTERS):
        op.drop_index(f"ix_program_current_{key}", table_name="program")
