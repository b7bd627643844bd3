"""Checks that look at the rows of one table: missing, repeated, out of range, unknown, referring to nothing.

Belongs here: one function per question about rows, each with a threshold and the keys that fail. Does not belong
here: checks that compare totals or releases (`_reconciliation`, `_releases`).

Every function takes plain mappings of table name to frame, so that a layer, a warehouse or a test can ask. The
contracts (`carms_lib.schemas`) hold silver and gold to the same questions with no tolerance; here they are put to what
was published, where some faults are expected and must be counted.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from carms_lib.exceptions import ArgumentError, UnknownNameError
from carms_lib.quality._report import CheckResult, of_kind
from carms_lib.schemas import contracts, show_value

__all__ = [
    "Tables",
    "check_allowed",
    "check_not_null",
    "check_range",
    "check_references",
    "check_share",
    "check_unique",
    "column_of",
    "keys_of",
    "letters",
]

Tables = Mapping[str, pd.DataFrame]

_SHOWN_VALUES = 3


def check_share(
    step: str,
    check: str,
    table: str,
    failing_keys: Sequence[str],
    n_rows: int,
    *,
    threshold: float,
    severity: str,
    columns: Sequence[str] = (),
    note: str = "",
) -> CheckResult:
    """Check that a share of rows does not exceed a threshold.

    Parameters
    ----------
    step, check, table : str
        Where it runs, what it is called, what it looked at.
    failing_keys : sequence of str
        Keys of the rows that fail.
    n_rows : int
        Rows looked at.
    threshold : float
        Largest share allowed, 0 to 1.
    severity : str
        "critical" or "warning".
    columns : sequence of str
        The columns that it looked at.
    note : str
        What else was seen, shown after the share.

    Returns
    -------
    CheckResult

    Raises
    ------
    ArgumentError
        If `threshold` is not between 0 and 1.
    """
    if not 0 <= threshold <= 1:
        msg = f"threshold={threshold!r} is not a share. Give a number from 0 to 1."
        raise ArgumentError(msg)
    share = len(failing_keys) / n_rows if n_rows else 0.0
    told = f": {note}" if note and failing_keys else ""
    return CheckResult(
        step=step,
        check=check,
        table=table,
        severity=severity,
        passed=share <= threshold,
        observed=f"{len(failing_keys):,} of {n_rows:,} ({share:.1%}){told}",
        expected=f"at most {threshold:.1%}" if threshold else "none",
        failing_keys=tuple(failing_keys),
        columns=tuple(columns),
        measured=share,
        threshold=float(threshold),
    )


@of_kind("null")
def check_not_null(
    step: str, tables: Tables, table: str, column: str, *, key: str, threshold: float = 0.0, severity: str = "critical"
) -> CheckResult:
    """Check that a column is filled.

    Parameters
    ----------
    step : str
        Where it runs.
    tables : mapping of str to DataFrame
    table, column : str
        What it looks at.
    key : str
        Column that names the failing rows.
    threshold : float, default 0.0
        Largest share of missing values, 0 to 1.
    severity : str, default "critical"

    Returns
    -------
    CheckResult

    Raises
    ------
    UnknownNameError
        If there is no such table or column.
    """
    frame = _frame(tables, table)
    failing = keys_of(frame, column_of(frame, column).isna(), key)
    name = f"filled {column}"
    return check_share(step, name, table, failing, len(frame), threshold=threshold, severity=severity, columns=[column])


@of_kind("unique")
def check_unique(
    step: str,
    tables: Tables,
    table: str,
    columns: Sequence[str],
    *,
    key: str,
    threshold: float = 0.0,
    severity: str = "critical",
) -> CheckResult:
    """Check that no two rows of a table agree in all of some columns.

    Parameters
    ----------
    step : str
        Where it runs.
    tables : mapping of str to DataFrame
    table : str
    columns : sequence of str
    key : str
        Column that names the failing rows.
    threshold : float, default 0.0
        Largest share of rows that may repeat, 0 to 1.
    severity : str, default "critical"

    Returns
    -------
    CheckResult
        A row with a missing value in any of `columns` repeats nothing.

    Raises
    ------
    UnknownNameError
        If there is no such table or column.
    """
    frame = _frame(tables, table)
    for column in columns:
        column_of(frame, column)
    twice = frame.duplicated(list(columns), keep=False) & frame[list(columns)].notna().all(axis="columns")
    return check_share(
        step,
        f"unique {' + '.join(columns)}",
        table,
        keys_of(frame, twice, key),
        len(frame),
        threshold=threshold,
        severity=severity,
        columns=columns,
    )


@of_kind("range")
def check_range(
    step: str,
    tables: Tables,
    table: str,
    column: str,
    *,
    key: str,
    minimum: float | pd.Timestamp | None = None,
    maximum: float | pd.Timestamp | None = None,
    threshold: float = 0.0,
    severity: str = "critical",
) -> CheckResult:
    """Check that the values of a column lie within limits.

    Parameters
    ----------
    step : str
        Where it runs.
    tables : mapping of str to DataFrame
    table, column : str
        What it looks at: numbers or dates. A missing value passes.
    key : str
        Column that names the failing rows.
    minimum, maximum : float or Timestamp, optional
        Inclusive limits, in the unit of the column; at least one.
    threshold : float, default 0.0
        Largest share of values outside, 0 to 1.
    severity : str, default "critical"

    Returns
    -------
    CheckResult

    Raises
    ------
    ArgumentError
        If no limit is given.
    UnknownNameError
        If there is no such table or column.
    """
    if minimum is None and maximum is None:
        msg = "minimum and maximum are both None: give at least one limit."
        raise ArgumentError(msg)
    frame = _frame(tables, table)
    values: pd.Series[Any] = column_of(frame, column)
    outside = pd.Series(False, index=frame.index)
    if minimum is not None:
        outside |= (values < minimum).fillna(False).astype(bool)
    if maximum is not None:
        outside |= (values > maximum).fillna(False).astype(bool)
    limits = f"{_limit(minimum, '-∞')} to {_limit(maximum, '∞')}"
    return check_share(
        step,
        f"{column} from {limits}",
        table,
        keys_of(frame, outside, key),
        len(frame),
        threshold=threshold,
        severity=severity,
        columns=[column],
        note=_examples(values[outside]),
    )


@of_kind("allowed")
def check_allowed(
    step: str,
    tables: Tables,
    table: str,
    column: str,
    allowed: Iterable[object],
    *,
    key: str,
    threshold: float = 0.0,
    severity: str = "critical",
) -> CheckResult:
    """Check that a column holds known values only.

    Parameters
    ----------
    step : str
        Where it runs.
    tables : mapping of str to DataFrame
    table, column : str
        What it looks at. A missing value passes.
    allowed : iterable
        Every value that may occur.
    key : str
        Column that names the failing rows.
    threshold : float, default 0.0
        Largest share of other values, 0 to 1.
    severity : str, default "critical"

    Returns
    -------
    CheckResult

    Raises
    ------
    UnknownNameError
        If there is no such table or column.
    """
    frame = _frame(tables, table)
    values = column_of(frame, column)
    unknown = values.notna() & ~values.isin(list(allowed))
    return check_share(
        step,
        f"known {column}",
        table,
        keys_of(frame, unknown, key),
        len(frame),
        threshold=threshold,
        severity=severity,
        columns=[column],
        note=_examples(values[unknown]),
    )


@of_kind("reference")
def check_references(
    step: str, tables: Tables, *, threshold: float = 0.0, severity: str = "critical"
) -> list[CheckResult]:
    """Check every foreign key that the contracts of a layer declare.

    Parameters
    ----------
    step : str
        The layer, and where it runs.
    tables : mapping of str to DataFrame
        Its tables.
    threshold : float, default 0.0
        Largest share of rows that may refer to nothing, 0 to 1.
    severity : str, default "critical"

    Returns
    -------
    list of CheckResult
        One per foreign key; a missing value refers to nothing and passes.
    """
    results = []
    for name, promise in contracts()[step].items():
        for columns, target in promise.references.items():
            child = tables[name].dropna(subset=list(columns))
            parent = tables[target]
            key = list(contracts()[step][target].key)
            if len(key) == 1:
                is_known = child[columns[0]].isin(parent[key[0]])
            else:
                known = set(parent[key].itertuples(index=False, name=None))
                given = child[list(columns)].itertuples(index=False, name=None)
                is_known = pd.Series([row in known for row in given], index=child.index, dtype=bool)
            orphans = child.loc[~is_known]
            keys = orphans[list(promise.key)].astype("string").agg(" / ".join, axis="columns")
            results.append(
                check_share(
                    step,
                    f"{' + '.join(columns)} refers to {target}",
                    name,
                    tuple(keys) if len(keys) else (),
                    len(child),
                    threshold=threshold,
                    severity=severity,
                    columns=columns,
                )
            )
    return results


def _frame(tables: Tables, table: str) -> pd.DataFrame:
    if table not in tables:
        raise UnknownNameError("table", table, tables)
    return tables[table]


def column_of(frame: pd.DataFrame, name: str) -> pd.Series[str]:
    """Return the column `name` of `frame`; UnknownNameError with near names when there is none."""
    if name not in frame:
        raise UnknownNameError("column", name, frame.columns)
    return frame[name]


def keys_of(frame: pd.DataFrame, failing: pd.Series[bool], key: str) -> tuple[str, ...]:
    """Return the keys of the rows of `frame` where `failing` is true, taken from the column `key`."""
    return tuple(column_of(frame, key)[failing].astype("string").fillna("missing"))


def letters(text: str) -> str:
    """Return the letters and digits of `text`, without accents and case, to compare names as people do.

    The transforms conform names by a stricter form.
    """
    plain = unicodedata.normalize("NFKD", text)
    return re.sub(r"[\W_]", "", "".join(c for c in plain if not unicodedata.combining(c))).casefold()


def _limit(value: object, without: str) -> str:
    if value is None:
        return without
    return value.date().isoformat() if isinstance(value, pd.Timestamp) else f"{value:,g}"


def _examples(values: pd.Series[str]) -> str:
    """Return the commonest of the values that fail, shown without contact details."""
    counts = values.value_counts()
    shown = ", ".join(f"{show_value(value)!r} ({count:,})" for value, count in counts.head(_SHOWN_VALUES).items())
    more = len(counts) - _SHOWN_VALUES
    return f"{shown} and {more:,} others" if more > 0 else shown
