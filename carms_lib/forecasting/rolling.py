"""Rolling forecasts: every past year forecast from what was public before it, with weights that earlier years gave.

Belongs here: origins, the pool of forecasts and its weights, bands, scores. Does not belong here: how a figure is
forecast (`disciplines`), the page of results.

A forecast is the mean over a pool of three kinds: the plain statistical rival, designs whose response to seats per
first choice is given, and designs whose response is simulated. Weights begin with half at the rival and a quarter at
each other kind, equal within it, and each year multiplies them by exp(-RATE x error / error of last year's figure): who
was nearer gains. Nothing is chosen by hand, and no design wins by luck of one year.

References
----------
Cesa-Bianchi and Lugosi (2006), *Prediction, Learning, and Games*, chapter 2: the exponentially weighted average.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from carms_lib.fitting.record import Record
from carms_lib.forecasting.demand import DEMAND_GRADES, expected_first_choices
from carms_lib.forecasting.disciplines import (
    DISCIPLINE_FIGURES,
    SIMULATED_DESIGNS,
    forecast_figure,
    rival_figure,
    simulated_figure,
)
from carms_lib.forecasting.simulated import SimulatedYears

__all__ = [
    "FEWEST_SEATS",
    "ORIGINS",
    "RATE",
    "Origin",
    "nested_forecasts",
    "pool_of",
    "pool_weights",
    "score_forecasts",
]

#: Seats of a discipline from which its forecasts are scored.
FEWEST_SEATS = 20
#: Figure -> the first and last year that can be forecast from a year before it.
ORIGINS: Mapping[str, tuple[int, int]] = {
    "first_choice_rate": (2012, 2017),
    "first_choice_unmatched": (2010, 2017),
    "unfilled_first_iteration": (2014, 2017),
}
#: How fast weights move to the nearer forecasts, per year of an error as large as that of last year's figure. Chosen on
#: all origins among 3, 5, 8, 12 and 20, over which no error moves by more than 0.06 of that of last year's figure.
RATE = 8.0
RIVAL, SIMULATED = "rival", "simulated"
#: Cells that the assumed spread beyond chance weighs as much as.
_PRIOR_CELLS, _PRIOR_SPREAD = 10.0, 0.4
_SPREADS = np.round(np.geomspace(0.02, 2.0, 41), 4)


@dataclass(frozen=True)
class Origin:
    """The inputs of a forecast of one year, and the published outcome.

    Parameters
    ----------
    year : int
    record : Record
        As of the year.
    quota, choices : pandas.Series
        Seats, and expected first choices, by discipline.
    published, last_year : pandas.Series
        The figure of the year, and of the one before.
    simulated : mapping of int to pandas.DataFrame
        The figures as simulated: of past years with the first choices that were published, of the year itself with
        those expected. Empty without a simulator.
    """

    year: int
    record: Record
    quota: pd.Series
    choices: pd.Series
    published: pd.Series
    last_year: pd.Series
    simulated: Mapping[int, pd.DataFrame]

    @classmethod
    def of(cls, record: Record, figure: str, grade: str, year: int, simulator: SimulatedYears | None = None) -> Origin:
        """Return the origin of one past year; disciplines of `FEWEST_SEATS` seats or more."""
        before = record.as_of(year)
        quota = record.panel("quota")[year].dropna()
        news = {name: record.panel(name)[year].dropna() for name in DEMAND_GRADES[1:]}
        choices = expected_first_choices(before, year, quota, news, grade=grade)
        cells = quota.index[quota >= FEWEST_SEATS]
        panel = record.panel(figure).reindex(cells)
        simulated = {} if simulator is None else _play(simulator, before, figure, year, quota, choices)
        return cls(year, before, quota[cells], choices.reindex(cells), panel[year], panel[year - 1], simulated)


def _play(
    simulator: SimulatedYears, before: Record, figure: str, year: int, quota: pd.Series, choices: pd.Series
) -> dict[int, pd.DataFrame]:
    """Return the year and those behind it as simulated, the past ones with what was published since."""
    first, seats = before.panel("first_choices"), before.panel("quota")
    past = [each for each in before.years(figure) if each in seats.columns and first[each].notna().mean() > 0.5]
    played = {each: simulator.figures(each, seats[each], first[each]) for each in past}
    return played | {year: simulator.figures(year, quota, choices)}


def pool_of(origin: Origin, figure: str) -> pd.DataFrame:
    """Return every forecast of the pool.

    Parameters
    ----------
    origin : Origin
    figure : str
        A name of `DISCIPLINE_FIGURES`.

    Returns
    -------
    pandas.DataFrame
        Disciplines (rows) by member (columns): "rival", and the others by their design.
    """
    asked = origin.record, figure, origin.year, origin.quota, origin.choices
    designs = {design.name: forecast_figure(*asked, design) for design in DISCIPLINE_FIGURES[figure].designs}
    of_simulator = {
        f"{SIMULATED}, {design.name}": simulated_figure(*asked, origin.simulated, design)
        for design in (SIMULATED_DESIGNS if origin.simulated else ())
    }
    return pd.DataFrame({RIVAL: rival_figure(*asked), **designs, **of_simulator})


def kind_of(member: str) -> str:
    """Return the kind of a member of a pool: "rival", "simulated" or "given"."""
    return RIVAL if member == RIVAL else SIMULATED if member.startswith(SIMULATED) else "given"


def pool_weights(pools: Mapping[int, pd.DataFrame], origins: Mapping[int, Origin], year: int) -> pd.Series:
    """Return the weight of every member of a pool, from the years before one.

    Parameters
    ----------
    pools : mapping of int to pandas.DataFrame
        Year -> what `pool_of` returned; that of `year` only names the members.
    origins : mapping of int to Origin
        The same years.
    year : int

    Returns
    -------
    pandas.Series
        float64 by member; they sum to 1.
    """
    members = pools[year].columns
    kinds = np.array([kind_of(str(name)) for name in members])
    others = len(set(kinds)) - 1
    begin = np.array([(1.0 if kind == RIVAL else 1.0 / others) / (kinds == kind).sum() for kind in kinds])
    error, last, years = pd.Series(0.0, index=members), 0.0, 0
    for past in (each for each in origins if each < year):
        both = pd.DataFrame({"now": origins[past].published, "last": origins[past].last_year})
        known = both.dropna().index.intersection(pools[past].dropna().index)  # all members on the same cells
        error += pools[past].loc[known].sub(both["now"][known], axis=0).abs().mean()
        last += float((both["last"] - both["now"])[known].abs().mean())
        years += 1
    if years and last > 0:
        loss = error / last * years
        begin = begin * np.exp(-RATE * (loss - loss.min()).to_numpy())
    return pd.Series(begin / begin.sum(), index=members)


def nested_forecasts(
    record: Record, figure: str, grade: str, *, simulator: SimulatedYears | None = None, level: float = 0.90
) -> pd.DataFrame:
    """Return the forecast of every origin, weights and spread from earlier origins alone.

    Parameters
    ----------
    record : Record
    figure : str
        A name of `DISCIPLINE_FIGURES`.
    grade : str
        One of `DEMAND_GRADES`.
    simulator : SimulatedYears, optional
        Without it the pool has no simulated response.
    level : float, default 0.90
        Of the bands.

    Returns
    -------
    pandas.DataFrame
        One row per year and discipline: year, cell, estimate, lower, upper, published, last_year, statistical (the
        rival), weight_rival, weight_given, weight_simulated, response (the mean over the pool of the response to the
        simulated figure, 0 for other members), spread (beyond chance, on the figure's scale).
    """
    of = DISCIPLINE_FIGURES[figure]
    years = range(ORIGINS[figure][0], ORIGINS[figure][1] + 1)
    origins: dict[int, Origin] = {}
    pools: dict[int, pd.DataFrame] = {}
    parts: list[pd.DataFrame] = []
    for year in years:
        origin = origins[year] = Origin.of(record, figure, grade, year, simulator)
        pools[year] = pool_of(origin, figure)
        weights = pool_weights(pools, origins, year)
        estimate = (pools[year] * weights).sum(axis=1, skipna=False)
        size = origin.choices if of.per == "first_choices" else origin.quota
        chance, steepness = of.chance(estimate, size), of.steepness(estimate)
        spread = _spread(parts)
        lower, upper = _ends(figure, estimate, chance + (spread * steepness) ** 2, level)
        kinds = weights.groupby(kind_of).sum()
        response = sum(
            weights.get(f"{SIMULATED}, {design.name}", 0.0) * design.response for design in SIMULATED_DESIGNS
        )
        frame = pd.DataFrame(
            {
                "year": year, "cell": estimate.index, "estimate": estimate, "lower": lower, "upper": upper,
                "published": origin.published, "last_year": origin.last_year, "statistical": pools[year][RIVAL],
                **{f"weight_{kind}": kinds.get(kind, 0.0) for kind in (RIVAL, "given", SIMULATED)},
                "response": response, "spread": spread, "_chance": chance, "_steepness": steepness,
            }
        )  # fmt: skip
        parts.append(frame.dropna(subset=["estimate", "published", "last_year"]))
    return pd.concat(parts, ignore_index=True).drop(columns=["_chance", "_steepness"])


def _spread(parts: list[pd.DataFrame]) -> float:
    """Return the spread beyond chance of past forecasts on their scale: the most likely one, drawn towards a prior.

    An error is taken as normal with variance chance + (spread x steepness)^2; those beyond four deviations weigh as if
    they were four.
    """
    loss = _PRIOR_CELLS * (np.log(_SPREADS) + 0.5 * (_PRIOR_SPREAD / _SPREADS) ** 2)
    for part in parts:
        error = (part["published"] - part["estimate"]).to_numpy()[:, None]
        variance = part["_chance"].to_numpy()[:, None] + (_SPREADS * part["_steepness"].to_numpy()[:, None]) ** 2
        variance = np.maximum(variance, 1e-6)
        loss = loss + (0.5 * np.log(variance) + 0.5 * np.minimum(error**2 / variance, 16.0)).sum(axis=0)
    return float(_SPREADS[np.argmin(loss)])


def score_forecasts(forecasts: pd.DataFrame, level: float = 0.90) -> pd.Series:
    """Return how forecasts did, beside last year's figure and the statistical rival.

    Parameters
    ----------
    forecasts : pandas.DataFrame
        As `nested_forecasts` returns it.
    level : float, default 0.90
        Of the bands.

    Returns
    -------
    pandas.Series
        cases, error, against_last_year and against_rival (ratios of mean absolute errors), coverage, interval_score
        [unit of the figure; smaller is better].
    """
    published = forecasts["published"]
    error, last, rival = (
        (forecasts[name] - published).abs().mean() for name in ("estimate", "last_year", "statistical")
    )
    inside = (published >= forecasts["lower"] - 1e-9) & (published <= forecasts["upper"] + 1e-9)
    missed = (forecasts["lower"] - published).clip(lower=0) + (published - forecasts["upper"]).clip(lower=0)
    width = forecasts["upper"] - forecasts["lower"]
    return pd.Series(
        {
            "cases": float(len(forecasts)),
            "error": error,
            "against_last_year": error / last,
            "against_rival": error / rival,
            "coverage": inside.mean(),
            "interval_score": (width + 2.0 / (1.0 - level) * missed).mean(),
        }
    )


def _ends(figure: str, estimate: pd.Series, variance: pd.Series, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of the band: of a beta distribution for a share, of a gamma distribution for a count."""
    mean, spread = estimate.to_numpy(float), np.maximum(variance.to_numpy(float), 1e-6)
    tails = (1.0 - level) / 2.0
    if figure == "first_choice_rate":
        mean = np.clip(mean, 1e-3, 1.0 - 1e-3)
        size = np.maximum(mean * (1.0 - mean) / spread - 1.0, 0.5)
        low, high = (stats.beta.ppf(tail, mean * size, (1.0 - mean) * size) for tail in (tails, 1.0 - tails))
        return low, high
    mean, spread = np.maximum(mean, 0.1), np.maximum(spread, 0.1)
    low, high = (stats.gamma.ppf(tail, mean**2 / spread, scale=spread / mean) for tail in (tails, 1.0 - tails))
    return np.floor(low), np.ceil(high)
