"""Checks that compare totals of one build: conserved, equal, not empty, not too much set aside.

Belongs here: what must add up between the layers of one release. Does not belong here: published figures
(`_expected`), and the release before (`_releases`).
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from carms_lib.quality._report import CheckResult, of_kind
from carms_lib.quality._rows import Tables, check_share

__all__ = [
    "check_no_quarantine",
    "check_not_empty",
    "check_quarantine_share",
    "check_same_rows",
    "check_same_total",
    "check_steps_conserve",
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
    keys = (quarantine["table"] + " " + quarantine["key"]).drop_duplicates()
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
