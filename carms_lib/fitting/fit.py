"""The fits: 2016 alone, then 2017 as well, then the headlines of 2025.

Belongs here: which figures each fit meets, what it starts from, and the base cohort that all of them share. Does not
belong here: the scheme (`ensemble`), and the cohorts that are made of the result (`distributions`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from carms_lib.fitting.cohorts import cohort_of
from carms_lib.fitting.distributions import Prior, prior_table, sample
from carms_lib.fitting.ensemble import market_of, run_ensemble, smooth
from carms_lib.fitting.headlines import headline_error, headline_market, headline_moments, headline_target
from carms_lib.fitting.moments import discrepancy, published_moments
from carms_lib.fitting.published import Published
from carms_lib.simulator import Cohort, Market, load_cohort

__all__ = [
    "LEFT_OUT",
    "Fit",
    "base_cohort",
    "demand_spread",
    "fit_headlines",
    "fit_year",
    "headline_prior",
    "later_base",
]

#: Moments that the tables give and no fit meets, with the reason.
LEFT_OUT = {
    "IMG disciplines": "a wish list holds three disciplines at most; some international graduates apply to more",
    "IMG programs": "follows from it, and from a length of list that all classes share",
}
MEMBERS = 200
_DRAWS = 2  # matches averaged for each member: less noise in the moments for less than twice the price
_FM = "disciplines.cmg_first.Family Medicine"
_CLASS_MERIT = "classes.merit."


def _silent(line: str) -> None:
    del line


class Fit(NamedTuple):
    """An ensemble and what it was fitted to.

    Attributes
    ----------
    ensemble : pandas.DataFrame
        One row per member, on the inputs' own scales, dummies included.
    prior : pandas.DataFrame
    market : Market
    target, error : pandas.Series
        Published moments and their standard deviations.
    """

    ensemble: pd.DataFrame  # own scales, dummies included
    prior: pd.DataFrame
    market: Market
    target: pd.Series
    error: pd.Series


def base_cohort() -> Cohort:
    """Return rules, languages and provinces as bundled, without anything that a fit or a table settles.

    Whatever was bundled, the fit is the same to the last bit.
    """
    bundled = load_cohort("2025").without_draws()
    provinces = bundled.provinces.assign(appeal=0.0, attachment=0.0)
    provinces["img_residents"] = provinces["img_residents"].where(provinces.index != "QC", 5.0)
    disciplines = bundled.disciplines.copy()
    disciplines.loc["Family Medicine", "cmg_first"] = 0.307
    classes = bundled.classes.copy()
    for name, of_class in prior_table()["mean"].filter(like=_CLASS_MERIT).items():
        classes.loc[str(name).removeprefix(_CLASS_MERIT), "merit"] = of_class
    bundled = bundled.with_parameter(
        "reversion_share", 0.5, 0.25, 0.75, source="Assumed; the range says how far it could be off"
    )
    return replace(
        bundled,
        classes=classes,
        provinces=provinces,
        disciplines=disciplines,
        schools=bundled.schools.assign(attachment=0.0),
        tastes=pd.DataFrame(),
        class_schools=pd.DataFrame(),
    )


def demand_spread(published: Published, until: int) -> float:
    """Return how much a discipline's share of first choices moves in a year, beyond chance.

    Parameters
    ----------
    published : Published
    until : int
        Last year that is used.

    Returns
    -------
    float
        Standard deviation of a log share over one year.

    Notes
    -----
    For lags of one to seven years, the mean over disciplines with 25 first choices or more of (change of log
    share)^2 - 1/n - 1/n', which takes Poisson noise off; then the slope of a line through the origin, as a random walk
    would have it. Its root is the answer.
    """
    lags, variances = [], []
    for lag in range(1, 8):
        squares = []
        for year in range(2009 + lag, until + 1):
            before, after = (published.by_discipline(y, "CMG", "first_choice_applicants") for y in (year - lag, year))
            both = before.index.intersection(after.index)
            before, after = before[both], after[both]
            enough = (before >= 25) & (after >= 25)
            change = np.log(after[enough] / after.sum()) - np.log(before[enough] / before.sum())
            squares.append(change**2 - 1.0 / before[enough] - 1.0 / after[enough])
        if squares:
            lags.append(float(lag))
            variances.append(float(pd.concat(squares).mean()))
    years = np.array(lags)
    slope = float(years @ np.array(variances) / (years @ years))
    return float(np.sqrt(max(slope, 0.0)))


def fit_year(
    published: Published,
    year: int,
    base: Cohort,
    rng: np.random.Generator,
    *,
    start: pd.DataFrame | None = None,
    members: int = MEMBERS,
    steps: int = 4,
    tell: Callable[[str], None] = _silent,
) -> Fit:
    """Fit to the tables of 2016 or 2017.

    Parameters
    ----------
    published : Published
    year : int
        2016 or 2017.
    base : Cohort
        As `base_cohort` returns it.
    rng : numpy.random.Generator
    start : pandas.DataFrame, optional
        The ensemble that an earlier year's fit returned; by default `members` draws from the prior.
    members, steps : int
        Size of the ensemble, and steps of the smoother.
    tell : callable
        Called with one line a step.

    Returns
    -------
    Fit
    """
    prior = prior_table()
    market = market_of(published, year, base)
    target = published_moments(published, year).drop(list(LEFT_OUT))
    middle = sample(prior.assign(spread=0.0), 24, rng)
    if start is not None:
        middle.loc[:, :] = start.mean().to_numpy()
    chance = run_ensemble(market, middle, prior, draws=1, entropy=year)[list(target.index)].var()
    # What the model misses in one year it misses in the next: met a second time, it says less.
    again = 1.0 if start is None else 1.5
    error: pd.Series = (chance + (again * discrepancy(target)) ** 2) ** 0.5
    ensemble = sample(prior, members, rng) if start is None else start
    fitted = smooth(
        ensemble,
        lambda e, step: run_ensemble(market, e, prior, draws=_DRAWS, entropy=10 * year + step),
        target,
        error,
        steps=steps,
        rng=rng,
        tell=tell,
    )
    return Fit(fitted, prior, market, target, error)


def later_base(published: Published, base: Cohort) -> Cohort:
    """Return the cohort of the years after 2017: tastes and shares of 2017 under the names of the release.

    Parameters
    ----------
    published : Published
    base : Cohort
        As `base_cohort` returns it.

    Returns
    -------
    Cohort
    """
    tables = cohort_of(published, 2017, base)
    classes = base.classes.copy()
    for name in ("cmg_current", "cmg_prior", "usmg", "img"):
        for column in ("first_iteration", "second_iteration"):
            classes.loc[name, column] = float(tables.classes[column].to_dict()[name])
    classes.loc["military", "first_iteration"] = 1.0
    columns = dict(base.columns)
    for key in ("classes.first_iteration", "classes.second_iteration", "class_schools", "tastes"):
        columns[key] = tables.columns[key]
    columns["schools.graduates"] = tables.columns["schools.graduates"]
    return replace(
        base,
        classes=classes,
        schools=base.schools.assign(graduates=tables.schools["graduates"]),
        tastes=tables.tastes[[name for name in base.disciplines.index if name in tables.tastes.columns]],
        class_schools=tables.class_schools[["cmg_prior"]],
        sources={**base.sources, **tables.sources},
        columns=columns,
    )


def _drift(name: str) -> float:
    """How far eight years may have moved an input, in prior spreads.

    Most for who competes: from 2017 to 2025 matched international graduates doubled (CaRMS: 411 and 851).
    """
    if name.startswith("classes") or name == "ranked_share_abroad":
        return 1.0
    return 0.5 if name.startswith(("provinces", "schools", "second")) else 0.3


def headline_prior(
    fitted: pd.DataFrame, prior: pd.DataFrame, rng: np.random.Generator
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return what the tables of 2016-2017 say of a later year: their ensemble, widened by years of drift.

    Parameters
    ----------
    fitted, prior : pandas.DataFrame
        Ensemble and prior of the fit to the tables.
    rng : numpy.random.Generator

    Returns
    -------
    prior : pandas.DataFrame
        With two inputs more: Family Medicine's share of first choices, last published in 2022, and reversions.
    ensemble : pandas.DataFrame
    """
    drift = np.array([_drift(str(name)) for name in prior.index]) * prior["spread"].to_numpy()
    ensemble = fitted.copy()
    names = list(prior.index)
    ensemble[names] = ensemble[names] + drift * rng.standard_normal((len(ensemble), len(names)))
    more = pd.DataFrame(
        [
            Prior(_FM, "log", np.log(0.307), 0.1, "30.7 % in 2022 (CFPC), three years before"),
            Prior("reversion_share", "log odds", 0.0, 0.6, "wide"),
        ]
    ).set_index("name")
    for name, row in more.iterrows():
        ensemble[name] = row["mean"] + row["spread"] * rng.standard_normal(len(ensemble))
    dummies = [name for name in ensemble.columns if str(name).startswith("dummy")]
    return pd.concat([prior, more]), ensemble[[*names, *more.index, *dummies]]


