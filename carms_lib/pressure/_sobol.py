"""Sobol indices over the ranges of a cohort, for inputs that are independent.

Belongs here: `find_sensitivity`. Does not belong here: what the joint draws of a study say (`_sensitivity`).

Every uncertain input of the cohort, and the size of every class of applicants, is drawn from its own range, independent
of the others. At each point of the design the same few draws of chance are run, keyed alike, and averaged: what is left
to vary is what the inputs do. The first-order index of an input is the share of the variance of the answer that would
go if that input alone were known; the total index is the share that would stay if all others were. They differ by what
inputs do together. Where a cohort carries joint draws, its inputs are not independent, and the answer varies far more
over this design than over a study: such a cohort is refused unless asked for with ``independent=True``.

References
----------
Saltelli, Annoni, Azzini, Campolongo, Ratto and Tarantola (2010), *Variance based sensitivity analysis of model
output*, Computer Physics Communications 181(2); as in `scipy.stats.sobol_indices`.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from carms_lib.exceptions import ArgumentError
from carms_lib.kernels.noise import entropy_from
from carms_lib.pressure._arguments import check_count, check_level
from carms_lib.pressure._pressure import wanted_metrics
from carms_lib.pressure._sensitivity import Sensitivity, no_driver
from carms_lib.pressure.metrics import HEADLINES, METRICS
from carms_lib.simulator import PARAMETERS, Market
from carms_lib.simulator.draw.block import BlockInputs, run_block
from carms_lib.simulator.draw.settings import draw_parameters, split_uniform

__all__ = ["find_sensitivity"]

_RESAMPLES = 200
_KIND = "sobol (independent inputs)"
_KIND_REASON = "inputs vary independently here, not as a study draws them"


def find_sensitivity(
    market: Market,
    *,
    n: int = 64,
    draws_per_point: int = 2,
    metric: str | Sequence[str] | None = None,
    independent: bool = False,
    level: float = 0.90,
    rng: Any = None,
) -> Sensitivity:
    """Return Sobol indices of headline results over the ranges of the market's cohort.

    Each input varies by itself over its range, independently of the others.

    Parameters
    ----------
    market : Market
    n : int, default 64
        Base points of the design, a power of 2, at least 8. The design has n (inputs + 2) points.
    draws_per_point : int, default 2
        Matches averaged at each point.
    metric : str or sequence of str, optional
        Some of `HEADLINES`; by default all of them, at no further cost.
    independent : bool, default False
        Whether to ignore the joint draws of a cohort that has some; such a cohort is refused otherwise.
    level : float, default 0.90
        Of the bootstrap intervals, in (0, 1).
    rng : int, numpy.random.SeedSequence, numpy.random.Generator or None
        As in `simulate`.

    Returns
    -------
    Sensitivity
        Of kind "sobol (independent inputs)". It names no driver: how often its bootstrap intervals hold after looking
        for the largest has not been counted.

    Raises
    ------
    UnknownNameError
        A result that there is not.
    ArgumentError
        n is no power of 2 or below 8, draws_per_point is not a positive whole number, a level outside (0, 1), a
        cohort that gives fewer than two inputs a range, or one with joint draws without ``independent=True``.
    """
    level = check_level(level)
    n, draws_per_point = check_count("n", n, 8), check_count("draws_per_point", draws_per_point)
    if n & (n - 1):
        raise ArgumentError(f"n={n!r} must be a power of 2, such as 64.")
    names = wanted_metrics(metric, list(HEADLINES))
    if not isinstance(independent, bool | np.bool_):
        raise ArgumentError(f"independent={independent!r} must be True or False.")
    if not independent and not market.cohort.draws.empty:
        raise ArgumentError(
            f"The cohort {market.cohort.name!r} has joint draws of {market.cohort.draws.shape[1]} inputs, so they are "
            "not independent and Sobol indices do not describe a study of it. Use sensitivity_of(study), or give "
            "independent=True to vary each input over its own range."
        )
    entropy = entropy_from(rng)
    inputs, moving = _inputs(market)
    if moving.sum() < 2:
        raise ArgumentError(
            f"The cohort {market.cohort.name!r} has a range for {int(moving.sum())} inputs; to say which moves the "
            "answer most takes two."
        )
    headline = _Headlines(market, names)
    draws = np.arange(draws_per_point)
    count = int(moving.sum())

    def answers(x: np.ndarray) -> np.ndarray:
        """Results at points of the unit cube, (inputs, points) -> (results, points)."""
        unit = np.full((x.shape[1], len(inputs)), 0.5)
        unit[:, moving] = x.T
        theta, sizes = _at(market, unit)

        def run(point: int) -> np.ndarray:
            (result,) = run_block(market, [market], entropy, 0, draws, BlockInputs(theta[point], sizes[point]))
            return headline.of(result.wished, result.final, result.quota)

        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            return np.array(list(pool.map(run, range(len(unit))))).T

    generator = np.random.default_rng(entropy)
    base = stats.qmc.Sobol(2 * count, scramble=True, rng=generator).random(n).T
    a, b = base[:count], base[count:]
    mixed = np.tile(a, (count, 1, 1))
    mixed[np.arange(count), np.arange(count)] = b  # A with one input of B, for each input
    of_a, of_b = answers(a), answers(b)
    of_mixed = answers(mixed.transpose(1, 0, 2).reshape(count, -1)).reshape(len(names), count, n).transpose(1, 0, 2)
    estimates = _indices(of_a, of_b, of_mixed)
    resampled = np.array(
        [
            _indices(of_a[:, rows], of_b[:, rows], of_mixed[:, :, rows])
            for rows in generator.integers(0, n, size=(_RESAMPLES, n))
        ]
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a result that never varied has no index
        low, high = np.nanquantile(resampled, [(1.0 - level) / 2.0, (1.0 + level) / 2.0], axis=0)
    of_design = np.concatenate([of_a, of_b], axis=1)
    n_draws = n * (count + 2) * len(draws)
    frames = [
        pd.DataFrame(
            {
                "metric": name, "input": inputs[moving], "order": order, "estimate": estimates[k, i],
                "lower": low[k, i], "upper": high[k, i],
            }
        )
        for k, order in enumerate(("first", "total"))
        for i, name in enumerate(names)
    ]  # fmt: skip
    frame = pd.concat(frames, ignore_index=True).assign(level=level, kind=_KIND, n_draws=n_draws)
    results = pd.DataFrame({"metric": names, "mean": of_design.mean(axis=1), "sd": of_design.std(axis=1, ddof=1)})
    provenance = market.provenance.with_settings(entropy=entropy, n=n, draws_per_point=draws_per_point, level=level)
    return Sensitivity(frame, results, provenance, no_driver(names, _KIND_REASON))


def _indices(of_a: np.ndarray, of_b: np.ndarray, of_mixed: np.ndarray) -> np.ndarray:
    """Return first-order and total indices, float64 of shape (2, results, inputs); missing for a constant result."""
    values = {"f_A": of_a, "f_B": of_b, "f_AB": of_mixed}
    values = {name: each.copy() for name, each in values.items()}  # scipy centres what it is given in place
    with np.errstate(invalid="ignore", divide="ignore"):
        found = stats.sobol_indices(func=values, n=of_a.shape[1])
    shape = (len(of_a), len(of_mixed))
    indices = np.stack([found.first_order.reshape(shape), found.total_order.reshape(shape)])
    constant = np.ptp(np.concatenate([of_a, of_b], axis=1), axis=1) == 0
    indices[:, constant] = np.nan
    return indices


def _inputs(market: Market) -> tuple[np.ndarray, np.ndarray]:
    """Return the names of all inputs, and which of them have a range."""
    cohort = market.cohort
    names = np.array([*PARAMETERS, *(f"size of {name}" for name in cohort.classes.index)], dtype=object)
    low = np.concatenate([cohort.parameters["low"].to_numpy(float), cohort.classes["low"].to_numpy(float)])
    high = np.concatenate([cohort.parameters["high"].to_numpy(float), cohort.classes["high"].to_numpy(float)])
    moving: np.ndarray = high > low
    return names, moving


def _at(market: Market, unit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return parameters and class sizes at points of the unit cube."""
    cohort = market.cohort
    theta = draw_parameters(cohort, unit[:, : len(PARAMETERS)])
    size, low, high = (cohort.classes[name].to_numpy(float) for name in ("size", "low", "high"))
    return theta, split_uniform(unit[:, len(PARAMETERS) :], size, low, high) * market.class_factors


