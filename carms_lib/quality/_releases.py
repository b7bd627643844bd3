"""Checks that hold a release against the one before it, or against the day on which it is read.

Belongs here: row counts, seats and distributions against the last release, and the age of its dates. Does not belong
here: where the last release comes from (a build, the warehouse, a file), and the clock: both are arguments.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from carms_lib.exceptions import ArgumentError
from carms_lib.quality._report import CheckResult, of_kind
from carms_lib.quality._rows import Tables, column_of, keys_of

__all__ = [
    "check_distribution",
    "check_freshness",
    "check_row_count_change",
    "kolmogorov_smirnov",
    "population_stability",
]

_TOO_FEW = 20  # values on either side, below which no difference can be told from chance
_SIGNIFICANCE = 0.01


@of_kind("freshness")
def check_freshness(
    step: str,
    tables: Tables,
    table: str,
    column: str,
    *,
    as_of: dt.date,
    key: str,
    max_age_days: float,
    severity: str = "warning",
) -> CheckResult:
    """Check that the newest date of a column is recent, and that none lies in the future.

    Parameters
    ----------
    step : str
        Where it runs.
    tables : mapping of str to DataFrame
    table, column : str
        A column of dates.
    as_of : date
        The day on which it is asked; the library never looks at the clock for it.
    key : str
        Column that names the rows with a date after `as_of`.
    max_age_days : float
        Largest age of the newest date [days].
    severity : str, default "warning"

    Returns
    -------
    CheckResult
        Its `measured` is the age of the newest date that is not in the future [days]. A table without any such
        date fails.
    """
    frame = tables[table]
    dates: pd.Series[Any] = column_of(frame, column)
    today = pd.Timestamp(as_of.year, as_of.month, as_of.day)
    future = (dates > today).fillna(False).astype(bool)
    newest = dates[~future].max()
    if pd.isna(newest):
        age, told = None, "no date"
    else:
        age = float((today - newest).days)
        told = f"newest {newest.date().isoformat()}, {age:,.0f} days before {as_of.isoformat()}"
    if future.any():
        told += f"; {int(future.sum()):,} in the future"
    return CheckResult(
        step=step,
        check=f"fresh {column}",
        table=table,
        severity=severity,
        passed=age is not None and age <= max_age_days and not future.any(),
        observed=told,
        expected=f"newest at most {max_age_days:,.0f} days old, none in the future",
        failing_keys=keys_of(frame, future, key),
        columns=(column,),
        measured=age,
        threshold=float(max_age_days),
    )


@of_kind("row_count")
def check_row_count_change(
    step: str,
    tables: Tables,
    previous: Tables,
    table: str,
    *,
    threshold: float,
    weight: str | None = None,
    severity: str = "warning",
) -> CheckResult:
    """Check that a table has about as many rows, or as much of a quantity, as in the last release.

    Parameters
    ----------
    step : str
        Where it runs.
    tables, previous : mapping of str to DataFrame
        The same layer of this release and of the one before.
    table : str
    threshold : float
        Largest change as a share of what was there, up or down; 0.1 is ten per cent.
    weight : str, optional
        A column to sum, such as "quota"; rows are counted without it.
    severity : str, default "warning"

    Returns
    -------
    CheckResult

    Raises
    ------
    ArgumentError
        If `threshold` is negative.
    """
    if threshold < 0:
        msg = f"threshold={threshold!r} is negative. Give the largest change as a share, such as 0.1."
        raise ArgumentError(msg)
    before, now = (_amount(side[table], weight) for side in (previous, tables))
    change = abs(now - before) / before if before else float(now > 0)
    what = "rows" if weight is None else weight
    return CheckResult(
        step=step,
        check=f"{what} within {threshold:.0%} of the last release",
        table=table,
        severity=severity,
        passed=change <= threshold,
        observed=f"{before:,.0f} before, {now:,.0f} now ({now - before:+,.0f}, {change:.1%})",
        expected=f"a change of at most {threshold:.1%}",
        columns=() if weight is None else (weight,),
        measured=change,
        threshold=float(threshold),
    )


@of_kind("distribution")
def check_distribution(
    step: str,
    tables: Tables,
    previous: Tables,
    table: str,
    column: str,
    *,
    threshold: float | None = None,
    severity: str = "warning",
) -> CheckResult:
    """Check that a column is distributed as in the last release.

    Parameters
    ----------
    step : str
        Where it runs.
    tables, previous : mapping of str to DataFrame
        The same layer of this release and of the one before.
    table, column : str
        Numbers are compared by the Kolmogorov-Smirnov distance, everything else by the population stability index.
    threshold : float, optional
        Largest distance (default 0.15) or index (default 0.25) that passes however many values there are.
    severity : str, default "warning"

    Returns
    -------
    CheckResult
        It fails only if the difference is both large (above `threshold`) and more than chance would give among so
        many values (at the 1 % level). With fewer than 20 values on either side it passes and says so. Its
        `failing_keys` are the values whose shares moved most.

    See Also
    --------
    population_stability, kolmogorov_smirnov
    """
    before, now = _values(previous[table], column), _values(tables[table], column)
    numeric = pd.api.types.is_numeric_dtype(now.dtype) and not pd.api.types.is_bool_dtype(now.dtype)
    name = "Kolmogorov-Smirnov distance" if numeric else "population stability index"
    limit = (0.15 if numeric else 0.25) if threshold is None else threshold
    moved: tuple[str, ...] = ()
    if min(len(before), len(now)) < _TOO_FEW:
        passed, measured = True, None
        told = f"{len(before):,} values before and {len(now):,} now: too few to tell a drift from chance"
    else:
        measured, chance = (kolmogorov_smirnov if numeric else population_stability)(before, now)
        passed = measured <= limit or measured <= chance
        told = f"{name} {measured:.3f}; chance alone gives up to {chance:.3f}"
        moved = () if passed or numeric else _most_moved(before, now)
    return CheckResult(
        step=step,
        check=f"{column} distributed as in the last release",
        table=table,
        severity=severity,
        passed=passed,
        observed=told,
        expected=f"{name} at most {limit:g}",
        failing_keys=moved,
        columns=(column,),
        measured=measured,
        threshold=float(limit),
    )


def population_stability(before: pd.Series[str], now: pd.Series[str]) -> tuple[float, float]:
    r"""Return the population stability index of two samples of categories, and what chance alone would give.

    Parameters
    ----------
    before, now : Series
        Values of two releases, none missing.

    Returns
    -------
    index, chance : float
        `chance` is exceeded by one in a hundred pairs of samples from one and the same distribution.

    Notes
    -----
    With shares :math:`p_i` before and :math:`q_i` now over :math:`B` categories,

    .. math:: PSI = \sum_i (q_i - p_i) \ln (q_i / p_i).

    Half a value is added to every category, so that one that is empty on one side gives a finite term. Without drift
    :math:`PSI / (1/n + 1/m)` is about chi-squared with :math:`B - 1` degrees of freedom, which gives `chance`; the
    usual limit of 0.25 alone raises false alarms where there are few values and many categories.

    References
    ----------
    Yurdakul, B. (2018), Statistical Properties of Population Stability Index, Western Michigan University.
    """
    both = pd.concat([before.value_counts(), now.value_counts()], axis="columns").fillna(0).to_numpy(dtype=float)
    n_before, n_now = both.sum(axis=0)
    shares = (both + 0.5) / (both + 0.5).sum(axis=0)
    p, q = shares[:, 0], shares[:, 1]
    index = float(np.sum((q - p) * np.log(q / p)))
    freedom = max(len(both) - 1, 1)
    return index, float((1 / n_before + 1 / n_now) * stats.chi2.ppf(1 - _SIGNIFICANCE, freedom))


def kolmogorov_smirnov(before: pd.Series[float], now: pd.Series[float]) -> tuple[float, float]:
    r"""Return the Kolmogorov-Smirnov distance of two samples of numbers, and what chance alone would give.

    Parameters
    ----------
    before, now : Series
        Values of two releases, none missing.

    Returns
    -------
    distance, chance : float
        The distance is the largest gap between the two cumulative shares, 0 to 1 (`scipy.stats.ks_2samp`). `chance` is
        exceeded by one in a hundred pairs of large samples from one and the same distribution; where values are
        tied, by fewer.

    Notes
    -----
    `chance` is the asymptotic :math:`K_{0.99} \sqrt{(n + m) / (n m)}` with :math:`K_{0.99}` the 99 % point of the
    Kolmogorov distribution.
    """
    a, b = before.to_numpy(dtype=float), now.to_numpy(dtype=float)
    distance = float(stats.ks_2samp(a, b, method="asymp").statistic)
    return distance, float(stats.kstwobign.isf(_SIGNIFICANCE) * np.sqrt((len(a) + len(b)) / (len(a) * len(b))))


def _values(frame: pd.DataFrame, column: str) -> pd.Series[Any]:
    return column_of(frame, column).dropna()


def _amount(frame: pd.DataFrame, weight: str | None) -> float:
    return float(len(frame) if weight is None else column_of(frame, weight).sum())


def _most_moved(before: pd.Series[str], now: pd.Series[str], n: int = 5) -> tuple[str, ...]:
    shares = pd.concat([s.value_counts(normalize=True) for s in (before, now)], axis="columns").fillna(0)
    moved = (shares.iloc[:, 1] - shares.iloc[:, 0]).rename("moved").to_frame()
    order = moved["moved"].abs().sort_values(ascending=False, kind="stable").index[:n]
    return tuple(f"{value} ({moved.loc[value, 'moved']:+.1%})" for value in order)
