"""Numbers as words: every number in a memo passes here.

Belongs here: rows of a band frame, and the printed form of a number, alone or with its band. Does not belong here:
computing it, or choosing rows.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["NO_BREAK", "Row", "change", "count", "lowest_and_highest", "rows_of", "share", "tenths", "with_band"]

Row: TypeAlias = dict[str, Any]

NO_BREAK = "\N{NO-BREAK SPACE}"  # between a number and its unit
_PER_CENT = f"{NO_BREAK}%"


def count(value: float) -> str:
    """Return a whole number with thousands separators."""
    return f"{value:,.0f}".replace("-", "−") if round(value) else "0"


def share(value: float) -> str:
    """Return a share as per cent."""
    return f"{count(100 * value)}{_PER_CENT}"


def tenths(value: float) -> str:
    """Return a number with one decimal."""
    return f"{value:,.1f}".replace("-", "−")


def change(value: float) -> str:
    """Return a whole number with its sign."""
    return f"{value:+,.0f}".replace("-", "−") if round(value) else "0"


def with_band(row: Row, form: Callable[[float], str] = count) -> str:
    """Return estimate and band of a row, such as "**319** (245 to 454)"."""
    if math.isnan(row["lower"]):  # too few draws for a band of this kind; the estimate stands alone and says so
        return f"**{form(float(row['estimate']))}** (no band: too few draws)"
    estimate, lower, upper = (form(float(row[name])) for name in ("estimate", "lower", "upper"))
    return f"**{estimate}** ({lower.removesuffix(_PER_CENT)} to {upper})"


def rows_of(frame: pd.DataFrame) -> list[Row]:
    """Return the rows of `frame` as plain dicts."""
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def lowest_and_highest(frame: pd.DataFrame) -> tuple[Row, Row]:
    """Return the rows of `frame` with the lowest and the highest estimate; the same row where there is only one."""
    ordered = rows_of(frame.dropna(subset=["estimate"]).sort_values("estimate", kind="stable"))
    return ordered[0], ordered[-1]
