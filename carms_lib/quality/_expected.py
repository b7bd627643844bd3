"""Reconciliation: the reviewed figures of a release, held against what was built.

Belongs here: reading ``carms_lib/data/release_<id>/expected.csv`` and evaluating its measures. Does not belong
here: the figures; they stand in that file, each with its source.

A figure is a measure of the rows of one table that meet every condition of ``where``. Conditions are joined with
";": ``column=value`` and ``column<>other_column`` (the two differ). Measures: ``rows``; ``sum:column``,
``min:column``, ``median:column``, ``max:column``; ``distinct:column`` and ``filled:column`` (values not missing);
``csv_cells`` (sections as the publisher's CSV counts them, see `count_csv_cells`).
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import pandas as pd

from carms_lib.exceptions import ArgumentError, UnknownNameError
from carms_lib.quality._pages import count_csv_cells
from carms_lib.quality._report import CheckResult, of_kind
from carms_lib.quality._rows import column_of
from carms_lib.schemas import TEXT

__all__ = ["check_expected", "load_expected"]

_MEASURES = ("rows", "sum", "min", "median", "max", "distinct", "filled", "csv_cells")
_COLUMNS = ("layer", "table", "where", "measure", "value", "severity", "source")


@cache
def load_expected(release_id: str) -> pd.DataFrame:
    """Return the reviewed figures of a release.

    Parameters
    ----------
    release_id : str

    Returns
    -------
    DataFrame
        One row per figure: layer, table, where, measure, value (float64), severity, source. No rows where the
        release has not been reviewed.
    """
    place = files("carms_lib").joinpath("data", f"release_{release_id}", "expected.csv")
    if not release_id.isalnum() or not place.is_file():
        return pd.DataFrame({name: pd.Series(dtype=TEXT) for name in _COLUMNS}).astype({"value": "float64"})
    text = place.read_text(encoding="utf-8")
    frame = pd.read_csv(io.StringIO(text), dtype=TEXT, keep_default_na=False)
    return frame.astype({"value": "float64"})


@of_kind("reconciliation")
def check_expected(layer: str, tables: Mapping[str, pd.DataFrame], expected: pd.DataFrame) -> list[CheckResult]:
    """Hold the tables of a layer against reviewed figures.

    Parameters
    ----------
    layer : str
        Figures of other layers are passed over.
    tables : mapping of str to DataFrame
    expected : DataFrame
        As `load_expected` returns it.

    Returns
    -------
    list of CheckResult
        One per figure, with the severity that the figure asks for.

    Raises
    ------
    ArgumentError
        If a figure has a condition that cannot be read.
    UnknownNameError
        If a figure names a table, column or measure that does not exist.
    """
    results = []
    for figure in expected[expected["layer"] == layer].to_dict("records"):
        table, where, measure = figure["table"], figure["where"], figure["measure"]
        found = _measure(tables, table, where, measure)
        results.append(
            CheckResult(
                step=layer,
                check=f"reconciles: {measure} where {where}" if where else f"reconciles: {measure}",
                table=table,
                severity=figure["severity"],
                passed=found == figure["value"],
                observed=f"{found:,.10g}",
                expected=f"{figure['value']:,.10g} ({figure['source']})",
                columns=tuple(filter(None, [measure.partition(":")[2]])),
                measured=abs(found - figure["value"]),
                threshold=0.0,
            )
        )
    return results


def _measure(tables: Mapping[str, pd.DataFrame], table: str, where: str, measure: str) -> float:
    if table not in tables:
        raise UnknownNameError("table", table, tables)
    frame = tables[table]
    rows = pd.Series(True, index=frame.index)
    for condition in filter(None, where.split(";")):
        rows &= _mask(frame, condition)
    name, _, column = measure.partition(":")
    if name == "csv_cells":
        return float(count_csv_cells(tables))
    if name == "rows":
        return float(rows.sum())
    values = column_of(frame, column)[rows]
    match name:
        case "sum" | "min" | "median" | "max":
            return float(getattr(values, name)())
        case "distinct":
            return float(values.nunique())
        case "filled":
            return float(values.notna().sum())
    raise UnknownNameError("measure", name, _MEASURES)


def _mask(frame: pd.DataFrame, condition: str) -> pd.Series[bool]:
    if "<>" in condition:
        left, right = condition.split("<>", 1)
        return column_of(frame, left) != column_of(frame, right)
    column, sign, value = condition.partition("=")
    if not sign:
        msg = f"where={condition!r} cannot be read. Write column=value or column<>other_column."
        raise ArgumentError(msg)
    return column_of(frame, column).astype("string").fillna("") == value
