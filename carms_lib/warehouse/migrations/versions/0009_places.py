"""Where a training site is.

Belongs here: community, class, coordinates, population, distance to the school and campus of the editions of a site.
Does not belong here: their values for editions that were written before; those stay missing, and the next write brings
new editions that have them.

Going back: the seven columns go, with what they held. Every edition stays, with its province.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Column

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

COLUMNS: tuple[tuple[str, sa.types.TypeEngine[Any]], ...] = (
    ("community", sa.Text()),
    ("site_class", sa.Text()),
    ("site_latitude", sa.Double()),
    ("site_longitude", sa.Double()),
    ("site_population", sa.Integer()),
    ("distance_km", sa.Double()),
    ("distributed_campus", sa.Text()),
)


def upgrade() -> None:
    """Add the columns."""
    for name, kind in COLUMNS:
        op.add_column("site", Column(name, kind, nullable=True))


def downgrade() -> None:
    """Drop the columns."""
    for name, _ in COLUMNS:
        op.execute(f"ALTER TABLE site DROP COLUMN {name}")
