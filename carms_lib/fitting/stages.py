"""The three stages of the calibration, in their order, the checks of each, and the cohorts that they give.

Belongs here: the order of the stages; published figures beside simulated ones, and what the figures identify; the
cohorts 2016, 2017 and 2025. Does not belong here: a stage itself (`fit`), and the page that shows the checks
(``docs/make_calibration.py``).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from carms_lib.fitting.cohorts import cohort_of
from carms_lib.fitting.distributions import prior_table, sample, with_fit
from carms_lib.fitting.ensemble import held, run_ensemble
from carms_lib.fitting.fit import (
    Fit,
    base_cohort,
    demand_spread,
    fit_headlines,
    fit_year,
    headline_prior,
    later_base,
)
from carms_lib.fitting.headlines import headline_cohort, headline_moments, headline_target
from carms_lib.fitting.moments import published_moments
from carms_lib.fitting.published import Published
from carms_lib.pressure import quantiles
from carms_lib.simulator import Cohort

__all__ = [
    "SEED",
    "Stages",
    "check_figures",
    "check_stages",
    "fit_stages",
    "fitted_cohorts",
    "identification",
    "misfit",
    "tell",
]

#: Of the generator that the bundled cohorts were fitted with.
SEED = 2016
_TABLES = (
    "CaRMS R-1 {years} tables 2, 15 to 17, 30, 32, 42, 48, 55 and 56, as stored at github.com/jimprince/analysis, "
    "CaRMS/data, by an ensemble smoother (carms_lib.fitting); the draws carry how far they pin it down"
)


class Stages(NamedTuple):
    """The fits of 2016, of 2017 after it, and of 2025 after both, with what they started from.

    Attributes
    ----------
    fit_2016, fit_2017, fit_2025 : Fit
    start_2025 : pandas.DataFrame
        The ensemble before the headlines of 2025.
    base, later : Cohort
        What the fits of 2016 and 2017, and of 2025, start from.
    moves : float
        By how much the log share of a discipline moves in a year.
    """

    fit_2016: Fit
    fit_2017: Fit
    fit_2025: Fit
    start_2025: pd.DataFrame  # the ensemble before the headlines of 2025
    base: Cohort
    later: Cohort  # the base of the years after 2017
    moves: float  # by how much the log share of a discipline moves in a year


def tell(line: object) -> None:
    """Write one line of progress to standard output."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def fit_stages(published: Published, rng: np.random.Generator, *, tell: Callable[[object], None]) -> Stages:
    """Fit 2016, then 2017 as well, then the headlines of 2025.

    Parameters
    ----------
    published : Published
    rng : numpy.random.Generator
    tell : callable
        Called with one line a step.

    Returns
    -------
    Stages
    """
    base = base_cohort()
    moves = round(demand_spread(published, 2017), 3)
    tell(f"first choices move by {moves} a year beyond chance")

    tell("2016")
    fit_2016 = fit_year(published, 2016, base, rng, tell=tell)
    prior = fit_2016.prior
    tell("2017")
    fit_2017 = fit_year(published, 2017, base, rng, start=fit_2016.ensemble, steps=2, tell=tell)
    later = _moving(later_base(published, base), moves)
    prior_2025, start_2025 = headline_prior(fit_2017.ensemble, prior, rng)
    tell("2025")
    fit_2025 = fit_headlines(published, 2025, later, prior_2025, start_2025, rng, tell=tell)
    return Stages(fit_2016, fit_2017, fit_2025, start_2025, base, later, moves)


def check_stages(
    published: Published, stages: Stages, rng: np.random.Generator
) -> tuple[dict[str, pd.DataFrame], dict[str, float]]:
    """Compare single simulated matches with the published figures, before and after each stage.

    Parameters
    ----------
    published : Published
    stages : Stages
    rng : numpy.random.Generator

    Returns
    -------
    checks : dict of str to pandas.DataFrame
        "2016", "2017 unseen", "2017", "2025": tables of `check_figures`.
    measures : dict of str to float
        Root mean square misfits by name, and "seats 2025".
    """
    before = run_ensemble(
        stages.fit_2016.market, sample(prior_table(), 60, rng), stages.fit_2016.prior, draws=1, entropy=1
    )
    after = run_ensemble(stages.fit_2016.market, stages.fit_2016.ensemble, stages.fit_2016.prior, draws=1, entropy=2)
    unseen = run_ensemble(stages.fit_2017.market, stages.fit_2016.ensemble, stages.fit_2016.prior, draws=1, entropy=3)
    seen = run_ensemble(stages.fit_2017.market, stages.fit_2017.ensemble, stages.fit_2016.prior, draws=1, entropy=4)
    early, late = (
        run_ensemble(
            stages.fit_2025.market,
            ensemble,
            stages.fit_2025.prior,
            draws=1,
            entropy=5,
            moments=headline_moments,
        )
        for ensemble in (stages.start_2025, stages.fit_2025.ensemble)
    )
    target_2017 = published_moments(published, 2017)
    target_2025 = _with_totals(headline_target(published, 2025), published.number(2025, "all", "matched", "final"))
    checks = {
        "2016": check_figures(published_moments(published, 2016), before, after),
        "2017 unseen": check_figures(target_2017, None, unseen),
        "2017": check_figures(target_2017, unseen, seen),
        "2025": check_figures(target_2025, early, late),
    }
    measures = {
        "before 2016": misfit(stages.fit_2016.target, stages.fit_2016.error, before),
        "after 2016": misfit(stages.fit_2016.target, stages.fit_2016.error, after),
        "unseen 2017": misfit(stages.fit_2017.target, stages.fit_2016.error, unseen),
        "after 2017": misfit(stages.fit_2017.target, stages.fit_2016.error, seen),
        "before 2025": misfit(stages.fit_2025.target, stages.fit_2025.error, early),
        "after 2025": misfit(stages.fit_2025.target, stages.fit_2025.error, late),
        "seats 2025": float(late["matched"].mean() + late["left after"].mean()),
    }
    return checks, measures


