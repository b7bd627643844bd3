"""Where a training site is.

Belongs here: community, class, coordinates, population, distance to the school and campus of the editions of a site.
Does not belong here: their values for editions that were written before; those stay missing, and the next write brings
new editions that have them.

Going back: the seven columns go, with what they held. Every edition stays, with its province.
"""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

#: Column -> its type, and its rules by name, as written when this revision was made.
COLUMNS: dict[str, tuple[str, dict[str, str]]] = {
    "community": ("text", {}),
    "site_class": ("text", {"known": "IN ('urban', 'regional', 'rural', 'several')"}),
    "site_latitude": ("number", {"at_least_41": ">= 41", "at_most_84": "<= 84"}),
    "site_longitude": ("number", {"at_least_minus_142": ">= -142", "at_most_minus_52": "<= -52"}),
    "site_population": ("integer", {"at_least_0": ">= 0"}),
    "distance_km": ("number", {"at_least_0": ">= 0"}),
    "distributed_campus": ("text", {"known": "IN ('yes', 'no')"}),
}


def upgrade() -> None:
    """Add the columns; both engines add a column with its rules in one statement, without making the table anew."""
    number = "DOUBLE PRECISION" if op.get_context().dialect.name == "postgresql" else "DOUBLE"
    types = {"text": "TEXT", "integer": "INTEGER", "number": number}
    for name, (kind, rules) in COLUMNS.items():
        checks = "".join(f" CONSTRAINT ck_site_{name}_{rule} CHECK ({name} {limit})" for rule, limit in rules.items())
        op.execute(f"ALTER TABLE site ADD COLUMN {name} {types[kind]}{checks}")


def downgrade() -> None:
    """Drop the columns, and with them their rules."""
    for name in COLUMNS:
        op.execute(f"ALTER TABLE site DROP COLUMN {name}")
