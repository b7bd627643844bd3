"""CSV that a spreadsheet shows and does not execute.

Belongs here: writing one frame to one file. Does not belong here: choosing what is written.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pandas as pd

__all__ = ["csv_text", "write_csv"]

# A cell that begins with one of these is a formula to common spreadsheets, also behind blanks and in full width.
_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def write_csv(frame: pd.DataFrame, path: str | Path) -> Path:
    """Write a frame as CSV in which no text can be taken for a formula.

    Parameters
    ----------
    frame : DataFrame
        What to write; its index is left out.
    path : str or Path
        The file; it is replaced when it is there.

    Returns
    -------
    Path

    Notes
    -----
    Text that begins like a formula gets an apostrophe before it, as spreadsheets themselves mark text. Numbers stay
    numbers, also negative ones. Column names are treated as text.
    """
    path = Path(path)
    path.write_text(csv_text(frame), encoding="utf-8", newline="")
    return path


def csv_text(frame: pd.DataFrame) -> str:
    """Return a `frame` as the text that `write_csv` writes."""
    safe = frame.copy()
    for name in safe.columns:
        # neither numbers nor dates can be taken for a formula; as they are, days are written as days
        if not (pd.api.types.is_numeric_dtype(safe[name].dtype) or pd.api.types.is_datetime64_any_dtype(safe[name])):
            safe[name] = safe[name].astype(object).map(_as_text, na_action="ignore")
    safe.columns = [_as_text(str(name)) for name in safe.columns]
    # all text in quotes: a lone carriage return would else end the row
    return str(safe.to_csv(None, index=False, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC))


def _as_text(value: Any) -> Any:
    if isinstance(value, str) and value.lstrip(" ").startswith(_STARTS):
        return "'" + value
    return value
