"""Reconciliation: totals of one build against each other, and against the reviewed figures of the release.

Belongs here: what must add up between the layers of one release; reading
``carms_lib/data/release_<id>/expected.csv`` and evaluating its measures. Does not belong here: the figures, which are
in that file, each with its source; the release before (`_releases`).

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
from carms_lib.quality._publication import count_csv_cells
from carms_lib.quality._report import CheckResult, of_kind
from carms_lib.quality._rows import Tables, check_share, column_of
from carms_lib.schemas import TEXT

__all__ = [
    "check_expected",
    "check_no_quarantine",
    "check_not_empty",
    "check_quarantine_share",
    "check_same_rows",
    "check_same_total",
    "check_steps_conserve",
    "load_expected",
]


@of_kind("conservation")
def check_steps_conserve(steps: pd.DataFrame) -> list[CheckResult]:
    """Check that rows and seats read are kept or set aside, for each table of each step.

    Parameters
    ----------
    steps : DataFrame
        Contract audit.step.

    Returns
    -------
    list of CheckResult
        Critical; one for the rows of each table, one for its seats where they are counted.
    """
    results = []
    for unit in ("rows", "seats"):
        counted = steps[steps[f"{unit}_read"].notna()]
        for row in counted.to_dict("records"):
            read, kept, aside = (int(row[f"{unit}_{what}"]) for what in ("read", "kept", "quarantined"))
            results.append(
                CheckResult(
                    step=row["step"],
                    check=f"{unit} conserved",
                    table=row["table"],
                    severity="critical",
                    passed=read == kept + aside,
                    observed=f"{read:,} read, {kept:,} kept, {aside:,} set aside",
                    expected="read = kept + set aside",
                    measured=float(abs(read - kept - aside)),
                    threshold=0.0,
                )
            )
    return results


@of_kind("conservation")
def check_same_total(step: str, check: str, totals: Mapping[str, int], *, severity: str = "critical") -> CheckResult:
    """Check that several totals are one and the same.

    Parameters
    ----------
    step, check : str
        Where it runs and what it is called.
    totals : mapping of str to int
        What is summed -> its total.
    severity : str, default "critical"

    Returns
    -------
    CheckResult
    """
    return CheckResult(
        step=step,
        check=check,
        table=" = ".join(totals),
        severity=severity,
        passed=len(set(totals.values())) <= 1,
        observed=", ".join(f"{name} {total:,}" for name, total in totals.items()),
        expected="all equal",
        measured=float(max(totals.values()) - min(totals.values())) if totals else 0.0,
        threshold=0.0,
    )


def check_same_rows(step: str, read: Tables, written: Tables) -> list[CheckResult]:
    """Check that each table has as many rows as the table of the same name before it.

    Parameters
    ----------
    step : str
        Where it runs.
    read, written : mapping of str to DataFrame

    Returns
    -------
    list of CheckResult
        Critical, one per table of `read`.
    """
    return [
        check_same_total(step, f"rows of {name}", {"read": len(read[name]), "written": len(written[name])})
        for name in read
    ]


@of_kind("row_count")
def check_not_empty(step: str, tables: Tables, table: str) -> CheckResult:
    """Check that a table has rows.

    Parameters
    ----------
    step : str
        Where it runs.
    tables : mapping of str to DataFrame
    table : str

    Returns
    -------
    CheckResult
        Critical.
    """
    n_rows = len(tables[table])
    return CheckResult(step, "not empty", table, "critical", n_rows > 0, f"{n_rows:,} rows", "at least 1")


@of_kind("quarantine")
def check_quarantine_share(steps: pd.DataFrame, quarantine: pd.DataFrame, *, threshold: float) -> list[CheckResult]:
    """Check that not too many rows of any table were set aside.

    Parameters
    ----------
    steps : DataFrame
        Contract audit.step.
    quarantine : DataFrame
        Contract audit.quarantine.
    threshold : float
        Largest share allowed, 0 to 1.

    Returns
    -------
    list of CheckResult
        Critical, one per table: more than that, and the source has changed its form.
    """
    results = []
    for row in steps[["step", "table", "rows_read"]].to_dict("records"):
        here = quarantine[(quarantine["step"] == row["step"]) & (quarantine["table"] == row["table"])]
        keys = here.drop_duplicates("source_row")["key"].tolist()
        results.append(
            check_share(
                row["step"],
                "share set aside",
                row["table"],
                keys,
                int(row["rows_read"]),
                threshold=threshold,
                severity="critical",
            )
        )
    return results


@of_kind("quarantine")
def check_no_quarantine(step: str, quarantine: pd.DataFrame) -> CheckResult:
    """Check that no row was set aside.

    Parameters
    ----------
    step : str
        Where it runs.
    quarantine : DataFrame
        Contract audit.quarantine.

    Returns
    -------
    CheckResult
        A warning, with each reason and its count.
    """
    reasons = quarantine.groupby(["table", "reason"], sort=True).size().reset_index(name="count")
    told = ", ".join(f"{r['table']}: {r['reason']} ({r['count']:,})" for r in reasons.to_dict("records"))
    keys = (quarantine["table"].astype("str") + " " + quarantine["key"].astype("str")).drop_duplicates()
    return CheckResult(
        step=step,
        check="nothing set aside",
        table="quarantine",
        severity="warning",
        passed=quarantine.empty,
        observed=told or "none",
        expected="none",
        failing_keys=tuple(keys),
        measured=float(len(keys)),
        threshold=0.0,
    )


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
