"""Figures by discipline: a level that the record gives, moved by how many seats there are for a first choice.

Belongs here: forecasts of the first-choice rate, of first choices left unmatched and of seats left, and their spread.
Does not belong here: expected demand (`demand`), choosing designs and scoring (`rolling`).

Each figure is put on a scale where changes add up. There, the level of a discipline is the weighted mean of its past
figures less the response to seats per first choice, and the forecast is the level plus the response to the year's own:

    scale(figure) = level + response x log(quota / first choices)

The response is learnt, zero included. Where it is zero the forecast is an average of the past; where memory is short
too, it is last year's figure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from carms_lib.fitting.record import Record
from carms_lib.forecasting.demand import weighted_level

__all__ = [
    "DISCIPLINE_FIGURES",
    "SIMULATED_DESIGNS",
    "Design",
    "DisciplineFigure",
    "forecast_figure",
    "rival_figure",
    "simulated_figure",
]

_FAMILY = "Family Medicine"
_HALF = 0.5  # added to counts, so that none is a number on every scale
#: Seats left of last year's that a plain rule expects; in Family Medicine all of them.
_STAY_EMPTY = 0.7


@dataclass(frozen=True)
class Design:
    """The constants of one forecast of a pool.

    Parameters
    ----------
    memory : float
        Weight of a year against the one after it, in (0, 1].
    response : float
        Change on the figure's scale per unit of log(quota / first choices).
    kept : float, default 1
        Part of the level that is kept: figures that shrink year by year.
    """

    memory: float
    response: float
    kept: float = 1.0

    @property
    def name(self) -> str:
        """Its constants in words, such as "memory 0.5, response 1, kept 1"."""
        return f"memory {self.memory:g}, response {self.response:g}, kept {self.kept:g}"


@dataclass(frozen=True)
class DisciplineFigure:
    """One figure by discipline.

    Parameters
    ----------
    per : {"first_choices", "quota"}
        What its size is measured by.
    is_share : bool
        Whether it is a share of that, rather than a count.
    designs : tuple of Design
        All that are tried.
    """

    per: str
    is_share: bool
    designs: tuple[Design, ...]

    def scale(self, figure: pd.DataFrame, size: pd.DataFrame) -> pd.DataFrame:
        """Return a figure on the scale where changes add up: log odds of a share, log of a count per `size`."""
        if self.is_share:
            return pd.DataFrame(np.log((figure * size + _HALF) / ((1.0 - figure) * size + _HALF)))
        return pd.DataFrame(np.log((figure + _HALF) / (size + 1.0)))

    def unscale(self, scaled: pd.Series, size: pd.Series) -> pd.Series:
        """Return the figure of a value on that scale; a count is at least 0."""
        if self.is_share:
            return pd.Series(1.0 / (1.0 + np.exp(-scaled)))
        return pd.Series(np.exp(scaled) * (size + 1.0) - _HALF).clip(lower=0.0)

    def chance(self, estimate: pd.Series, size: pd.Series) -> pd.Series:
        """Return the variance that chance alone gives an estimate: binomial of a share, Poisson of a count."""
        return estimate * (1.0 - estimate) / size.clip(lower=1.0) if self.is_share else estimate

    def steepness(self, estimate: pd.Series) -> pd.Series:
        """Return by how much the figure moves per unit of its scale."""
        return estimate * (1.0 - estimate) if self.is_share else estimate + _HALF


def _grid(
    memories: tuple[float, ...], responses: tuple[float, ...], kept: tuple[float, ...] = (1.0,)
) -> tuple[Design, ...]:
    return tuple(Design(m, r, k) for m in memories for r in responses for k in kept)


DISCIPLINE_FIGURES: Mapping[str, DisciplineFigure] = {
    "first_choice_rate": DisciplineFigure(
        "first_choices", True, _grid((0.3, 0.5, 0.7, 0.85, 1.0), (0.0, 0.5, 1.0, 1.5, 2.0, 2.5))
    ),
    "first_choice_unmatched": DisciplineFigure(
        "first_choices", False, _grid((0.5, 0.7, 0.85, 1.0), (0.0, -0.5, -1.0, -2.0, -3.0))
    ),
    "unfilled_first_iteration": DisciplineFigure(
        "quota", False, _grid((0.05, 0.3, 0.6), (0.0, 1.0, 2.0, 3.0), (0.6, 0.7, 0.8, 1.0))
    ),
}


def forecast_figure(
    record: Record, figure: str, year: int, quota: pd.Series, choices: pd.Series, design: Design
) -> pd.Series:
    """Return the forecast of one figure by discipline.

    Parameters
    ----------
    record : Record
        As of `year`.
    figure : str
        A name of `DISCIPLINE_FIGURES`.
    year : int
        Of the match.
    quota, choices : pandas.Series
        Seats [seats] and expected first choices [persons] by discipline in that match.
    design : Design

    Returns
    -------
    pandas.Series
        float64 by discipline of `quota` [unit of the figure], missing where the record does not have it.
    """
    of = DISCIPLINE_FIGURES[figure]
    past, first, seats = _aligned(record, figure, year)
    supply = np.log((seats + _HALF) / (first + _HALF))
    sizes = first if of.per == "first_choices" else seats
    level = weighted_level(of.scale(past, sizes) - design.response * supply, year, design.memory)
    choices, level = choices.reindex(quota.index), level.reindex(quota.index)
    scaled = level + design.response * np.log((quota + _HALF) / (choices + _HALF))
    forecast = of.unscale(scaled, choices if of.per == "first_choices" else quota)
    kept = pd.Series(design.kept, index=forecast.index).where(forecast.index != _FAMILY, 1.0)
    return forecast * kept


#: Designs whose response is to the simulated figure, on the figure's own scale: 1 is the simulator's own answer.
SIMULATED_DESIGNS = _grid((0.5, 0.7, 0.85, 1.0), (0.25, 0.5, 0.75, 1.0))


def simulated_figure(
    record: Record, figure: str, year: int, quota: pd.Series, choices: pd.Series,
    simulated: Mapping[int, pd.DataFrame], design: Design,
) -> pd.Series:  # fmt: skip
    """Return the forecast of one figure: the level of what the simulator missed, plus its answer times the response.

    Parameters
    ----------
    record, figure, year, quota, choices
        As in `forecast_figure`.
    simulated : mapping of int to pandas.DataFrame
        Year -> simulated figures by discipline, of `year` and of past years.
    design : Design
        One of `SIMULATED_DESIGNS`.

    Returns
    -------
    pandas.Series
        float64 by discipline of `quota` [unit of the figure].
    """
    of = DISCIPLINE_FIGURES[figure]
    past, first, seats = _aligned(record, figure, year)
    past = past[[column for column in past.columns if int(column) in simulated]]
    sizes = (first if of.per == "first_choices" else seats)[past.columns]
    answers = pd.DataFrame({column: simulated[int(column)][figure] for column in past.columns}).reindex(past.index)
    missed = of.scale(past, sizes) - design.response * of.scale(answers, sizes)
    size = choices.reindex(quota.index) if of.per == "first_choices" else quota
    now = of.scale(simulated[year][figure].reindex(quota.index).to_frame(year), size.to_frame(year))[year]
    level = weighted_level(missed, year, design.memory).reindex(quota.index)
    return of.unscale(level + design.response * now, size)


def rival_figure(record: Record, figure: str, year: int, quota: pd.Series, choices: pd.Series) -> pd.Series:
    """Return the plain statistical rival of a forecast, from the same knowledge.

    Parameters
    ----------
    record, figure, year, quota, choices
        As in `forecast_figure`.

    Returns
    -------
    pandas.Series
        float64 by discipline of `quota`.

    Notes
    -----
    Rate: the level, weight 0.5 a year back, times the square root of seats per first choice against its own mean, where
    there are fewer seats than first choices. Unmatched: the level, weight 0.85, scaled to last year's total. Seats
    left: 0.7 of last year's, in Family Medicine last year's.
    """
    past, first, seats = _aligned(record, figure, year)
    last = past.iloc[:, -1]
    if figure == "unfilled_first_iteration":
        kept = pd.Series(_STAY_EMPTY, index=last.index).where(last.index != _FAMILY, 1.0)
        return (last * kept).reindex(quota.index)
    if figure == "first_choice_unmatched":
        level = weighted_level(past, year, 0.85)
        return (level / level.sum() * last.sum()).reindex(quota.index)
    own = weighted_level(seats / first.where(first > 0), year, 0.5).reindex(quota.index)
    now = quota / choices.reindex(quota.index)
    moved = ((now / own) ** 0.5).where(now < 1.0, 1.0)
    return (weighted_level(past, year, 0.5).reindex(quota.index) * moved).clip(upper=1.0)


def _aligned(record: Record, figure: str, year: int) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return the figure, first choices and seats of the past, on the same cells and years."""
    past = record.panel(figure)
    past = past[[column for column in past.columns if int(column) < year]].dropna(axis=1, how="all")
    first, seats = (
        record.panel(name).reindex(index=past.index, columns=past.columns) for name in ("first_choices", "quota")
    )
    return past, first, seats
