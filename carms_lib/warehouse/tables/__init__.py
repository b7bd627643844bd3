"""The tables of the warehouse, declared.

Belongs here: one class per table, gathered under one metadata. Does not belong here: reading or writing them, and
how they came to be; that is told by the migrations.
"""

from __future__ import annotations

from carms_lib.warehouse.tables import audit, dimensions, facts, results
from carms_lib.warehouse.tables.base import Base

__all__ = ["TABLES", "Base", "audit", "dimensions", "facts", "results"]

TABLES = Base.metadata.tables
"""Every table by name."""
