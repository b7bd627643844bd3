"""An ensemble of settings of the uncertain inputs: simulated, and moved step by step towards the published moments.

Belongs here: joining a year's seats and cohort into a market, and running an ensemble of settings through it; ensemble
smoothing with multiple data assimilation, its inflation, and the diagnostics of what it found out. Does not belong
here: which moments are met (`fit`), and what a moment is (`moments`).

Why this scheme. The likelihood of the published tables has no closed form; there are about sixty inputs and seventy
moments; a simulated match is cheap but not free. An ensemble smoother needs no derivatives, no likelihood and a few
hundred simulations a step, and returns draws of all inputs together. It takes the moments for about normal around the
model's, and the model for about linear within the ensemble's spread; posterior predictive checks test both.

Every step moves member j by

    x_j += C_xy (C_yy + a R)^-1 (y + sqrt(a) e_j - y_j),    e_j ~ N(0, R),

with C the ensemble's covariances, R the moments' error (chance in one match, and what the model may miss), and a the
number of steps, so that all steps together use the data once.

A finite ensemble sees correlations where there are none, and grows too sure of itself. Inputs that nothing depends on
("dummies") are carried along: by how much their spread shrinks is by how much too much everybody's did, and the
ensemble's deviations are divided by it at the end.

References
----------
Emerick and Reynolds (2013), *Ensemble smoother with multiple data assimilation*, Computers & Geosciences 55.
Evensen (2009), *The ensemble Kalman filter for combined state and parameter estimation*, IEEE Control Systems 29(3).
Kennedy and O'Hagan (2001), *Bayesian calibration of computer models*, JRSS B 63(3): a model's own discrepancy.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np
import pandas as pd

from carms_lib.fitting.cohorts import cohort_of
from carms_lib.fitting.distributions import inputs_of, natural
from carms_lib.fitting.markets import programs_of, seats_of
from carms_lib.fitting.moments import simulated_moments
from carms_lib.fitting.published import Published
from carms_lib.loaders import load_release
from carms_lib.simulator import Cohort, Market
from carms_lib.simulator.draw.block import DRAWS_PER_INPUT, BlockInputs, BlockResult, run_block
from carms_lib.transforms import build

__all__ = ["SETTLED", "SINGLY", "held", "market_of", "run_ensemble", "smooth", "template"]

#: Inputs that the tables of 2016-2017 settle: quotas after reversions are known, and so are first choices.
SETTLED = {"quota_drift": 0.0, "reversion_share": 0.0, "demand_spread": 0.0}
#: Fits match everybody singly: couples are one applicant in twenty-five, move the moments by less than chance does,
#: and an odd member of an early ensemble can take a hundred times as long over them.
SINGLY = {"couples_share": 0.0}


@cache
def template() -> pd.DataFrame:
    """Return the programs of the bundled release."""
    frame: pd.DataFrame = build(load_release()).gold["program"]
    return frame


def held(cohort: Cohort, values: dict[str, float], source: str) -> Cohort:
    """Return a cohort with some inputs held at a value.

    Parameters
    ----------
    cohort : Cohort
    values : dict of str to float
        Input -> the value that it is held at.
    source : str
        Where the values come from.

    Returns
    -------
    Cohort
    """
    for name, value in values.items():
        cohort = cohort.with_parameter(name, value, source=source)
    return cohort


def market_of(published: Published, year: int, base: Cohort, *, taste_year: int | None = None) -> Market:
    """Return the market of 2016 or 2017.

    Parameters
    ----------
    published : Published
    year : int
        2016 or 2017.
    base : Cohort
        Its rules, provinces and languages are kept.
    taste_year : int, optional
        Take what graduates want first from another year's tables, as a forecast must.

    Returns
    -------
    Market
    """
    cohort = cohort_of(published, year, base, taste_year=taste_year)
    cohort = held(cohort, SETTLED | SINGLY, f"CaRMS R-1 {year} tables 9 to 14: quotas and first choices are known")
    return Market.from_gold(programs_of(seats_of(published, year), template()), cohort)


def run_ensemble(
    market: Market,
    ensemble: pd.DataFrame,
    prior: pd.DataFrame,
    *,
    draws: int,
    entropy: int,
    moments: Callable[[Market, BlockInputs, BlockResult, int, int], pd.Series] = simulated_moments,
) -> pd.DataFrame:
    """Return the moments of every member, each simulated in a block of its own, averaged over `draws` matches.

    Parameters
    ----------
    market : Market
    ensemble : pandas.DataFrame
        One row per member, on the inputs' own scales; dummies are allowed.
    prior : pandas.DataFrame
        As `prior_table` returns it: which columns are inputs, and on which scale.
    draws : int
        Matches per member.
    entropy : int
    moments : callable
        (market, inputs, result, entropy, block) -> moments of one block.

    Returns
    -------
    pandas.DataFrame
        One row per member, one column per moment.
    """
    values = natural(ensemble, prior)

    def one(member: int) -> pd.Series:
        block = member
        inputs = inputs_of(market.cohort, values.iloc[member])
        of_block = np.arange(block * DRAWS_PER_INPUT, block * DRAWS_PER_INPUT + draws)
        result = run_block(market, [market], entropy, block, of_block, inputs)[0]
        return moments(market, inputs, result, entropy, block)

    with ThreadPoolExecutor(os.cpu_count() or 1) as threads:
        return pd.DataFrame(list(threads.map(one, range(len(ensemble)))))


Simulate = Callable[[pd.DataFrame, int], pd.DataFrame]


def smooth(
    start: pd.DataFrame,
    simulate: Simulate,
    target: pd.Series,
    error: pd.Series,
    *,
    steps: int,
    rng: np.random.Generator,
    tell: Callable[[str], None],
) -> pd.DataFrame:
    """Return the ensemble after all steps.

    Parameters
    ----------
    start : pandas.DataFrame
        One row per member, one column per input on its own scale; columns that start with "dummy" are dummies.
    simulate : callable
        (ensemble, step) -> moments, one row per member.
    target, error : pandas.Series
        Published moments, and their standard deviations.
    steps : int
    rng : numpy.random.Generator
        Perturbs the moments, a draw for each member and step.
    tell : callable
        Called with one line a step.

    Returns
    -------
    pandas.DataFrame
        With the columns of `start`.
    """
    names = list(target.index)
    scale = error.loc[names].to_numpy(dtype=float)
    wanted = target.loc[names].to_numpy(dtype=float) / scale
    x = start.to_numpy(dtype=float).copy()
    dummy = np.array([str(name).startswith("dummy") for name in start.columns])
    began = x[:, dummy].std(axis=0, ddof=1)
    for step in range(steps):
        y = simulate(pd.DataFrame(x, columns=start.columns), step)[names].to_numpy(dtype=float) / scale
        misfit = float(np.mean((y.mean(axis=0) - wanted) ** 2))
        tell(f"step {step + 1} of {steps}: mean squared misfit {misfit:.2f} error variances")
        dx, dy = x - x.mean(axis=0), y - y.mean(axis=0)
        members = len(x) - 1
        cxy, cyy = dx.T @ dy / members, dy.T @ dy / members
        noise = np.sqrt(steps) * rng.standard_normal(y.shape)
        noise -= noise.mean(axis=0)
        gain = np.linalg.solve(cyy + steps * np.eye(len(names)), cxy.T).T
        x = x + (wanted + noise - y) @ gain.T
    if dummy.any():
        kept = float(np.mean(x[:, dummy].std(axis=0, ddof=1) / began))
        tell(f"dummies kept {kept:.2f} of their spread; deviations are divided by it")
        x = x.mean(axis=0) + (x - x.mean(axis=0)) / min(kept, 1.0)
    return pd.DataFrame(x, columns=start.columns)
