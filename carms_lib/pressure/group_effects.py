"""How much of the variance of a result each group of inputs explains, from settings that were drawn jointly.

Belongs here: the regression, Shapley effects over groups, intervals that hold together, and which groups may be the
largest. Does not belong here: studies and their results (`_sensitivity`).

B settings x_b of p inputs gave block means y_b of a result, whose chance variance s2 = var(within) / R is known. The
model is y_b = m + x_b'β + δ_b + ε_b, with ε of variance s2 and δ, of variance t2, what inputs do that is not linear.
Inputs are as many as settings, so that least squares would fit chance. The coefficients of a group g share a scale,
β_j ~ N(0, l_j s_g²), with half-Cauchy priors for s_g and heavy-tailed l_j (one input of a group may matter alone);
β, all scales and t2 are drawn from their posterior by Gibbs sampling.

The value of knowing a set S of groups is v(S) = var(E[x'β | x_S]) = β'M_S β, with M_S = C_.S C_SS⁻¹ C_S. and C the
correlations of the inputs. A group's
Shapley effect is the mean of what it adds to v over all orders of the groups: β'Q_g β for one matrix Q_g that is
positive semidefinite. Its share is β'Q_g β / (β'Cβ + t2): between 0 and 1, of var(E[y | inputs]) rather than of
var(y), and shares add up to at most one; the rest is δ.

How inputs vary and go together is a property of the cohort, known from thousands of settings that cost no match: C, and
the scale of each input, come from these. Taken from the B settings of a study alone, chance in C bends every effect:
intervals that should hold together 90 times in a hundred held 48 to 82 times.

Intervals are quantiles of the posterior at one probability for all groups, chosen so that all groups lie inside
together with the level asked for; they may therefore be read after looking for the largest. Ends are rounded outward
to whole percent, so that a group that moves nothing can have an interval that holds 0. Two groups are told apart where
the interval of their difference, simultaneous over all pairs, leaves out 0. How often all this holds is counted by
``tests/benchmarks/sensitivity_coverage.py``.

References
----------
Owen (2014), *Sobol' indices and Shapley value*, SIAM/ASA Journal on Uncertainty Quantification 2.
Song, Nelson and Staum (2016), *Shapley effects for global sensitivity analysis*, SIAM/ASA JUQ 4.
Makalic and Schmidt (2016), *A simple sampler for the horseshoe estimator*, IEEE Signal Processing Letters 23.
Mogstad, Romano, Shaikh and Wilhelm (2024), *Inference for ranks*, Review of Economic Studies 91.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from math import factorial
from typing import NamedTuple

import numpy as np
from scipy import linalg

__all__ = ["GroupEffects", "InputLaw", "group_effects", "joint_interval", "shapley_forms"]

_BURN, _KEEP = 150, 600
_LOCAL = 3.0  # degrees of freedom of a coefficient's own scale
_GRID = np.concatenate([[0.0], np.geomspace(1e-4, 1.0, 40)])  # t2 as a share of var(y)


class InputLaw(NamedTuple):
    """How p inputs vary and go together.

    Attributes
    ----------
    mean, sd : ndarray of shape (p,), float64
        No sd is zero.
    correlations : ndarray of shape (p, p), float64
    """

    mean: np.ndarray
    sd: np.ndarray
    correlations: np.ndarray


class GroupEffects(NamedTuple):
    """Shares of groups; G groups.

    Attributes
    ----------
    estimate, lower, upper : ndarray of shape (G,), float64
        Posterior mean and simultaneous interval.
    leading : ndarray of shape (G,), bool
        Whether the group may be the largest: no other is shown to be larger.
    rest : float
        Share of var(E[y | inputs]) that no group has.
    """

    estimate: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    leading: np.ndarray
    rest: float


def group_effects(
    y: np.ndarray,
    x: np.ndarray,
    groups: np.ndarray,
    noise: float,
    level: float,
    rng: np.random.Generator,
    law: InputLaw,
    forms: np.ndarray | None = None,
) -> GroupEffects:
    """Return the share of each group with intervals that hold together.

    Parameters
    ----------
    y : ndarray of shape (B,), float64
        The result in each setting.
    x : ndarray of shape (B, p), float64
        The inputs; none is constant.
    groups : ndarray of shape (p,), int
        The group of each input, 0 to G - 1; every group has an input.
    noise : float
        Chance variance of y.
    level : float
    rng : numpy.random.Generator
    law : InputLaw
        Of the cohort that the settings are drawn from.
    forms : ndarray of shape (G, p, p), optional
        Of `shapley_forms`, where they are at hand.

    Returns
    -------
    GroupEffects
    """
    z = (x - law.mean) / law.sd
    z = z - z.mean(axis=0)  # the intercept
    scale = float(y.std())
    centred = (y - y.mean()) / scale
    if forms is None:
        forms = shapley_forms(law.correlations, groups)
    beta, other = _posterior(centred, z, groups, noise / scale**2, rng)
    values = np.stack([((beta @ form) * beta).sum(axis=1) for form in forms], axis=1)
    total = values.sum(axis=1) + other
    shares = values / np.maximum(total, 1e-12)[:, None]
    estimate = shares.mean(axis=0)
    lower, upper = joint_interval(shares, level)
    lower, upper = np.floor(100.0 * lower) / 100.0, np.minimum(np.ceil(100.0 * upper) / 100.0, 1.0)
    count = shares.shape[1]
    pairs = list(itertools.combinations(range(count), 2))
    leading = np.ones(count, dtype=bool)
    if pairs:
        low, high = joint_interval(np.stack([shares[:, i] - shares[:, j] for i, j in pairs], axis=1), level)
        for (i, j), least, most in zip(pairs, low, high, strict=True):
            leading[j] &= least <= 0
            leading[i] &= most >= 0
    return GroupEffects(
        estimate, np.minimum(lower, estimate), np.maximum(upper, estimate), leading, float(1 - estimate.sum())
    )


def _posterior(
    y: np.ndarray, z: np.ndarray, groups: np.ndarray, noise: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return draws of the coefficients, (K, p), and of t2, (K,), for y of variance one."""
    settings, p = z.shape
    count = int(groups.max()) + 1
    members = np.bincount(groups, minlength=count)
    prior = 1.0 / np.sqrt(count * members)  # of the scale s_g: groups alike, and together about var(y)
    cross, target = z.T @ z, z.T @ y
    variances = np.maximum(noise, 1e-6) + _GRID
    wide = np.full(count, 0.1)  # s_g² in units of prior²
    local, aid, rest = np.ones(p), np.ones(count), max(0.1, noise)
    kept, other = np.empty((_KEEP, p)), np.empty(_KEEP)
    for step in range(-_BURN, _KEEP):
        spread = local * (wide * prior**2)[groups]
        precision = cross / rest
        precision[np.diag_indices(p)] += 1.0 / spread
        root = np.linalg.cholesky(precision)
        mean = linalg.solve_triangular(root, target / rest, lower=True, check_finite=False)
        beta = linalg.solve_triangular(root, mean + rng.standard_normal(p), lower=True, trans="T", check_finite=False)
        square = beta**2 / (prior**2)[groups]
        local = (_LOCAL / 2.0 + square / wide[groups] / 2.0) / rng.gamma((_LOCAL + 1.0) / 2.0, size=p)
        wide = (1.0 / aid + np.bincount(groups, square / local, count) / 2.0) / rng.gamma((members + 1.0) / 2.0)
        aid = (1.0 + 1.0 / wide) / rng.gamma(1.0, size=count)
        left = float(((y - z @ beta) ** 2).sum())
        weight = -0.5 * settings * np.log(variances) - 0.5 * left / variances
        chances = np.exp(weight - weight.max())
        at = int(np.searchsorted(np.cumsum(chances), rng.random() * chances.sum()))
        rest = variances[min(at, len(variances) - 1)]
        if step >= 0:
            kept[step], other[step] = beta, rest - variances[0]
    return kept, other


