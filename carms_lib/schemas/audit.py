"""The audit tables: what a build did, row by quarantined row, step by step, check by check.

Belongs here: quarantine, steps and checks as tables. Does not belong here: their columns
(`carms_lib.schemas.fields.audit`) and the rules that fill them.
"""

from __future__ import annotations

from carms_lib.schemas._model import Table, register

__all__ = ["Check", "Quarantine", "Step"]


@register(
    "audit",
    "quarantine",
    key=("step", "table", "source_row", "column", "reason"),
    first=("step", "table", "source_row"),
)
class Quarantine(Table):
    """One row per reason for which a row was set aside; the row itself stays in the layer before."""


@register("audit", "step", key=("step", "table"))
class Step(Table):
    """One row per step and table it reads: rows and seats in, kept and set aside."""


@register("audit", "check", key=("step", "check", "table"), first=("step", "check", "table"))
class Check(Table):
    """One row per check that a build ran."""
