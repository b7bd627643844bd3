"""The least length of the personal letter.

Belongs here: the column personal_letter_minimum_words of the programs. Does not belong here: its values for versions that
were kept before; those stay missing, and the next write of their release opens versions that have it.

Going back: the column goes, with what it held. Every version of a program stays.
"""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

COLUMN = "personal_letter_minimum_words"


def upgrade() -> None:
    """Add the column with its rule in one statement, without making the table anew."""
    rule = f"CONSTRAINT ck_program_{COLUMN}_at_least_0 CHECK ({COLUMN} >= 0)"
    op.execute(f"ALTER TABLE program ADD COLUMN {COLUMN} INTEGER {rule}")


def downgrade() -> None:
    """Drop the column, and with it its rule."""
    op.execute(f"ALTER TABLE program DROP COLUMN {COLUMN}")