def shapley_forms(correlations: np.ndarray, groups: Sequence[int] | np.ndarray) -> np.ndarray:
    """Return the matrices Q_g of Shapley effects: the effect of group g is β'Q_g β, and their sum is `correlations`.

    Parameters
    ----------
    correlations : ndarray of shape (p, p), float64
    groups : array-like of shape (p,), int

    Returns
    -------
    ndarray of shape (G, p, p), float64
    """
    groups = np.asarray(groups)
    count = int(groups.max()) + 1
    forms = np.zeros((count, *correlations.shape))
    for size in range(1, count + 1):
        weight_in = factorial(size - 1) * factorial(count - size) / factorial(count)
        weight_out = 0.0 if size == count else factorial(size) * factorial(count - size - 1) / factorial(count)
        for subset in itertools.combinations(range(count), size):
            inside = np.isin(groups, subset)
            part = correlations[:, inside]
            known = part @ linalg.solve(correlations[np.ix_(inside, inside)], part.T, assume_a="pos")
            for group in range(count):
                forms[group] += (weight_in if group in subset else -weight_out) * known
    return forms


def joint_interval(draws: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Return equal-tailed quantiles of each column between which a draw lies in all columns with probability `level`.

    Parameters
    ----------
    draws : ndarray of shape (K, G), float64
    level : float

    Returns
    -------
    lower, upper : ndarray of shape (G,), float64
    """
    count = len(draws)
    ranks = draws.argsort(axis=0).argsort(axis=0) + 1
    depth = np.minimum(ranks, count + 1 - ranks).min(axis=1)
    tail = max(float(np.quantile(depth, 1.0 - level, method="lower")) / (count + 1), 1.0 / (count + 1))
    lower, upper = np.quantile(draws, [tail, 1.0 - tail], axis=0)
    return lower, upper
