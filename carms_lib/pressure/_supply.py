"""Supply score: the simple proxy for pressure, and how far it goes.

Belongs here: the score, which needs no simulation, and its comparison with a metric that does. Does not belong here:
the metric itself (`_pressure`).

The score of a cell is the mean of two shares of the largest cell,

    supply_score = (programs / max programs + quota / max quota) / 2,

between 0 and 1. A reader who has only the release takes little supply for much pressure. How well that works is
Spearman's correlation of 1 - supply_score with the metric over the cells, within a draw: its mean over the draws, and
its outcome band. Near 1, the proxy would do; near 0, it says nothing. The correlation of metrics averaged over draws
is another quantity, larger because chance is averaged out, and is not shown. The proxy cannot see who wants to be
there: beside it is the partial rank correlation, within a draw too, of the metric with first choices [persons] where
the supply score is given. Demand per seat would not do: both the score and it hold the quota, so that what the score
misses goes with it partly by construction.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats

from carms_lib._views import open_view
from carms_lib.argument_checks import check_instance
from carms_lib.exceptions import ArgumentError, StudyError, TooFewDrawsWarning
from carms_lib.pressure._arguments import check_level, check_name, check_names
from carms_lib.pressure._bands import Bands, Measure, count, is_too_small, summarise
from carms_lib.pressure._pressure import FEWEST, measure_pressure
from carms_lib.provenance import Provenance
from carms_lib.result_files import SavedResult, save_tables
from carms_lib.simulator import BASELINE, Market, Study

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Proxy", "compare_supply", "supply_score"]


def supply_score(
    programs: Market | pd.DataFrame | Mapping[str, pd.DataFrame], by: str | Sequence[str] = ("province", "discipline")
) -> pd.DataFrame:
    """Return the simple proxy for pressure: normalised number of programs and quota of each cell.

    Parameters
    ----------
    programs : Market, pandas.DataFrame or mapping with a frame "program"
        One row per program with quota [seats] and the columns of `by`.
    by : str or sequence of str, default ("province", "discipline")
        Columns that make the cells.

    Returns
    -------
    pandas.DataFrame
        One row per cell: the keys, programs, quota [seats], supply_score [0 to 1]. With no seat anywhere the score is
        missing.

    Raises
    ------
    UnknownNameError
        A column that there is not.
    ArgumentError
        No column, or no program.
    """
    table = _program_table(programs)
    names = check_names("by", by, table.columns)
    if not names:
        raise ArgumentError("by names no column. Give columns that make cells, such as 'discipline'.")
    if table.empty:
        raise ArgumentError("programs has no rows, so there is no supply to score.")
    open_ones = table.assign(_open=table["quota"] > 0)
    cells = open_ones.groupby(names, sort=True, dropna=False).agg(programs=("_open", "sum"), quota=("quota", "sum"))
    if cells["quota"].max() > 0:
        cells["supply_score"] = (cells / cells.max()).mean(axis=1)
    else:
        cells["supply_score"] = np.nan
    return cells.reset_index()


def _program_table(programs: Market | pd.DataFrame | Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    if isinstance(programs, Market):
        return programs.programs
    table = programs.get("program") if isinstance(programs, Mapping) else programs
    if not isinstance(table, pd.DataFrame):
        raise ArgumentError(
            f"programs={type(programs).__name__} holds no table of programs. Give a Market, gold, or gold['program']."
        )
    if "province" not in table.columns and "school_province" in table.columns:
        table = table.assign(province=table["school_province"])
    if "quota" not in table.columns:
        raise ArgumentError("programs lacks the column 'quota'. Give gold['program'], or a table like it.")
    return table


@dataclass(frozen=True)
class Proxy:
    """The supply score beside a metric; made by `compare_supply`.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per cell, the highest metric first: the keys, programs, quota, supply_score; estimate, lower, upper of
        the metric; first_choice_ratio; rank_by_supply (1 is least supply) and rank_by_metric (1 is highest), over the
        cells that have both; gap, the first rank minus the second: positive where the proxy misses pressure.
    keys : tuple of str
    metric : str
    level : float
        Of the bands of the metric and of the correlation.
    correlation : tuple of float
        Spearman's correlation of 1 - supply_score with the metric within a draw: mean over the draws, and the ends of
        its outcome band.
    demand_given_supply : tuple of float
        Partial rank correlation of the metric with first choices [persons], given supply_score, within a draw: mean
        and ends likewise. Missing for the metric first_choice_ratio, which is made of first choices.
    n_draws : int
    provenance : Provenance
    """

    frame: pd.DataFrame
    keys: tuple[str, ...]
    metric: str
    level: float
    correlation: tuple[float, float, float]
    demand_given_supply: tuple[float, float, float]
    n_draws: int
    provenance: Provenance

    def to_frame(self) -> pd.DataFrame:
        """Return a copy of the frame of cells."""
        return self.frame.copy()

    def summary(self, rows: int = 5) -> str:
        """Return one screen of text: how far the proxy goes, and the `rows` cells it misjudges most on either side."""
        at, low, high = self.correlation
        shown = [*self.keys, "quota", "supply_score", "estimate", "first_choice_ratio", "gap"]
        ranked = self.frame.dropna(subset="gap").sort_values("gap", ascending=False)
        return (
            f"1 - supply_score against {self.metric}: rank correlation {at:.2f} "
            f"({self.level:.0%} outcome band {low:.2f} to {high:.2f}, {self.n_draws:,} draws, {len(ranked)} cells)\n"
            f"{self._demand()}\n\nmore pressed than supply says\n{_lines(ranked.head(rows)[shown])}\n\n"
            f"less pressed than supply says\n{_lines(ranked.tail(rows)[::-1][shown])}"
        )

    def _demand(self) -> str:
        at, low, high = self.demand_given_supply
        if not np.isfinite(at):
            return "demand beyond supply: no answer for this metric"
        return (
            f"demand beyond supply: partial rank correlation {at:.2f} ({low:.2f} to {high:.2f}) of {self.metric} with "
            "first choices, given supply_score"
        )

    def plot(self, *, ax: Axes | None = None, n_labels: int = 8) -> Axes:
        """Draw the metric against the score; see `carms_lib.plotting.plot_supply`.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw; None makes a new figure.
        n_labels : int, default 8
            How many of the cells that the proxy misjudges most are named.

        Returns
        -------
        matplotlib.axes.Axes
        """
        axes: Axes = open_view("plot_supply")(self, ax=ax, n_labels=n_labels)
        return axes

    def save(self, path: str | Path) -> Path:
        """Write cells, correlations and provenance to `path`, in the format of its suffix; see `Bands.save`."""
        ends = ("estimate", "lower", "upper")
        record = {
            "metric": self.metric,
            "correlation": dict(zip(ends, self.correlation, strict=True)),
            "demand_given_supply": dict(zip(ends, self.demand_given_supply, strict=True)),
            **self.provenance.to_dict(),
        }
        notes = ["gap is the rank by supply less the rank by the metric: positive where supply misses pressure."]
        return save_tables(path, SavedResult({"cells": self.frame}, record, notes))

    def __repr__(self) -> str:
        return f"Proxy by {list(self.keys)}\n{self.summary(3)}"


def _lines(frame: pd.DataFrame) -> str:
    return str(frame.to_string(index=False, float_format=lambda x: f"{x:,.3g}"))


def compare_supply(
    study: Study,
    by: str | Sequence[str] = ("province", "discipline"),
    *,
    metric: str = "pressure",
    level: float = 0.90,
    scenario: str = BASELINE,
    first_choice: str = "wished",
    iteration: str = "final",
    fewest: float = FEWEST,
) -> Proxy:
    """Set the supply score beside a metric, with their rank correlation and what parts them.

    Parameters
    ----------
    study : Study
    by : str or sequence of str, default ("province", "discipline")
        Columns of the programs that make the cells.
    metric : {"pressure", "unmatched_risk", "first_choice_ratio"}, default "pressure"
    level : float, default 0.90
        Of the bands, which are of kind outcome.
    scenario, first_choice, iteration, fewest
        As in `pressure_bands`.

    Returns
    -------
    Proxy

    Raises
    ------
    UnknownNameError, ArgumentError
        As in `pressure_bands`.
    StudyError
        Fewer than three cells have both a score and the metric.
    """
    check_instance("study", study, Study, "simulate(market, n_draws=1_000)")
    level = check_level(level)
    metric = check_name("metric", metric, _WHERE_HIGH_IS_PRESSED)
    scenario = check_name("scenario", scenario, study.scenarios)
    asked = list(dict.fromkeys([metric, "first_choice_ratio"]))
    found, keys = measure_pressure(
        study, by, metric=asked, first_choice=first_choice, iteration=iteration, scenario=scenario, against=None,
        fewest=fewest,
    )  # fmt: skip
    names = list(keys.columns)
    by_metric = {measure.metric: measure for measure in found[scenario]}
    frame = supply_score(study.outcomes_of(scenario, 0, 0).programs, names)
    frame = keys.merge(frame, on=names, how="left")
    measure = by_metric[metric]
    counted = count(measure, study.draws_per_input)
    estimate, values = counted.estimate, counted.of_draws
    known = np.isfinite(estimate) & ~is_too_small(measure) & frame["supply_score"].notna().to_numpy()
    if known.sum() < 3:
        raise StudyError(
            f"by={by!r} leaves {int(known.sum())} cells with both a score and {metric}; a rank correlation needs three."
        )
    bands = _outcome_bands(measure, keys, level, study).to_frame()
    for name in ("estimate", "lower", "upper"):
        frame[name] = np.where(known, bands[name].to_numpy(float), np.nan)
    frame["first_choice_ratio"] = count(by_metric["first_choice_ratio"], study.draws_per_input).estimate
    scarcity = 1.0 - frame.loc[known, "supply_score"].to_numpy()
    by_supply, by_estimate = stats.rankdata(-scarcity), stats.rankdata(-estimate[known])
    frame["rank_by_supply"], frame["rank_by_metric"], frame["gap"] = np.nan, np.nan, np.nan
    frame.loc[known, "rank_by_supply"], frame.loc[known, "rank_by_metric"] = by_supply, by_estimate
    frame.loc[known, "gap"] = by_supply - by_estimate
    of_draws = np.array([_spearman(scarcity, row) for row in values[:, known]])
    if metric == "first_choice_ratio":
        of_demand = np.full(len(values), np.nan)
    else:
        wanted = by_metric["first_choice_ratio"].top[:, known].astype(np.float64)
        of_demand = np.array(
            [_partial(row, demand, scarcity) for row, demand in zip(values[:, known], wanted, strict=True)]
        )
    return Proxy(
        frame.sort_values(["estimate", *names], ascending=[False, *[True] * len(names)], ignore_index=True),
        tuple(names),
        metric,
        level,
        _mean_and_band("rank_correlation", of_draws, level, study),
        _mean_and_band("demand_given_supply", of_demand, level, study),
        study.n_draws,
        study.provenance.with_settings(metric=metric, first_choice=first_choice, iteration=iteration, fewest=fewest),
    )


_WHERE_HIGH_IS_PRESSED = ("pressure", "unmatched_risk", "first_choice_ratio")


def _spearman(one: np.ndarray, other: np.ndarray) -> float:
    """Return the rank correlation of the pairs that are there; missing where either side has a single value."""
    there = np.isfinite(one) & np.isfinite(other)
    a, b = stats.rankdata(one[there]), stats.rankdata(other[there])
    if there.sum() < 3 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return float("nan")
    return float(np.corrcoef(a, b)[0, 1])


def _partial(one: np.ndarray, other: np.ndarray, given: np.ndarray) -> float:
    """Return the partial rank correlation of two columns where a third is given."""
    there = np.isfinite(one) & np.isfinite(other) & np.isfinite(given)
    r, a, b = (_spearman(x[there], y[there]) for x, y in ((one, other), (one, given), (other, given)))
    left = (1.0 - a * a) * (1.0 - b * b)
    return float((r - a * b) / np.sqrt(left)) if left > 1e-12 else float("nan")


def _outcome_bands(measure: Measure, keys: pd.DataFrame, level: float, study: Study) -> Bands:
    return summarise(
        {BASELINE: [measure]}, keys, level=level, kind="outcome", draws_per_input=study.draws_per_input,
        headline=measure.metric, provenance=study.provenance,
    )  # fmt: skip


def _mean_and_band(name: str, of_draws: np.ndarray, level: float, study: Study) -> tuple[float, float, float]:
    """Return the mean over the draws that have a value, and the outcome band."""
    there = np.isfinite(of_draws)
    if not there.any():
        return float("nan"), float("nan"), float("nan")
    measure = Measure(name, np.where(there, of_draws, 0.0)[:, None], there.astype(np.float64)[:, None])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TooFewDrawsWarning)  # the bands of the cells have said so
        row = _outcome_bands(measure, pd.DataFrame(index=[0]), level, study).to_frame().iloc[0]
    return float(row["estimate"]), float(row["lower"]), float(row["upper"])
