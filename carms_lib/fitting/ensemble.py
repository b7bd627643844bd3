"""Settings of the uncertain inputs, simulated: the market of 2016 or 2017, and the moments of every member.

Belongs here: joining a year's seats and cohort into a market, and running an ensemble of settings through it. Does not
belong here: the fit (`smoother`), which only sees moments.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np
import pandas as pd

from carms_lib.fitting.cohorts import cohort_of
from carms_lib.fitting.markets import programs_of, seats_of
from carms_lib.fitting.moments import simulated_moments
from carms_lib.fitting.priors import inputs_of, natural
from carms_lib.fitting.published import Published
from carms_lib.loaders import load_release
from carms_lib.simulator import Cohort, Market
from carms_lib.simulator.draw.block import DRAWS_PER_INPUT, BlockInputs, BlockResult, run_block
from carms_lib.transforms import build

__all__ = ["SINGLY", "held", "market_of", "run_ensemble", "template"]

#: Inputs that the tables of 2016-2017 settle: quotas after reversions are known, and so are first choices.
_SETTLED = {"quota_drift": 0.0, "reversion_share": 0.0, "demand_spread": 0.0}
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
    cohort = held(cohort, _SETTLED | SINGLY, f"CaRMS R-1 {year} tables 9 to 14: quotas and first choices are known")
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
