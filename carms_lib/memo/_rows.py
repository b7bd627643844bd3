"""Rows of a band frame, as the words and tables of a memo take them.

Belongs here: the one conversion from frame to rows. Does not belong here: choosing rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Row", "lowest_and_highest", "rows_of"]

Row: TypeAlias = dict[str, Any]


def rows_of(frame: pd.DataFrame) -> list[Row]:
    """Return the rows of `frame` as plain dicts."""
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def lowest_and_highest(frame: pd.DataFrame) -> tuple[Row, Row]:
    """Return the rows of `frame` with the lowest and the highest estimate; the same row where there is only one."""
    ordered = rows_of(frame.dropna(subset=["estimate"]).sort_values("estimate", kind="stable"))
    return ordered[0], ordered[-1]
