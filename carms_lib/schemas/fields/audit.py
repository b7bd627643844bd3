"""The fields of the audit tables: what a build quarantined, counted and checked.

Belongs here: rows of the registry that an audit table carries. Does not belong here: fields that a publisher prints,
which are in `page` and `program`; the form of a row, which is `row`.
"""

from __future__ import annotations

from typing import Final

from carms_lib.schemas import codes
from carms_lib.schemas.fields.row import LAYERS, NO_UNIT, Field

__all__ = ["AUDIT"]

AUDIT: Final = (
    Field(
        name="step",
        meaning="Step of the build: raw, bronze, silver or gold.",
        unit=NO_UNIT,
        allowed=LAYERS[:4],
        audit={"quarantine": "build", "step": "build", "check": "build"},
    ),
    Field(
        name="table",
        meaning="Table that the row or check belongs to.",
        unit=NO_UNIT,
        audit={"quarantine": "build", "step": "build", "check": "build"},
    ),
    Field(
        name="key",
        meaning="Key of the row as given, or its position where it has none.",
        unit=NO_UNIT,
        audit={"quarantine": "the row's key"},
    ),
    Field(name="column", meaning="Column in which the fault lies.", unit=NO_UNIT, audit="quarantine"),
    Field(name="reason", meaning="Why the row was set aside.", unit=NO_UNIT, pattern=".+", audit="quarantine"),
    Field(
        name="value",
        meaning="The offending value, free of contact details.",
        unit=NO_UNIT,
        optional=True,
        audit={"quarantine": "bronze, contact details removed"},
    ),
    Field(
        name="rows_read",
        meaning="Rows that entered the step.",
        unit="rows",
        type="integer",
        minimum=0,
        audit="step",
    ),
    Field(
        name="rows_kept",
        meaning="Rows that left the step.",
        unit="rows",
        type="integer",
        minimum=0,
        audit="step",
    ),
    Field(
        name="rows_quarantined",
        meaning="Rows that were set aside in the step.",
        unit="rows",
        type="integer",
        minimum=0,
        audit="step",
    ),
    Field(
        name="seats_read",
        meaning="Seats that entered the step; missing where quotas are not yet numbers.",
        unit="seats",
        type="integer",
        optional=True,
        audit="step",
    ),
    Field(
        name="seats_kept",
        meaning="Seats that left the step.",
        unit="seats",
        type="integer",
        optional=True,
        audit="step",
    ),
    Field(
        name="seats_quarantined",
        meaning="Seats of the rows that were set aside, as far as they can be read.",
        unit="seats",
        type="integer",
        optional=True,
        audit="step",
    ),
    Field(name="check", meaning="Name of the check.", unit=NO_UNIT, pattern=".+", audit="check"),
    Field(
        name="severity",
        meaning="What a failure means: critical stops the build, warning is reported.",
        unit=NO_UNIT,
        allowed=codes.SEVERITIES,
        audit="check",
    ),
    Field(name="passed", meaning="The check passed.", unit=NO_UNIT, type="boolean", audit="check"),
    Field(name="observed", meaning="What the check found.", unit=NO_UNIT, audit="check"),
    Field(name="expected", meaning="What the check allows.", unit=NO_UNIT, audit="check"),
    Field(
        name="failing_keys",
        meaning="The first five keys that fail, joined with commas.",
        unit=NO_UNIT,
        audit="check",
    ),
    Field(
        name="kind",
        meaning="What kind of question the check asks; missing where it was kept before kinds were.",
        unit=NO_UNIT,
        optional=True,
        pattern=".+",
        audit="check",
        since=2,
    ),
    Field(
        name="measured",
        meaning="What the check measured: a share (0 to 1), a count, a distance or days; missing if none.",
        unit=NO_UNIT,
        type="number",
        optional=True,
        audit="check",
        since=2,
    ),
    Field(
        name="threshold",
        meaning="The largest measured value that passes; missing where the check measures none.",
        unit=NO_UNIT,
        type="number",
        optional=True,
        audit="check",
        since=2,
    ),
)
"""What a build records of itself."""
