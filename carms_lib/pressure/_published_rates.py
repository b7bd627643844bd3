"""Published counts: intervals and shrinkage for shares that are counted, not simulated.

Belongs here: what may be said of a published count of few persons, such as 3 of 7 seats left. Does not belong here:
bands of simulated numbers (`_bands`), whose kinds these are not: a published count has sampling error alone.

Each count is taken as binomial. Its own interval is Wilson's by default, which keeps its promise for few cases and
for shares near 0 and 1. Counts of one kind, such as the same share in many disciplines, lend each other strength: with
shares spread as a beta distribution, fitted to all counts by maximum likelihood, each share is drawn towards the
common mean, the more the fewer cases stand behind it (beta-binomial, empirical Bayes).

References
----------
Brown, Cai and DasGupta (2001), *Interval estimation for a binomial proportion*, Statistical Science 16(2).
Carlin and Louis (2000), *Bayes and Empirical Bayes Methods for Data Analysis*, ch. 3.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import optimize, stats

from carms_lib.exceptions import ArgumentError
from carms_lib.pressure._arguments import check_level, check_name

__all__ = ["RATE_METHODS", "published_rates"]

RATE_METHODS = ("wilson", "jeffreys", "agresti_coull", "beta")
_FEWEST_GROUPS = 5
_MOST_CASES = 1e6  # beyond this many prior cases the shares do not differ at all


def published_rates(
    counts: pd.DataFrame,
    *,
    count: str,
    total: str,
    level: float = 0.90,
    method: str = "wilson",
) -> pd.DataFrame:
    """Return published shares with their intervals, each alone and with strength lent by the others.

    Parameters
    ----------
    counts : pandas.DataFrame
        One row per group: its keys, and the two columns named.
    count, total : str
        Columns: cases of interest, and all cases [whole numbers].
    level : float, default 0.90
        Of the intervals, in (0, 1).
    method : {"wilson", "jeffreys", "agresti_coull", "beta"}, default "wilson"
        Of `statsmodels.stats.proportion.proportion_confint`; "beta" is Clopper and Pearson's.

    Returns
    -------
    pandas.DataFrame
        The frame given with estimate, lower, upper (the group alone); shrunk, shrunk_lower, shrunk_upper (posterior
        mean and equal-tailed interval); level, kind ("sampling") and reason, which says why a share is missing: no
        cases at all. The shrunk columns are missing where fewer than five groups have cases.

    Raises
    ------
    UnknownNameError
        A column or method that there is not.
    ArgumentError
        Counts that are no whole numbers, negative, or above their total; a level outside (0, 1).
    """
    from statsmodels.stats.proportion import proportion_confint  # noqa: PLC0415 - a second to import, and rarely asked

    level = check_level(level)
    if not isinstance(counts, pd.DataFrame):
        raise ArgumentError(f"counts={type(counts).__name__} must be a frame, one row a group.")
    method = check_name("method", method, RATE_METHODS)
    count, total = (check_name("column", name, counts.columns) for name in (count, total))
    cases, all_cases = (pd.to_numeric(counts[name], errors="coerce").to_numpy(float) for name in (count, total))
    bad = ~np.isfinite(cases) | ~np.isfinite(all_cases) | (cases % 1 != 0) | (all_cases % 1 != 0)
    bad |= (cases < 0) | (cases > all_cases)
    if bad.any():
        rows = counts.index[bad][:5].tolist()
        raise ArgumentError(
            f"{count} and {total} must be whole numbers with 0 <= {count} <= {total}; see {int(bad.sum())} rows, "
            f"such as {rows}."
        )
    there = all_cases > 0
    frame = counts.copy()
    for name in ("estimate", "lower", "upper", "shrunk", "shrunk_lower", "shrunk_upper"):
        frame[name] = np.nan
    frame["level"], frame["kind"] = level, "sampling"
    frame["reason"] = pd.array([None if some else f"no {total}" for some in there], dtype="string")
    frame.loc[there, "estimate"] = cases[there] / all_cases[there]
    low, high = proportion_confint(cases[there], all_cases[there], alpha=1.0 - level, method=method)
    frame.loc[there, "lower"], frame.loc[there, "upper"] = np.clip(low, 0, 1), np.clip(high, 0, 1)
    if there.sum() >= _FEWEST_GROUPS:
        a, b = fit_beta(cases[there], all_cases[there])
        a_post, b_post = a + cases[there], b + all_cases[there] - cases[there]
        frame.loc[there, "shrunk"] = a_post / (a_post + b_post)
        frame.loc[there, "shrunk_lower"] = stats.beta.ppf((1.0 - level) / 2.0, a_post, b_post)
        frame.loc[there, "shrunk_upper"] = stats.beta.ppf((1.0 + level) / 2.0, a_post, b_post)
    return frame


def fit_beta(cases: np.ndarray, total: np.ndarray) -> tuple[float, float]:
    """Return the beta distribution of shares that makes the counts most likely.

    Parameters
    ----------
    cases, total : ndarray of shape (G,), float64

    Returns
    -------
    a, b : float
        a / (a + b) is the common mean; a + b the number of cases that it is worth, at most a million, which stands
        for shares that do not differ.
    """

    def unlikelihood(x: np.ndarray) -> float:
        mean, worth = 1.0 / (1.0 + np.exp(-x[0])), np.exp(x[1])
        return float(-stats.betabinom.logpmf(cases, total, mean * worth, (1.0 - mean) * worth).sum())

    pooled = (cases.sum() + 0.5) / (total.sum() + 1.0)
    start = np.array([np.log(pooled / (1.0 - pooled)), np.log(20.0)])
    bounds = [(-15.0, 15.0), (np.log(0.05), np.log(_MOST_CASES))]
    best = min(
        (optimize.minimize(unlikelihood, [start[0], worth], bounds=bounds) for worth in (start[1], 0.0, 7.0)),
        key=lambda found: float(found.fun),
    )
    mean, worth = 1.0 / (1.0 + np.exp(-best.x[0])), np.exp(best.x[1])
    return float(mean * worth), float((1.0 - mean) * worth)