class _Headlines:
    """Headline results of a few draws, averaged."""

    def __init__(self, market: Market, names: Sequence[str]) -> None:
        classes = market.cohort.classes
        whose = market.applicants["applicant_class"]
        canadian = classes.index[(classes["graduates_of"] == "schools") & (classes["stream"] == "CMG")]
        self.canadian = whose.isin(canadian).to_numpy()
        self.international = whose.isin(classes.index[classes["stream"] == "IMG"]).to_numpy()
        self.family = (market.programs["discipline"] == "Family Medicine").to_numpy()
        self.discipline = market.tables.program_discipline
        self.names = list(names)

    def of(self, wished: np.ndarray, final: np.ndarray, quota: np.ndarray) -> np.ndarray:
        """Return the results, float64 of shape (names,)."""
        draws = len(final)
        matched = final >= 0
        seated = np.where(matched, final, 0)
        choosing = wished >= 0
        got = matched & (self.discipline[seated] == self.discipline[np.where(choosing, wished, 0)])
        counts = {
            "unmatched_cmg": ((final == -1) & self.canadian).sum(),
            "matched_img": (matched & self.international).sum(),
            "seats": quota.sum(),
            "filled": matched.sum(),
            "seats_family_medicine": quota[:, self.family].sum(),
            "filled_family_medicine": (matched & self.family[seated]).sum(),
            "first_choices": choosing.sum(),
            "first_choices_elsewhere": (choosing & ~got).sum(),
        }
        values = []
        for row in (METRICS[name] for name in self.names):
            top = counts[row.terms[0]] - sum(counts[less] for less in row.terms[1:])
            values.append(top / (draws if row.denominator is None else max(counts[row.denominator], 1)))
        return np.array(values, dtype=np.float64)