def fit_headlines(
    published: Published,
    year: int,
    base: Cohort,
    prior: pd.DataFrame,
    start: pd.DataFrame,
    rng: np.random.Generator,
    *,
    steps: int = 3,
    tell: Callable[[str], None] = _silent,
) -> Fit:
    """Fit to the headlines of 2023, 2024 or 2025.

    Parameters
    ----------
    published : Published
    year : int
        2023, 2024 or 2025.
    base : Cohort
        As `later_base` returns it.
    prior, start : pandas.DataFrame
        As `headline_prior` returns them: what is believed before the headlines.
    rng : numpy.random.Generator
    steps : int
        Steps of the smoother.
    tell : callable
        Called with one line a step.

    Returns
    -------
    Fit
    """
    market = headline_market(base, year)
    target = headline_target(published, year)
    middle = start.copy().iloc[:24]
    middle.loc[:, :] = start.mean().to_numpy()
    chance = run_ensemble(market, middle, prior, draws=1, entropy=year, moments=headline_moments)
    error: pd.Series = (chance[list(target.index)].var() + headline_error(target) ** 2) ** 0.5
    fitted = smooth(
        start,
        lambda e, step: run_ensemble(
            market, e, prior, draws=_DRAWS, entropy=10 * year + step, moments=headline_moments
        ),
        target,
        error,
        steps=steps,
        rng=rng,
        tell=tell,
    )
    return Fit(fitted, prior, market, target, error)
