"""Columns of names and of whole numbers for the tables that users read.

Belongs here: numbers to names, missing values. Does not belong here: what a table says.
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["name_column", "whole_column"]


def name_column(names: Any, numbers: Any) -> Any:
    """Return a column of names by number, missing for -1."""
    import pandas as pd  # noqa: PLC0415 - arrays need no pandas

    if isinstance(names, range):
        return whole_column(numbers, numbers >= 0)
    lookup = np.empty(len(names) + 1, object)
    lookup[:-1] = [*names] if not any(isinstance(name, tuple) for name in names) else _boxed(names)
    lookup[-1] = None  # what -1 finds
    return pd.Series(lookup[numbers]).infer_objects()


def _boxed(names: Any) -> Any:
    box = np.empty(len(names), object)
    for place, name in enumerate(names):
        box[place] = name
    return box


def whole_column(values: Any, valid: Any) -> Any:
    """Return a column of whole numbers, missing where not `valid`."""
    import pandas as pd  # noqa: PLC0415 - arrays need no pandas

    return pd.arrays.IntegerArray(values.astype(np.int64), ~np.asarray(valid))
