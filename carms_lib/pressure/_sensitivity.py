"""Sensitivity: which group of assumptions moves the answer most, from the joint draws of a study.

Belongs here: `sensitivity_of` and the `Sensitivity` result. Does not belong here: the regression and its intervals
(`group_effects`), Sobol indices for independent inputs (`_sobol`), bands of kind `input`, which say how much all
assumptions move a result together (`_bands`).

A study runs R draws on each setting of its inputs, which are drawn jointly. The answer's variance over settings, less
what chance leaves in a mean of R draws, is var(E[y | inputs]); `group_effects` divides it between the groups of
`INPUT_GROUPS`, and what no group has is left over: curvature, and what a setting draws beside its inputs (the
popularity of each discipline and the appeal of each program in it).

A driver is named only where no other group can be told from being as large, and only with ten settings a group or
more; else `Sensitivity.drivers` lists the groups that cannot be told apart, or the reason.

Single inputs (``by="input"``) are described by squared correlations r², one at a time: they double count where inputs
go together, their intervals are Fisher's for each alone, and no driver is named from them.

References
----------
Saltelli and others (2008), *Global Sensitivity Analysis: The Primer*, ch. 1.2: regression on a sample that is there.
Fisher (1921), *On the "probable error" of a coefficient of correlation*, Metron 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats

from carms_lib._views import open_view
from carms_lib.argument_checks import check_instance
from carms_lib.exceptions import ArgumentError, StudyError
from carms_lib.pressure._arguments import check_level, check_name
from carms_lib.pressure._band_ends import block_means
from carms_lib.pressure._pressure import measure_outcomes
from carms_lib.pressure.group_effects import InputLaw, group_effects, shapley_forms
from carms_lib.provenance import Provenance
from carms_lib.result_files import SavedResult, save_tables
from carms_lib.simulator import BASELINE, INPUT_GROUPS, Study, input_group

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Sensitivity", "no_driver", "sensitivity_of"]

_FEWEST_SETTINGS = 20
_PER_GROUP = 10  # settings a group, before a driver is named


@dataclass(frozen=True)
class Sensitivity:
    """Which input moves headline results; made by `find_sensitivity`, or by `sensitivity_of` from a study.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per result, input (a group of `INPUT_GROUPS`, or one input) and order: metric, input, order ("first",
        "total", "shapley"), estimate, lower, upper, level, kind ("shapley", "linear (descriptive)", "sobol (independent
        inputs)"), n_draws (matches run). Shares of variance, missing where the result did not vary at all. Intervals of
        kind "shapley" hold for all groups together, those of other kinds for each row alone.
    results : pandas.DataFrame
        One row per result: metric, mean, sd over the draws or the design.
    provenance : Provenance
    drivers : pandas.DataFrame
        One row per result: metric; driver, the group shown to be larger than every other, else missing; leading, the
        groups that no other is shown to exceed, joined by "; " (missing where nothing may be said); reason, why no
        driver is named, else missing.
    """

    frame: pd.DataFrame
    results: pd.DataFrame
    provenance: Provenance
    drivers: pd.DataFrame

    def to_frame(self) -> pd.DataFrame:
        """Return a copy of the frame of shares."""
        return self.frame.copy()

    def driver(self, metric: str | None = None) -> str | None:
        """Return the group that moves a result most, or None where none can be named; `drivers` has the reason.

        Parameters
        ----------
        metric : str, optional
            Which result; by default the first.

        Returns
        -------
        str or None

        Raises
        ------
        UnknownNameError
            A result that is not here.
        """
        names = list(self.drivers["metric"])
        chosen = names[0] if metric is None else check_name("metric", metric, names)
        found = self.drivers.set_index("metric")["driver"].dropna().to_dict()
        return str(found[chosen]) if chosen in found else None

    def summary(self, rows: int = 5) -> str:
        """Return one screen of text: for each result, the `rows` largest shares and the driver, or why none is."""
        kind = self.frame["kind"].iloc[0]
        parts = [f"shares of variance, {kind}, {self.frame['n_draws'].max():,} matches"]
        orders = set(self.frame["order"])
        order = next(each for each in ("shapley", "total", "first") if each in orders)
        reasons = self.drivers.set_index("metric")["reason"].dropna().to_dict()
        for result in self.results.itertuples():
            own = self.frame[(self.frame["metric"] == result.metric) & (self.frame["order"] == order)]
            best = own.sort_values("estimate", ascending=False).head(rows)
            listed = ", ".join(
                f"{name} {at:.2f} ({low:.2f} to {high:.2f})"
                for name, at, low, high in zip(
                    best["input"], best["estimate"], best["lower"], best["upper"], strict=True
                )
            )
            why = reasons.get(str(result.metric))
            most = f"driver: {self.driver(str(result.metric))}" if why is None else f"no driver named: {why}"
            parts.append(f"{result.metric} (mean {result.mean:,.3g}, sd {result.sd:,.2g}): {listed}; {most}")
        return "\n".join(parts)

    def plot(self, *, ax: Axes | None = None, metric: str | None = None, n_rows: int | None = 12) -> Axes:
        """Draw the shares of one result; see `carms_lib.plotting.plot_sensitivity`.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw; None makes a new figure.
        metric : str, optional
            Which result; by default the first.
        n_rows : int, optional
            Draw only the inputs with the largest share; None draws all.

        Returns
        -------
        matplotlib.axes.Axes
        """
        axes: Axes = open_view("plot_sensitivity")(self.frame, ax=ax, metric=metric, n_rows=n_rows)
        return axes

    def save(self, path: str | Path) -> Path:
        """Write shares, results, drivers and provenance to `path`, in the format of its suffix; see `Bands.save`."""
        notes = ["Shares of the variance of a result. A driver is named only where no other group may be as large."]
        tables = {"shares": self.frame, "results": self.results, "drivers": self.drivers}
        formats = {"shares": dict.fromkeys(("estimate", "lower", "upper"), "0.0%") | {"level": "0%"}}
        return save_tables(path, SavedResult(tables, self.provenance.to_dict(), notes, formats))

    def __repr__(self) -> str:
        return f"Sensitivity\n{self.summary(3)}"


def no_driver(metrics: Sequence[str], reason: str) -> pd.DataFrame:
    """Return the frame `drivers` of results for which nothing is named."""
    return _drivers([(name, None, None, reason) for name in metrics])


def _drivers(rows: Sequence[tuple[str, str | None, str | None, str | None]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["metric", "driver", "leading", "reason"]).astype("string")


def sensitivity_of(
    study: Study,
    *,
    metric: str | Sequence[str] = "unfilled",
    scenario: str = BASELINE,
    by: str = "group",
    level: float = 0.90,
) -> Sensitivity:
    """Return how much of the variance of a result each group of uncertain inputs explains, from the draws of a study.

    Parameters
    ----------
    study : Study
    metric : str or sequence of str, default "unfilled"
        National results, as `outcome_bands` names them.
    scenario : str, default "baseline"
    by : {"group", "input"}, default "group"
        Groups of `INPUT_GROUPS` with Shapley effects, or single inputs with squared correlations, which describe and
        name no driver.
    level : float, default 0.90
        Of the intervals, in (0, 1).

    Returns
    -------
    Sensitivity
        Groups that the study does not vary are left out.

    Raises
    ------
    UnknownNameError
        A metric, scenario or kind of row that there is not.
    ArgumentError
        A level outside (0, 1), or a study of fewer than 20 settings: too few to say.
    StudyError
        A study saved by a version that kept only some of its inputs.
    """
    check_instance("study", study, Study, "simulate(market, n_draws=1_000)")
    level, by = check_level(level), check_name("by", by, ("group", "input"))
    settings = study.n_draws // study.draws_per_input
    if settings < _FEWEST_SETTINGS:
        raise ArgumentError(
            f"study has {settings} settings of its uncertain inputs, and {_FEWEST_SETTINGS} are needed to say which of "
            f"them goes with the answer. Simulate n_draws={_FEWEST_SETTINGS * study.draws_per_input} or more."
        )
    scenario = check_name("scenario", scenario, study.scenarios)
    inputs = _inputs_of(study, settings)
    measures, _ = measure_outcomes(study, None, metric=metric, scenario=scenario, against=None)
    counts = {measure.metric: measure.top[:, 0].astype(np.float64) for measure in measures[scenario]}
    spread = [(name, values.mean(), values.std(ddof=1)) for name, values in counts.items()]
    results = pd.DataFrame(spread, columns=["metric", "mean", "sd"])
    provenance = study.provenance.with_settings(scenario=scenario, level=level, by=by)
    if by == "input":
        frame = pd.concat([_correlations(name, y, inputs, study, level) for name, y in counts.items()])
        drivers = no_driver(list(counts), "squared correlations of single inputs describe, one at a time")
    else:
        frame, drivers = _effects(counts, inputs, study, level)
    frame = frame.reset_index(drop=True).assign(level=level, kind=_KINDS[by], n_draws=study.n_draws)
    return Sensitivity(frame, results, provenance, drivers)


_KINDS = {"group": "shapley", "input": "linear (descriptive)"}


def _inputs_of(study: Study, settings: int) -> pd.DataFrame:
    """Return the inputs that vary between whole settings."""
    inputs = study.inputs.iloc[:settings]
    if not any(name.startswith("size of ") for name in inputs.columns):
        raise StudyError(
            "study holds the parameters of each setting without its other uncertain inputs, as files of older versions "
            "do. Simulate it again."
        )
    varied: pd.DataFrame = inputs.loc[:, np.ptp(inputs.to_numpy(float), axis=0) > 0]
    return varied


def _law_of(study: Study, inputs: pd.DataFrame) -> InputLaw:
    """Return how the inputs vary and go together, over more settings than the study has."""
    if study.input_moments is None:
        raise StudyError(
            "study does not say how its uncertain inputs vary and go together (input_moments), as files of older "
            "versions do not; its own settings are too few to tell. Simulate it again."
        )
    of = study.input_moments[list(inputs.columns)]
    sd = of.loc["sd"].to_numpy(float)
    together = of.loc[list(inputs.columns)].to_numpy(float)
    # A little of the identity keeps what many settings of few joint draws tell invertible.
    return InputLaw(of.loc["mean"].to_numpy(float), sd, 0.99 * together + 0.01 * np.eye(len(sd)))


def _effects(
    counts: dict[str, np.ndarray], inputs: pd.DataFrame, study: Study, level: float
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the rows of groups, and the drivers."""
    each = study.draws_per_input
    of_inputs = input_group(inputs.columns)
    groups = [name for name in INPUT_GROUPS if name in of_inputs]
    x, at = inputs.to_numpy(float), np.array([groups.index(name) for name in of_inputs])
    law = _law_of(study, inputs)
    forms = shapley_forms(law.correlations, at) if groups else None
    few = len(inputs) < _PER_GROUP * len(groups)
    frames: list[pd.DataFrame] = []
    drivers: list[tuple[str, str | None, str | None, str | None]] = []
    for name, values in counts.items():
        averages = block_means(values[:, None], each)[:, 0]
        rows = pd.DataFrame({"metric": name, "input": groups, "order": "shapley"})
        if not groups or np.ptp(averages) == 0:
            frames.append(rows.assign(estimate=np.nan, lower=np.nan, upper=np.nan))
            drivers.append((name, None, None, "the result did not vary"))
            continue
        whole = values[: len(averages) * each].reshape(-1, each)
        noise = float(whole.var(axis=1, ddof=1).mean()) / each if each > 1 else 0.0
        rng = np.random.default_rng(study.entropy)
        found = group_effects(averages, x, at, noise, level, rng, law, forms)
        frames.append(rows.assign(estimate=found.estimate, lower=found.lower, upper=found.upper))
        drivers.append((name, *_named([groups[k] for k in np.flatnonzero(found.leading)], few, inputs, groups, each)))
    return pd.concat(frames, ignore_index=True), _drivers(drivers)


