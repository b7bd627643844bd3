"""What kind a check was, what it measured, and what it allowed.

Belongs here: the columns kind, measured and threshold of the checks of loads and of builds. Does not belong here: their
values for checks that were kept before; those stay missing, and the record of a build holds them.

Going back: the three columns go, with what they held. Every check stays, with what it found in words; records of builds
hold the numbers too.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Column

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TABLES = ("load_check", "build_check")
NUMBERS = ("measured", "threshold")


def upgrade() -> None:
    """Add the columns; both engines add a column with its rule in one statement, without making the table anew."""
    for table in TABLES:
        rule = f"CONSTRAINT ck_{table}_kind_not_empty CHECK (\"kind\" <> '')"
        op.execute(f"ALTER TABLE {table} ADD COLUMN kind TEXT {rule}")
        for column in NUMBERS:
            op.add_column(table, Column(column, sa.Double(), nullable=True))


def downgrade() -> None:
    """Drop the columns, and with kind its rule."""
    for table in TABLES:
        for column in (*NUMBERS, "kind"):
            op.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
