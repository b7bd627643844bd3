"""Next years' cohorts: the last one, with its classes and seats carried forward along the published series.

Belongs here: the projection and its intervals. Does not belong here: any scenario of what ought to happen.

A series is taken for a random walk with drift on the log scale, with years that were not published left open; the
Kalman filter of statsmodels bridges them. Few points and a plain model: the interval is wide, and meant to be.

References
----------
Harvey (1989), *Forecasting, Structural Time Series Models and the Kalman Filter*.
"""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
from statsmodels.tsa.statespace.structural import UnobservedComponents

from carms_lib.fitting.distributions import used_sources
from carms_lib.fitting.published import Published
from carms_lib.simulator import Cohort

__all__ = ["project", "projected_cohort", "series_of"]

_LEVEL = 0.90


def series_of(published: Published, population: str, measure: str, iteration: str = "final") -> pd.Series:
    """Return a national series by year; the last reading of a year where there are several.

    Parameters
    ----------
    published : Published
    population, measure, iteration : str
        As the published tables name them, such as "CMG", "matched", "final".

    Returns
    -------
    pandas.Series
        float64, indexed by year.
    """
    frame = published.national
    found = frame[
        (frame["population"] == population) & (frame["measure"] == measure) & (frame["iteration"] == iteration)
    ]
    return found.drop_duplicates("year", keep="last").set_index("year")["value"].sort_index()


def project(series: pd.Series, year: int, *, level: float = _LEVEL) -> tuple[float, float, float]:
    """Return the projected value of a series and the ends of its prediction interval.

    Parameters
    ----------
    series : pandas.Series
        Positive values by year; years may be missing.
    year : int
        Later than the last year of the series.
    level : float, default 0.90
        Of the prediction interval.

    Returns
    -------
    value, low, high : float
    """
    years = np.arange(int(series.index.min()), int(series.index.max()) + 1)
    logs = np.log(series.reindex(years).to_numpy(dtype=float))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the optimiser says so when a variance ends at zero
        fitted = UnobservedComponents(logs, "rwdrift").fit(disp=False)
    ahead = fitted.get_forecast(year - int(years[-1]))
    mean = float(np.asarray(ahead.predicted_mean)[-1])
    low, high = np.asarray(ahead.conf_int(alpha=1.0 - level))[-1]
    return float(np.exp(mean)), float(np.exp(low)), float(np.exp(high))


def projected_cohort(published: Published, last: Cohort, year: int, *, seats_now: float) -> Cohort:
    """Return the cohort of a coming year.

    Parameters
    ----------
    published : Published
    last : Cohort
        The cohort to start from.
    year : int
    seats_now : float
        Seats of the release to which quotas drift from.

    Returns
    -------
    Cohort
    """
    matched = series_of(published, "CMG", "matched")
    growth = [value / matched.iloc[-1] for value in project(matched, year)]
    seats = _seats(published)
    drift = [value / seats_now - 1.0 for value in project(seats, year)]
    classes = last.classes.copy()
    size = last.classes.loc["cmg_current", ["size", "low", "high"]].astype(float).to_numpy()
    spread = (size[2] - size[1]) / 2.0 / size[0]  # what is not known of the year started from adds to the interval
    around = [np.sqrt(spread**2 + (end / growth[0] - 1.0) ** 2) for end in growth[1:]]
    middle = size[0] * growth[0]
    classes.loc["cmg_current", ["size", "low", "high"]] = [
        float(round(middle)),
        float(round(middle * (1.0 - around[0]))),
        float(round(middle * (1.0 + around[1]))),
    ]
    key, quota = f"P{year}", f"Q{year}"
    sources = {
        **last.sources,
        key: f"Projected from the cohort {last.name}: Canadian graduates matched, {matched.index.min()} to "
        f"{matched.index.max()} (CaRMS), as a random walk with drift, statsmodels UnobservedComponents, {_LEVEL:.0%} "
        "interval; other classes as in that cohort",
        quota: f"Projected: positions in the match, {seats.index.min()} to {seats.index.max()} (CaRMS), as a random "
        f"walk with drift, {_LEVEL:.0%} interval, against the {seats_now:,.0f} seats of release 1503",
    }
    columns = {**last.columns, "classes.size": {"unit": "persons", "source": key, "fitted": False}}
    cohort = replace(
        last.with_year(year),
        name=str(year),
        description=f"Applicants of a match in {year}, projected from the published series. Everything but the number "
        f"of current-year graduates and the growth of quotas is as in the cohort {last.name}.",
        classes=classes,
        columns=columns,
        sources=sources,
    )
    drift = [round(value, 4) for value in drift]  # below zero where quotas may fall
    cohort = cohort.with_parameter("quota_drift", drift[0], min(drift[1], drift[0]), drift[2], source=quota)
    return replace(cohort, sources=used_sources(cohort.sources, cohort.parameters, cohort.columns))


def _seats(published: Published) -> pd.Series:
    """Positions in the match by year, all streams, as far as they were published."""
    parts = [
        series_of(published, "all_streams", "positions_available"),
        series_of(published, "all_streams", "positions_available", "first"),
    ]
    series = pd.concat(parts)
    series = series[~series.index.duplicated()]
    matched, left = series_of(published, "all", "matched"), series_of(published, "all_streams", "positions_unfilled")
    filled = (matched + left).dropna()  # 2025 was published as matched and vacant
    series = pd.concat([series, filled[~filled.index.isin(series.index)]])
    recent: pd.Series = series[series.index >= 2014].sort_index()
    return recent