def _named(
    leading: list[str], few: bool, inputs: pd.DataFrame, groups: list[str], each: int
) -> tuple[str | None, str | None, str | None]:
    """Return driver, leading groups and reason."""
    if few:
        needed = _PER_GROUP * len(groups)
        text = (
            f"{len(inputs)} settings for {len(groups)} groups, fewer than {_PER_GROUP} each; use {needed * each} draws"
        )
        return None, None, text
    if len(leading) == 1:
        return leading[0], leading[0], None
    return None, "; ".join(leading), f"{', '.join(leading[:-1])} and {leading[-1]} cannot be told apart"


def _correlations(name: str, values: np.ndarray, inputs: pd.DataFrame, study: Study, level: float) -> pd.DataFrame:
    """Return squared correlations with Fisher's intervals, squared: from 0 where they hold r = 0."""
    averages = block_means(values[:, None], study.draws_per_input)[:, 0]
    z = stats.norm.ppf((1.0 + level) / 2.0) / np.sqrt(len(averages) - 3)
    constant = np.ptp(averages) == 0
    r = np.full(inputs.shape[1], np.nan) if constant else np.corrcoef(averages, inputs.to_numpy(float).T)[0, 1:]
    ends = np.tanh(np.arctanh(np.clip(r, -1 + 1e-12, 1 - 1e-12)) + z * np.array([[-1.0], [1.0]]))
    near = np.where(ends[0] * ends[1] < 0, 0.0, np.abs(ends).min(axis=0))
    rows = {"metric": name, "input": list(inputs.columns), "order": "first", "estimate": r**2}
    return pd.DataFrame({**rows, "lower": near**2 + 0.0 * r, "upper": np.abs(ends).max(axis=0) ** 2})
