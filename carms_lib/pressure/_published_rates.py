"""Published counts: intervals and shrinkage for shares that are counted, not simulated.

Belongs here: what may be said of a published count of few persons, such as 3 of 7 seats left. Does not belong here:
bands of simulated numbers (`_bands`), whose kinds these are not: a published count has sampling error alone.

Each count is taken as binomial. Its own interval is Wilson's by default, which keeps its promise on average over
shares for few cases and near 0 and 1, and not at every share. Counts of one kind, such as the same share in many
disciplines, lend each other strength: with shares spread as a beta distribution of mean m and worth w (of that many
cases), each share is drawn towards the common mean, the more the fewer cases stand behind it. m and w are not known:
posterior mean and interval are averages over both, weighted by how likely each pair makes all counts (beta-binomial)
times a prior that says little: the arcsine law (Jeffreys) for m, and a uniform law for the shrinkage w / (w + n), n
the harmonic mean of the totals. Where shares hardly differ, intervals hold more than they say. A fitted pair taken as
known holds far less than it says where groups are few or shares hardly differ. ``tests/benchmarks/rates_coverage.py``
counts how often the intervals hold.

References
----------
Brown, Cai and DasGupta (2001), *Interval estimation for a binomial proportion*, Statistical Science 16(2).
Daniels (1999), *A prior for the variance in hierarchical models*, Canadian Journal of Statistics 27(3).
Everson and Morris (2000), *Inference for multivariate normal hierarchical models*, JRSS B 62(2).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import special

from carms_lib.exceptions import ArgumentError
from carms_lib.pressure._arguments import check_level, check_name

__all__ = ["RATE_METHODS", "published_rates"]

RATE_METHODS = ("wilson", "jeffreys", "agresti_coull", "beta")
_FEWEST_GROUPS = 5
_MEANS, _SHRINKAGES, _KEPT = 41, 32, 60  # points of the grid over m and w, and the pairs drawn from it


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
        mean, low, high = shrunk_rates(cases[there], all_cases[there], level)
        frame.loc[there, "shrunk"], frame.loc[there, "shrunk_lower"], frame.loc[there, "shrunk_upper"] = mean, low, high
    return frame


def shrunk_rates(cases: np.ndarray, total: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return posterior means and equal-tailed intervals of shares that are spread as some beta distribution.

    Parameters
    ----------
    cases, total : ndarray of shape (G,), float64
        No total is 0.
    level : float

    Returns
    -------
    mean, lower, upper : ndarray of shape (G,), float64
    """
    a, b = _likely_betas(cases, total)
    a_post, b_post = a[:, None] + cases, b[:, None] + total - cases
    mean = (a_post / (a_post + b_post)).mean(axis=0)
    ends = [_mixture_quantile(a_post, b_post, tail) for tail in ((1.0 - level) / 2.0, (1.0 + level) / 2.0)]
    return mean, np.minimum(ends[0], mean), np.maximum(ends[1], mean)


def _likely_betas(cases: np.ndarray, total: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return equally weighted pairs (a, b) from their posterior, float64 of shape (K,) each.

    The grid is regular in the angle asin(sqrt(m)), in which the arcsine law is uniform, and in the shrinkage; a second
    one covers more finely the angles that the first found likely. Pairs are taken from it at even steps of the
    cumulative posterior, so nothing is random.
    """
    typical = len(total) / (1.0 / total).sum()
    shrinkage = (np.arange(_SHRINKAGES) + 0.5) / _SHRINKAGES
    worth = typical * shrinkage / (1.0 - shrinkage)
    low, high = 0.0, np.pi / 2.0
    for _ in range(2):
        angle = low + (high - low) * (np.arange(_MEANS) + 0.5) / _MEANS
        a = np.sin(angle)[:, None] ** 2 * worth
        b = np.cos(angle)[:, None] ** 2 * worth
        chance = (
            special.betaln(a[..., None] + cases, b[..., None] + total - cases) - special.betaln(a, b)[..., None]
        ).sum(axis=-1)
        weight = np.exp(chance - chance.max())
        likely = np.flatnonzero(weight.max(axis=1) > 1e-6)
        step = (high - low) / _MEANS
        low, high = max(angle[likely[0]] - step, 0.0), min(angle[likely[-1]] + step, np.pi / 2.0)
    order = weight.T.ravel()  # along m within w, so that even steps spread over w
    reached = np.cumsum(order) / order.sum()
    at = np.searchsorted(reached, (np.arange(_KEPT) + 0.5) / _KEPT).clip(max=len(order) - 1)
    return a.T.ravel()[at], b.T.ravel()[at]


def _mixture_quantile(a: np.ndarray, b: np.ndarray, tail: float) -> np.ndarray:
    """Return the quantile of each column's equal mixture of beta distributions, by bisection, then along a chord."""
    low, high = np.zeros(a.shape[1]), np.ones(a.shape[1])
    at_low, at_high = np.zeros(a.shape[1]), np.ones(a.shape[1])
    for _ in range(13):
        middle = (low + high) / 2.0
        reached = special.betainc(a, b, middle).mean(axis=0)
        below = reached < tail
        low, at_low = np.where(below, middle, low), np.where(below, reached, at_low)
        high, at_high = np.where(below, high, middle), np.where(below, at_high, reached)
    out: np.ndarray = low + (high - low) * (tail - at_low) / np.maximum(at_high - at_low, 1e-300)
    return out
