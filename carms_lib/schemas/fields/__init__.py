"""The registry of fields: one row per field, from the place where it is printed to the tables that carry it.

From the rows follow the contracts of every table, the columns of the loaders, the typing of a plain page field in
silver, the columns and rules of the warehouse's table of programs, and the data dictionary. To add a field that a page
prints, write its row at the end of `page.PAGE`, its reader in the loaders, and a migration of the warehouse.

| module | rows |
| --- | --- |
| `page` | what a program page prints, and its sections |
| `program` | keys, lineage, disciplines, schools, sites, provinces, streams, bands as facts |
| `audit` | what a build records of itself |
| `row` | the form of a row |

A name means the same in every table that has it. The order of the rows is the order of columns, but for the columns
that a table names first (`carms_lib.schemas.silver` and its neighbours).
"""

from __future__ import annotations

from typing import Final

from carms_lib.schemas.fields.audit import AUDIT
from carms_lib.schemas.fields.page import PAGE, SECTION
from carms_lib.schemas.fields.program import BANDS, CELL, KEYS, PLACES, STREAM
from carms_lib.schemas.fields.row import Field, FieldMeaning

__all__ = ["FIELDS", "ROWS", "Field", "FieldMeaning"]

ROWS: Final[tuple[Field, ...]] = (*KEYS, *PLACES, *STREAM, *PAGE, *BANDS, *SECTION, *CELL, *AUDIT)
"""Every row."""

FIELDS: Final[dict[str, FieldMeaning]] = {
    **{row.name: FieldMeaning(row.meaning, row.unit) for row in ROWS},
    **{place.column: FieldMeaning(place.meaning) for row in ROWS for place in row.printed if place.column},
}
"""What each column name means, once for all layers."""
