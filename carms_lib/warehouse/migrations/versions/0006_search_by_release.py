"""An index for searching one release.

Belongs here: the index by which the texts of one release are found among those of all. Does not belong here: the texts
and their full-text index (0003).

Going back: searches answer the same, only slower, and so do writes of a release whose texts are kept. Nothing is lost.
"""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the index."""
    op.create_index("ix_search_document_release", "search_document", ["release_id", "document_key"])


def downgrade() -> None:
    """Drop the index."""
    op.drop_index("ix_search_document_release", table_name="search_document")