def fitted_cohorts(published: Published, stages: Stages) -> list[Cohort]:
    """Return the cohorts 2016, 2017 and 2025, each with the joint draws of its last fit.

    Parameters
    ----------
    published : Published
    stages : Stages

    Returns
    -------
    list of Cohort
    """
    cohorts = []
    fitted = _TABLES.format(years="2016 and 2017")
    for year in (2016, 2017):
        cohort = held(
            cohort_of(published, year, stages.base),
            {"quota_drift": 0.0, "reversion_share": 0.0},
            f"CaRMS R-1 {year}: quotas after reversions are known",
        )
        cohorts.append(
            with_fit(
                _moving(cohort, stages.moves),
                stages.fit_2017.ensemble,
                stages.fit_2016.prior,
                "FIT",
                f"Fitted to {fitted}",
                name=str(year),
                description=f"Applicants of the {year} R-1 match, from its published tables, with the inputs that the "
                "tables of 2016 and 2017 leave possible. Disciplines are named as they were then.",
            )
        )
    latest = with_fit(
        headline_cohort(stages.later, 2025),
        stages.fit_2025.ensemble,
        stages.fit_2025.prior,
        "FIT",
        f"Fitted to {fitted}; then, with eight years of drift allowed, to the headlines of 2025: Family Medicine seats "
        "left by province after the first iteration (CFPC), seats left after both, applicants matched by class (CaRMS)",
        name="2025",
        description="Applicants of the 2025 R-1 match: the inputs that the tables of 2016 and 2017 leave possible, let "
        "go by eight years of drift and then fitted to the headlines of 2025.",
    )
    return [*cohorts, latest]


def _moving(cohort: Cohort, moves: float) -> Cohort:
    """Return a cohort whose first choices move as much as they did from year to year."""
    source = "CaRMS first choices by discipline 2009 to 2017: change of log shares in a year, less chance"
    return cohort.with_parameter("demand_spread", moves, round(0.5 * moves, 3), round(1.5 * moves, 3), source=source)


def _with_totals(target: pd.Series, matched: float) -> pd.Series:
    """Add the sums of 2025 that the fit does not use as targets of their own."""
    provinces = [name for name in target.index if str(name).startswith("FM left ") and "after" not in str(name)]
    more: pd.Series = pd.concat([target, pd.Series({"FM left": float(target[provinces].sum()), "matched": matched})])
    return more


_LEVEL = 0.90


def check_figures(target: pd.Series, before: pd.DataFrame | None, after: pd.DataFrame) -> pd.DataFrame:
    """Return published figures beside predictive means and 90 % bands, and whether the band holds the figure.

    Parameters
    ----------
    target : pandas.Series
        Published figures.
    before, after : pandas.DataFrame
        Simulated single matches, one a row, before and after the fit.

    Returns
    -------
    pandas.DataFrame
        One row per figure: figure, published, before (only where given), after (means), low, high, inside.
    """
    tails = [(1.0 - _LEVEL) / 2.0, (1.0 + _LEVEL) / 2.0]
    rows = []
    for name, value in target.items():
        drawn = after[name]
        (low,), (high,) = quantiles(drawn.to_numpy(float)[:, None], tails)
        row: dict[str, Any] = {"figure": name, "published": value}
        if before is not None:
            row["before"] = before[name].mean()
        inside = bool(low - 1e-9 <= value <= high + 1e-9)
        rows.append({**row, "after": drawn.mean(), "low": float(low), "high": float(high), "inside": inside})
    return pd.DataFrame(rows)


def misfit(target: pd.Series, error: pd.Series, drawn: pd.DataFrame) -> float:
    """Return the root mean square of (simulated mean - published) / error.

    Parameters
    ----------
    target, error : pandas.Series
        Published figures and their standard deviations.
    drawn : pandas.DataFrame
        Simulated single matches, one a row.

    Returns
    -------
    float
    """
    gap = (drawn[list(target.index)].mean() - target) / error[list(target.index)]
    return float(np.sqrt((gap**2).mean()))


def identification(prior: pd.DataFrame, ensemble: pd.DataFrame) -> pd.DataFrame:
    """Return prior and posterior of every fitted input on its own scale, most learnt first.

    Parameters
    ----------
    prior : pandas.DataFrame
        As `prior_table` returns it.
    ensemble : pandas.DataFrame
        After the fit, one row per member.

    Returns
    -------
    pandas.DataFrame
        One row per input: scale, prior, prior sd, posterior, posterior sd, kept (share of the spread that is left).
    """
    after = ensemble[list(prior.index)]
    frame = pd.DataFrame(
        {
            "scale": prior["scale"],
            "prior": prior["mean"],
            "prior sd": prior["spread"],
            "posterior": after.mean(),
            "posterior sd": after.std(),
        }
    )
    frame["kept"] = (frame["posterior sd"] / frame["prior sd"]).clip(upper=1.0)
    return frame.sort_values("kept")
