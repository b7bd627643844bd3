"""The checks that a build runs between its steps.

Belongs here: one small function per kind of check; it looks at frames and returns results. Does not belong here:
shaping, and the decision what a failure does (`_report`).

Every function takes plain mappings of table name to frame, so that a layer, a warehouse or a test can ask.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from carms_lib.exceptions import ArgumentError
from carms_lib.quality._report import CheckResult
from carms_lib.schemas import contracts

__all__ = [
    "check_no_quarantine",
    "check_not_empty",
    "check_quarantine_share",
    "check_references",
    "check_same_rows",
    "check_same_total",
    "check_share",
    "check_steps_conserve",
    "check_unique",
]

Tables = Mapping[str, pd.DataFrame]


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
                )
            )
    return results


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


def check_unique(
    step: str, tables: Tables, table: str, columns: Sequence[str], *, key: str, severity: str = "critical"
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
    severity : str, default "critical"

    Returns
    -------
    CheckResult
    """
    frame = tables[table]
    twice = frame.duplicated(list(columns), keep=False)
    return CheckResult(
        step=step,
        check=f"unique {' + '.join(columns)}",
        table=table,
        severity=severity,
        passed=not twice.any(),
        observed=f"{int(twice.sum()):,} rows repeat",
        expected="none",
        failing_keys=tuple(frame.loc[twice, key].astype("string")),
    )


def check_references(step: str, tables: Tables) -> list[CheckResult]:
    """Check every foreign key that the contracts of a layer declare.

    Parameters
    ----------
    step : str
        The layer, and where it runs.
    tables : mapping of str to DataFrame
        Its tables.

    Returns
    -------
    list of CheckResult
        Critical, one per foreign key; a missing value refers to nothing and passes.
    """
    results = []
    for name, promise in contracts()[step].items():
        for columns, target in promise.references.items():
            child = tables[name].dropna(subset=list(columns))
            parent = tables[target]
            known = set(parent[list(contracts()[step][target].key)].itertuples(index=False, name=None))
            given = pd.Series(list(child[list(columns)].itertuples(index=False, name=None)), index=child.index)
            orphans = child.loc[~given.isin(known)] if len(given) else child
            keys = orphans[list(promise.key)].astype("string").agg(" / ".join, axis="columns")
            results.append(
                CheckResult(
                    step=step,
                    check=f"{' + '.join(columns)} refers to {target}",
                    table=name,
                    severity="critical",
                    passed=orphans.empty,
                    observed=f"{len(orphans):,} of {len(child):,} rows refer to nothing",
                    expected="none",
                    failing_keys=tuple(keys) if len(keys) else (),
                )
            )
    return results


def check_share(
    step: str,
    check: str,
    table: str,
    failing_keys: Sequence[str],
    n_rows: int,
    *,
    threshold: float,
    severity: str,
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
    return CheckResult(
        step=step,
        check=check,
        table=table,
        severity=severity,
        passed=share <= threshold,
        observed=f"{len(failing_keys):,} of {n_rows:,} ({share:.1%})",
        expected=f"at most {threshold:.1%}" if threshold else "none",
        failing_keys=tuple(failing_keys),
    )


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
    )
