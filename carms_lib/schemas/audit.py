"""The audit tables: what a build did, row by row set aside, step by step, check by check.

Belongs here: quarantine, steps and checks as tables. Does not belong here: the rules that fill them.
"""

from __future__ import annotations

from carms_lib.schemas import codes
from carms_lib.schemas._model import LAYERS, OptionalInt, Table, Text, field, register

__all__ = ["Check", "Quarantine", "Step"]

_STEPS = LAYERS[:4]


@register("audit", "quarantine", key=("step", "table", "source_row", "column", "reason"))
class Quarantine(Table):
    """One row per reason for which a row was set aside; the row itself stays in the layer before."""

    step: Text = field("build", allowed=_STEPS)
    table: Text = field("build")
    source_row: int = field("bronze: source_row", minimum=1)
    key: Text = field("the row's key")
    column: Text = field("build")
    reason: Text = field("build", pattern=".+")
    value: Text = field("bronze, contact details removed", nullable=True)


@register("audit", "step", key=("step", "table"))
class Step(Table):
    """One row per step and table it reads: rows and seats in, kept and set aside."""

    step: Text = field("build", allowed=_STEPS)
    table: Text = field("build")
    rows_read: int = field("build", minimum=0)
    rows_kept: int = field("build", minimum=0)
    rows_quarantined: int = field("build", minimum=0)
    seats_read: OptionalInt = field("build", nullable=True)
    seats_kept: OptionalInt = field("build", nullable=True)
    seats_quarantined: OptionalInt = field("build", nullable=True)


@register("audit", "check", version=2, key=("step", "check", "table"))
class Check(Table):
    """One row per check that a build ran."""

    step: Text = field("build", allowed=_STEPS)
    check: Text = field("build", pattern=".+")
    table: Text = field("build")
    severity: Text = field("build", allowed=codes.SEVERITIES)
    passed: bool = field("build")
    observed: Text = field("build")
    expected: Text = field("build")
    failing_keys: Text = field("build")
    kind: Text = field("build", pattern=".+", nullable=True)
    measured: float = field("build", nullable=True)
    threshold: float = field("build", nullable=True)
